"""Words to write histories of pairs in: days are counted from the start of the pair, at noon in UTC."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import strategies as st

from services.sessions.domain import Clock, Health, Outcome, Pair, Plan, Role, Rules, Session, evaluate
from shared.calendar import Calendar, Span

START = date(2026, 1, 5)
WEEKLY = Rules(cadence=7, length=180)
MONTHLY = Rules(cadence=30, length=180)
QUARTERLY = Rules(cadence=90, length=360)


def day(n: int) -> date:
    return START + timedelta(days=n)


def at(n: float, hour: int = 12) -> datetime:
    return datetime(START.year, START.month, START.day, hour, tzinfo=UTC) + timedelta(days=n)


def held(n: int, *, id: str | None = None, confirmed: bool = False, disputed: bool = False) -> Session:
    return Session(id or f"held-{n}", 1, Outcome.HELD, day(n), at(n), confirmed=confirmed, disputed=disputed)


def planned(n: int, *, made: int, moved: int | None = None, id: str | None = None) -> Session:
    plan = Plan(day(n), at(made), None if moved is None else at(moved))
    return Session(id or f"plan-{n}-{made}", 1, Outcome.PLANNED, day(n), at(n), plans=(plan,))


def cancelled(n: int, *, on: int, by: Role = Role.MENTEE, made: int | None = None) -> Session:
    plan = Plan(day(n), at(min(on, n) - 1 if made is None else made))
    return Session(
        f"cancelled-{n}-{on}", 1, Outcome.CANCELLED, day(n), at(on), by=frozenset({by}), plans=(plan,)
    )


def missed(n: int, *, by: Role = Role.MENTOR) -> Session:
    return Session(f"missed-{n}", 1, Outcome.MISSED, day(n), at(n), by=frozenset({by}))


def clock(now: float, off: Iterable[Span] = ()) -> Clock:
    return Clock(at(now, hour=20), UTC, Calendar(START, off))


def judged(
    log: Iterable[Session],
    now: float,
    rules: Rules = WEEKLY,
    off: Iterable[Span] = (),
    under_review: bool = False,
) -> Health:
    return evaluate(Pair(rules, tuple(log), under_review), clock(now, off))


def kinds(health: Health) -> list[str]:
    return [str(signal.kind) for signal in health.signals]


def since(health: Health, kind: str) -> int:
    (found,) = [signal.since for signal in health.signals if signal.kind == kind]
    return (found - START).days


def value(health: Health, component: str) -> float | None:
    (found,) = [one.value for one in health.components if one.component == component]
    return found


@st.composite
def sessions(draw: st.DrawFn, last: int = 120) -> Session:
    """Any session of a pair: planned, moved, cancelled early or late, missed, held, disputed or confirmed."""
    n = draw(st.integers(0, last))
    made = n - draw(st.integers(0, 25))
    outcome = draw(st.sampled_from(Outcome))
    moved = draw(st.one_of(st.none(), st.integers(made, n)))
    plans: tuple[Plan, ...] = ()
    if draw(st.booleans()) or outcome is Outcome.PLANNED:
        plans = (Plan(day(n), at(made, hour=draw(st.integers(6, 19)))),)
        if moved is not None:
            plans = (Plan(day(n + draw(st.integers(-9, 9))), at(made, 6), at(moved)), Plan(day(n), at(moved)))
    moment = at(n)
    if outcome is Outcome.CANCELLED:
        moment = at(draw(st.integers(max(made, n - 20), n)), hour=13)
    by = frozenset(draw(st.sets(st.sampled_from(Role), min_size=1)))
    return Session(
        id=f"session-{draw(st.integers(0, 10**9))}",
        version=draw(st.integers(1, 3)),
        outcome=outcome,
        day=day(n),
        at=moment,
        by=by if outcome in (Outcome.CANCELLED, Outcome.MISSED) else frozenset(),
        plans=plans,
        confirmed=draw(st.booleans()),
        disputed=draw(st.integers(0, 9)) == 0,
    )


logs = st.lists(sessions(), max_size=25)
rules = st.sampled_from([WEEKLY, Rules(14, 180), MONTHLY, QUARTERLY, Rules(7), Rules(1, 30), Rules(10)])


def shifted(session: Session, after: int, by: int) -> Session:
    """The same session in a history into which `by` days were inserted before day `after`."""

    def later(moment: datetime) -> datetime:
        return moment + timedelta(days=by) if moment.date() >= day(after) else moment

    def later_day(when: date) -> date:
        return when + timedelta(days=by) if when >= day(after) else when

    plans = tuple(
        Plan(later_day(one.day), later(one.made), None if one.moved is None else later(one.moved))
        for one in session.plans
    )
    return replace(session, day=later_day(session.day), at=later(session.at), plans=plans)
