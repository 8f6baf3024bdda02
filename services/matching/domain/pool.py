"""The mentors of one cohort as columns, so that a gate or a term judges all of them at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from services.matching.domain.people import Person, Rules
from services.matching.domain.tree import above, reach

T = TypeVar("T")
Mask = NDArray[np.bool_]
Shares = NDArray[np.float64]


@dataclass(frozen=True)
class Pool:
    """Mentors, rules and the reporting tree; `column` keeps what a gate or a term derives from them once.

    A term that needs a new column asks for it here from its own file: nothing in this file changes.
    """

    mentors: Sequence[Person]
    rules: Rules
    now: datetime
    managers: Mapping[str, str | None] = field(default_factory=dict)
    _columns: dict[Any, Any] = field(default_factory=dict, repr=False, compare=False)

    def column(self, derive: Callable[["Pool"], T]) -> T:
        """What `derive` makes of this pool, computed at the first request."""
        if derive not in self._columns:
            self._columns[derive] = derive(self)
        found: T = self._columns[derive]
        return found

    @property
    def size(self) -> int:
        return len(self.mentors)

    def where(self, participants: frozenset[str] | set[str] | tuple[str, ...]) -> list[int]:
        """Row numbers of the given participants, of those that are in the pool."""
        rows = self.column(rows_of)
        return [row for participant in participants for row in rows.get(participant, ())]

    def all(self, value: bool) -> Mask:
        return np.full(self.size, value, dtype=np.bool_)

    def unknown(self) -> Shares:
        return np.full(self.size, np.nan)


def rows_of(pool: Pool) -> dict[str, list[int]]:
    """Participant → rows; a participant has one row for each enrollment."""
    rows: dict[str, list[int]] = {}
    for row, mentor in enumerate(pool.mentors):
        rows.setdefault(mentor.participant, []).append(row)
    return rows


def below(pool: Pool) -> dict[str, list[int]]:
    """Participant → rows of the mentors who report to that participant within the program's reach."""
    levels = reach(pool.rules)
    rows: dict[str, list[int]] = {}
    for row, mentor in enumerate(pool.mentors):
        for manager in above(pool.managers, mentor.participant, levels):
            rows.setdefault(manager, []).append(row)
    return rows
