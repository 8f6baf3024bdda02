"""Each mentee's best mentors at given prices, out of all of them, without ever holding the whole table."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from services.matching.engine.graph import Graph, Ints
from services.matching.engine.sources import Fetched, Source
from services.matching.engine.thresholds import Flags, Thresholds

Ints32 = npt.NDArray[np.int32]

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
        self.thresholds = Thresholds(self.source.mentees, self.source.mentors)

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
        moment = self.thresholds.moment(prices)
        wanted = self.source.order[~(skip | (self.source.demands == 0))[self.source.order]]
        for rows, got in passes(self.source, wanted, prices, keep, self.threads):
            filled = np.arange(keep) < got.counts[:, None]
            mentees = np.repeat(rows.astype(np.int64), got.counts)
            found_keys.append(mentees * mentors + got.mentors[filled])
            found_scores.append(got.scores[filled])
            self.thresholds.row(rows.astype(np.int64), got.rest, moment)
        self.looked += len(wanted)
        self.keys, first = np.unique(np.concatenate(found_keys), return_index=True)
        self.scores = np.concatenate(found_scores)[first]

    def outside(self, prices: Ints) -> Ints:
        """(mentees,) no mentor outside a mentee's row brings more than this by score − price at these prices."""
        return self.thresholds.outside(prices)

    @property
    def complete(self) -> Flags:
        """(mentees,) rows that hold everyone possible."""
        return self.thresholds.complete


def passes(
    source: Source, wanted: Ints32, prices: Ints, keep: int, threads: int = 1
) -> Iterator[tuple[Ints32, Fetched]]:
    """The rows `wanted`, chunk by chunk: any number of threads gives the same."""
    chunks = [wanted[at : at + CHUNK] for at in range(0, len(wanted), CHUNK)]

    def one(rows: Ints32) -> tuple[Ints32, Fetched]:
        return rows, source.best(rows, prices, keep)

    if threads == 1:
        yield from map(one, chunks)
        return
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(one, chunks)
