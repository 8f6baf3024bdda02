"""The sparse graph every part of the engine works on, checked once at the door."""

from dataclasses import dataclass
from typing import Any, Literal

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
    for name, values in (("scores", points), ("capacities", places), ("demands", wanted)):
        if values.size and int(values.min()) < 0:
            raise BadGraph(f"{name}[{int(values.argmin())}] is negative")
        if values.size and int(values.max()) > LARGEST:
            raise BadGraph(f"{name}[{int(values.argmax())}] is above {LARGEST}")
    if mentors.size and (int(mentors.min()) < 0 or int(mentors.max()) >= len(places)):
        raise BadGraph(f"indices names a mentor outside 0 … {len(places) - 1}")
    result = Graph(starts, mentors, points, places, wanted)
    if int(points.max(initial=0)) * (result.mentees + result.mentors + 1) > 2**58:
        raise BadGraph("scores are too large for this many people: their sums would not fit 64 bits")
    _refuse_twins(result)
    return result


def of_edges(rows: Ints, indices: Ints, scores: Ints, capacities: Ints, demands: Ints) -> Graph:
    """A graph from edges in any order, unchecked."""
    order = np.lexsort((indices, rows))
    starts = np.zeros(len(demands) + 1, np.int64)
    np.cumsum(np.bincount(rows, minlength=len(demands)), out=starts[1:])
    return Graph(starts, indices[order], scores[order], capacities, demands)


def _refuse_twins(given: Graph) -> None:
    """One mentor twice in a row would give a mentee with two wishes the same mentor twice."""
    seen = np.full(given.mentors, -1, np.int64)
    twin = _twin(given.indptr, given.indices, seen)
    if twin >= 0:
        mentee = int(np.searchsorted(given.indptr, twin, side="right")) - 1
        raise BadGraph(f"mentee {mentee} has mentor {int(given.indices[twin])} twice")


@kernel
def _twin(indptr: Longs, indices: Longs, seen: Longs) -> int:
    """The first edge whose mentor its row has already; −1: none."""
    for i in range(len(indptr) - 1):
        for e in range(indptr[i], indptr[i + 1]):
            if seen[indices[e]] == i:
                return e
            seen[indices[e]] = i
    return -1
