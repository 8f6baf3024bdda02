"""Numbers of the words and keys of a program's people, and the tables of classed terms; they only ever grow."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import numpy.typing as npt

from services.matching.domain.people import Person, Rules
from services.matching.domain.weekly import WORDS, reference_weeks
from services.matching.engine.parts import PartTable, parts_of
from services.matching.engine.tables import Numbers

Ints32 = npt.NDArray[np.int32]
Words = npt.NDArray[np.uint64]


class Numbering:
    """Numbers of skills, goals, languages and weekly hours. They grow and never change, so that halves built at
    different times fit together. One for a program's rules; not for two threads at once."""

    def __init__(self) -> None:
        self.skills = Numbers[str]()
        self.goals = Numbers[str]()
        self.tongues = Numbers[str]()
        self.speeches = Numbers[tuple[int, ...]]()
        """Languages of a person, the one liked best first."""
        self.own_hours = Numbers[bytes]()
        """Free hours of mentees, in all reference weeks."""
        self.their_hours = Numbers[bytes]()
        self.values = Numbers[str]()
        self._rules: Rules | None = None
        self._tables: list[PartTable] = []

    def tables(self, rules: Rules) -> list[PartTable]:
        """The tables of classed terms and boosts. Raises ValueError for other rules than the first ones."""
        if self._rules is None:
            self._rules, self._tables = rules, [PartTable(part) for part in parts_of(rules)]
        if self._rules != rules:
            raise ValueError("halves of one numbering are built for the same rules")
        return self._tables

    def speech(self, persons: Sequence[Person]) -> Ints32:
        """(persons,) number of each one's languages."""
        numbers = (self.speeches.of(tuple(self.tongues.all(person.languages))) for person in persons)
        return np.fromiter(numbers, np.int32, len(persons))


def hours_of(numbers: Numbers[bytes]) -> Words:
    """(patterns, weeks, WORDS) the bits behind the numbers of weekly hours."""
    weeks = len(reference_weeks(datetime(2000, 1, 1)))
    return np.frombuffer(b"".join(numbers.names), np.uint64).reshape(-1, weeks, WORDS)
