"""What each reader sees of a pair and of someone left over: members shared facts, coordinators the shares too."""

from datetime import date, datetime

from pydantic import BaseModel, Field

from services.matching.domain.facts import today
from services.matching.domain.gates import shown
from services.matching.domain.pair import Pair
from services.matching.domain.published import pair_body
from services.matching.domain.reasons import for_participant
from services.matching.domain.score import on_scale
from services.matching.store import LeftOver
from shared.contracts.pairs import Pause
from shared.delivery import Stored


class MemberOut(BaseModel):
    participant: str
    role: str
    enrollment: str
    accepted: bool | None = Field(None, description="Whether they said yes; a member reads their own only.")


class TermOut(BaseModel):
    """One term's share in the score, of 1,000,000."""

    term: str
    weight: int
    points: int
    value: float | None = Field(description="0 to 1 before the weight; null: not known, counted as neutral.")
    sentence: str


class GateOut(BaseModel):
    gate: str = Field(description="Class; exclusion, leave and promotion pool all read `restricted`.")
    since: datetime


class AssessmentOut(BaseModel):
    """For coordinators."""

    score: int | None
    terms: list[TermOut]
    failing: list[GateOut]
    ends_at: datetime | None = Field(description="When an end that was decided takes effect.")


class PairOut(BaseModel):
    id: str
    program: str
    cohort: str
    state: str
    members: list[MemberOut]
    origin: str
    proposed_at: datetime | None
    expires_at: datetime | None = Field(description="A proposal not answered by then is over.")
    accepted_at: datetime | None
    active_from: date | None
    pauses: list[Pause]
    ended_at: datetime | None
    outcome: str | None
    why: list[str] = Field(description="Shared interests, goals and logistics; what both members read.")
    assessment: AssessmentOut | None = Field(None, description="For coordinators only.")


class LeftOut(BaseModel):
    """Somebody without a partner. Coordinators read all of it, participants their own `sentence`."""

    enrollment: str
    participant: str
    role: str
    sentence: str
    reason: str | None = Field(None, description="A gate class, or nobody, competition, score, spare.")
    hint: str | None = Field(None, description="The smallest change that would help.")
    possible: int | None = Field(None, description="Partners who would suit.")
    gates: dict[str, int] | None = Field(None, description="How many fail each gate class.")


class RematchOut(BaseModel):
    pair: str
    state: str
    ends_at: datetime | None = Field(description="The program's change time at which the pair ends.")


def pair_out(stored: Stored[Pair], reader: str | None) -> PairOut:
    """A pair as one of its members reads it, or (`reader` None) a coordinator."""
    pair = stored.state
    body = pair_body(stored.id, pair)
    return PairOut(
        id=stored.id,
        program=pair.program,
        cohort=pair.cohort,
        state=pair.state,
        members=[
            MemberOut(
                participant=each.participant,
                role=each.role,
                enrollment=each.enrollment,
                accepted=each.accepted_at is not None if reader in (None, each.participant) else None,
            )
            for each in pair.members
        ],
        origin=pair.origin,
        proposed_at=pair.proposed_at,
        expires_at=pair.expires_at,
        accepted_at=pair.accepted_at,
        active_from=today(pair.active_at, pair.zone) if pair.active_at else None,
        pauses=list(body.pauses),
        ended_at=pair.ended_at,
        outcome=pair.outcome,
        why=[each.told for each in pair.reasons if each.told],
        assessment=_assessment(pair) if reader is None else None,
    )


def _assessment(pair: Pair) -> AssessmentOut:
    since: dict[str, datetime] = {}
    for name, moment in pair.gates:
        (each,) = shown([name])
        since[each] = min(moment, since.get(each, moment))
    return AssessmentOut(
        score=None if pair.score is None else on_scale(pair.score),
        terms=[
            TermOut(
                term=each.term,
                weight=each.weight,
                points=each.points,
                value=None if each.share is None else each.share / 1_000_000,
                sentence=each.sentence,
            )
            for each in pair.reasons
        ],
        failing=[GateOut(gate=each, since=since[each]) for each in sorted(since)],
        ends_at=pair.ending.at if pair.ending else None,
    )


def left_out(stored: Stored[LeftOver], own: bool) -> LeftOut:
    """Why someone is left over, for themselves or for a coordinator."""
    left = stored.state
    seen = LeftOut(
        enrollment=stored.id,
        participant=left.participant,
        role=left.role,
        sentence=for_participant(left.reason or "") if own else left.sentence,
    )
    if own:
        return seen
    more = {"reason": left.reason, "hint": left.hint, "possible": left.possible, "gates": dict(left.gates)}
    return seen.model_copy(update=more)
