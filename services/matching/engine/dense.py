"""Rows of a graph that is nearly a whole table: scores in 32 bits, mentor after mentor, so that a pass over all pairs
costs little more than reading them.
"""

import numpy as np

from services.matching.engine.compile import Ints32 as Ints32Arg
from services.matching.engine.compile import LongRows, Longs, Rows32, kernel
from services.matching.engine.graph import Graph, Ints
from services.matching.engine.sources import Fetched, Ints32
from services.matching.engine.thresholds import OUTSIDE

DEPTH = 8
"""Mentors of a group: a row is first looked at by the best of each group."""
LARGEST = 2**26
"""Largest score taken: with a price and what one more pair counts it then fits 32 bits."""
NOBODY = -(2**29)
"""Score of a pair that cannot be; whatever can be stays above it at any price."""
CLOSED = 2**30
"""Price of a mentor without a place."""
FILLED = 4
"""A graph is a table where at least one pair in so many can be."""


class OfTable:
    """Rows of a graph in which most pairs are possible."""

    first = 2**28  # at least four times the largest score
    most = 2**27

    def __init__(self, graph: Graph) -> None:
        self.mentees, self.mentors = graph.mentees, graph.mentors
        self.capacities, self.demands = graph.capacities, graph.demands
        self.order = np.arange(graph.mentees, dtype=np.int32)
        self.scores = np.empty(graph.mentees * graph.mentors, np.int32)
        _compact(graph.indptr, graph.indices, graph.scores, graph.mentors, graph.complete, self.scores)

    def best(self, mentees: Ints32, prices: Ints, keep: int) -> Fetched:
        size = len(mentees)
        mentors, scores = np.zeros((size, keep), np.int32), np.zeros((size, keep), np.int64)
        counts, rest = np.zeros(size, np.int32), np.zeros(size, np.int64)
        cut = np.where(self.capacities > 0, prices, CLOSED).astype(np.int32)
        _best(self.scores, cut, mentees, keep, mentors, scores, counts, rest)
        return Fetched(mentors, scores, counts, rest)


def is_table(given: Graph) -> bool:
    """Whether `OfTable` takes this graph."""
    cells = given.mentees * given.mentors
    return 0 < cells <= FILLED * len(given.indices) and given.largest <= LARGEST


@kernel
def _compact(
    indptr: Longs, indices: Longs, scores: Longs, mentors: int, complete: bool, table: Ints32Arg
) -> None:
    for i in range(len(indptr) - 1):
        out = table[i * mentors : (i + 1) * mentors]
        own = scores[indptr[i] : indptr[i + 1]]
        if complete:
            for k in range(len(out)):
                out[k] = np.int32(own[k])
            continue
        theirs = indices[indptr[i] : indptr[i + 1]]
        for k in range(len(out)):
            out[k] = np.int32(NOBODY)
        for k in range(len(own)):
            out[theirs[k]] = np.int32(own[k])


@kernel
def _line(values: Ints32Arg, keep: int, enough: int) -> int:
    """A number that at least `keep` values are above, and at most `enough` (more where many are equal).

    NOBODY where fewer than `keep` are above that. Values are counted, not sorted: eight at a time.
    """
    low = np.int32(NOBODY)
    high = np.int32(NOBODY)
    least = np.int32(2**31 - 1)
    above = 0
    for k in range(len(values)):
        high = max(high, values[k])
        least = min(least, values[k])
        above += values[k] > NOBODY
    if above < keep:
        return NOBODY
    low = max(low, np.int32(least - 1))
    while above > enough and high - low > 1:
        middle = np.int32((low + high) >> 1)
        count = 0
        for k in range(len(values)):
            count += values[k] > middle
        if count >= keep:
            low = middle
            above = count
        else:
            high = middle
    return int(low)


@kernel
def _best(
    table: Ints32Arg,
    cut: Ints32Arg,
    mentees: Ints32Arg,
    keep: int,
    mentors: Rows32,
    points: LongRows,
    counts: Ints32Arg,
    rest: Longs,
) -> None:
    """As `OfTable.best`: the best of each group first, then the groups that hold some of the best."""
    m = len(cut)
    groups = (m + DEPTH - 1) // DEPTH
    tops = np.empty(groups, np.int32)
    gains = np.empty(m, np.int32)
    who = np.empty(m, np.int32)
    for x in range(len(mentees)):
        own = table[mentees[x] * m : (mentees[x] + 1) * m]
        for begin in range(0, m, groups):
            these = own[begin : begin + groups]
            theirs = cut[begin : begin + groups]
            if begin == 0:
                for g in range(len(these)):
                    tops[g] = these[g] - theirs[g]
            else:
                for g in range(len(these)):
                    tops[g] = max(tops[g], np.int32(these[g] - theirs[g]))
        line = _line(tops, keep, 2 * keep)
        size = 0
        for g in range(groups):
            if tops[g] > line:
                for j in range(g, m, groups):
                    gain = own[j] - cut[j]
                    if gain > line:
                        gains[size] = gain
                        who[size] = j
                        size += 1
        spare = 0  # of those just on the line
        if size > keep:
            line = _line(gains[:size], keep, keep)
            above = 0
            for k in range(size):
                above += gains[k] > line
            if above > keep:
                line += 1  # many are equal: all above them and some of them
                spare = keep
                for k in range(size):
                    spare -= gains[k] > line
        count = 0
        for k in range(size):
            if gains[k] == line and spare > 0:
                spare -= 1
            elif gains[k] <= line:
                continue
            mentors[x, count] = who[k]
            points[x, count] = own[who[k]]
            count += 1
        counts[x] = count
        rest[x] = line if count == keep and keep < m else OUTSIDE
