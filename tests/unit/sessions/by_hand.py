"""health.md read a second time, naively and day by day: what `evaluate` must come to for the facts there are today.

Nothing of the service's own domain is used here but its plain data, so that a slip in one of the two shows.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil, inf

from histories import START, at

from services.sessions.domain import Outcome, Role, Rules, Session
from shared.calendar import Span

HELD, CANCELLED = Outcome.HELD, Outcome.CANCELLED
WEIGHTS = {"commitment": 0.25, "communication": 0.15, "reciprocity": 0.15}


@dataclass(frozen=True)
class Fact:
    """A report that counts: its session, its counted day, and whether the other side confirmed it."""

    session: Session
    day: int
    confirmed: bool

    @property
    def held(self) -> bool:
        return self.session.outcome is HELD


@dataclass(frozen=True)
class ByHand:
    """What comes out. `signals` are without those of the clocks where there are plans, which move them."""

    values: dict[str, float]
    total: float | None
    confidence: float
    band: str | None
    owes: Role | None
    signals: frozenset[str]
    with_clocks: bool


class Days:
    """Counted days, one by one."""

    def __init__(self, off: Iterable[Span]) -> None:
        self.off = list(off)

    def number(self, when: date) -> int:
        """Days that count from the start up to but not including this one; negative before the start."""
        first, last, sign = (START, when, 1) if when >= START else (when, START, -1)
        days = (first + timedelta(days=n) for n in range((last - first).days))
        return sign * sum(
            not any(span.first <= day <= (span.last or day) for span in self.off) for day in days
        )


def by_hand(log: Iterable[Session], now: float, rules: Rules, off: Iterable[Span]) -> ByHand:
    days, moment = Days(off), at(now, hour=20)
    c, g, today = rules.cadence, ceil(rules.cadence / 2), days.number(moment.date())
    newest: dict[str, Session] = {}
    for one in log:
        if one.id not in newest or one.version > newest[one.id].version:
            newest[one.id] = one
    held, other = _facts(newest.values(), days, moment, c, g)
    slots = _slots([*held, *other], c, g)
    passed = max(n for n in range(today // c + 2) if n == 0 or n * c + g <= today)
    due = range(1, max([passed, *(k for k, fact in slots.items() if fact.held)]) + 1)
    window = [slots.get(k) for k in due][-12:]
    reports = sorted([*held, *other], key=lambda fact: (fact.session.at, fact.session.id))
    values: dict[str, float] = {}
    if window:
        values["commitment"] = 100 * _held(window) / len(window)
    parts = [_notice(reports[-12:], days)] if reports else []
    parts += _next(newest.values(), days, moment, held[-1].day if held else None, c)
    if parts:
        values["communication"] = sum(parts) / len(parts)
    if reports:
        fell = [
            sum(role in fact.session.by for fact in reports[-12:] if not fact.held)
            for role in (Role.MENTOR, Role.MENTEE)
        ]
        values["reciprocity"] = 100 * (1 - abs(fell[0] - fell[1]) / max(6, len(reports[-12:])))
    points = sum(WEIGHTS[name] * value for name, value in values.items())
    total = points / sum(WEIGHTS[name] for name in values) if values else None
    known = sorted({*due, *slots})[-12:]
    sure = sum(1.0 if slots[k].confirmed else 0.8 for k in known if k in slots) / max(6, len(known))
    third = len(window) >= 6 and 3 * _held(window) < len(window)
    last = reports[-1] if reports else None
    blamed = last.session.by if last and not last.held else frozenset()
    plans = any(one.plans for one in newest.values())
    signals = set() if plans else _clocks(held[-1].day if held else None, today, rules)
    if third and not _held(window[-1:]):
        signals.add("failing_commitment")
    six = [slots.get(k) for k in due][-6:]
    if len(six) == 6 and sum(fact is not None and fact.session.outcome is CANCELLED for fact in six) >= 2:
        signals.add("nudge.cancellations")
    return ByHand(
        values=values,
        total=total,
        confidence=(0.25 + (0.20 if reports else 0)) * sure,
        band=_band(total, third),
        owes=next(iter(blamed)) if len(blamed) == 1 else None,
        signals=frozenset(signals),
        with_clocks=not plans,
    )


def _held(facts: Iterable[Fact | None]) -> int:
    return sum(fact is not None and fact.held for fact in facts)


def _facts(
    log: Iterable[Session], days: Days, moment: datetime, c: int, g: int
) -> tuple[list[Fact], list[Fact]]:
    real = [
        one for one in log if one.outcome is not Outcome.PLANNED and not one.disputed and one.at <= moment
    ]
    real = sorted((one for one in real if days.number(one.day) >= -g), key=lambda one: (one.at, one.id))
    of_day: dict[date, list[Session]] = {}
    for one in real:
        if one.outcome is HELD:
            of_day.setdefault(one.day, []).append(one)
    held = [
        Fact(some[0], days.number(day), any(one.confirmed for one in some)) for day, some in of_day.items()
    ]
    held.sort(key=lambda fact: (fact.day, fact.session.at, fact.session.id))
    other = [Fact(one, days.number(one.day), one.confirmed) for one in real if one.outcome is not HELD]
    other = [
        fact
        for fact in other
        if fact.session.outcome is not CANCELLED or all(abs(one.day - fact.day) > c / 2 for one in held)
    ]
    return held, sorted(other, key=lambda fact: (fact.day, fact.session.at, fact.session.id))


def _slots(facts: Iterable[Fact], c: int, g: int) -> dict[int, Fact]:
    slots: dict[int, Fact] = {}
    for fact in facts:
        reach = [k for k in range(1, fact.day // c + 4) if (k - 1) * c - g <= fact.day < k * c + g]
        free = [k for k in reach if k not in slots]
        if free:
            slots[free[0]] = fact
    return slots


def _notice(reports: list[Fact], days: Days) -> float:
    kept = [
        fact.held
        or (fact.session.outcome is CANCELLED and fact.day - days.number(fact.session.at.date()) >= 1)
        for fact in reports
    ]
    return 100 * sum(kept) / len(kept)


def _next(log: Iterable[Session], days: Days, moment: datetime, last: int | None, c: int) -> list[float]:
    if last is None:
        return []
    today, ends = days.number(moment.date()), [last]
    for one in log:
        real = not one.disputed and one.outcome in (HELD, CANCELLED)
        for plan in one.plans:
            if plan.made > moment:
                continue
            over = [
                end for end in (plan.moved, one.at if real else None) if end is not None and end <= moment
            ]
            day = days.number(plan.day)
            if not over and day >= today and day > last:
                return [100.0]
            end = min([day + 1, *(days.number(each.date()) for each in over)])
            ends.append(max(end, days.number(plan.made.date())))
    return [0.0] if today - max(ends) > c else []


def _clocks(last: int | None, today: int, rules: Rules) -> set[str]:
    c, quarter = rules.cadence, rules.length / 4 if rules.length else inf
    if last is None:
        marks = {"nudge.nothing_planned": 10, "stalled": max(c, min(21, max(14, quarter)))}
        return {kind for kind, days in marks.items() if today >= ceil(days)}
    s = max(14, 1.5 * c, min(3 * c, c + 45, quarter))
    marks = {"watch": 1.25 * c, "nudge.not_meeting": (c + s) / 2, "stalled": s}
    return {kind for kind, days in marks.items() if today - last >= ceil(days)}


def _band(total: float | None, third: bool) -> str | None:
    if total is None:
        return None
    exact = round(total, 9)
    return "failing" if third or exact < 30 else "at_risk" if exact < 50 else "steady"
