"""Classed terms and boosts as small tables: points by the key of a mentee and the key of a mentor.

Mentors with the same keys in several tables are one *class*, so that the loop over all mentors grows by one look-up
for each group of tables, not for each table.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from services.matching.domain import boosts
from services.matching.domain.people import SCALE, Person, Rules
from services.matching.domain.score import NEUTRAL, weighted
from services.matching.domain.terms import Keys
from services.matching.engine.given import KERNELS
from services.matching.engine.graph import Ints
from services.matching.engine.tables import Numbers

Ints32 = npt.NDArray[np.int32]
Counts32 = npt.NDArray[np.uint32]

MOST_CELLS = 2**22
"""A term with more different pairs of keys than this is asked row by row instead: its table would cost too much."""
SHARED = 4
"""Tables share their classes as long as there are at most mentors ÷ this many of them."""
FEW = 64
"""So many classes are always few enough."""


@dataclass(frozen=True)
class Part:
    """One table: what a pair of keys brings, in units of sums (weight · share)."""

    name: str
    mentee: Callable[[Person], Hashable]
    mentor: Callable[[Person], Hashable]
    points: Callable[[Any, Any], int]


def parts_of(rules: Rules) -> list[Part]:
    """Every classed term that counts and has no kernel, then the boosts."""
    terms = weighted(rules)
    unit = max(1, sum(weight for _, weight in terms))
    found = [
        _of_term(term.name, term.keys, weight)
        for term, weight in terms
        if term.keys is not None and term.name not in KERNELS
    ]
    # Without any weight everybody is alike, at the middle of the scale (`score.scores`).
    base = 0 if terms else NEUTRAL
    return [
        *found,
        Part(
            "boosts",
            lambda person: boosts.of_mentee(person, rules),
            lambda person: boosts.of_mentor(person, rules),
            lambda mine, theirs: unit * boosts.points(mine, theirs, rules) + base,
        ),
    ]


def _of_term(name: str, keys: Keys, weight: int) -> Part:
    def points(mine: Any, theirs: Any) -> int:
        share = keys.share(mine, theirs)
        return weight * (NEUTRAL if share is None or np.isnan(share) else int(np.rint(share * SCALE)))

    return Part(name, keys.mentee, keys.mentor, points)


class PartTable:
    """A part with the keys met so far; they are numbered as they come, and the table grows with them."""

    def __init__(self, part: Part) -> None:
        self.part = part
        self.mentees = Numbers[Hashable]()
        self.mentors = Numbers[Hashable]()
        self._cells = np.zeros((0, 0), np.int32)

    @property
    def too_large(self) -> bool:
        return len(self.mentees) * len(self.mentors) > MOST_CELLS

    def cells(self) -> Ints32:
        """(keys of mentees, keys of mentors) points."""
        old, shape = self._cells, (len(self.mentees), len(self.mentors))
        if old.shape != shape:
            self._cells = np.empty(shape, np.int32)
            self._cells[: old.shape[0], : old.shape[1]] = old
            theirs = self.mentors.names
            for row, mine in enumerate(self.mentees.names):
                for column in range(old.shape[1] if row < old.shape[0] else 0, shape[1]):
                    self._cells[row, column] = self.part.points(mine, theirs[column])
        return self._cells


class Groups(NamedTuple):
    """Tables whose classes are shared. Lists are one after the other; see `Columns.group_…`."""

    parts: list[list[int]]
    """The tables of each group."""
    keys: list[Ints32]
    """(classes, tables of the group) the mentor's key in each table, for each class of the group."""
    of: list[Counts32]
    """(mentors,) class of each."""


def groups(keys: Ints32, taken: Sequence[int]) -> Groups:
    """Tables `taken` in as few groups as their classes allow. keys: (mentors, tables)."""
    mentors = len(keys)
    found = Groups([], [], [])
    counted = sorted((len(np.unique(keys[:, part])), part) for part in taken)
    for _, part in counted:
        if found.parts:
            wider = [*found.parts[-1], part]
            classes, of = _classes(keys[:, wider])
            if len(classes) <= max(FEW, mentors // SHARED):
                found.parts[-1], found.keys[-1], found.of[-1] = wider, classes, of
                continue
        classes, of = _classes(keys[:, [part]])
        found.parts.append([part])
        found.keys.append(classes)
        found.of.append(of)
    return found


def _classes(keys: Ints32) -> tuple[Ints32, Counts32]:
    if not len(keys):
        return keys, np.zeros(0, np.uint32)
    classes, of = np.unique(keys, axis=0, return_inverse=True)
    return np.ascontiguousarray(classes), of.reshape(-1).astype(np.uint32)


class Parted(NamedTuple):
    """The fields of `Columns` that the row kernel reads of all this."""

    part_at: Ints
    part_width: Ints
    part_points: Ints32
    part_mine: Ints32
    group_at: Ints
    group_classes: Ints
    class_at: Ints
    class_keys: Ints32
    group_of: Counts32


def parted(tables: Sequence[PartTable], mentees: Ints32, mentors: Ints32) -> Parted:
    """The tables of these people. mentees, mentors: (people, tables) numbers of their keys."""
    cells = [each.cells() if not each.too_large else np.zeros((0, 0), np.int32) for each in tables]
    found = groups(mentors, [part for part, each in enumerate(cells) if each.any()])
    order = [part for group in found.parts for part in group]
    at = np.cumsum([0, *(cells[part].size for part in order)]).astype(np.int64)
    flat = [np.ascontiguousarray(keys.T).reshape(-1) for keys in found.keys]  # table by table
    lengths = [len(keys) for keys, parts in zip(found.keys, found.parts, strict=True) for _ in parts]
    return Parted(
        part_at=at[:-1],
        part_width=np.array([cells[part].shape[1] for part in order], np.int64),
        part_points=_joined([cells[part].reshape(-1) for part in order]),
        part_mine=np.ascontiguousarray(mentees[:, order].T).reshape(len(order), len(mentees)),
        group_at=np.cumsum([0, *(len(parts) for parts in found.parts)]).astype(np.int64),
        group_classes=np.array([len(keys) for keys in found.keys], np.int64),
        class_at=np.cumsum([0, *lengths]).astype(np.int64)[:-1],
        class_keys=_joined(flat),
        group_of=np.stack(found.of) if found.of else np.zeros((0, len(mentors)), np.uint32),
    )


def _joined(arrays: list[Ints32]) -> Ints32:
    return np.concatenate([*arrays, np.zeros(0, np.int32)]).astype(np.int32)
