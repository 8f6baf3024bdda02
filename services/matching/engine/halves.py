"""The two halves of a cohort's columns, built apart: everybody's once, those of a few changed people at any time.

    numbering = Numbering()
    mentors, mentees = mentor_half(given, numbering), mentee_half(given, numbering)
    whole = joined(mentees, mentors, given.drafts)                      # the cohort

    few = mentee_half(people(changed, [], rules, now, managers), numbering)
    part = joined(few, mentors)              # (few, all mentors): row k is few.persons[k], columns as in `whole`
    mentees = mentees.replaced(rows, few)    # the standing half, in a few milliseconds for 10,000 people

and the same with the sides swapped. Halves fit together when they were built with the same `Numbering`, the same
rules, and `now` in the same year (the reference weeks of summer time). Nothing here is ever changed in place, but
for the numbering, which only grows: build a new one with new halves when much of it is no longer used.

A person's chain of managers is read when their half is built: when a manager moves, build those below them anew.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from services.matching.domain.gates import GATES
from services.matching.domain.people import Person, Rules
from services.matching.domain.pool import Pool
from services.matching.domain.terms.availability import bits_of
from services.matching.domain.tree import above, reach
from services.matching.engine import ties
from services.matching.engine.columns import UNKNOWN
from services.matching.engine.given import People
from services.matching.engine.graph import Ints
from services.matching.engine.numbering import Numbering as Numbering
from services.matching.engine.tables import Numbers, Table, exchanged, popular, swapped, table, turned
from services.matching.engine.ties import Side

Shorts = npt.NDArray[np.int16]
Ints32 = npt.NDArray[np.int32]

OF_A_MENTOR = ("training", "screening")
"""Gates that close a mentor's places; role, leave and places are in `Person.free`."""


class Postings(NamedTuple):
    """A name → the mentors who offer it; rows of bytes for what many offer."""

    at: Ints
    mentors: Ints32
    values: npt.NDArray[np.uint8]
    row: Ints32
    dense: npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class MentorHalf:
    """m mentors. Built by `mentor_half`."""

    pool: Pool
    numbering: Numbering
    side: Side
    offers: Table
    helps: Table
    holds: Table
    """What matters to them."""
    speech: Ints32
    silent: npt.NDArray[np.uint8]
    """1: offers no skill, 2: names no goal, 4: ranked nobody, 8: names no value."""
    seniority: Shorts
    hours: Ints32
    keys: Ints32
    """(m, tables) numbers of their keys in `Numbering.tables`."""
    places: Ints
    """Free places; 0 for a mentor whom no one can have now."""

    def replaced(self, rows: Sequence[int], few: "MentorHalf") -> "MentorHalf":
        """This half with few.persons[k] in row rows[k]; rows right after the last, in order, are newcomers.

        Whoever left the cohort stays in their row with no place (`Person.open` False).
        """
        at = np.array(rows, np.int64)
        side = ties.replaced(self.side, rows, few.side)
        return MentorHalf(
            Pool(side.persons, self.pool.rules, few.pool.now, few.pool.managers),
            self.numbering,
            side,
            exchanged(self.offers, at, few.offers),
            exchanged(self.helps, at, few.helps),
            exchanged(self.holds, at, few.holds),
            swapped(self.speech, at, few.speech),
            swapped(self.silent, at, few.silent),
            swapped(self.seniority, at, few.seniority),
            swapped(self.hours, at, few.hours),
            swapped(self.keys, at, few.keys),
            swapped(self.places, at, few.places),
        )

    @property
    def persons(self) -> Sequence[Person]:
        return self.side.persons

    @cached_property
    def zones(self) -> frozenset[str]:
        """Time zones of those whose hours are known."""
        return frozenset(p.zone for p in self.persons if p.zone and p.availability)

    @cached_property
    def offered(self) -> Postings:
        return _postings(self.offers, len(self.persons))

    @cached_property
    def helping(self) -> Postings:
        return _postings(self.helps, len(self.persons))

    @cached_property
    def holding(self) -> Postings:
        return _postings(self.holds, len(self.persons))


@dataclass(frozen=True, eq=False)
class MenteeHalf:
    """n mentees. Built by `mentee_half`."""

    pool: Pool
    """For its rules, time and managers; its mentors are not used."""
    numbering: Numbering
    side: Side
    seeks: Table
    aims: Table
    cares: Table
    """What matters to them."""
    speech: Ints32
    ranked: npt.NDArray[np.uint8]
    seniority: Shorts
    band: Shorts
    """(n, 2) least and most gap wanted."""
    hours: Ints32
    keys: Ints32
    wishes: Ints
    """Mentors still wanted."""

    def replaced(self, rows: Sequence[int], few: "MenteeHalf") -> "MenteeHalf":
        """As `MentorHalf.replaced`."""
        at = np.array(rows, np.int64)
        return MenteeHalf(
            few.pool,
            self.numbering,
            ties.replaced(self.side, rows, few.side),
            exchanged(self.seeks, at, few.seeks),
            exchanged(self.aims, at, few.aims),
            exchanged(self.cares, at, few.cares),
            swapped(self.speech, at, few.speech),
            swapped(self.ranked, at, few.ranked),
            swapped(self.seniority, at, few.seniority),
            swapped(self.band, at, few.band),
            swapped(self.hours, at, few.hours),
            swapped(self.keys, at, few.keys),
            swapped(self.wishes, at, few.wishes),
        )

    @property
    def persons(self) -> Sequence[Person]:
        return self.side.persons

    @cached_property
    def zones(self) -> frozenset[str]:
        """Time zones of those whose hours are known."""
        return frozenset(p.zone for p in self.persons if p.zone and p.availability)


def mentor_half(given: People, numbering: Numbering) -> MentorHalf:
    """The mentors of `given`, in its order; its mentees are not looked at."""
    pool, persons = given.pool, given.pool.mentors
    able = np.ones(len(persons), np.bool_)
    for name in OF_A_MENTOR:
        able &= GATES[name].judge(_ANYBODY, pool)
    free = np.array([person.free for person in persons], np.int64)
    return MentorHalf(
        pool,
        numbering,
        _side(persons, pool),
        *_named(persons, numbering),
        numbering.speech(persons),
        np.array([_silent(person) for person in persons], np.uint8),
        _seniority(persons),
        _hours(persons, pool, numbering.their_hours),
        _keys([(table.part.mentor, table.mentors) for table in numbering.tables(pool.rules)], persons),
        np.where(able, free, 0),
    )


def mentee_half(given: People, numbering: Numbering) -> MenteeHalf:
    """The mentees of `given`, in its order; of its pool only rules, time and managers are looked at."""
    pool, persons = given.pool, given.mentees
    return MenteeHalf(
        pool,
        numbering,
        _side(persons, pool),
        *_named(persons, numbering),
        numbering.speech(persons),
        np.array([bool(person.choices) for person in persons], np.uint8),
        _seniority(persons),
        np.array([_band(person, pool.rules) for person in persons], np.int16).reshape(-1, 2),
        _hours(persons, pool, numbering.own_hours),
        _keys([(table.part.mentee, table.mentees) for table in numbering.tables(pool.rules)], persons),
        np.array([person.free for person in persons], np.int64),
    )


_ANYBODY = Person("", "", "mentee")


def _side(persons: Sequence[Person], pool: Pool) -> Side:
    levels = reach(pool.rules)
    if levels == 0:
        return ties.side(persons, [()] * len(persons))
    return ties.side(persons, [above(pool.managers, person.participant, levels) for person in persons])


def _keys(
    sides: Sequence[tuple[Callable[[Person], Hashable], Numbers[Hashable]]], persons: Sequence[Person]
) -> Ints32:
    """(persons, tables) the number of each one's key."""
    keys = np.zeros((len(persons), len(sides)), np.int32)
    for column, (key, numbers) in enumerate(sides):
        keys[:, column] = [numbers.of(key(person)) for person in persons]
    return keys


def _named(persons: Sequence[Person], numbering: Numbering) -> tuple[Table, Table, Table]:
    """Skills with their levels, goals and values, by number."""
    skills, goals, values = numbering.skills, numbering.goals, numbering.values
    return (
        table([{skills.of(name): level for name, level in person.skills.items()} for person in persons]),
        table([{goals.of(name): 1 for name in sorted(person.goals)} for person in persons]),
        table([{values.of(name): 1 for name in sorted(person.values)} for person in persons]),
    )


def _postings(given: Table, mentors: int) -> Postings:
    width = int(given.columns.max(initial=-1)) + 1
    posted = turned(given, width)
    return Postings(*posted, *popular(posted, mentors))


def _silent(person: Person) -> int:
    return (not person.skills) + 2 * (not person.goals) + 4 * (not person.choices) + 8 * (not person.values)


def _seniority(persons: Sequence[Person]) -> Shorts:
    return np.array([UNKNOWN if p.seniority is None else p.seniority for p in persons], np.int16)


def _band(person: Person, rules: Rules) -> tuple[int, int]:
    """As the term *seniority* reads it: the program's band as far as the wish narrows it, else the wish."""
    least, most = rules.seniority_band
    if person.gap is None:
        return least, most
    both = max(least, person.gap[0]), min(most, person.gap[1])
    return both if both[0] <= both[1] else person.gap


def _hours(persons: Sequence[Person], pool: Pool, numbers: Numbers[bytes]) -> Ints32:
    """(persons,) number of the weekly hours, −1: not known."""
    found = (bits_of(person, pool) for person in persons)
    return np.array([-1 if each is None else numbers.of(each.tobytes()) for each in found], np.int32)
