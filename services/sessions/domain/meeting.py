"""*Not meeting*: the two clocks, and everything that follows from them (health.md, *Not meeting*)."""

from dataclasses import dataclass
from enum import StrEnum
from math import inf

from .facts import Rules
from .plans import LivePlan, reached
from .slots import WINDOW, Slot, Slots


class Kind(StrEnum):
    """What sessions tells the others about a pair (architecture.md, What flows)."""

    WATCH = "watch"
    NOT_MEETING = "nudge.not_meeting"
    NOTHING_PLANNED = "nudge.nothing_planned"
    CANCELLATIONS = "nudge.cancellations"
    STALLED = "stalled"
    FAILING_COMMITMENT = "failing_commitment"


@dataclass(frozen=True, slots=True)
class Mark:
    """A signal and the counted day since which it holds without a break."""

    kind: Kind
    since: int


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Counted days since the last held session, exact (health.md, Not meeting)."""

    watch: float
    nudge: float
    stalled: float


def thresholds(rules: Rules) -> Thresholds:
    """Watch 1.25 c, nudge (c + s)/2, stalled s = max(14, 1.5 c, min(3 c, c + 45, L/4)), evergreen without L/4.

    Weekly 9, 14, 21; monthly in half a year 38, 38, 45; quarterly in a year 113, 113, 135 once rounded up.
    """
    c = rules.cadence
    stalled = max(14, 1.5 * c, min(3 * c, c + 45, _quarter(rules)))
    return Thresholds(1.25 * c, (c + stalled) / 2, stalled)


FIRST_NUDGE = 10
"""Nothing scheduled by day 10 after the start (domain.md, Not meeting; practice of several products)."""


def first_stalled(rules: Rules) -> float:
    """Stalled before the first session: max(c, min(21, max(14, L/4))); 21 or c where the program has no end."""
    return max(rules.cadence, min(21, max(14, _quarter(rules))))


def _quarter(rules: Rules) -> float:
    """L/4. A program without an end is one whose quarter never comes, so it binds nothing."""
    return inf if rules.length is None else rules.length / 4


def meeting(last_held: int | None, plans: tuple[LivePlan, ...], rules: Rules) -> tuple[Mark, ...]:
    """Every threshold of the clock that runs and the day it is or will be reached if nothing new happens.

    `last_held` is the counted day of the last held session; before the first one the other clock runs, from
    the start of the pair. What lies after today is what `due` is for.
    """
    c = rules.cadence
    if last_held is None:
        planned = reached(FIRST_NUDGE, plans, ahead=None, at_most=None)
        stalled = reached(first_stalled(rules), plans, ahead=c, at_most=c)
        return (Mark(Kind.NOTHING_PLANNED, planned), Mark(Kind.STALLED, stalled))
    exact = thresholds(rules)
    return tuple(
        Mark(kind, reached(last_held + after, plans, ahead=c, at_most=c))
        for kind, after in (
            (Kind.WATCH, exact.watch),
            (Kind.NOT_MEETING, exact.nudge),
            (Kind.STALLED, exact.stalled),
        )
    )


ENOUGH = 6
"""Six due slots before a rule about shares may speak (health.md, Bands and Nudge for cancellations)."""


def third_rule(window: tuple[Slot, ...]) -> bool:
    """Fewer than a third of at least six due slots held: failing, whatever the total says."""
    return len(window) >= ENOUGH and 3 * sum(slot.held for slot in window) < len(window)


def failing_commitment(due: tuple[Slot, ...]) -> bool:
    """The third rule holds and the latest due slot is not held: what keeps a case open besides stalling."""
    return bool(due) and third_rule(due[-WINDOW:]) and not due[-1].held


def cancelling(due: tuple[Slot, ...]) -> bool:
    """Two of the last six due were cancelled, with six due (health.md, Nudge for cancellations)."""
    return len(due) >= ENOUGH and sum(slot.cancelled for slot in due[-ENOUGH:]) >= 2


def of_slots(slots: Slots) -> tuple[Mark, ...]:
    """The signals that follow from slots, each since the slot from which on it has held without a break."""
    found = []
    for kind, holds in ((Kind.CANCELLATIONS, cancelling), (Kind.FAILING_COMMITMENT, failing_commitment)):
        since = None
        for count in range(len(slots.due), 0, -1):
            if not holds(slots.due[:count]):
                break
            since = slots.due[count - 1].due
        if since is not None:
            found.append(Mark(kind, since))
    return tuple(found)
