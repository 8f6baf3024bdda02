"""Who has to do with whom by name: choices, exclusions, past partners, reporting line, promotion pool.

Each side is indexed once; then the pairs of two sides are found from the smaller one, so that a few changed people
cost no walk over everybody.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from services.matching.domain.people import Person
from services.matching.engine.columns import PASSED
from services.matching.engine.tables import Table, table, turned

Index = dict[str, dict[int, int]]
"""A participant (or a pool) → rows of one side, each with a code."""
Chain = tuple[str, ...]
"""The managers above somebody, as far as the program's rule reaches."""


class Ties(NamedTuple):
    """One side, indexed."""

    spots: Index
    """Who they are."""
    shunning: Index
    """Whom they exclude, or were paired with."""
    ranking: Index
    """Whom they ranked, with the code of the rank."""
    pools: Index
    """With whom they compete."""
    below: Index
    """To whom they report."""


class Side(NamedTuple):
    """People in the order of their rows, with their chains of managers."""

    persons: Sequence[Person]
    chains: Sequence[Chain]
    ties: Ties


def _of(person: Person, chain: Chain) -> Iterator[tuple[int, str, int]]:
    """(which index, name, code) of everything one person says."""
    yield 0, person.participant, 0
    for other in (*person.past, *person.excluded):
        yield 1, other, 0
    for rank, other in enumerate(person.choices):
        yield 2, other, min(PASSED - 1, rank)
    if person.promotion_pool:
        yield 3, person.promotion_pool, 0
    for manager in chain:
        yield 4, manager, 0


def side(persons: Sequence[Person], chains: Sequence[Chain]) -> Side:
    """Index people by everything they name."""
    ties = Ties({}, {}, {}, {}, {})
    for row, (person, chain) in enumerate(zip(persons, chains, strict=True)):
        for which, name, code in _of(person, chain):
            ties[which].setdefault(name, {})[row] = code
    return Side(persons, chains, ties)


def replaced(old: Side, rows: Sequence[int], few: Side) -> Side:
    """The same side with other people in these rows; rows right after the last are newcomers. `old` stays as it is."""
    persons, chains = list(old.persons), list(old.chains)
    indexes = [dict(index) for index in old.ties]
    copied: set[tuple[int, str]] = set()

    def entry(which: int, name: str) -> dict[int, int]:
        if (which, name) not in copied:
            copied.add((which, name))
            indexes[which][name] = dict(indexes[which].get(name, ()))
        return indexes[which][name]

    for row, person, chain in zip(rows, few.persons, few.chains, strict=True):
        if row < len(persons):
            for which, name, _ in _of(persons[row], chains[row]):
                entry(which, name).pop(row, None)
            persons[row], chains[row] = person, chain
        else:
            persons.append(person)
            chains.append(chain)
        for which, name, code in _of(person, chain):
            entry(which, name)[row] = code
    return Side(persons, chains, Ties(*indexes))


class Crossing(NamedTuple):
    """What two sides have to do with each other: rows are mentees, columns mentors."""

    choices: Table
    """Whom each mentee ranked, with the code of the rank."""
    chosen: Table
    """Who ranked each mentee."""
    barred: Table
    """Pairs that a gate on two people forbids, without the gates that a person alone decides."""


def crossing(mentees: Side, mentors: Side) -> Crossing:
    """Found from the smaller side; what it costs grows with that side and with the pairs found."""
    if len(mentees.persons) <= len(mentors.persons):
        return Crossing(*(table(rows) for rows in _met(mentees, mentors.ties)))
    own, theirs, barred = (turned(table(rows), len(mentees.persons)) for rows in _met(mentors, mentees.ties))
    return Crossing(theirs, own, barred)


Rows = list[dict[int, int]]


def _met(one: Side, others: Ties) -> tuple[Rows, Rows, Rows]:
    """For each person of one side: rows of the other whom they ranked, who ranked them, and who is barred."""
    own: Rows = []
    theirs: Rows = []
    barred: Rows = []
    for person, chain in zip(one.persons, one.chains, strict=True):
        own.append(
            {
                row: min(PASSED - 1, rank)
                for rank, who in enumerate(person.choices)
                for row in others.spots.get(who, ())
            }
        )
        theirs.append(dict(others.ranking.get(person.participant, {})))
        barred.append(dict.fromkeys(sorted(_barred(person, chain, others)), 0))
    return own, theirs, barred


def _barred(person: Person, chain: Iterable[str], others: Ties) -> set[int]:
    found: set[int] = set()
    for name in (person.participant, *person.past, *person.excluded, *chain):
        found.update(others.spots.get(name, ()))
    found.update(others.shunning.get(person.participant, ()))
    found.update(others.below.get(person.participant, ()))
    if person.promotion_pool is not None:
        found.update(others.pools.get(person.promotion_pool, ()))
    return found


def widened(given: Table, extra: Sequence[Iterable[int]]) -> Table:
    """The same rows, each with more columns (value 0), in order and each once."""
    rows = [
        dict.fromkeys(sorted({*given.columns[given.at[row] : given.at[row + 1]].tolist(), *more}), 0)
        for row, more in enumerate(extra)
    ]
    return table(rows)


def positions(
    pairs: Iterable[tuple[str, str]], mentees: Sequence[Person], mentors: Sequence[Person]
) -> Table:
    """Pairs of enrollments (mentee's, mentor's) by row; those of people who are not here are left out."""
    wanted: dict[str, list[str]] = {}
    for mentee, mentor in pairs:
        wanted.setdefault(mentee, []).append(mentor)
    if not wanted:
        return Table(np.zeros(len(mentees) + 1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.uint8))
    at = {person.enrollment: row for row, person in enumerate(mentors)}
    return table(
        [
            dict.fromkeys(sorted(at[mentor] for mentor in wanted.get(p.enrollment, ()) if mentor in at), 0)
            for p in mentees
        ]
    )
