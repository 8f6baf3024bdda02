"""The health of a pair: a pure function of its log and the time (health.md)."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from .components import PARTS, Scored, View, scored
from .facts import Clock, Outcome, Pair, Role
from .meeting import Kind, Mark, meeting, of_slots, third_rule


class Band(StrEnum):
    """From best to worst (domain.md, Relationship health)."""

    THRIVING = "thriving"
    STEADY = "steady"
    AT_RISK = "at_risk"
    FAILING = "failing"


@dataclass(frozen=True, slots=True)
class Signal:
    """What others act on, and the first day of the present unbroken time it holds."""

    kind: Kind
    since: date


@dataclass(frozen=True, slots=True)
class Owes:
    """The side that owes the next step, and the session it cancelled or missed."""

    role: Role
    session: str
    outcome: Outcome
    since: datetime


@dataclass(frozen=True, slots=True)
class Health:
    """How a pair is doing. `total` 0–100 and `band` are None as long as no component has evidence.

    `components` come in the order of the points they cost. `shown` is the band coordinators read. `owes` None
    means that both are asked. `last_held` and `next_planned` are shared facts; `held_until` is the day to which
    a live plan holds the clock just now. `due` is when the same log will
    give another result by time alone, None if never.
    """

    total: float | None
    confidence: float
    band: Band | None
    shown: Band | None
    components: tuple[Scored, ...]
    signals: tuple[Signal, ...]
    owes: Owes | None
    last_held: date | None
    next_planned: date | None
    held_until: date | None
    due: datetime | None


def evaluate(pair: Pair, clock: Clock) -> Health:
    """Judge a pair at the clock's moment. Facts dated after it do not exist; their order is irrelevant."""
    view = View(pair, clock)
    components = scored(part(view) for part in PARTS)
    total = _total(components)
    confidence = _exact(sum(one.weight * one.confidence for one in components))
    band = _band(total, confidence, third_rule(view.slots.window))
    clocks = meeting(view.last_held, view.plans, pair.rules)
    marks = tuple(mark for mark in (*clocks, *of_slots(view.slots)) if mark.since <= clock.today)
    return Health(
        total=total,
        confidence=confidence,
        band=band,
        shown=Band.STEADY if band is Band.THRIVING and pair.under_review else band,
        components=components,
        signals=tuple(Signal(mark.kind, _day(mark.since, clock)) for mark in marks),
        owes=_owes(view),
        last_held=max((one.on for one in view.reports.held), default=None),
        next_planned=min((plan.on for plan in view.planned), default=None),
        held_until=_held_until(view),
        due=_due(view, clocks),
    )


def final(health: Health) -> Health:
    """The health of a pair that has come to an end: nothing is signalled, owed or due any longer."""
    return replace(health, signals=(), owes=None, next_planned=None, held_until=None, due=None)


def _total(components: tuple[Scored, ...]) -> float | None:
    """Σ w v ÷ Σ w over components with evidence; never weighted by confidence, or silence could raise it."""
    present = [(one.weight, one.value) for one in components if one.value is not None]
    if not present:
        return None
    return _exact(sum(w * v for w, v in present) / sum(w for w, _ in present))


def _exact(value: float) -> float:
    """Without the last digits: a sum of weights is a hair off, and a total of 75 must not read 74.99999."""
    return round(value, 9)


def _band(total: float | None, confidence: float, failing: bool) -> Band | None:
    """≥ 75 and confidence ≥ .6 thriving; ≥ 50 steady; ≥ 30 at risk; else failing; and the third rule."""
    if total is None:
        return None
    if failing or total < 30:
        return Band.FAILING
    if total < 50:
        return Band.AT_RISK
    return Band.THRIVING if total >= 75 and confidence >= 0.6 else Band.STEADY


def _owes(view: View) -> Owes | None:
    """Who cancelled or missed last, if after the last held session; both at once owe it together: None."""
    every = view.reports.all
    if not every or every[-1].outcome is Outcome.HELD or len(every[-1].by) != 1:
        return None
    (role,) = every[-1].by
    return Owes(role, every[-1].id, every[-1].outcome, every[-1].at)


def _day(index: int, clock: Clock) -> date:
    """The first day with this number. It lies in the past, so no interval without an end comes before it."""
    return clock.calendar.reaches(index) or clock.now.astimezone(clock.zone).date()


def _held_until(view: View) -> date | None:
    """The day after the last of the plans that hold the clock now, each for one cadence before its day."""
    holding = [plan for plan in view.planned if plan.day - view.rules.cadence <= view.clock.today]
    return max((plan.on + timedelta(days=1) for plan in holding), default=None)


def _due(view: View, clocks: tuple[Mark, ...]) -> datetime | None:
    """The next moment at which something here changes by time alone: a day boundary in the pair's zone."""
    today, c = view.clock.today, view.rules.cadence
    candidates = [view.slots.next_due, *(mark.since for mark in clocks)]
    for plan in view.planned:
        candidates += [plan.day - c, int(plan.end[0])]
    if view.nothing_since is not None:
        candidates.append(view.nothing_since + c + 1)
    ahead = [day for day in candidates if day > today]
    day = view.clock.calendar.reaches(min(ahead)) if ahead else None
    if day is None:
        return None
    return datetime.combine(day, time.min, view.clock.zone).astimezone(UTC)
