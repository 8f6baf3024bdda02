"""The people themselves: a seeded tree of managers, with mentors above and mentees below."""

import random
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from examples.acme.words import (
    COMMON,
    DEPARTMENTS,
    FAMILY,
    GIVEN,
    GOALS,
    HOURS,
    MIDDLE,
    SITES,
    STYLES,
    SUPPORTS,
    VALUES,
    Site,
)

SPAN = 7
"""People under one manager."""

PROGRAM = "career-mentoring"
COHORT = "first-round"
ALONE = "fi"
"""A language no mentor speaks: whoever has only this one is left over, and can be told why."""


@dataclass
class Employee:
    number: str
    given: str
    family: str
    site: Site
    department: str
    level: int
    manager: str
    started: date
    role: str = ""
    places: int = 0
    first_time: bool = False
    offers: dict[str, int] = field(default_factory=dict)
    seeks: dict[str, int] = field(default_factory=dict)
    goals: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    styles: list[str] = field(default_factory=list)
    supports: list[str] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    hours: list[str] = field(default_factory=list)
    choices: list[str] = field(default_factory=list)
    agreed: date | None = None
    mail: str = ""


def levels_of(count: int) -> list[int]:
    """Steps above the leaves of the tree, by place: the first person is at the top."""
    depth, at, width, found = 0, 0, 1, []
    while at < count:
        found += [depth] * min(width, count - at)
        at, width, depth = at + width, width * SPAN, depth + 1
    return [depth - 1 - each for each in found]


def people_of(count: int, seed: int, today: date) -> list[Employee]:
    """The employees in the order of their numbers. Most managers have the smaller number, but not all."""
    chance = random.Random(seed)
    numbers = _numbers(count, chance)
    heights = levels_of(count)
    found: list[Employee] = []
    for place in range(count):
        site = chance.choices(SITES, [each.share for each in SITES])[0]
        height = heights[place]
        above = found[(place - 1) // SPAN] if place else None
        # Below the heads of departments people work where their manager works, more often than not.
        department = (
            above.department
            if above is not None and above.manager and chance.random() < 0.85
            else chance.choice(list(DEPARTMENTS))
        )
        found.append(
            Employee(
                number=numbers[place],
                given=chance.choice(GIVEN),
                family=_family(chance),
                site=above.site if above is not None and height == 0 and chance.random() < 0.5 else site,
                department=department,
                level=chance.randint(1, 5) if height == 0 else min(12, 4 + 2 * height + chance.randint(0, 1)),
                manager=above.number if above is not None else "",
                started=today - timedelta(days=chance.randint(60, 900) + 700 * height),
            )
        )
    _enroll(found, chance, today)
    _wish(found, random.Random(seed + 2))
    _addresses(found)
    return sorted(found, key=lambda each: each.number)


def _numbers(count: int, chance: random.Random) -> list[str]:
    numbers = [f"{10_001 + place:05d}" for place in range(count)]
    for _ in range(count // 20):
        one, other = chance.randrange(count), chance.randrange(count)
        numbers[one], numbers[other] = numbers[other], numbers[one]
    return numbers


def _family(chance: random.Random) -> str:
    name = chance.choice(FAMILY)
    return f"{chance.choice(MIDDLE)} {name}" if chance.random() < 0.08 else name


def _enroll(found: list[Employee], chance: random.Random, today: date) -> None:
    """A quarter are mentors, from above; two fifths are mentees, from below; the others take no part."""
    ladder = sorted(found, key=lambda each: (-each.level, each.number))
    mentors = [each for each in ladder if each.manager][: len(found) // 4]
    taken = {each.number for each in mentors}
    below = [each for each in found if each.number not in taken and each.level <= 6 and each.manager]
    mentees = chance.sample(below, min(len(below), len(found) * 2 // 5))
    for mentor in mentors:
        mentor.role, mentor.places = "mentor", chance.choices((1, 2, 3), (30, 50, 20))[0]
        mentor.first_time = chance.random() < 0.3
        mentor.offers = _skills(mentor, chance, 4, 3)
    for mentee in mentees:
        mentee.role = "mentee"
        mentee.seeks = _skills(mentee, chance, 3, 2)
    for each in (*mentors, *mentees):
        each.goals = chance.sample(GOALS, chance.randint(1, 3))
        local, *more = each.site.languages
        each.languages = [local, *(word for word in more if chance.random() < 0.94)]
        each.hours = sorted(chance.sample(HOURS, chance.randint(3, 6)), key=HOURS.index)
        each.agreed = today - timedelta(days=chance.randint(1, 30))
    for alone in mentees[: max(2, len(mentees) // 60)]:
        alone.languages = [ALONE]
    _choose(mentors, mentees, chance)


def _wish(found: list[Employee], chance: random.Random) -> None:
    """Most who take part say what matters to them and how they like to work; chance of its own, so that everybody
    else stays who they are."""
    for each in found:
        if not each.role or chance.random() < 0.2:
            continue
        each.values = chance.sample(VALUES, 3)
        each.styles = chance.sample(STYLES, chance.randint(1, 2))
        each.supports = chance.sample(SUPPORTS, chance.randint(1, 2))


def _skills(each: Employee, chance: random.Random, count: int, least: int) -> dict[str, int]:
    own = DEPARTMENTS[each.department]
    pool = [*own, *own, *COMMON]
    names = dict.fromkeys(chance.choice(pool) for _ in range(count))
    return {name: chance.randint(least, 5) for name in names}


def _choose(mentors: Sequence[Employee], mentees: Sequence[Employee], chance: random.Random) -> None:
    """Three in ten mentees name whom they would like; a few mentors are wanted by many."""
    by_language: dict[str, list[Employee]] = {}
    for mentor in mentors:
        for word in mentor.languages:
            by_language.setdefault(word, []).append(mentor)
    for mentee in mentees:
        wanted = by_language.get(mentee.languages[0], [])
        if not wanted or chance.random() > 0.3:
            continue
        picks = [wanted[min(int(chance.expovariate(4 / len(wanted))), len(wanted) - 1)] for _ in range(3)]
        mentee.choices = list(dict.fromkeys(each.number for each in picks))


def _addresses(found: list[Employee]) -> None:
    used: dict[str, int] = {}
    for each in found:
        letters = unicodedata.normalize("NFKD", f"{each.given}.{each.family}").casefold().replace("ł", "l")
        plain = "".join(c for c in letters if c.isascii() and (c.isalnum() or c == "."))
        used[plain] = used.get(plain, 0) + 1
        each.mail = f"{plain}{used[plain] if used[plain] > 1 else ''}@acme.example"
