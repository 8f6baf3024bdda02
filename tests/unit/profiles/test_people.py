"""Leave and leaving follow the calendar of where the person is; numbers mean the right person."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from services.profiles.domain.enrollments import Away
from services.profiles.domain.links import Held, Holder, New, Same, resolve
from services.profiles.domain.people import (
    Leave,
    Person,
    PersonEdit,
    aged,
    edited,
    leaves_at,
    rehired,
    with_leave,
)
from services.profiles.domain.programs import Cohort

DAY = date(2026, 3, 2)
NEVER = date(9999, 12, 31)
"""What HR systems write for an end that is not known: midnight after it does not exist in most zones."""


def at(day: date, hour: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def test_leaving_acts_at_its_date_plus_a_day_where_the_person_is() -> None:
    person = Person(leaving_on=DAY, time_zone="America/Toronto")
    acts = leaves_at(person)
    assert acts == datetime(2026, 3, 3, 5, tzinfo=UTC)
    before, due = aged(person, acts - timedelta(seconds=1))
    assert (before.status, due) == ("active", acts)
    after, due = aged(person, acts)
    assert (after.status, after.left_at, due) == ("left", acts, None)


def test_a_departure_taken_back_leaves_no_trace_and_one_that_acted_stays() -> None:
    person = Person(leaving_on=DAY)
    back = edited(person, PersonEdit(leaving_on=None), DAY)
    assert aged(back, at(DAY) + timedelta(days=9)) == (back, None)
    gone, _ = aged(person, at(DAY) + timedelta(days=1))
    assert aged(edited(gone, PersonEdit(leaving_on=None), DAY), at(DAY))[0].status == "left"
    assert rehired(gone, DAY).status == "active"


def test_a_leave_begins_and_ends_at_local_midnight() -> None:
    person = Person(leaves=(Leave(start=DAY, end=DAY + timedelta(days=1)),), time_zone="Asia/Tokyo")
    first = datetime(2026, 3, 1, 15, tzinfo=UTC)
    assert aged(person, first - timedelta(seconds=1)) == (person, first)
    away, due = aged(person, first)
    assert (away.status, due) == ("on_leave", first + timedelta(days=2))
    back, due = aged(away, first + timedelta(days=2))
    assert (back.status, back.leaves, due) == ("active", person.leaves, None)


def test_a_past_leave_stays_when_another_comes() -> None:
    past = Leave(start=date(2025, 1, 1), end=date(2025, 2, 1))
    planned, other = Leave(start=date(2026, 5, 1)), Leave(start=date(2026, 6, 1), end=date(2026, 7, 1))
    assert with_leave((past, planned), other, DAY) == (past, other)
    assert with_leave((past, planned), None, DAY) == (past,)
    assert with_leave((past, planned), past, DAY) == (past, planned)


days = st.dates(date(2026, 1, 1), date(2026, 12, 31))


@given(days, st.integers(0, 60), st.none() | days, st.lists(days, min_size=1, max_size=8))
@settings(max_examples=100, deadline=None)
def test_looking_often_or_once_comes_to_the_same(
    start: date, length: int, leaving: date | None, looks: list[date]
) -> None:
    leave = Leave(start=start, end=start + timedelta(days=length))
    person = Person(leaves=(leave,), leaving_on=leaving, time_zone="Europe/Paris")
    often = person
    for look in sorted(looks):
        often, _ = aged(often, at(look))
    once, _ = aged(person, at(max(looks)))
    assert often.model_copy(update={"left_at": None}) == once.model_copy(update={"left_at": None})


HOLDER = Holder("p1", "José Núñez", DAY, left=False)
LATER = DAY + timedelta(days=99)


@pytest.mark.parametrize(
    ("holder", "name", "start", "identity", "expected"),
    [
        (None, "Ana Roth", DAY, None, New),
        (HOLDER, "jose  nunez", LATER, None, Same),
        (HOLDER, "José Roth", DAY, None, Same),
        (HOLDER, "Ana Roth", LATER, None, Held),
        (HOLDER, "Ana Roth", None, None, Same),
        (Holder("p1", "José Núñez", DAY, left=True), "Ana Roth", None, None, Held),
        (HOLDER, None, LATER, None, Same),
        (HOLDER, "Ana Roth", LATER, "same", Same),
        (HOLDER, "Ana Roth", LATER, "new", New),
        (HOLDER, "José Núñez", LATER, "new", Same),
    ],
)
def test_whom_a_number_means(
    holder: Holder | None, name: str | None, start: date | None, identity: str | None, expected: type
) -> None:
    assert isinstance(resolve(holder, name, start, identity), expected)  # type: ignore[arg-type]


@pytest.mark.parametrize("day", [NEVER, date.min])
def test_a_day_that_means_never_is_refused_and_says_what_to_do(day: date) -> None:
    for fields in ({"leaving_on": day}, {"started_on": day}, {"leave": {"start": DAY, "end": day}}):
        with pytest.raises(ValidationError, match="leave it out where there is none"):
            PersonEdit.model_validate(fields)
    for days in ({"ends": day}, {"enrollment_until": day}, {"starts": day}):
        with pytest.raises(ValidationError, match="leave it out where there is none"):
            Cohort.model_validate({"id": "c", "name": "C", "starts": DAY} | days)
    with pytest.raises(ValidationError, match="leave it out where there is none"):
        Away(since=DAY, until=day)
