"""The sparse graph every part of the engine works on, checked once at the door."""

from dataclasses import dataclass
from typing import Any, Literal, NoReturn

import numpy as np
import numpy.typing as npt

from services.matching.engine.compile import Longs, kernel

Ints = npt.NDArray[np.int64]
Objective = Literal["score", "participation"]

LARGEST = 2**40
"""Largest score taken: well above the scale of 1,000,000 plus bonus, well below what sums could overflow."""


class BadGraph(ValueError):
    """The input is no cohort: says which array, and where."""


@dataclass(frozen=True)
class Graph:
    """CSR, mentee → mentor. A stored edge is a feasible pair, also at score 0."""

    indptr: Ints
    """(mentees + 1,): the edges of mentee i are indptr[i]:indptr[i + 1]."""
    indices: Ints
    """(edges,): the mentor of each edge."""
    scores: Ints
    """(edges,): points, 0 … 1,000,000 plus a bonus."""
    capacities: Ints
    """(mentors,): places."""
    demands: Ints
    """(mentees,): how many different mentors each mentee wants."""
    tops: Ints | None = None
    """(mentees,): each mentee's largest score, where it is known already; 0 without an edge."""
    complete: bool = False
    """Whether it is known that every mentee's edges are all mentors, in their order: a table."""

    @property
    def largest(self) -> int:
        """The largest score; 0 without any."""
        known = self.scores if self.tops is None else self.tops
        return int(known.max(initial=0))

    @property
    def mentees(self) -> int:
        return len(self.indptr) - 1

    @property
    def mentors(self) -> int:
        return len(self.capacities)

    def rows(self) -> Ints:
        """(edges,): the mentee of each edge."""
        return np.repeat(np.arange(self.mentees, dtype=np.int64), np.diff(self.indptr))


def whole(name: str, values: Any) -> Ints:
    """`values` as a contiguous int64 vector. Raises BadGraph for all that is not whole numbers (NaN too)."""
    array = np.asarray(values)
    if array.ndim != 1:
        raise BadGraph(f"{name} must have one dimension, it has {array.ndim}")
    if array.size and array.dtype.kind not in "iu":
        raise BadGraph(f"{name} must be whole numbers, not {array.dtype}")
    if array.dtype.kind == "u" and array.size and int(array.max()) > LARGEST:
        raise BadGraph(f"{name} holds a number above {LARGEST}")
    return np.ascontiguousarray(array, dtype=np.int64)


def graph(indptr: Any, indices: Any, scores: Any, capacities: Any, demands: Any = None) -> Graph:
    """A checked graph. `demands` None: one mentor each. Raises BadGraph, naming the array and the place."""
    starts, mentors, points, places = (
        whole("indptr", indptr),
        whole("indices", indices),
        whole("scores", scores),
        whole("capacities", capacities),
    )
    if len(starts) == 0 or starts[0] != 0:
        raise BadGraph("indptr must begin with 0")
    if (np.diff(starts) < 0).any():
        raise BadGraph(f"indptr falls after mentee {int(np.argmax(np.diff(starts) < 0))}")
    if starts[-1] != len(mentors) or len(mentors) != len(points):
        raise BadGraph(
            f"indptr ends at {int(starts[-1])}, indices holds {len(mentors)} and scores {len(points)} edges"
        )
    wanted = np.ones(len(starts) - 1, np.int64) if demands is None else whole("demands", demands)
    if len(wanted) != len(starts) - 1:
        raise BadGraph(f"demands holds {len(wanted)} mentees, indptr {len(starts) - 1}")
    tops = np.zeros(len(wanted), np.int64)
    tables, bad = _survey(starts, mentors, points, len(places), tops)
    for name, values in (
        ("scores", points if bad >= 0 else tops),
        ("capacities", places),
        ("demands", wanted),
    ):
        if values.size and int(values.min()) < 0:
            raise BadGraph(f"{name}[{int(values.argmin())}] is negative")
        if values.size and int(values.max()) > LARGEST:
            raise BadGraph(f"{name}[{int(values.argmax())}] is above {LARGEST}")
    if bad >= 0:
        _refuse(starts, mentors, len(places), bad)
    result = Graph(starts, mentors, points, places, wanted, tops, complete=tables == len(wanted))
    if result.largest * (result.mentees + result.mentors + 1) > 2**58:
        raise BadGraph("scores are too large for this many people: their sums would not fit 64 bits")
    return result


def by_mentor(indices: Ints, mentors: int) -> tuple[Ints, Ints]:
    """(mentors + 1,) where each mentor's edges begin in the second: all edges, mentor after mentor, in their order."""
    heads = np.zeros(mentors + 1, np.int64)
    np.cumsum(np.bincount(indices, minlength=mentors), out=heads[1:])
    order = np.empty(len(indices), np.int64)
    _count_out(indices, heads.copy(), order)
    return heads, order


@kernel
def _count_out(indices: Longs, at: Longs, order: Longs) -> None:
    """Each edge to the next position of its mentor."""
    for e in range(len(indices)):
        order[at[indices[e]]] = e
        at[indices[e]] += 1


def of_edges(rows: Ints, indices: Ints, scores: Ints, capacities: Ints, demands: Ints) -> Graph:
    """A graph from edges in any order, unchecked."""
    order = np.lexsort((indices, rows))
    starts = np.zeros(len(demands) + 1, np.int64)
    np.cumsum(np.bincount(rows, minlength=len(demands)), out=starts[1:])
    return Graph(starts, indices[order], scores[order], capacities, demands)


def _refuse(indptr: Ints, indices: Ints, mentors: int, edge: int) -> NoReturn:
    """One mentor twice in a row would give a mentee with two wishes the same mentor twice."""
    if int(indices.min()) < 0 or int(indices.max()) >= mentors:
        raise BadGraph(f"indices names a mentor outside 0 … {mentors - 1}")
    mentee = int(np.searchsorted(indptr, edge, side="right")) - 1
    raise BadGraph(f"mentee {mentee} has mentor {int(indices[edge])} twice")


@kernel
def _survey(indptr: Longs, indices: Longs, scores: Longs, mentors: int, tops: Longs) -> tuple[int, int]:
    """Everything that is asked of the edges, in one pass: a large table takes longer to read than to check.

    Into tops each row's largest score. Returns how many rows are all mentors in their order, and an edge that may
    not be (a score out of range, a mentor who does not exist or stands in the row already); −1: none.
    """
    seen = np.full(mentors, -1, np.int64)
    tables = 0
    for i in range(len(indptr) - 1):
        own = scores[indptr[i] : indptr[i + 1]]
        theirs = indices[indptr[i] : indptr[i + 1]]
        top = 0
        signs = 0
        for k in range(len(own)):
            top = max(top, own[k])
            signs |= own[k]
        if signs < 0 or top > LARGEST:
            return tables, indptr[i]
        tops[i] = top
        if len(theirs) == mentors:
            away = 0
            for k in range(len(theirs)):
                away |= theirs[k] ^ k
            if away == 0:
                tables += 1
                continue
        for k in range(len(theirs)):
            j = theirs[k]
            if j < 0 or j >= mentors or seen[j] == i:
                return tables, indptr[i] + k
            seen[j] = i
    return tables, -1
