"""What the HTTP API takes and shows: sessions, and the health of pairs for those who may read it."""

from datetime import date
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.sessions.domain.acts import Told
from services.sessions.domain.judge import PairHealth
from services.sessions.domain.record import Record
from shared.contracts.health import Component, Evidence, Health, Owes, Signal
from shared.delivery import Stored

Outcome = Literal["held", "cancelled", "missed"]
State = Literal["planned", "held", "cancelled", "missed"]


class SessionIn(BaseModel):
    """A report. Past sessions are welcome in any order; only a plan may lie in the future."""

    model_config = ConfigDict(extra="forbid")

    start: AwareDatetime | None = Field(None, description="When it began or is to begin.")
    end: AwareDatetime | None = Field(None, description="Within 24 hours of the start.")
    time_zone: str | None = Field(
        None, max_length=64, description="IANA name; its local day counts. Default: the mentee's zone."
    )
    cancelled_by: str | None = Field(
        None, max_length=200, description="Participant id. Default: the caller, where the caller is a member."
    )
    cancelled_at: AwareDatetime | None = Field(None, description="Default: now.")
    missed_by: list[str] | None = Field(
        None, max_length=2, description="Participant ids of the members who did not come."
    )
    attended: list[str] | None = Field(
        None, max_length=2, description="Participant ids of the members who were there."
    )

    def told(self, state: str, by: str | None) -> Told:
        """As the domain takes it."""
        return Told(
            state=state,
            by=by,
            start=self.start,
            end=self.end,
            zone=self.time_zone,
            cancelled_by=self.cancelled_by,
            cancelled_at=self.cancelled_at,
            missed_by=None if self.missed_by is None else tuple(self.missed_by),
            attended=None if self.attended is None else tuple(self.attended),
        )


class NewSession(SessionIn):
    """A session that is not known yet."""

    state: State


class Report(SessionIn):
    """What became of a session, or a correction; what is left out stays as it is."""

    state: Outcome


class Move(BaseModel):
    """The new date of a planned session."""

    model_config = ConfigDict(extra="forbid")

    start: AwareDatetime
    end: AwareDatetime | None = None
    time_zone: str | None = Field(None, max_length=64)


class SessionOut(BaseModel):
    """One session. `revision` counts its corrections; `confirmation` is the other side's word."""

    id: str
    pair: str
    state: str
    start: AwareDatetime
    end: AwareDatetime | None
    time_zone: str
    planned_start: AwareDatetime | None
    cancelled_by: str | None
    cancelled_at: AwareDatetime | None
    missed_by: list[str]
    attended: list[str] | None
    rescheduled_to: str | None
    reported_by: str | None
    reported_at: AwareDatetime | None
    confirmation: str
    origin: str
    revision: int


class SharedFacts(BaseModel):
    """What the members of a pair may read: facts they share. No score, band, total or signal."""

    pair: str
    cadence_days: int
    last_held_on: date | None
    next_planned_on: date | None


class PairHealthOut(BaseModel):
    """What a coordinator reads. `band` is the shown band: at most steady while a review or a case is open.

    `score` 0–100 and `band` are null as long as nothing is known. `components` and `evidence` come in the
    order of the points they cost. `owes` null: both are asked. `ended`: the pair has come to an end, and this is
    how it was.
    """

    pair: str
    program: str
    cohort: str
    score: float | None
    band: str | None
    confidence: float
    components: list[Component]
    evidence: list[Evidence]
    signals: list[Signal]
    owes: Owes | None
    cadence_days: int
    last_held_on: date | None
    next_planned_on: date | None
    held_until: date | None
    ended: bool


def session_out(stored: Stored[Record]) -> SessionOut:
    """A session as members and coordinators see it."""
    record = stored.state
    return SessionOut(
        id=stored.id,
        pair=record.pair,
        state=record.state,
        start=record.start,
        end=record.end,
        time_zone=record.zone,
        planned_start=record.planned_start,
        cancelled_by=record.cancelled_by,
        cancelled_at=record.cancelled_at,
        missed_by=list(record.missed_by),
        attended=None if record.attended is None else list(record.attended),
        rescheduled_to=record.moved_to,
        reported_by=record.reported_by,
        reported_at=record.reported_at,
        confirmation=record.confirmation,
        origin=record.origin,
        revision=record.revision,
    )


def shared_facts(health: Health) -> SharedFacts:
    """The part that both sides know anyway."""
    return SharedFacts(
        pair=health.id,
        cadence_days=health.cadence_days,
        last_held_on=health.last_held_on,
        next_planned_on=health.next_planned_on,
    )


def health_out(state: PairHealth) -> PairHealthOut:
    """The whole, with the shown band."""
    health = state.health
    return PairHealthOut(
        pair=health.id,
        program=health.program,
        cohort=health.cohort,
        score=health.score,
        band=state.shown,
        confidence=health.confidence,
        components=list(health.components),
        evidence=list(health.evidence),
        signals=list(health.signals),
        owes=health.owes,
        cadence_days=health.cadence_days,
        last_held_on=health.last_held_on,
        next_planned_on=health.next_planned_on,
        held_until=health.held_until,
        ended=state.ended,
    )
