"""The clock of a case: one rung a run, moved but never stacked, never the same rung twice."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.ladder import (
    DEFAULT_LADDER,
    Ask,
    Ladder,
    Rung,
    Track,
    due_at,
    due_rung,
    fire,
    run,
    stand,
    start,
    stretched,
)

DAY = timedelta(days=1)
OPENED = datetime(2026, 3, 2, 9, tzinfo=UTC)


def play(track: Track, now: datetime, cadence: float) -> tuple[Track, int | None]:
    """One run at `now`: what the service does with a due rung."""
    rung = due_rung(track, DEFAULT_LADDER, cadence, now)
    return (track, None) if rung is None else (fire(track, rung, now, cadence), rung.number)


def test_rungs_come_at_their_offsets() -> None:
    track, fired = start(OPENED), []
    for day in range(20):
        track, rung = play(track, OPENED + day * DAY, 14)
        if rung:
            fired.append((day, rung))
    assert fired == [(0, 1), (3, 2), (7, 3), (14, 4)]


@pytest.mark.parametrize(("cadence", "days"), [(7, 3), (14, 3), (28, 6), (90, 3 * 90 / 14)])
def test_offsets_stretch_with_the_cadence_but_never_shrink(cadence: float, days: float) -> None:
    assert stretched(3, cadence) == timedelta(days=days)


def test_a_clock_advanced_by_a_month_fires_one_rung() -> None:
    track, _ = play(start(OPENED), OPENED, 14)
    late = OPENED + 30 * DAY
    track, rung = play(track, late, 14)
    assert rung == 2
    assert [play(track, late, 14)[1] for _ in range(5)] == [None] * 5
    assert due_at(track, DEFAULT_LADDER, 14) == late + 4 * DAY


def test_a_standing_clock_makes_nothing_due() -> None:
    track, _ = play(start(OPENED), OPENED, 14)
    track = stand(track, OPENED + 2 * DAY)
    assert due_at(track, DEFAULT_LADDER, 14) is None
    track = run(track, OPENED + 30 * DAY)
    assert due_at(track, DEFAULT_LADDER, 14) == OPENED + 31 * DAY


def test_letting_a_running_clock_run_changes_nothing() -> None:
    track = start(OPENED)
    assert run(track, OPENED + DAY) == track


def test_the_same_rung_never_fires_twice() -> None:
    rung = DEFAULT_LADDER.rungs[1]
    track = fire(start(OPENED), rung, OPENED, 14)
    with pytest.raises(ValueError, match="fired already"):
        fire(track, rung, OPENED, 14)


def test_a_ladder_that_goes_down_is_refused() -> None:
    rungs = (Rung(number=1, offset_days=3, ask=Ask.OWING), Rung(number=2, offset_days=3, ask=Ask.BOTH))
    with pytest.raises(ValueError, match="rung 2 must come after rung 1"):
        Ladder(rungs=rungs)


def test_a_track_survives_storing() -> None:
    track = stand(start(OPENED), OPENED + 5 * DAY / 3)
    assert Track.model_validate(track.model_dump(mode="json")) == track


steps = st.lists(
    st.tuples(st.sampled_from(["run", "stand", "go"]), st.floats(min_value=0, max_value=40)), max_size=40
)


@settings(max_examples=150, deadline=None)
@given(steps=steps, cadence=st.floats(min_value=1, max_value=120))
def test_whatever_happens_rungs_rise_one_by_one_and_keep_their_distance(
    steps: list[tuple[str, float]], cadence: float
) -> None:
    now, track, fired = OPENED, start(OPENED), []
    for what, days in steps:
        now += days * DAY
        if what == "stand":
            track = stand(track, now)
        elif what == "go":
            track = run(track, now)
        track, rung = play(track, now, cadence)
        if rung is not None:
            fired.append((rung, now))
        assert play(track, now, cadence)[1] is None
    assert [rung for rung, _ in fired] == list(range(1, len(fired) + 1))
    offsets = {rung.number: stretched(rung.offset_days, cadence) for rung in DEFAULT_LADDER.rungs}
    for (lower, before), (upper, after) in itertools.pairwise(fired):
        assert after - before >= offsets[upper] - offsets[lower] - timedelta(milliseconds=1)
