"""Each mentee's best mentors at given prices, out of all of them, without ever holding the whole table."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from services.matching.engine.columns import Cohort
from services.matching.engine.graph import Graph, Ints
from services.matching.engine.people import People, strange_points
from services.matching.engine.retrieve import all_rows, retrieve

Ints32 = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]

CHUNK = 2048
"""Mentees looked at in one call: small enough for progress and threads, large enough to share tables of hours."""
OUTSIDE = np.int64(-(2**40))
"""What a mentor outside the row can bring where nobody is outside."""


def sums_of(given: People | None, found: Cohort, mentees: Ints32) -> Ints32:
    """(mentees, mentors) sums of a few mentees with everybody; score = sum // unit, negative: a gate says no."""
    sums = np.zeros((len(mentees), found.mentors), np.int32)
    all_rows(found.columns, mentees, found.largest, _extra(given, mentees), sums)
    return sums


def _extra(given: People | None, mentees: Ints32) -> Ints32:
    """(mentees, mentors) what terms without a kernel bring; (0, 0) where every term has one."""
    if given is None or not given.strange or not len(mentees):
        return np.zeros((0, 0), np.int32)
    return np.array([strange_points(given, int(mentee)) for mentee in mentees], np.int32)


class Fetched(NamedTuple):
    mentors: Ints32
    sums: Ints32
    counts: Ints32
    rest: Ints32


@dataclass
class Candidates:
    """Rows of candidates that grow from pass to pass, with what each row proves about those outside it.

    `people` only where a program has terms without a kernel. `threads`: the kernels hold no interpreter lock.
    """

    cohort: Cohort
    people: People | None = None
    threads: int = 1
    keys: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    """mentee · mentors + mentor, ascending."""
    scores: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    looked: int = 0
    """Rows fetched so far, over all passes."""

    def __post_init__(self) -> None:
        self.order = np.argsort(self.cohort.columns.hours, kind="stable").astype(np.int32)
        nobody_looked = -OUTSIDE if self.cohort.mentors else OUTSIDE
        self.rest = np.full(self.cohort.mentees, nobody_looked, np.int64)
        self.fetched_at = np.zeros(self.cohort.mentees, np.int64)
        self.snapshots: list[Ints] = []

    @property
    def graph(self) -> Graph:
        """The candidates as the solvers' graph, with the cohort's places and wishes."""
        mentors = max(1, self.cohort.mentors)
        starts = np.zeros(self.cohort.mentees + 1, np.int64)
        np.cumsum(np.bincount(self.keys // mentors, minlength=self.cohort.mentees), out=starts[1:])
        return Graph(starts, self.keys % mentors, self.scores, self.cohort.capacities, self.cohort.demands)

    def fetch(self, prices: Ints, keep: int, skip: Flags) -> None:
        """Add the `keep` best by score − price to every row that is not skipped, and remember what is proved."""
        cohort = self.cohort
        if not cohort.mentees or not cohort.mentors:
            return
        keep = min(keep, cohort.mentors)
        unit = cohort.columns.unit
        cut = (prices * unit).astype(np.int32)
        skip = skip | (cohort.demands == 0)
        found_keys, found_scores = [self.keys], [self.scores]
        number = len(self.snapshots)
        self.snapshots.append(prices.copy())
        for order, got in self._passes(cut, keep, skip):
            rows = np.flatnonzero(~skip[order])
            self.looked += len(rows)
            filled = np.arange(keep) < got.counts[rows, None]
            mentees = np.repeat(order[rows].astype(np.int64), got.counts[rows])
            found_keys.append(mentees * cohort.mentors + got.mentors[rows][filled])
            found_scores.append(got.sums[rows][filled].astype(np.int64) // unit)
            full = (got.counts[rows] == keep) & (keep < cohort.mentors)
            self.rest[order[rows]] = np.where(full, got.rest[rows].astype(np.int64) // unit, OUTSIDE)
            self.fetched_at[order[rows]] = number
        keys = np.concatenate(found_keys)
        self.keys, first = np.unique(keys, return_index=True)
        self.scores = np.concatenate(found_scores)[first]

    def _passes(self, cut: Ints32, keep: int, skip: Flags) -> Iterator[tuple[Ints32, Fetched]]:
        largest = self.cohort.largest

        def one(order: Ints32) -> tuple[Ints32, Fetched]:
            size = len(order)
            got = Fetched(
                np.zeros((size, keep), np.int32),
                np.zeros((size, keep), np.int32),
                np.zeros(size, np.int32),
                np.zeros(size, np.int32),
            )
            extra = _extra(self.people, order)
            retrieve(
                self.cohort.columns,
                order,
                largest,
                extra,
                skip[order],
                self.cohort.capacities,
                cut,
                keep,
                *got,
            )
            return order, got

        wanted = self.order[~skip[self.order]]
        chunks = [wanted[at : at + CHUNK] for at in range(0, len(wanted), CHUNK)]
        if self.threads == 1:
            yield from map(one, chunks)
            return
        with ThreadPoolExecutor(self.threads) as pool:
            yield from pool.map(one, chunks)

    def outside(self, prices: Ints) -> Ints:
        """(mentees,) no mentor outside a mentee's row brings more than this by score − price at these prices."""
        fell = np.array([int((old - prices).max(initial=0)) for old in self.snapshots] or [0], np.int64)
        return np.where(self.complete, OUTSIDE, self.rest + np.maximum(0, fell)[self.fetched_at])

    @property
    def complete(self) -> Flags:
        """(mentees,) rows that hold everyone possible."""
        whole: Flags = self.rest == OUTSIDE
        return whole
