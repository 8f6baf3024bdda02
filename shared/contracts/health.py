"""`sessions.health`: how a pair is doing, what speaks for it, and what follows for others."""

from datetime import date
from enum import StrEnum

from pydantic import Field

from shared.contracts.common import Contract, Id, Moment, Role, known


class Band(StrEnum):
    """Known bands (health.md, Bands)."""

    THRIVING = "thriving"
    STEADY = "steady"
    AT_RISK = "at_risk"
    FAILING = "failing"


class ComponentName(StrEnum):
    """The five components (domain.md, Relationship health)."""

    COMMITMENT = "commitment"
    COMMUNICATION = "communication"
    EXPECTATIONS = "expectations"
    RECIPROCITY = "reciprocity"
    CONNECTION = "connection"


class SignalKind(StrEnum):
    """Known signals: all that notifications ever acts on. Never an item, a side or a value."""

    WATCH = "watch"
    NUDGE_NOT_MEETING = "nudge.not_meeting"
    NUDGE_NOTHING_PLANNED = "nudge.nothing_planned"
    NUDGE_NO_GOALS = "nudge.no_goals"
    NUDGE_CANCELLATIONS = "nudge.cancellations"
    STALLED = "stalled"
    FAILING_COMMITMENT = "failing_commitment"
    REVIEW_LOW_PULSE = "review.low_pulse"
    REVIEW_APART = "review.apart"


class Component(Contract):
    """One component: `value` 0–100, None without evidence; `weight` its part of 1."""

    name: str = Field(json_schema_extra=known(ComponentName))
    value: float | None = Field(default=None, ge=0, le=100)
    confidence: float | None = Field(default=None, ge=0, le=1)
    weight: float | None = Field(default=None, ge=0, le=1)


class Evidence(Contract):
    """One line of evidence, in order of points lost: a code with its counts, never a single answer."""

    component: str = Field(json_schema_extra=known(ComponentName))
    code: str
    sentence: str
    lost: float = Field(default=0, ge=0, description="Points of the total that this component costs")
    counted: int | None = None
    of: int | None = None


class Owes(Contract):
    """Who owes the next step, and from which fact that follows."""

    participant: Id
    role: str | None = Field(default=None, json_schema_extra=known(Role))
    fact: str
    fact_id: Id | None = None
    since: Moment | None = None


class Signal(Contract):
    """Something holds since a day; `until` is the day a live plan holds it back to, where one does."""

    kind: str = Field(json_schema_extra=known(SignalKind))
    since: date
    until: date | None = None


class Health(Contract):
    """The health of one pair; the id is the pair's. `score` and `band` None: nothing is known yet.

    `owes` None while both are asked. `held_until`: the day after a live planned session, while it holds the
    clock.
    """

    id: Id
    program: Id
    cohort: Id
    score: float | None = Field(default=None, ge=0, le=100)
    confidence: float = Field(default=0, ge=0, le=1)
    band: str | None = Field(default=None, json_schema_extra=known(Band))
    components: tuple[Component, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    cadence_days: int = Field(ge=1)
    owes: Owes | None = None
    signals: tuple[Signal, ...] = ()
    last_held_on: date | None = None
    next_planned_on: date | None = None
    held_until: date | None = None


TYPES = {
    "health.changed": "Score, confidence, components or evidence changed.",
    "health.band_changed": "The band changed.",
    "health.signals_changed": "A signal went up or down.",
}
