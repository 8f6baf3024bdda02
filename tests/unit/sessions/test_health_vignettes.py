"""Vignettes of health: given a log, when it is judged, then this value, band and sentence."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from histories import MONTHLY, START, cancelled, day, held, judged, kinds, missed, planned, since, value

from services.sessions.domain import Band, Clock, Component, Line, Pair, Role, Rules, evaluate, health
from services.sessions.domain.components import Part
from shared.calendar import Calendar, Span

COMMITMENT, COMMUNICATION, RECIPROCITY = Component.COMMITMENT, Component.COMMUNICATION, Component.RECIPROCITY


def sentence(health: object, component: str) -> str:
    (found,) = [one.lines for one in health.components if one.component == component]  # type: ignore[attr-defined]
    return " ".join(line.sentence for line in found)


def test_a_new_pair_has_no_score_and_no_band() -> None:
    health = judged([], 3)
    assert (health.total, health.band, health.shown, health.confidence) == (None, None, None, 0)
    assert sentence(health, COMMITMENT) == "No session has fallen due yet."


def test_a_slot_is_due_half_a_cadence_after_its_week() -> None:
    assert value(judged([], 10), COMMITMENT) is None
    assert value(judged([], 11), COMMITMENT) == 0
    assert value(judged([held(1)], 1), COMMITMENT) == 100


def test_a_weekly_pair_that_always_meets_is_steady_until_both_are_heard() -> None:
    health = judged([held(n, confirmed=True) for n in range(0, 84, 7)], 84)
    assert health.total == 100
    assert health.confidence == pytest.approx(0.45)
    assert health.band is Band.STEADY
    assert "Of the last 12 sessions due, 12 were held." in sentence(health, COMMITMENT)


def test_words_tell_cancelled_missed_and_not_reported_apart() -> None:
    log = [held(0), cancelled(8, on=7), missed(15)]
    assert sentence(judged(log, 32), COMMITMENT) == (
        "Of the last 4 sessions due, 1 was held, 1 cancelled, 1 missed, 1 not reported."
    )


def test_two_meetings_on_one_day_are_one() -> None:
    twice = [held(0), held(0, id="again", confirmed=True)]
    health = judged(twice, 12)
    assert sentence(health, COMMITMENT) == "Of the one session due so far, 1 was held."
    assert health.confidence == pytest.approx((0.25 + 0.20) * 1 / 6)


def test_a_week_met_twice_lends_one_to_the_next_but_not_to_the_one_after() -> None:
    assert value(judged([held(0), held(3)], 18), COMMITMENT) == 100
    assert value(judged([held(0), held(2)], 18), COMMITMENT) == 50


def test_a_disputed_session_is_as_if_nobody_had_reported() -> None:
    health = judged([held(0, disputed=True)], 12)
    assert value(health, COMMITMENT) == 0
    assert health.confidence == 0
    assert value(health, RECIPROCITY) is None


def test_the_correction_with_the_higher_version_stands() -> None:
    wrong = replace(missed(3), id="one", version=1)
    right = replace(held(3), id="one", version=2)
    assert value(judged([right, wrong], 12), COMMITMENT) == 100


def test_a_fact_after_now_does_not_exist() -> None:
    log = [held(0), held(30)]
    assert judged(log, 12) == judged(log[:1], 12)
    leave_to_come = [Span(day(20), day(40))]
    assert judged(log, 12, off=leave_to_come).components == judged(log, 12).components


def test_notice_counts_cancelling_a_day_ahead_as_kept() -> None:
    early, late = cancelled(14, on=12), cancelled(14, on=14)
    assert value(judged([held(0), early], 15), COMMUNICATION) == 100
    assert value(judged([held(0), late], 15), COMMUNICATION) == 50


def test_the_next_session_planned_is_100_none_for_over_a_cadence_is_0_and_in_between_it_does_not_count() -> (
    None
):
    assert value(judged([held(0), planned(9, made=1)], 5), COMMUNICATION) == 100
    assert value(judged([held(0)], 7), COMMUNICATION) == 100
    assert value(judged([held(0)], 8), COMMUNICATION) == 50
    assert sentence(judged([held(0)], 8), COMMUNICATION).endswith(
        "No session has been planned for more than 7 counted days."
    )


def test_reciprocity_is_about_who_falls_out() -> None:
    log = [held(0), *(missed(n, by=Role.MENTOR) for n in (7, 14, 21))]
    health = judged(log, 25)
    assert value(health, RECIPROCITY) == 50
    assert sentence(health, RECIPROCITY) == (
        "Of the last 4 reported sessions the mentor cancelled or missed 3, the mentee 0."
    )


def test_components_come_in_the_order_of_the_points_they_cost() -> None:
    health = judged([held(0)], 40)
    assert [one.component for one in health.components][:3] == [COMMITMENT, COMMUNICATION, RECIPROCITY]
    assert health.components[0].lost == pytest.approx(0.25 * 80)


def test_the_third_rule_is_failing_whatever_the_total_says() -> None:
    health = judged([held(0)], 6 * 7 + 4)
    assert health.band is Band.FAILING
    assert "failing_commitment" in kinds(health)
    assert since(health, "failing_commitment") == 6 * 7 + 4


def test_a_session_held_in_the_latest_slot_ends_the_case_though_the_band_is_still_failing() -> None:
    health = judged([held(0), held(47)], 47)
    assert health.band is Band.FAILING
    assert kinds(health) == []


def test_two_of_the_last_six_cancelled_is_a_nudge_that_arms_again() -> None:
    log = [held(3), held(10), cancelled(17, on=16), held(24), cancelled(31, on=30), held(38)]
    assert "nudge.cancellations" not in kinds(judged(log, 45))
    assert since(judged(log, 46), "nudge.cancellations") == 46
    more = [*log, held(52), held(59), held(66), held(73)]
    assert "nudge.cancellations" not in kinds(judged(more, 74))


def test_once_both_are_heard_a_pair_can_thrive_but_is_not_shown_so_while_under_review(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def heard(_view: object) -> Part:
        return Part(Component.CONNECTION, 0.25, 80.0, 1.0, (Line("connection.heard", "Both were heard."),))

    log = [held(n, confirmed=True) for n in range(0, 84, 7)]
    monkeypatch.setattr(health, "PARTS", (*health.PARTS[:-1], heard))
    calm, watched = judged(log, 84), judged(log, 84, under_review=True)
    assert (calm.band, calm.shown) == (Band.THRIVING, Band.THRIVING)
    assert (watched.band, watched.shown) == (Band.THRIVING, Band.STEADY)
    assert calm.total == pytest.approx((25 * 100 + 15 * 100 + 15 * 100 + 25 * 80) / 80)


def test_a_holiday_is_no_day_of_silence() -> None:
    break_weeks = [Span(day(7), day(20))]
    assert value(judged([held(0)], 31, off=break_weeks), COMMITMENT) == 100
    assert value(judged([held(0)], 32, off=break_weeks), COMMITMENT) == 50


def test_days_are_those_of_the_zone_of_the_pair() -> None:
    from zoneinfo import ZoneInfo

    tokyo = ZoneInfo("Asia/Tokyo")
    pair = Pair(Rules(7, 180))
    just_before = datetime(2026, 1, 14, 14, 59, tzinfo=UTC)
    just_after = datetime(2026, 1, 14, 15, 0, tzinfo=UTC)
    calendar = Calendar(START)
    assert evaluate(pair, Clock(just_before, tokyo, calendar)).signals == ()
    assert evaluate(pair, Clock(just_before, tokyo, calendar)).due == just_after
    assert evaluate(pair, Clock(just_after, tokyo, calendar)).signals != ()


def test_an_open_leave_leaves_nothing_due_by_time() -> None:
    assert judged([held(0)], 20, MONTHLY, off=[Span(day(10))]).due is None
