"""Each mentee's best mentors at given prices, out of all of them, without ever holding the whole table."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from services.matching.engine.graph import Graph, Ints
from services.matching.engine.sources import OUTSIDE, Fetched, Source

Flags = npt.NDArray[np.bool_]

CHUNK = 2048
"""Mentees looked at in one call: small enough for threads, large enough to share tables of free hours."""


@dataclass
class Candidates:
    """Rows of candidates that grow from pass to pass, with what each row proves about those outside it."""

    source: Source
    threads: int = 1
    """The kernels hold no interpreter lock; any number gives the same rows."""
    keys: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    """mentee · mentors + mentor, ascending."""
    scores: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    looked: int = 0
    """Rows fetched so far, over all passes."""

    def __post_init__(self) -> None:
        nobody_looked = -OUTSIDE if self.source.mentors else OUTSIDE
        self.rest = np.full(self.source.mentees, nobody_looked, np.int64)
        self.fetched_at = np.zeros(self.source.mentees, np.int64)
        self.snapshots: list[Ints] = []

    @property
    def graph(self) -> Graph:
        """The candidates as the solvers' graph, with everybody's places and wishes."""
        mentors = max(1, self.source.mentors)
        starts = np.zeros(self.source.mentees + 1, np.int64)
        np.cumsum(np.bincount(self.keys // mentors, minlength=self.source.mentees), out=starts[1:])
        return Graph(starts, self.keys % mentors, self.scores, self.source.capacities, self.source.demands)

    def fetch(self, prices: Ints, keep: int, skip: Flags) -> None:
        """Add the `keep` best by score − price to every row that is not skipped, and remember what is proved."""
        mentors = self.source.mentors
        if not self.source.mentees or not mentors:
            return
        keep = min(keep, mentors)
        found_keys, found_scores = [self.keys], [self.scores]
        number = len(self.snapshots)
        self.snapshots.append(prices.copy())
        wanted = self.source.order[~(skip | (self.source.demands == 0))[self.source.order]]
        for rows, got in self._passes(wanted, prices, keep):
            filled = np.arange(keep) < got.counts[:, None]
            mentees = np.repeat(rows.astype(np.int64), got.counts)
            found_keys.append(mentees * mentors + got.mentors[filled])
            found_scores.append(got.scores[filled])
            self.rest[rows] = got.rest
            self.fetched_at[rows] = number
        self.looked += len(wanted)
        self.keys, first = np.unique(np.concatenate(found_keys), return_index=True)
        self.scores = np.concatenate(found_scores)[first]

    def _passes(
        self, wanted: npt.NDArray[np.int32], prices: Ints, keep: int
    ) -> Iterator[tuple[npt.NDArray[np.int32], Fetched]]:
        chunks = [wanted[at : at + CHUNK] for at in range(0, len(wanted), CHUNK)]

        def one(rows: npt.NDArray[np.int32]) -> tuple[npt.NDArray[np.int32], Fetched]:
            return rows, self.source.best(rows, prices, keep)

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
