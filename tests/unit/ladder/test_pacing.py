"""A person is not written to too often, not at night, and what matters goes first."""

from datetime import UTC, datetime, time, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.ladder import (
    DEFAULT_PACE,
    Inbox,
    Pace,
    Precedence,
    Quiet,
    Slot,
    awake,
    place,
    pruned,
    release,
    reserve,
    take,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def slot(id: str, at: datetime, precedence: Precedence = Precedence.CASE) -> Slot:
    return Slot(id=id, at=at, precedence=precedence)


def full_inbox() -> Inbox:
    return take(take(Inbox(), slot("a", NOON - 3 * DAY)), slot("b", NOON - DAY))


def test_two_a_week_then_the_next_waits_for_the_first_to_be_a_week_old() -> None:
    placement = place(full_inbox(), "c", Precedence.CASE, NOON, "UTC", DEFAULT_PACE)
    assert (placement.at, placement.full) == (NOON + 4 * DAY, True)


def test_essential_messages_are_not_limited() -> None:
    placement = place(full_inbox(), "c", Precedence.OTHER, NOON, "UTC", DEFAULT_PACE, essential=True)
    assert (placement.at, placement.full) == (NOON, False)


def test_safeguarding_wakes_people() -> None:
    night = NOON.replace(hour=2)
    assert place(full_inbox(), "c", Precedence.SAFEGUARDING, night, "UTC", DEFAULT_PACE).at == night


def test_quiet_hours_are_those_of_the_receiver() -> None:
    assert awake(NOON, "Asia/Tokyo", Quiet()) == datetime(2026, 3, 2, 23, tzinfo=UTC)
    assert awake(NOON, "Europe/Berlin", Quiet()) == NOON
    assert awake(NOON, "America/Los_Angeles", Quiet()) == datetime(2026, 3, 2, 16, tzinfo=UTC)
    assert awake(NOON, "Nowhere/Atlantis", Quiet()) == NOON


def test_equal_hours_mean_no_quiet() -> None:
    assert awake(NOON, "Asia/Tokyo", Quiet(start=time(0), end=time(0))) == NOON


def test_a_night_without_a_morning_hour_still_ends() -> None:
    spring = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)  # Berlin leaves out 02:00-03:00 that night
    assert awake(spring, "Europe/Berlin", Quiet(start=time(22), end=time(2, 30))) >= spring


def test_what_matters_goes_first() -> None:
    inbox = reserve(full_inbox(), slot("rung", NOON + 4 * DAY))
    assert place(inbox, "rung", Precedence.CASE, NOON + 4 * DAY, "UTC", DEFAULT_PACE).full is False
    other = place(inbox, "digest", Precedence.OTHER, NOON + 4 * DAY, "UTC", DEFAULT_PACE)
    assert other.at == NOON + 6 * DAY
    freed = place(release(inbox, "rung"), "digest", Precedence.OTHER, NOON + 4 * DAY, "UTC", DEFAULT_PACE)
    assert freed.at == NOON + 4 * DAY


def test_of_two_that_wait_the_earlier_goes_first_and_is_not_pushed_back() -> None:
    inbox = reserve(full_inbox(), slot("first", NOON + 4 * DAY))
    second = place(inbox, "second", Precedence.CASE, NOON, "UTC", DEFAULT_PACE)
    assert second.at == NOON + 6 * DAY
    inbox = reserve(inbox, slot("second", second.at))
    again = place(inbox, "first", Precedence.CASE, NOON + 4 * DAY, "UTC", DEFAULT_PACE)
    assert (again.at, again.full) == (NOON + 4 * DAY, False)


def test_a_reservation_nobody_came_for_is_given_up() -> None:
    inbox = reserve(Inbox(), slot("rung", NOON))
    assert pruned(inbox, NOON + DAY / 2).reserved
    assert not pruned(inbox, NOON + DAY).reserved


def test_the_same_message_counts_once() -> None:
    inbox = take(take(Inbox(), slot("a", NOON)), slot("a", NOON))
    assert len(inbox.sent) == 1


moments = st.lists(
    st.tuples(st.integers(0, 400), st.sampled_from([Precedence.CASE, Precedence.PULSE, Precedence.OTHER])),
    min_size=1,
    max_size=25,
)


@settings(max_examples=120, deadline=None)
@given(
    moments=moments,
    zone=st.sampled_from(["UTC", "Asia/Kolkata", "Pacific/Auckland", "America/Sao_Paulo"]),
    a_week=st.integers(1, 4),
)
def test_no_week_ever_holds_more_than_the_limit_and_nobody_is_woken(
    moments: list[tuple[int, Precedence]], zone: str, a_week: int
) -> None:
    pace, inbox, now, all_sent = Pace(a_week=a_week), Inbox(), NOON, []
    for number, (hours, precedence) in enumerate(moments):
        now += timedelta(hours=hours)
        inbox = pruned(inbox, now)
        placement = place(inbox, str(number), precedence, now, zone, pace)
        assert placement.at >= now
        assert awake(placement.at, zone, pace.quiet) == placement.at
        message = slot(str(number), placement.at, precedence)
        if placement.full and number % 2:
            inbox = reserve(inbox, message)
        else:
            inbox = take(inbox, message)
            all_sent.append(placement.at)
    for at in all_sent:
        assert sum(at <= other < at + timedelta(days=7) for other in all_sent) <= a_week
