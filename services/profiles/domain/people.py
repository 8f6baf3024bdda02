"""People: what HR and they themselves say about them, and how leave and leaving follow the calendar."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from services.profiles.domain.base import Day, Frozen, Partial, Source, Text, on_one_line

LEAVING_ACTS_AFTER = timedelta(hours=24)
"""A departure acts this long after its effective date begins (domain.md, Coming, moving, leaving; p)."""

Status = Literal["active", "on_leave", "left"]


@lru_cache(1024)
def known_zone(name: str) -> str:
    """`name` if it is an IANA time zone; raises ValueError otherwise.

    Remembered: every state that is read passes here, and zoneinfo itself keeps only eight zones.
    """
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is not a time zone of the IANA list") from None
    return name


Zone = Annotated[str, AfterValidator(known_zone)]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Address = Annotated[
    str,
    StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254),
    AfterValidator(on_one_line),
]


class Leave(Frozen):
    """Days away from work, both included; no `end` means open. It never carries a reason."""

    start: Day
    end: Day | None = None

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.end is not None and self.end < self.start:
            raise ValueError("a leave ends on or after its first day")
        return self


class LinkRef(Frozen):
    """Under which number an HR source knows the person, as it is published."""

    source: Source
    external_id: Text


class Person(Frozen):
    """Everything about a person but names and addresses, which stand apart in Contact."""

    links: tuple[LinkRef, ...] = ()
    manager: str | None = None
    status: Status = "active"
    started_on: Day | None = None
    leaving_on: Day | None = None
    left_at: datetime | None = None
    leaves: tuple[Leave, ...] = ()
    time_zone: Zone | None = None
    country: Country | None = None
    region: Text | None = None
    site: Text | None = None
    department: Text | None = None
    field: Text | None = None
    seniority: Annotated[int, Field(ge=1, le=12)] | None = None
    promotion_pool: Text | None = None


class Contact(Frozen):
    """Names and addresses (Restricted): read by notifications and by whoever may see the names."""

    given_name: Text
    family_name: Text
    email: Address | None = None
    locale: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$")] | None = None

    @property
    def display_name(self) -> str:
        return f"{self.given_name} {self.family_name}"


class PersonEdit(Partial):
    """Some fields of a person: a field that is not set is left as it is, null clears it."""

    started_on: Day | None = None
    leaving_on: Day | None = None
    leave: Leave | None = None
    time_zone: Zone | None = None
    country: Country | None = None
    region: Text | None = None
    site: Text | None = None
    department: Text | None = None
    field: Text | None = None
    seniority: Annotated[int, Field(ge=1, le=12)] | None = None
    promotion_pool: Text | None = None


class ContactEdit(Partial):
    """Some fields of a contact: a field that is not set is left as it is, null clears it."""

    given_name: Text | None = None
    family_name: Text | None = None
    email: Address | None = None
    locale: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Z]{2})?$")] | None = None


def edited(person: Person, edit: PersonEdit, today: date) -> Person:
    """The person after the edit; the same object where nothing differs, so that nothing is published."""
    blank = Person()
    given = {name: getattr(edit, name) for name in edit.model_fields_set if name != "leave"}
    changes = {name: getattr(blank, name) if value is None else value for name, value in given.items()}
    if "leave" in edit.model_fields_set:
        changes["leaves"] = with_leave(person.leaves, edit.leave, today)
    after = person.model_copy(update=changes)
    return person if after == person else after


def with_leave(leaves: tuple[Leave, ...], leave: Leave | None, today: date) -> tuple[Leave, ...]:
    """All leaves with the one that is or will be replaced by `leave`; None takes it back.

    What is over stays: those days stop clocks of readers who look back. A leave taken back after it began
    ended yesterday, for its days were away all the same.
    """
    if leave in leaves:
        return leaves
    yesterday = today - timedelta(days=1)
    kept: list[Leave] = []
    for each in leaves:
        if each.end is not None and each.end < today and not (leave is not None and _overlap(each, leave)):
            kept.append(each)
        elif leave is None and each.start <= yesterday and (each.end is None or each.end >= today):
            kept.append(Leave(start=each.start, end=yesterday))
    return tuple(sorted([*kept, *([leave] if leave else [])], key=lambda each: each.start))


def _overlap(one: Leave, other: Leave) -> bool:
    return (one.end is None or other.start <= one.end) and (other.end is None or one.start <= other.end)


def renamed(contact: Contact, edit: ContactEdit) -> Contact:
    """The contact after the edit; a name cannot be cleared, so null leaves it."""
    given = {name: getattr(edit, name) for name in edit.model_fields_set}
    changes = {n: v for n, v in given.items() if v is not None or n not in ("given_name", "family_name")}
    after = contact.model_copy(update=changes)
    return contact if after == contact else after


def midnight(day: date, zone: str | None) -> datetime:
    """The first moment of a day where the person is, in UTC (UTC itself where no zone is known)."""
    return datetime.combine(day, time(), ZoneInfo(zone or "UTC")).astimezone(UTC)


def leaves_at(person: Person) -> datetime | None:
    """When the departure acts: the effective date's beginning plus 24 hours; None without one."""
    if person.leaving_on is None:
        return None
    return midnight(person.leaving_on, person.time_zone) + LEAVING_ACTS_AFTER


def aged(person: Person, now: datetime) -> tuple[Person, datetime | None]:
    """The person as the calendar has them at `now`, and when that next changes by itself (None: never).

    Someone who has left stays so until hired again; a departure that was taken back in time leaves no trace.
    """
    if person.status == "left":
        return person, None
    leaving = leaves_at(person)
    if leaving is not None and now >= leaving:
        return person.model_copy(update={"status": "left", "left_at": now}), None
    edges = [leaving] if leaving is not None else []
    status: Status = "active"
    for leave in person.leaves:
        first = midnight(leave.start, person.time_zone)
        last = None if leave.end is None else midnight(leave.end + timedelta(days=1), person.time_zone)
        if now < first:
            edges.append(first)
        elif last is None or now < last:
            status = "on_leave"
            edges += [last] if last is not None else []
    after = person if status == person.status else person.model_copy(update={"status": status})
    return after, min(edges, default=None)


def rehired(person: Person, started_on: date) -> Person:
    """The same person, back: active from `started_on`, the old departure forgotten."""
    changes = {"status": "active", "leaving_on": None, "left_at": None, "started_on": started_on}
    return person.model_copy(update=changes)


HIRED_AGAIN = "give the first day of the new employment, if the person was hired again"


def came_back(person: Person, edit: PersonEdit) -> Person:
    """Somebody who has left, hired again if the edit names a first day after the departure."""
    left_on = person.leaving_on or (person.left_at.date() if person.left_at else None)
    start = edit.started_on
    if person.status != "left" or start is None or (left_on is not None and start <= left_on):
        return person
    return rehired(person, start)


def too_late(person: Person, edit: PersonEdit, today: date) -> bool:
    """Whether the edit takes back, or puts off, a departure that has acted (domain.md: cancellable until then).

    Its date may still be corrected to another day that is past.
    """
    if person.status != "left" or "leaving_on" not in edit.model_fields_set:
        return False
    day = edit.leaving_on
    return day != person.leaving_on and (day is None or day > today)


def without_departure(edit: PersonEdit) -> PersonEdit:
    """The edit, silent about leaving."""
    return PersonEdit.model_validate(edit.model_dump(exclude={"leaving_on"}, exclude_unset=True))
