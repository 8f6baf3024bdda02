"""Small people for the tests of matching."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from services.matching.domain.people import MENTEE, MENTOR, Person, Rules
from services.matching.domain.pool import Pool

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


def person(name: str, role: str = MENTEE, **facts: Any) -> Person:
    return replace(Person(enrollment=f"{role}-{name}", participant=name, role=role), **facts)


def mentor(name: str, **facts: Any) -> Person:
    return person(name, MENTOR, **facts)


def mentee(name: str, **facts: Any) -> Person:
    return person(name, MENTEE, **facts)


def pool(*mentors: Person, rules: Rules | None = None, managers: dict[str, str] | None = None) -> Pool:
    return Pool(mentors, rules or Rules(), NOW, managers or {})
