"""What the API shows of cases, reviews and deliveries: ids and codes, words only where a person decides by them."""

from datetime import date, datetime

from pydantic import BaseModel, Field

from services.notifications.domain.acts import suggestions
from services.notifications.domain.state import LIVE_REVIEWS, Attention, Case, Entry
from shared.contracts.deliveries import Delivery
from shared.delivery.aggregates import Stored


class CaseOut(BaseModel):
    """A case as a list shows it."""

    id: str = Field(description="The pair's id: a pair has one case at most.")
    program: str
    cohort: str
    number: int = Field(description="The pair's how many-th case this is.")
    state: str = Field(description="open, on_hold, suspended, recovered, dismissed or closed")
    cause: str
    since: date
    opened_at: datetime
    closed_at: datetime | None
    rung: int = Field(description="The last rung that fired; 0 before any.")
    rematch: str = Field(description="none, recommended or confirmed")
    held_until: datetime | None
    held_why: str | None


class EntryOut(BaseModel):
    """A line of the history."""

    at: datetime
    what: str
    rung: int | None
    to: list[str]
    by: str | None
    why: str | None


class ReviewOut(BaseModel):
    """A task. `by`: who asked for a word in confidence; the other must not learn it."""

    id: str
    pair: str
    kind: str
    state: str
    since: date
    by: str | None


class PairReviews(BaseModel):
    """The open tasks about one pair."""

    pair: str
    reviews: list[ReviewOut]


class SuggestionOut(BaseModel):
    """Something the coordinator can do now."""

    code: str
    sentence: str


class DeliveryOut(BaseModel):
    """A message, without its content."""

    id: str
    recipient: str
    kind: str
    channel: str
    outcome: str = Field(description="sent, digested, suppressed, failed or no_address")
    pair: str | None
    program: str | None
    message_id: str | None
    attempts: int
    at: datetime


class CaseDetail(CaseOut):
    """A case with all a coordinator needs to act."""

    members: dict[str, str] = Field(
        description="Participant → role; names by profiles' `participants/names`."
    )
    history: list[EntryOut]
    suggestions: list[SuggestionOut]
    reviews: list[ReviewOut]
    deliveries: list[DeliveryOut]


def case_out(id: str, attention: Attention, case: Case) -> CaseOut:
    """A case for a list."""
    return CaseOut(
        id=id,
        program=attention.program,
        cohort=attention.cohort,
        number=case.number,
        state=case.status.value,
        cause=case.cause,
        since=case.since,
        opened_at=case.opened_at,
        closed_at=case.closed_at,
        rung=case.track.rung,
        rematch=case.rematch.value,
        held_until=case.held_until,
        held_why=case.held_why,
    )


def listed(stored: Stored[Attention]) -> CaseOut:
    """A case found by its state, so that there is one."""
    assert stored.state.case is not None
    return case_out(stored.id, stored.state, stored.state.case)


def detail(
    id: str,
    attention: Attention,
    case: Case,
    members: dict[str, str],
    deliveries: list[Stored[Delivery]],
) -> CaseDetail:
    """A case with history and suggested actions."""
    return CaseDetail(
        **case_out(id, attention, case).model_dump(),
        members=members,
        history=[entry_out(entry) for entry in case.history],
        suggestions=[
            SuggestionOut(code=suggestion.code, sentence=suggestion.sentence)
            for suggestion in suggestions(attention)
        ],
        reviews=reviews_out(id, attention),
        deliveries=[delivery_out(delivery) for delivery in deliveries],
    )


def entry_out(entry: Entry) -> EntryOut:
    """A line of the history."""
    return EntryOut(
        at=entry.at, what=entry.what, rung=entry.rung, to=list(entry.to), by=entry.by, why=entry.why
    )


def reviews_out(id: str, attention: Attention) -> list[ReviewOut]:
    """The open tasks about a pair."""
    return [
        ReviewOut(
            id=review.id, pair=id, kind=review.kind, state=review.state, since=review.since, by=review.by
        )
        for review in attention.reviews
        if review.state in LIVE_REVIEWS
    ]


def delivery_out(stored: Stored[Delivery]) -> DeliveryOut:
    """A message."""
    return DeliveryOut.model_validate(stored.state.model_dump())
