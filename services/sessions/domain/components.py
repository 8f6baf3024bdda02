"""The five components, each from its parts: a value with evidence, or none (health.md, the table)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from .facts import Clock, Outcome, Pair, Role, Session, latest
from .plans import LivePlan, live_plans
from .reports import Report, Reports, reports
from .slots import WINDOW, Slots, slots


class Component(StrEnum):
    """In the order in which they are named when they cost the same (health.md, Evidence)."""

    COMMITMENT = "commitment"
    COMMUNICATION = "communication"
    EXPECTATIONS = "expectations"
    RECIPROCITY = "reciprocity"
    CONNECTION = "connection"


WEIGHTS = {
    Component.COMMITMENT: 0.25,
    Component.COMMUNICATION: 0.15,
    Component.EXPECTATIONS: 0.20,
    Component.RECIPROCITY: 0.15,
    Component.CONNECTION: 0.25,
}
"""Quality (.75) outweighs volume (.25); (p), since no study gives weights (health.md)."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of evidence: a stable code, a sentence for a coordinator, and `counted` of `of` where it counts."""

    code: str
    sentence: str
    counted: int | None = None
    of: int | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """What one kind of evidence says about a component.

    `weight` is its share of the total, `value` 0–100 or None without evidence, `confidence` 0–1 how far the
    evidence is known, `lines` what a coordinator reads.
    """

    component: Component
    weight: float
    value: float | None
    confidence: float
    lines: tuple[Line, ...]


class View:
    """A pair at one moment, with what several parts need worked out once."""

    def __init__(self, pair: Pair, clock: Clock) -> None:
        self.pair = pair
        self.clock = clock
        self.rules = pair.rules

    @cached_property
    def log(self) -> tuple[Session, ...]:
        """One session per id."""
        return latest(self.pair.log)

    @cached_property
    def reports(self) -> Reports:
        """The reports that count."""
        return reports(self.log, self.rules, self.clock)

    @cached_property
    def last_reports(self) -> tuple[Report, ...]:
        """The last twelve by the moment they became facts."""
        return self.reports.all[-WINDOW:]

    @cached_property
    def slots(self) -> Slots:
        """The due slots and their reports."""
        return slots(self.reports, self.rules, self.clock.today)

    @cached_property
    def plans(self) -> tuple[LivePlan, ...]:
        """Every plan ever made."""
        return live_plans(self.log, self.clock)

    @cached_property
    def last_held(self) -> int | None:
        """The counted day of the last held session."""
        held = self.reports.held
        return held[-1].day if held else None

    @cached_property
    def planned(self) -> tuple[LivePlan, ...]:
        """The plans that are live now and lie after the last held session."""
        now = (self.clock.today, self.clock.now.timestamp())
        last = self.last_held
        return tuple(plan for plan in self.plans if plan.end > now and (last is None or plan.day > last))

    @cached_property
    def nothing_since(self) -> int | None:
        """Since which counted day nothing has been planned after the last held session; None if something is."""
        if self.last_held is None or self.planned:
            return None
        return max([self.last_held, *(int(plan.end[0]) for plan in self.plans)])

    @cached_property
    def reported(self) -> float:
        """R: how far the last twelve due or reported slots are reported (health.md, Confidence)."""
        last = (*self.slots.due, *self.slots.early)[-WINDOW:]
        known = sum(slot.report.confidence for slot in last if slot.report is not None)
        return known / max(6, len(last))


def commitment(view: View) -> Part:
    """100 h/n once a slot is due: what nobody reported counts as not held."""
    window = view.slots.window
    if not window:
        return Part(
            Component.COMMITMENT,
            0.25,
            None,
            view.reported,
            (Line("commitment.none_due", "No session has fallen due yet."),),
        )
    held = sum(slot.held for slot in window)
    cancelled = sum(slot.cancelled for slot in window)
    silent = sum(slot.report is None for slot in window)
    missed = len(window) - held - cancelled - silent
    rest = [
        words
        for count, words in (
            (cancelled, f"{cancelled} cancelled"),
            (missed, f"{missed} missed"),
            (silent, f"{silent} not reported"),
        )
        if count
    ]
    due = "the one session due so far" if len(window) == 1 else f"the last {len(window)} sessions due"
    sentence = f"Of {due}, {held} {'was' if held == 1 else 'were'} held{''.join(', ' + one for one in rest)}."
    return Part(
        Component.COMMITMENT,
        0.25,
        100 * held / len(window),
        view.reported,
        (Line("commitment.held", sentence, held, len(window)),),
    )


def communication(view: View) -> Part:
    """The mean of the parts present: notice of cancellations, and whether the next session is planned.

    Answers to proposals join the same mean once proposals are kept.
    """
    present = [found for found in (notice(view), following(view)) if found is not None]
    value = sum(found for found, _ in present) / len(present) if present else None
    words = tuple(line for _, line in present) or (NOTHING_REPORTED,)
    return Part(Component.COMMUNICATION, 0.15, value, view.reported if view.last_reports else 0.0, words)


NOTHING_REPORTED = Line("reports.none", "No session has been reported yet.")


def notice(view: View) -> tuple[float, Line] | None:
    """Of the last twelve reports, 100 if held or cancelled at least one counted day ahead, else 0."""
    last = view.last_reports
    if not last:
        return None
    kept = sum(one.outcome is Outcome.HELD or one.ahead >= 1 for one in last)
    late = len(last) - kept
    sentence = (
        f"{late} of the last {len(last)} reported sessions {'was' if late == 1 else 'were'} missed or cancelled "
        "with less than a day's notice."
        if late
        else f"Of the last {len(last)} reported sessions all were held, or cancelled a day or more ahead."
    )
    return 100 * kept / len(last), Line("notice.kept", sentence, kept, len(last))


def following(view: View) -> tuple[float, Line] | None:
    """100 if a live session was planned after the last held one, 0 if none for more than c days."""
    if view.last_held is None:
        return None
    if view.planned:
        return 100.0, Line("next.planned", "The next session is planned.")
    since = view.nothing_since
    if since is not None and view.clock.today - since > view.rules.cadence:
        return 0.0, Line(
            "next.none", f"No session has been planned for more than {view.rules.cadence} counted days."
        )
    return None


def expectations(view: View) -> Part:
    """Goals, action items and compact; without them there is no evidence, which is not a zero."""
    return Part(
        Component.EXPECTATIONS,
        0.20,
        None,
        0.0,
        (Line("expectations.none", "No goals, compact or answers are recorded."),),
    )


def reciprocity(view: View) -> Part:
    """Facts: 100 (1 − |x_mentor − x_mentee| ÷ max(6, reports)), x = cancelled or missed by that role."""
    last = view.last_reports
    if not last:
        return Part(Component.RECIPROCITY, 0.05, None, 0.0, (NOTHING_REPORTED,))
    fell = {role: sum(role in one.by for one in last if one.outcome is not Outcome.HELD) for role in Role}
    apart = abs(fell[Role.MENTOR] - fell[Role.MENTEE])
    value = 100 * (1 - apart / max(6, len(last)))
    if not any(fell.values()):
        sentence = f"Neither side cancelled or missed any of the last {len(last)} reported sessions."
    else:
        sentence = (
            f"Of the last {len(last)} reported sessions the mentor cancelled or missed {fell[Role.MENTOR]}, "
            f"the mentee {fell[Role.MENTEE]}."
        )
    return Part(
        Component.RECIPROCITY,
        0.05,
        value,
        view.reported,
        (Line("reciprocity.balance", sentence, apart, len(last)),),
    )


def connection(view: View) -> Part:
    """Respect, personal connection and shared values are voice: without answers there is no evidence."""
    return Part(
        Component.CONNECTION,
        0.25,
        None,
        0.0,
        (Line("connection.none", "Neither side has been heard about the relationship."),),
    )


PARTS: tuple[Callable[[View], Part], ...] = (commitment, communication, expectations, reciprocity, connection)
"""Every kind of evidence. A component may have several parts (facts and voice); each is one function here."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A component as its present parts by weight. `confidence` is 0–1, weighted over all its evidence."""

    component: Component
    weight: float
    value: float | None
    confidence: float
    lines: tuple[Line, ...]

    @property
    def lost(self) -> float:
        """Points the total loses by it: w (100 − v), 0 without evidence."""
        return 0.0 if self.value is None else self.weight * (100 - self.value)


def scored(parts: Iterable[Part]) -> tuple[Scored, ...]:
    """The five components in order of points lost; ties in the order of `Component`, no evidence last."""
    found = []
    by_component: dict[Component, list[Part]] = {component: [] for component in Component}
    for part in parts:
        by_component[part.component].append(part)
    for component, own in by_component.items():
        present = [(part.weight, part.value) for part in own if part.value is not None]
        weight = sum(share for share, _ in present)
        value = sum(share * value for share, value in present) / weight if present else None
        confidence = sum(part.weight * part.confidence for part in own) / WEIGHTS[component]
        lines = tuple(line for part in own for line in part.lines)
        found.append(Scored(component, WEIGHTS[component], value, confidence, lines))
    return tuple(sorted(found, key=lambda one: (one.value is None, -one.lost)))
