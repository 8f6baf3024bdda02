"""Vignettes of *Not meeting*: given a log, when days go by, then these signals since these days."""

import pytest
from histories import MONTHLY, QUARTERLY, WEEKLY, cancelled, day, held, judged, kinds, missed, planned, since

from services.sessions.domain import Outcome, Role, Rules, first_stalled, thresholds
from shared.calendar import Span


@pytest.mark.parametrize(
    ("rules", "watch", "nudge", "stalled"),
    [(WEEKLY, 9, 14, 21), (MONTHLY, 38, 38, 45), (QUARTERLY, 113, 113, 135)],
)
def test_the_three_cadences_of_the_design(rules: Rules, watch: int, nudge: int, stalled: int) -> None:
    for kind, reached in (("watch", watch), ("nudge.not_meeting", nudge), ("stalled", stalled)):
        assert kind not in kinds(judged([held(2)], 2 + reached - 1, rules))
        later = judged([held(2)], 2 + reached + 40, rules)
        assert since(later, kind) == 2 + reached


def test_evergreen_programs_have_no_quarter_of_their_length() -> None:
    assert thresholds(Rules(30)).stalled == 75
    assert thresholds(Rules(30, 180)).stalled == 45
    assert first_stalled(Rules(7)) == 21
    assert first_stalled(Rules(30)) == 30
    assert first_stalled(Rules(7, 60)) == 15


def test_before_the_first_session_nothing_planned_by_day_ten_is_a_nudge_and_there_is_no_watch() -> None:
    assert kinds(judged([], 9)) == []
    assert kinds(judged([], 10)) == ["nudge.nothing_planned"]
    assert since(judged([], 30), "stalled") == 21


def test_a_plan_keeps_the_first_nudge_away_however_far_ahead_it_is() -> None:
    log = [planned(40, made=3)]
    assert "nudge.nothing_planned" not in kinds(judged(log, 40))
    assert since(judged(log, 45), "nudge.nothing_planned") == 41


def test_but_a_far_plan_does_not_hold_stalled_before_the_first_session() -> None:
    assert since(judged([planned(40, made=3)], 30), "stalled") == 21


def test_a_first_session_within_a_cadence_holds_stalled_until_the_day_after_it() -> None:
    log = [planned(24, made=15)]
    assert kinds(judged(log, 24)) == ["nudge.nothing_planned"]
    assert since(judged(log, 26), "stalled") == 25


def test_a_live_plan_moves_every_threshold_inside_it_to_the_day_after_it() -> None:
    log = [held(0), planned(15, made=8)]
    assert kinds(judged(log, 15)) == []
    assert kinds(judged(log, 16)) == ["watch", "nudge.not_meeting"]
    assert since(judged(log, 30), "stalled") == 21


def test_plans_hold_by_one_cadence_at_most() -> None:
    log = [held(0), planned(23, made=1), planned(30, made=22), planned(37, made=29)]
    assert since(judged(log, 60), "stalled") == 28


def test_a_plan_made_after_a_threshold_was_reached_does_not_undo_it() -> None:
    log = [held(0), planned(16, made=14)]
    assert since(judged(log, 15), "nudge.not_meeting") == 14


def test_cancelling_the_plan_lets_the_threshold_act_on_that_day() -> None:
    log = [held(0), cancelled(14, on=11, made=6)]
    assert since(judged(log, 11), "watch") == 11


def test_moving_a_session_holds_on_without_a_gap() -> None:
    log = [held(0), planned(14, made=8, moved=10), planned(15, made=10, id="later")]
    assert kinds(judged(log, 15)) == []
    assert since(judged(log, 16), "watch") == 16


def test_holding_a_session_ends_everything_and_starts_the_clock_anew() -> None:
    assert "stalled" in kinds(judged([held(0)], 25))
    assert kinds(judged([held(0), held(25)], 25)) == []
    assert since(judged([held(0), held(25)], 50), "stalled") == 46


def test_a_session_reported_late_counts_from_the_day_it_was_held() -> None:
    assert since(judged([held(0), held(6)], 40), "stalled") == 27


def test_leave_stops_the_clock_and_what_was_reached_stays() -> None:
    leave = [Span(day(5), day(18))]
    assert kinds(judged([held(0)], 22, off=leave)) == []
    assert since(judged([held(0)], 23, off=leave), "watch") == 23
    assert kinds(judged([held(0)], 60, off=[Span(day(10))])) == ["watch"]


def test_the_one_who_cancelled_last_owes_the_next_step() -> None:
    health = judged([held(0), missed(7, by=Role.MENTEE), cancelled(14, on=12, by=Role.MENTOR)], 20)
    assert health.owes is not None
    assert (health.owes.role, health.owes.outcome) == (Role.MENTOR, Outcome.CANCELLED)


def test_a_held_session_settles_what_was_owed() -> None:
    assert judged([cancelled(7, on=6), held(14)], 16).owes is None


def test_a_cancelled_session_that_was_met_within_half_a_cadence_is_owed_by_nobody() -> None:
    assert judged([held(4), cancelled(7, on=6)], 9).owes is None
    assert judged([held(3), cancelled(7, on=6)], 9).owes is not None


def test_both_owe_it_when_both_did_not_come() -> None:
    log = [missed(7, by=Role.MENTOR)]
    both = [log[0].__class__(**{**{s: getattr(log[0], s) for s in log[0].__slots__}, "by": frozenset(Role)})]
    assert judged(log, 9).owes is not None
    assert judged(both, 9).owes is None


def test_a_session_from_before_the_pair_sets_no_clock() -> None:
    long_ago = [held(-90)]
    assert kinds(judged(long_ago, 0)) == []
    assert judged(long_ago, 12) == judged([], 12)
    assert since(judged([held(-3)], 20), "stalled") == 18
