"""What a coordinator may do with a case or a review, and what each leaves behind."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.notifications.domain.state import LIVE_REVIEWS, Attention, Case, Entry, Rematch, Review, Status
from shared.ladder import stand

LONGEST_SNOOZE = timedelta(days=28)
LOOK = "Look at the case again: its state has changed."


@dataclass(frozen=True, slots=True)
class Refused:
    """Why an act is not possible, for the person who tried it, and what to do; `field`: what was sent wrongly."""

    reason: str
    fix: str
    field: str | None = None


def _live(attention: Attention) -> Case | Refused:
    case = attention.case
    return case if case is not None and case.live else Refused("This pair has no open case.", LOOK)


def _noted(attention: Attention, case: Case, entry: Entry, **update: object) -> Attention:
    changed = case.model_copy(update={**update, "history": (*case.history, entry)})
    return attention.model_copy(update={"case": changed})


def snooze(attention: Attention, until: datetime, by: str, now: datetime) -> Attention | Refused:
    """Let a case rest until `until`; its rungs move by as much. At most 28 days."""
    case = _live(attention)
    if isinstance(case, Refused):
        return case
    if not now < until <= now + LONGEST_SNOOZE:
        return Refused(
            "A case can rest until a moment within the next 28 days.",
            "Send a moment ahead, no later.",
            "/until",
        )
    return _noted(
        attention, case, Entry(at=now, what="snoozed", by=by, why=until.isoformat()), snoozed_until=until
    )


def dismiss(attention: Attention, why: str, by: str, now: datetime) -> Attention | Refused:
    """Close a case that is none. It stays closed for this silence; a later one opens another."""
    case = _live(attention)
    if isinstance(case, Refused):
        return case
    return _noted(
        attention,
        case,
        Entry(at=now, what="dismissed", by=by, why=why),
        status=Status.DISMISSED,
        closed_at=now,
        confirmed_at=None,
        track=stand(case.track, now),
        rematch=Rematch.NONE,
        held_until=None,
        held_why=None,
        deferred_until=None,
        snoozed_until=None,
    )


def approve_rematch(attention: Attention, by: str, now: datetime) -> Attention | Refused:
    """The coordinator's word: matching ends the pair without fault and looks for somebody new."""
    case = _live(attention)
    if isinstance(case, Refused):
        return case
    if case.rematch is Rematch.NONE:
        return Refused(
            "No rematch has been recommended for this pair yet.",
            "Wait for the ladder's last step, or end the pair in matching.",
        )
    if case.rematch is Rematch.CONFIRMED:
        return attention
    return _noted(
        attention,
        case,
        Entry(at=now, what="rematch_confirmed", by=by),
        rematch=Rematch.CONFIRMED,
        confirmed_at=now,
    )


def settle_review(attention: Attention, id: str, state: str) -> Attention | Refused:
    """Close (`done` or `dismissed`) a review of the pair."""
    open_review: Review | None = next((review for review in attention.reviews if review.id == id), None)
    if open_review is None or open_review.state not in LIVE_REVIEWS:
        return Refused("This review is not open.", "Look at the open ones with GET /v1/reviews.")
    reviews = tuple(
        review.model_copy(update={"state": state}) if review.id == id else review
        for review in attention.reviews
    )
    return attention.model_copy(update={"reviews": reviews})


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One thing a coordinator can do now: a code for a button and a sentence for the person."""

    code: str
    sentence: str


def suggestions(attention: Attention) -> tuple[Suggestion, Suggestion, Suggestion]:
    """Three, from the shared facts of the case (domain.md, Escalation, rung 3)."""
    case = attention.case
    apart = Suggestion(
        "talk", "Talk to each of them apart: ask what gets in the way, and what a good next session would be."
    )
    if case is not None and case.rematch is Rematch.CONFIRMED:
        return (
            Suggestion(
                "wait", "A rematch is under way, at the program's next time for changes: that is all."
            ),
            Suggestion(
                "wishes", "See whether the wishes of both are up to date, so that the next match suits."
            ),
            Suggestion("thank", "Thank both for the time they gave, once they have heard."),
        )
    if case is not None and case.rematch is Rematch.RECOMMENDED:
        return (
            Suggestion("rematch", "Approve a rematch without fault: both are offered somebody new."),
            Suggestion("reset", "Offer one last conversation the three of you hold together."),
            apart,
        )
    if case is not None and case.cause == "failing_commitment":
        return (
            Suggestion("cadence", "Propose to meet less often: a rhythm they can keep beats one they miss."),
            apart,
            Suggestion("pause", "Offer a pause with an end date, if this is a busy season for one of them."),
        )
    return (
        apart,
        Suggestion("reset", "Offer to join a short conversation: what was agreed, what helps, a next date."),
        Suggestion("pause", "Offer a pause with an end date, if this is a busy season for one of them."),
    )
