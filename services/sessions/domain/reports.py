"""From the log to the reports that count (health.md, *Reports*)."""

from dataclasses import dataclass, replace
from datetime import date, datetime

from .facts import Clock, Outcome, Role, Rules, Session


@dataclass(frozen=True, slots=True)
class Report:
    """One report that counts, of the date `on`. `day` is that as a counted day: held, or planned for.

    `ahead` is how many counted days before its day a session was cancelled, 0 for everything else.
    """

    id: str
    outcome: Outcome
    on: date
    day: int
    at: datetime
    by: frozenset[Role]
    confirmed: bool
    ahead: int

    @property
    def order(self) -> tuple[datetime, str]:
        """By the moment it became a fact; ties by session id."""
        return (self.at, self.id)

    @property
    def confidence(self) -> float:
        """Confirmed by the other side 1, reported by one side .8 (health.md, Confidence)."""
        return 1.0 if self.confirmed else 0.8


@dataclass(frozen=True, slots=True)
class Reports:
    """Reports by kind, each in the order of their days, and all of them in the order they became facts."""

    held: tuple[Report, ...]
    other: tuple[Report, ...]

    @property
    def all(self) -> tuple[Report, ...]:
        """Every report, by the moment it became a fact; ties by session id."""
        return tuple(sorted((*self.held, *self.other), key=lambda report: report.order))


def exists(session: Session, clock: Clock) -> bool:
    """Whether the outcome is a fact: not disputed, and not dated after now."""
    return session.outcome is not Outcome.PLANNED and not session.disputed and session.at <= clock.now


def reports(log: tuple[Session, ...], rules: Rules, clock: Clock) -> Reports:
    """What the log (one session per id) reports at the clock's moment.

    What lies before the reach of the first slot is no session of this pair: it fills no slot, and counted as
    the last one held it would have the pair stalled on its first day.

    One local day is at most one held session: of several the earliest stands, confirmed if any of them is.
    A cancellation with a session held within c/2 of its planned day is a moved meeting and counts nowhere.
    """
    first_day = -rules.grace
    facts = [one for one in log if exists(one, clock) and clock.calendar.index(one.day) >= first_day]
    by_day: dict[date, Report] = {}
    for session in sorted(facts, key=lambda one: (one.at, one.id)):
        if session.outcome is Outcome.HELD:
            report = _report(session, clock)
            first = by_day.get(session.day)
            if first is None:
                by_day[session.day] = report
            elif report.confirmed and not first.confirmed:
                by_day[session.day] = replace(first, confirmed=True)
    held = sorted(by_day.values(), key=lambda report: (report.day, report.order))
    days = [report.day for report in held]
    other = [
        report
        for report in (_report(one, clock) for one in facts if one.outcome is not Outcome.HELD)
        if report.outcome is Outcome.MISSED
        or not any(2 * abs(day - report.day) <= rules.cadence for day in days)
    ]
    return Reports(tuple(held), tuple(sorted(other, key=lambda report: (report.day, report.order))))


def _report(session: Session, clock: Clock) -> Report:
    day = clock.calendar.index(session.day)
    return Report(
        id=session.id,
        outcome=session.outcome,
        on=session.day,
        day=day,
        at=session.at,
        by=session.by,
        confirmed=session.confirmed,
        ahead=max(0, day - clock.index(session.at)) if session.outcome is Outcome.CANCELLED else 0,
    )
