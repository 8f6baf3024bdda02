"""`notifications.cases`: what people are asked to do about a pair."""

from datetime import date
from enum import StrEnum

from pydantic import Field

from shared.contracts.common import Contract, Id, Moment, known


class State(StrEnum):
    """Known states of an escalation; the first three are live."""

    OPEN = "open"
    ON_HOLD = "on_hold"
    SUSPENDED = "suspended"
    RECOVERED = "recovered"
    DISMISSED = "dismissed"
    CLOSED = "closed"


LIVE = frozenset({State.OPEN.value, State.ON_HOLD.value, State.SUSPENDED.value})


class Rematch(StrEnum):
    """What was said about pairing the two anew; matching acts on `confirmed`."""

    NONE = "none"
    RECOMMENDED = "recommended"
    CONFIRMED = "confirmed"


class ReviewState(StrEnum):
    """Known states of a review."""

    OPEN = "open"
    SNOOZED = "snoozed"
    DISMISSED = "dismissed"
    DONE = "done"


class Escalation(Contract):
    """A pair's one case. `number` counts its cases; `rung` is the last that fired, 0 before any."""

    number: int = Field(default=1, ge=1)
    state: str = Field(json_schema_extra=known(State))
    cause: str | None = None
    since: date | None = None
    opened_at: Moment | None = None
    closed_at: Moment | None = None
    rung: int = Field(default=0, ge=0)
    rematch: str = Field(default=Rematch.NONE.value, json_schema_extra=known(Rematch))
    confirmed_at: Moment | None = None


class Review(Contract):
    """A task of the coordinator; the pair is told nothing. A sealed `kind` reads `restricted`."""

    id: Id
    kind: str
    state: str = Field(default=ReviewState.OPEN.value, json_schema_extra=known(ReviewState))
    since: date | None = None


class Case(Contract):
    """All that a pair asks of people; the id is the pair's. `case` None: there never was one."""

    id: Id
    program: Id
    cohort: Id | None = None
    case: Escalation | None = None
    reviews: tuple[Review, ...] = ()


TYPES = {
    "case.opened": "A pair is stalled or fails by commitment.",
    "case.escalated": "A rung fired.",
    "case.changed": "On hold, suspended, snoozed or taken up again.",
    "case.recovered": "The pair met: the case is closed without a mail.",
    "case.rematch_recommended": "The last rung: a no-fault rematch is recommended.",
    "case.rematch_confirmed": "The coordinator or the program said so: matching carries it out.",
    "case.closed": "Dismissed, or the pair or its cohort came to an end.",
    "case.reviews_changed": "A review was opened, snoozed, dismissed or done.",
}
