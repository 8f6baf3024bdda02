"""Small lists per row, as three arrays; names as numbers; sets as bits."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from services.matching.engine.graph import Ints

T = TypeVar("T", bound=Hashable)


class Table(NamedTuple):
    """CSR: row i is columns[at[i]:at[i + 1]] with their values."""

    at: Ints
    columns: npt.NDArray[np.int32]
    values: npt.NDArray[np.uint8]


def table(rows: Sequence[Mapping[int, int]]) -> Table:
    """Rows of column → value; values 0 … 255, columns of a row in the given order."""
    at = np.zeros(len(rows) + 1, np.int64)
    np.cumsum([len(row) for row in rows], out=at[1:])
    columns = np.fromiter((column for row in rows for column in row), np.int32, int(at[-1]))
    values = np.fromiter((value for row in rows for value in row.values()), np.uint8, int(at[-1]))
    return Table(at, columns, values)


def turned(given: Table, width: int) -> Table:
    """The same entries by column: postings. Rows of a column in order."""
    order = np.argsort(given.columns, kind="stable")
    rows = np.repeat(np.arange(len(given.at) - 1, dtype=np.int32), np.diff(given.at))
    at = np.zeros(width + 1, np.int64)
    np.cumsum(np.bincount(given.columns, minlength=width), out=at[1:])
    return Table(at, rows[order], given.values[order])


def exchanged(old: Table, rows: Ints, few: Table) -> Table:
    """`old` with row k of `few` in place of row rows[k]; rows right after the last are added."""
    lengths = swapped(np.diff(old.at), rows, np.diff(few.at))
    at = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=at[1:])
    columns, values = np.empty(at[-1], np.int32), np.empty(at[-1], np.uint8)
    stays = np.ones(len(old.at) - 1, np.bool_)
    stays[rows[rows < len(stays)]] = False
    for source, where, kept in ((old, np.arange(len(stays)), stays), (few, rows, None)):
        owner = np.repeat(np.arange(len(source.at) - 1), np.diff(source.at))
        target = at[where[owner]] + np.arange(len(owner)) - source.at[owner]
        chosen = slice(None) if kept is None else kept[owner]
        columns[target[chosen]] = source.columns[chosen]
        values[target[chosen]] = source.values[chosen]
    return Table(at, columns, values)


A = TypeVar("A", bound=np.generic)


def swapped(old: npt.NDArray[A], rows: Ints, few: npt.NDArray[A]) -> npt.NDArray[A]:
    """`old` with few[k] in place of old[rows[k]]; rows right after the last are added."""
    more = max(0, int(rows.max(initial=-1)) + 1 - len(old))
    result = np.concatenate([old, np.zeros((more, *old.shape[1:]), old.dtype)])
    result[rows] = few
    return result


class Numbers(Generic[T]):
    """Names in the order they were first met."""

    def __init__(self) -> None:
        self._numbers: dict[T, int] = {}

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def names(self) -> list[T]:
        return list(self._numbers)

    def of(self, name: T) -> int:
        """The number of `name`, a new one the first time."""
        return self._numbers.setdefault(name, len(self._numbers))

    def all(self, names: Iterable[T]) -> list[int]:
        return [self.of(name) for name in names]

    def first(self, names: Sequence[T]) -> int:
        """The number of the first name, −1 where there is none."""
        return self.of(names[0]) if names else -1


def bits(sets: Sequence[Iterable[int]], width: int) -> npt.NDArray[np.uint64]:
    """Sets of numbers below `width` as words, flat: max(1, ⌈width / 64⌉) words a set."""
    words = max(1, -(-width // 64))
    result = np.zeros((len(sets), words), np.uint64)
    for row, members in enumerate(sets):
        for member in members:
            result[row, member // 64] |= np.uint64(1 << (member % 64))
    return result.reshape(-1)


def distinct(keys: Sequence[T]) -> tuple[list[T], npt.NDArray[np.int32]]:
    """The different keys, and the number of each one's key."""
    numbers: Numbers[T] = Numbers()
    found = np.array([numbers.of(key) for key in keys], np.int32)
    return numbers.names, found


POPULAR = 32
"""A posting with more than one mentor in so many is walked faster as a whole row of bytes."""
ROOM = 2**26
"""Bytes that such rows may take."""


def popular(postings: Table, mentors: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint8]]:
    """(names,) the row of each posting that is common enough, −1 else; (rows, mentors) its values, 0: not there."""
    lengths = np.diff(postings.at)
    common = np.flatnonzero(lengths * POPULAR > mentors)
    common = common[np.argsort(-lengths[common], kind="stable")][: ROOM // max(1, mentors)]
    which = np.full(len(lengths), -1, np.int32)
    which[common] = np.arange(len(common))
    dense = np.zeros((len(common), mentors), np.uint8)
    for row, name in enumerate(common):
        part = slice(postings.at[name], postings.at[name + 1])
        dense[row, postings.columns[part]] = postings.values[part]
    return which, dense
