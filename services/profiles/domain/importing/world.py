"""What a batch of rows sees: the store's state, earlier rows' changes, the row's own changes on top."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from services.profiles.domain.base import Problem
from services.profiles.domain.enrollments import Enrollment
from services.profiles.domain.importing.report import Outcome
from services.profiles.domain.links import Link, link_id
from services.profiles.domain.people import Contact, Person
from services.profiles.domain.programs import Program

S = TypeVar("S")

MAX_LEVELS = 100
"""Steps up a manager tree after which it is taken for a circle."""


@dataclass(frozen=True)
class Known:
    """What the store found for a batch of rows; ids of links are those of `link_id`."""

    organization: str
    source: str
    now: datetime
    links: Mapping[str, Link]
    people: Mapping[str, Person]
    contacts: Mapping[str, Contact]
    enrollments: Mapping[str, Enrollment]
    programs: Mapping[str, Program]
    excluded: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Participant → whom they exclude, of those who take part in something anew."""


@dataclass
class Plan:
    """What a batch changes: whole new states by id, and one outcome per row, in the order of the rows."""

    links: dict[str, Link] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    contacts: dict[str, Contact] = field(default_factory=dict)
    enrollments: dict[str, Enrollment] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)

    def add(self, other: "Plan") -> None:
        """Take over another plan's states, which are newer."""
        self.links.update(other.links)
        self.people.update(other.people)
        self.contacts.update(other.contacts)
        self.enrollments.update(other.enrollments)

    @property
    def changes(self) -> bool:
        return any((self.links, self.people, self.contacts, self.enrollments))


class Rejected(Exception):
    """The row changes nothing, for these problems."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__()
        self.problems = problems


class World:
    """Reads through one row's own changes (`mine`), then the batch's (`done`), then the store's."""

    def __init__(self, known: Known, done: Plan) -> None:
        self.known = known
        self.done = done
        self.mine = Plan()

    def link(self, external_id: str) -> Link | None:
        number = link_id(self.known.organization, self.known.source, external_id)
        return self.mine.links.get(number) or self.done.links.get(number) or self.known.links.get(number)

    def holder(self, external_id: str) -> str | None:
        """The participant whom a number means, if there still is one."""
        link = self.link(external_id)
        holder = None if link is None else link.holder
        return holder if holder is not None and self.person(holder) is not None else None

    def person(self, id: str) -> Person | None:
        return self.mine.people.get(id) or self.done.people.get(id) or self.known.people.get(id)

    def contact(self, id: str) -> Contact | None:
        return self.mine.contacts.get(id) or self.done.contacts.get(id) or self.known.contacts.get(id)

    def enrollment(self, id: str) -> Enrollment | None:
        return self.done.enrollments.get(id) or self.known.enrollments.get(id)

    def reaches(self, start: str, goal: str) -> bool:
        """Whether `goal` stands above `start`, or is it, in the manager tree."""
        at: str | None = start
        for _ in range(MAX_LEVELS):
            if at is None or at == goal:
                return at == goal
            person = self.person(at)
            at = None if person is None else person.manager
        return True


def put(into: dict[str, S], id: str, before: S | None, after: S) -> None:
    """An equal state is no change, so that an identical row publishes nothing."""
    if after == before:
        into.pop(id, None)
    else:
        into[id] = after
