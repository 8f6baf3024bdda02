"""The properties of health.md on random histories."""

from dataclasses import replace
from datetime import timedelta

from histories import WEEKLY, at, clock, day, held, judged, logs, rules, shifted, value
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from services.sessions.domain import Band, Clock, Component, Outcome, Pair, Rules, Session, evaluate
from shared.calendar import Calendar, Span

few = settings(max_examples=120, deadline=None)
BANDS = [Band.FAILING, Band.AT_RISK, Band.STEADY, Band.THRIVING]


def exists_by(session: Session, now: int) -> bool:
    moments = [
        session.at,
        *(one.made for one in session.plans),
        *(one.moved for one in session.plans if one.moved),
    ]
    return all(moment <= clock(now).now for moment in moments)


@few
@given(logs, rules, st.integers(0, 150), st.randoms())
def test_the_order_of_arrival_is_irrelevant(
    log: list[Session], rule: Rules, now: int, random: object
) -> None:
    shuffled = list(log) + [replace(one, version=0, outcome=Outcome.HELD) for one in log[:3]]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    distinct = {one.id for one in log}
    assume(len(distinct) == len(log))
    assert judged(log, now, rule) == judged(shuffled, now, rule)


@few
@given(logs, rules, st.integers(0, 150), st.integers(0, 150))
def test_a_held_session_never_lowers_commitment(log: list[Session], rule: Rules, now: int, on: int) -> None:
    before = value(judged(log, now, rule), Component.COMMITMENT)
    after = value(judged([*log, held(min(on, now), id="one-more")], now, rule), Component.COMMITMENT)
    assert before is None or (after is not None and after >= before - 1e-9)


@few
@given(logs, rules, st.integers(0, 130), st.integers(1, 60))
def test_more_silence_never_raises_anything(log: list[Session], rule: Rules, now: int, silence: int) -> None:
    log = [one for one in log if exists_by(one, now)]
    before, after = judged(log, now, rule), judged(log, now + silence, rule)
    if before.total is None or before.band is None:
        return
    assert after.total is not None
    assert after.band is not None
    assert after.total <= before.total + 1e-9
    assert after.confidence <= before.confidence + 1e-9
    assert BANDS.index(after.band) <= BANDS.index(before.band)
    for component in Component:
        was, now_is = value(before, component), value(after, component)
        assert (was is None) or (now_is is not None and now_is <= was + 1e-9)


@few
@given(logs, rules, st.integers(0, 150))
def test_everything_lies_in_its_range(log: list[Session], rule: Rules, now: int) -> None:
    health = judged(log, now, rule)
    assert health.total is None or 0 <= health.total <= 100
    assert 0 <= health.confidence <= 0.55 + 1e-9
    assert health.band is not Band.THRIVING
    for one in health.components:
        assert one.value is None or 0 <= one.value <= 100
        assert 0 <= one.confidence <= 1
        assert one.lines
    lost = [one.lost for one in health.components]
    assert lost == sorted(lost, reverse=True)


@few
@given(logs, rules, st.integers(0, 130), st.integers(0, 130), st.integers(1, 40))
def test_an_inserted_pause_is_free(
    log: list[Session], rule: Rules, now: int, after: int, length: int
) -> None:
    moved_now = now + length if now >= after else now
    plain = judged(log, now, rule)
    paused = judged(
        [shifted(one, after, length) for one in log],
        moved_now,
        rule,
        off=[Span(day(after), day(after + length - 1))],
    )
    assert (paused.total, paused.confidence, paused.band) == (plain.total, plain.confidence, plain.band)
    assert (paused.owes and paused.owes.session) == (plain.owes and plain.owes.session)
    assert paused.components == plain.components
    calendars = Calendar(day(0)), Calendar(day(0), [Span(day(after), day(after + length - 1))])
    assert [(one.kind, calendars[1].index(one.since)) for one in paused.signals] == [
        (one.kind, calendars[0].index(one.since)) for one in plain.signals
    ]


@few
@given(logs, rules, st.integers(0, 40))
def test_what_was_reached_stays_until_a_session_is_held(log: list[Session], rule: Rules, first: int) -> None:
    """Evaluating daily or once is the same: no threshold that a daily run saw is unseen by a later one."""
    seen: dict[object, object] = {}
    last = None
    for now in range(first, 150, 3):
        health = judged(log, now, rule)
        if health.last_held != last:
            seen, last = {}, health.last_held
        present = {
            one.kind: one.since
            for one in health.signals
            if one.kind in ("watch", "nudge.not_meeting", "nudge.nothing_planned", "stalled")
        }
        assert seen.items() <= present.items()
        seen = present


@few
@given(logs, rules, st.integers(0, 130))
def test_nothing_changes_by_time_alone_before_it_is_due(log: list[Session], rule: Rules, now: int) -> None:
    log = [one for one in log if exists_by(one, now)]
    health = judged(log, now, rule)
    assert health.due is not None
    assert health.due > clock(now).now
    last = health.due - timedelta(microseconds=1)
    pair = Pair(rule, tuple(log))
    zone, calendar = clock(now).zone, clock(now).calendar
    assert evaluate(pair, Clock(last, zone, calendar)) == health
    middle = clock(now).now + (last - clock(now).now) / 2
    assert evaluate(pair, Clock(middle, zone, calendar)) == health


@few
@given(logs, st.integers(0, 120))
def test_a_disputed_session_is_as_if_not_reported(log: list[Session], now: int) -> None:
    disputed = [replace(one, disputed=True) for one in log]
    unreported = [replace(one, outcome=Outcome.PLANNED) for one in log]
    assert judged(disputed, now) == judged(unreported, now)


def test_it_takes_about_a_millisecond_to_judge_a_year_of_weekly_sessions() -> None:
    from time import process_time

    log = [held(n) for n in range(0, 360, 7)]
    judged(log, 360)
    begin = process_time()
    for _ in range(50):
        judged(log, 360, WEEKLY)
    assert (process_time() - begin) / 50 < 0.02
    assert at(0).tzinfo is not None
