"""Where a pass over everybody gets its rows from: a cohort's columns, or a graph that is too dense to solve whole."""

from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from services.matching.engine.columns import Cohort
from services.matching.engine.compile import Ints32 as Ints32Arg
from services.matching.engine.compile import LongRows, Longs, Rows32, kernel
from services.matching.engine.graph import Graph, Ints
from services.matching.engine.heap import keep_best
from services.matching.engine.people import People, strange_points
from services.matching.engine.prices import weight
from services.matching.engine.retrieve import all_rows, retrieve
from services.matching.engine.thresholds import OUTSIDE

Ints32 = npt.NDArray[np.int32]


class Fetched(NamedTuple):
    """Of some mentees, row by row: the best mentors, unsorted."""

    mentors: Ints32
    """(rows, keep)"""
    scores: Ints
    """(rows, keep)"""
    counts: Ints32
    """(rows,) how many of them there are."""
    rest: Ints
    """(rows,) no mentor outside brings more than this by score − price; OUTSIDE: there is nobody outside."""


class Source(Protocol):
    """Everybody, to be looked at in passes."""

    @property
    def mentees(self) -> int: ...
    @property
    def mentors(self) -> int: ...
    @property
    def capacities(self) -> Ints: ...
    @property
    def demands(self) -> Ints: ...
    @property
    def order(self) -> Ints32:
        """In which order rows are cheapest to look at."""

    @property
    def first(self) -> int:
        """Points that one more pair counts in a bound under participation. Any value proves; a large one proves
        sooner, as long as prices fit."""

    @property
    def most(self) -> int:
        """Where the second part of a price is cut to fit; a bound holds for any prices."""

    def best(self, mentees: Ints32, prices: Ints, keep: int) -> Fetched:
        """The `keep` mentors with the most score − price of each of these mentees."""


class OfCohort:
    """Rows computed from columns. `people` only where a program has terms without a kernel."""

    first = 4_000_000  # four times the scale: more than a chain of moves gives up, and it fits 32 bits
    most = 2_000_000

    def __init__(self, cohort: Cohort, people: People | None = None) -> None:
        self.cohort = cohort
        self.people = people
        self.mentees, self.mentors = cohort.mentees, cohort.mentors
        self.capacities, self.demands = cohort.capacities, cohort.demands
        self.order = np.argsort(cohort.columns.hours, kind="stable").astype(np.int32)
        self.largest = cohort.largest

    def best(self, mentees: Ints32, prices: Ints, keep: int) -> Fetched:
        size, unit = len(mentees), self.cohort.columns.unit
        mentors, sums = np.zeros((size, keep), np.int32), np.zeros((size, keep), np.int32)
        counts, rest = np.zeros(size, np.int32), np.zeros(size, np.int32)
        cut = (prices * unit).astype(np.int32)
        extra = _extra(self.people, self.cohort, mentees)
        retrieve(
            self.cohort.columns,
            mentees,
            self.largest,
            extra,
            self.capacities,
            cut,
            keep,
            mentors,
            sums,
            counts,
            rest,
        )
        full = (counts == keep) & (keep < self.mentors)
        return Fetched(
            mentors,
            sums.astype(np.int64) // unit,
            counts,
            np.where(full, rest.astype(np.int64) // unit, OUTSIDE),
        )


class OfGraph:
    """Rows of a graph: candidates of candidates."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.mentees, self.mentors = graph.mentees, graph.mentors
        self.capacities, self.demands = graph.capacities, graph.demands
        self.order = np.arange(graph.mentees, dtype=np.int32)
        self.first = weight(graph)
        self.most = self.first // 2

    def best(self, mentees: Ints32, prices: Ints, keep: int) -> Fetched:
        size = len(mentees)
        mentors, scores = np.zeros((size, keep), np.int32), np.zeros((size, keep), np.int64)
        counts, rest = np.zeros(size, np.int32), np.zeros(size, np.int64)
        g = self.graph
        cut = np.where(g.capacities > 0, prices, 2**61)
        _best(g.indptr, g.indices, g.scores, cut, mentees, keep, mentors, scores, counts, rest)
        return Fetched(mentors, scores, counts, rest)


def sums_of(given: People | None, found: Cohort, mentees: Ints32) -> Ints32:
    """(mentees, mentors) sums of a few mentees with everybody; score = sum // unit, negative: a gate says no."""
    sums = np.zeros((len(mentees), found.mentors), np.int32)
    all_rows(found.columns, mentees, found.largest, _extra(given, found, mentees), sums)
    return sums


def _extra(given: People | None, found: Cohort, mentees: Ints32) -> Ints32:
    """(mentees, mentors) what terms without kernel or table bring; (0, 0) where there are none.

    Raises ValueError where there are some and nobody to ask: the sums would be wrong without a word.
    """
    if not found.rowwise or not len(mentees):
        return np.zeros((0, 0), np.int32)
    if given is None:
        raise ValueError(f"these terms are asked of the people themselves: {', '.join(found.rowwise)}")
    return np.array([strange_points(given, found.rowwise, int(mentee)) for mentee in mentees], np.int32)


@kernel
def _best(
    indptr: Longs,
    indices: Longs,
    scores: Longs,
    cut: Longs,
    mentees: Ints32Arg,
    keep: int,
    mentors: Rows32,
    points: LongRows,
    counts: Ints32Arg,
    rest: Longs,
) -> None:
    """As `OfCohort.best`, from the rows of a graph. cut: prices, 2⁶¹ where there is no place."""
    value = np.empty(keep, np.int64)
    for x in range(len(mentees)):
        i = mentees[x]
        count = 0
        floor = -(1 << 60)
        left = False
        for e in range(indptr[i], indptr[i + 1]):
            j = indices[e]
            gain = scores[e] - cut[j]
            if gain <= floor:
                left = left or cut[j] < 2**61
                continue
            left = left or count == keep
            count = keep_best(value, mentors[x], count, gain, e - indptr[i])
            if count == keep:
                floor = value[0]
        for k in range(count):
            e = indptr[i] + mentors[x, k]
            mentors[x, k] = indices[e]
            points[x, k] = scores[e]
        counts[x] = count
        rest[x] = floor if left else OUTSIDE
