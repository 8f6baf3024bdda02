"""What others may know of the attention a pair gets: ids, states and dates, and `restricted` for what is sealed."""

from collections.abc import Iterable

from services.notifications.domain.outcomes import (
    Closed,
    Fired,
    Opened,
    Outcome,
    Recovered,
    RematchRefused,
    Reopened,
    ReviewClosed,
    ReviewOpened,
)
from services.notifications.domain.reviews import WORD
from services.notifications.domain.state import Attention, Case, Rematch
from shared.contracts.cases import Case as CaseEvent
from shared.contracts.cases import Escalation
from shared.contracts.cases import Review as ReviewEvent

RESTRICTED = "restricted"


def case_event(id: str, attention: Attention) -> CaseEvent:
    """The body on `notifications.cases`. A confidential word is not published at all: not even that there is
    one, since its beginning next to a pair's other dates would tell.
    """
    return CaseEvent(
        id=id,
        program=attention.program,
        cohort=attention.cohort or None,
        case=_escalation(attention.case) if attention.case else None,
        reviews=tuple(
            ReviewEvent(id=review.id, kind=_shown(review.kind), state=review.state, since=review.since)
            for review in attention.reviews
            if not review.kind.startswith(WORD)
        ),
    )


def _shown(kind: str) -> str:
    """Only the pulse's two kinds and gates by name are of the class Program; anything else is sealed."""
    return kind if kind.startswith(("review.", "gate.")) else RESTRICTED


def _escalation(case: Case) -> Escalation:
    return Escalation(
        number=case.number,
        state=case.status.value,
        cause=case.cause,
        since=case.since,
        opened_at=case.opened_at,
        closed_at=case.closed_at,
        rung=case.track.rung,
        rematch=case.rematch.value,
        confirmed_at=case.confirmed_at,
    )


def case_type(outcomes: Iterable[Outcome]) -> str:
    """What happened, for the event's type: the most telling outcome of the run."""
    said = {_type(outcome) for outcome in outcomes}
    order = (
        "case.closed",
        "case.recovered",
        "case.rematch_confirmed",
        "case.rematch_recommended",
        "case.opened",
        "case.escalated",
        "case.reviews_changed",
    )
    return next((type for type in order if type in said), "case.changed")


def _type(outcome: Outcome) -> str:
    match outcome:
        case Opened() | Reopened():
            return "case.opened"
        case Fired(rematch=Rematch.CONFIRMED):
            return "case.rematch_confirmed"
        case Fired(rematch=Rematch.RECOMMENDED):
            return "case.rematch_recommended"
        case Fired():
            return "case.escalated"
        case Recovered():
            return "case.recovered"
        case Closed():
            return "case.closed"
        case ReviewOpened() | ReviewClosed():
            return "case.reviews_changed"
        case RematchRefused() | _:
            return "case.changed"
