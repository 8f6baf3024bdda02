"""What a decision about a pair can come to, and what each does to its state."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import assert_never

from services.notifications.domain.state import (
    Attention,
    Case,
    Entry,
    Nudged,
    Post,
    Rematch,
    Review,
    Status,
)
from shared.ladder import Rung, fire, run, stand, start


@dataclass(frozen=True, slots=True)
class Opened:
    """A new case."""

    cause: str
    since: date


@dataclass(frozen=True, slots=True)
class Reopened:
    """The same case goes on at its rung; `top`: that rung was the recommendation, which stands again."""

    cause: str
    since: date
    top: bool


@dataclass(frozen=True, slots=True)
class Fired:
    """One rung, once. `reached`: when its last message reaches a person; the ladder goes on from there.

    `rematch`: what is said about one after it.
    """

    rung: Rung
    reached: datetime
    cadence_days: float
    posts: tuple[Post, ...]
    rematch: Rematch


@dataclass(frozen=True, slots=True)
class Deferred:
    """A rung that is due but whose receivers had their messages of the week."""

    rung: Rung
    until: datetime
    posts: tuple[Post, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """The clock stands. `until` None: until a fact changes; `suspended`: by safeguarding."""

    until: datetime | None
    why: str
    suspended: bool = False


@dataclass(frozen=True, slots=True)
class Resumed:
    """The clock runs again."""


@dataclass(frozen=True, slots=True)
class Recovered:
    """A session was held: closed in the inbox, and nobody gets mail."""

    last_held: date | None


@dataclass(frozen=True, slots=True)
class Closed:
    """Over for another reason: the pair or the cohort ended."""

    why: str


@dataclass(frozen=True, slots=True)
class RematchRefused:
    """matching found nobody: the coordinator is back at the recommendation and can read why."""

    since: date


@dataclass(frozen=True, slots=True)
class Nudge:
    """One message about all the nudges that became due; no case."""

    kinds: tuple[Nudged, ...]
    posts: tuple[Post, ...]


@dataclass(frozen=True, slots=True)
class ReviewOpened:
    """A task for the coordinator."""

    review: Review


@dataclass(frozen=True, slots=True)
class ReviewClosed:
    """The cause of a review is gone."""

    id: str


@dataclass(frozen=True, slots=True)
class Announced:
    """A step in the life of the pair its members were told about, once each."""

    what: str
    posts: tuple[Post, ...]


Outcome = (
    Opened
    | Reopened
    | Fired
    | Deferred
    | Held
    | Resumed
    | Recovered
    | Closed
    | RematchRefused
    | Nudge
    | ReviewOpened
    | ReviewClosed
    | Announced
)


def evolve(attention: Attention, outcome: Outcome, now: datetime) -> Attention:
    """The attention after `outcome`. Raises ValueError for an outcome about a case that is not there."""
    match outcome:
        case Opened():
            number = attention.case.number + 1 if attention.case else 1
            opened = Case(
                number=number,
                status=Status.OPEN,
                cause=outcome.cause,
                since=outcome.since,
                opened_at=now,
                track=start(now),
                history=(Entry(at=now, what="opened", why=outcome.cause),),
            )
            return attention.model_copy(update={"case": opened})
        case Nudge():
            kinds = {nudged.kind: nudged for nudged in (*attention.nudged, *outcome.kinds)}
            return attention.model_copy(update={"nudged": tuple(kinds[kind] for kind in sorted(kinds))})
        case ReviewOpened():
            return attention.model_copy(update={"reviews": (*attention.reviews, outcome.review)})
        case ReviewClosed():
            reviews = tuple(
                review.model_copy(update={"state": "done"}) if review.id == outcome.id else review
                for review in attention.reviews
            )
            return attention.model_copy(update={"reviews": reviews})
        case Announced():
            return attention.model_copy(update={"announced": (*attention.announced, outcome.what)})
        case _:
            if attention.case is None:
                raise ValueError(f"{type(outcome).__name__} without a case")
            return attention.model_copy(update={"case": _case_after(attention.case, outcome, now)})


def _said_again(case: Case, outcome: Reopened) -> Rematch:
    if case.rematch is Rematch.CONFIRMED:
        return Rematch.CONFIRMED
    return Rematch.RECOMMENDED if outcome.top else Rematch.NONE


LONGEST_HISTORY = 200
"""Lines of a case that are kept: a pair that plans and cancels for years must not outgrow a document."""


def _case_after(
    case: Case,
    outcome: Reopened | Fired | Deferred | Held | Resumed | Recovered | Closed | RematchRefused,
    now: datetime,
) -> Case:
    def noted(entry: Entry, **update: object) -> Case:
        return case.model_copy(update={**update, "history": (*case.history, entry)[-LONGEST_HISTORY:]})

    nothing_held = {"held_until": None, "held_why": None, "deferred_until": None}
    match outcome:
        case Reopened():
            return noted(
                Entry(at=now, what="reopened", rung=case.track.rung, why=outcome.cause),
                status=Status.OPEN,
                cause=outcome.cause,
                since=outcome.since,
                track=run(case.track, now),
                recovered_on=None,
                closed_at=None,
                rematch=_said_again(case, outcome),
                **nothing_held,
            )
        case Fired():
            to = tuple(post.person for post in outcome.posts)
            return noted(
                Entry(at=now, what="rung", rung=outcome.rung.number, to=to),
                track=fire(case.track, outcome.rung, outcome.reached, outcome.cadence_days),
                rematch=outcome.rematch,
                confirmed_at=now if outcome.rematch is Rematch.CONFIRMED else case.confirmed_at,
                deferred_until=None,
            )
        case Deferred():
            to = tuple(post.person for post in outcome.posts)
            entry = Entry(at=now, what="deferred", rung=outcome.rung.number, to=to)
            return noted(entry, deferred_until=outcome.until)
        case Held():
            return noted(
                Entry(at=now, what="held", why=outcome.why),
                status=Status.SUSPENDED if outcome.suspended else Status.ON_HOLD,
                track=stand(case.track, now),
                held_until=outcome.until,
                held_why=outcome.why,
                deferred_until=None,
            )
        case Resumed():
            return noted(
                Entry(at=now, what="resumed"),
                status=Status.OPEN,
                track=run(case.track, now),
                snoozed_until=None,
                **nothing_held,
            )
        case Recovered():
            return noted(
                Entry(at=now, what="recovered"),
                status=Status.RECOVERED,
                track=stand(case.track, now),
                recovered_on=outcome.last_held,
                closed_at=now,
                # A coordinator's word stands: matching may already have told the day of the end.
                rematch=case.rematch if case.rematch is Rematch.CONFIRMED else Rematch.NONE,
                snoozed_until=None,
                **nothing_held,
            )
        case Closed():
            return noted(
                Entry(at=now, what="closed", why=outcome.why),
                status=Status.CLOSED,
                closed_at=now,
                track=stand(case.track, now),
                snoozed_until=None,
                **nothing_held,
            )
        case RematchRefused():
            entry = Entry(at=now, what="rematch_refused")
            return noted(entry, rematch=Rematch.RECOMMENDED, refused=outcome.since, confirmed_at=None)
        case _:
            assert_never(outcome)
