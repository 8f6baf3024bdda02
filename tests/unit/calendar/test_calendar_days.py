"""The calendar against a plain day-by-day count."""

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.calendar import Calendar, Place, Span, public_holidays

START = date(2026, 3, 2)


def days(n: int) -> date:
    return START + timedelta(days=n)


spans = st.lists(
    st.tuples(st.integers(-60, 200), st.one_of(st.none(), st.integers(-3, 40))).map(
        lambda at: Span(days(at[0]), None if at[1] is None else days(at[0] + at[1]))
    ),
    max_size=6,
)


def naive_counts(off: list[Span], day: date) -> bool:
    return not any(span.first <= day and (span.last is None or day <= span.last) for span in off)


@settings(max_examples=150, deadline=None)
@given(spans, st.integers(-90, 250))
def test_index_is_the_number_of_counted_days_in_between(off: list[Span], at: int) -> None:
    calendar = Calendar(START, off)
    low, high = sorted((0, at))
    between = sum(naive_counts(off, days(n)) for n in range(low, high))
    assert calendar.index(days(at)) == (between if at >= 0 else -between)
    assert calendar.counts(days(at)) == naive_counts(off, days(at))


@settings(max_examples=150, deadline=None)
@given(spans, st.integers(-20, 120))
def test_reaches_is_the_first_day_with_that_number(off: list[Span], index: int) -> None:
    calendar = Calendar(START, off)
    day = calendar.reaches(index)
    if day is None:
        assert any(span.last is None for span in off)
        assert calendar.index(days(4000)) < index
    else:
        assert calendar.index(day) >= index
        assert calendar.index(day - timedelta(days=1)) < index


@settings(max_examples=100, deadline=None)
@given(spans, st.permutations(range(6)))
def test_the_order_of_the_intervals_is_irrelevant(off: list[Span], order: list[int]) -> None:
    shuffled = [off[n] for n in order if n < len(off)]
    assert [Calendar(START, off).index(days(n)) for n in range(-30, 120, 7)] == [
        Calendar(START, shuffled).index(days(n)) for n in range(-30, 120, 7)
    ]


def test_overlapping_reasons_leave_a_day_out_once() -> None:
    calendar = Calendar(START, [Span(days(3), days(9)), Span(days(5), days(6)), Span(days(10), days(10))])
    assert calendar.elapsed(START, days(14)) == 14 - 8


def test_a_leave_without_a_return_stops_the_clock_for_good() -> None:
    calendar = Calendar(START, [Span(days(5))])
    assert calendar.index(days(1000)) == 5
    assert calendar.reaches(5) == days(5)
    assert calendar.reaches(6) is None


def test_public_holidays_follow_country_and_region() -> None:
    bavaria, berlin = Place("DE", "BY"), Place("de", "DE-BE")
    corpus_christi, womens_day, labor_day = date(2026, 6, 4), date(2026, 3, 8), date(2026, 5, 1)
    assert corpus_christi.toordinal() in public_holidays(bavaria, 2026)
    assert corpus_christi.toordinal() not in public_holidays(berlin, 2026)
    assert womens_day.toordinal() in public_holidays(berlin, 2026)
    both = Calendar(START, places=[bavaria, berlin], through=date(2026, 12, 31))
    assert not any(both.counts(day) for day in (corpus_christi, womens_day, labor_day))
    assert both.counts(date(2026, 6, 5))


def test_a_place_nobody_knows_has_no_holidays_and_an_unknown_region_those_of_its_country() -> None:
    assert public_holidays(Place("Atlantis"), 2026) == ()
    assert public_holidays(Place("DE", "nowhere"), 2026) == public_holidays(Place("DE"), 2026)


def test_holidays_are_known_past_the_turn_of_the_year() -> None:
    calendar = Calendar(date(2026, 12, 20), places=[Place("DE")], through=date(2026, 12, 28))
    assert not calendar.counts(date(2027, 1, 1))
