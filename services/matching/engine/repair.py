"""One change at a time: prices are kept, so a changed person costs one or two short searches, not a new solve.

A standing solution is optimal on its candidates after every change, where pairs that stood before it count a
bonus against churn. Rows and lists of edges lie contiguous with some slack; when it is used up everything is laid
out anew, which a change in thousands pays for.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from services.matching.engine import prices as pricing
from services.matching.engine.changes import DEAD, Slack, mark, mend, replace_column, replace_row
from services.matching.engine.exact import exact, market
from services.matching.engine.graph import LARGEST, BadGraph, Graph, Ints, Objective, of_edges, whole
from services.matching.engine.market import adopt
from services.matching.engine.paths import settle

ROOM = 12
"""Edges that a row, and a mentor's list, may grow by; a list by a quarter of its length if that is more."""
JOURNAL = 4096
"""Moves of one change that are written down; after more, the bonus is moved by looking at every edge."""
ANEW = 20
"""A burst that touches more than one in so many mentees is solved anew: that is then cheaper (measured)."""


@dataclass(frozen=True)
class MenteeChange:
    """A mentee's row as it is now: candidates, their scores, mentors wanted. No candidates: they left."""

    mentee: int
    indices: Any
    scores: Any
    demand: int = 1


@dataclass(frozen=True)
class MentorChange:
    """A mentor's scores with those who have them as a candidate, and places as they are now."""

    mentor: int
    mentees: Any
    scores: Any
    places: int


Change = MenteeChange | MentorChange
_NOBODY = (np.zeros(0, np.int64), np.zeros(0, np.int64))


@dataclass(frozen=True)
class Repaired:
    how: Literal["repaired", "solved"]
    moved: int
    """Pairs that were made, the changed person's own among them."""
    looked: int
    """People whom the searches looked at."""


class Standing:
    """A solution that follows the world. Leave empty rows and mentors without places for those who will come."""

    def __init__(
        self, given: Graph, objective: Objective = "score", *, bonus: int = 0, stood: Ints | None = None
    ) -> None:
        """Solve `given` (raw scores) and stand. bonus: points that a standing pair is worth beyond its score.

        stood: (k, 2) mentee, mentor: pairs that stand already and count the bonus in this first solve too.
        """
        self.participation = objective == "participation"
        self.bonus = bonus
        largest = max(int(given.scores.max(initial=0)), 2_000_000)
        # Fixed for good, unlike `prices.weight`: later scores may be larger than those of now.
        self.unit = (
            4 * (largest + bonus + 1) * (given.mentees + given.mentors + 1) if self.participation else 0
        )
        self.largest = largest
        self.stamp = 0
        before = np.zeros((0, 2), np.int64) if stood is None else stood
        self._solve(given, before[:, 0] * given.mentors + before[:, 1])

    @property
    def welfare(self) -> int:
        """Σ score of the standing pairs, without bonus."""
        taken = self.market.taken
        return int(np.sum(self.market.points[taken] - self.unit - self.bonus * self.slack.marked[taken]))

    @property
    def pairs(self) -> Ints:
        """(k, 2) mentee, mentor; by mentee, then mentor."""
        edges = np.flatnonzero(self.market.taken)
        found = np.stack([self.market.rows[edges], self.market.indices[edges]], axis=1)
        ordered: Ints = found[np.lexsort((found[:, 1], found[:, 0]))]
        return ordered

    @property
    def scores(self) -> Ints:
        """(k,) scores of `pairs`, without bonus."""
        edges = np.flatnonzero(self.market.taken)
        order = np.lexsort((self.market.indices[edges], self.market.rows[edges]))
        raw = self.market.points[edges] - self.unit - self.bonus * self.slack.marked[edges]
        ordered: Ints = raw[order]
        return ordered

    @property
    def gains(self) -> Ints:
        """(mentees,) what each has at today's prices; who could bring them more would move."""
        kept: Ints = self.market.gains.copy()
        return kept

    @property
    def prices(self) -> Ints:
        """(mentors,) as kept; under participation people · `unit` + points."""
        kept: Ints = self.market.prices.copy()
        return kept

    @property
    def graph(self) -> Graph:
        """The candidates as they are now, without bonus."""
        return self._graph(bonused=False)

    def _graph(self, *, bonused: bool) -> Graph:
        m = self.market
        edges = np.flatnonzero(m.points > DEAD // 2)
        starts = np.zeros(len(m.starts) + 1, np.int64)
        np.cumsum(np.bincount(m.rows[edges], minlength=len(m.starts)), out=starts[1:])
        order = edges[np.argsort(m.rows[edges], kind="stable")]
        points = m.points[order] - self.unit
        if not bonused:
            points = points - self.bonus * self.slack.marked[order]
        return Graph(starts, m.indices[order], points, self.capacities.copy(), m.demands.copy())

    def bound(self) -> tuple[int, int]:
        """(people, points) that the kept prices prove for the kept candidates, with the bonus of what stands."""
        given = self._graph(bonused=True)
        # Nobody pays for a place that there is not.
        prices = np.where(given.capacities == 0, self.unit + self.largest + self.bonus, self.market.prices)
        people, points = pricing.row_bounds(
            given.indptr, given.indices, given.scores, given.demands, prices, self.unit
        )
        places = np.minimum(given.capacities, given.mentees)
        heads, rest = pricing.parts(prices, self.unit) if self.unit else (np.zeros_like(prices), prices)
        return int(people) + int((places * heads).sum()), int(points) + int((places * rest).sum())

    def change(self, change: Change) -> Repaired:
        """Follow one change; optimal on the kept candidates afterwards."""
        return self.apply([change])

    def apply(self, changes: list[Change]) -> Repaired:
        """Follow several as one: the bonus is of what stood before all of them. A burst is solved anew where that
        is cheaper, and the answer says so."""
        before = int(self.market.moves[0])
        anew = len(changes) > max(ANEW, len(self.market.starts) // ANEW)
        stood = self._keys(np.flatnonzero(self.market.taken)) if anew else np.zeros(0, np.int64)
        looked = 0
        mentees: list[Ints] = []
        mentors: list[Ints] = []
        for each in changes:
            if isinstance(each, MenteeChange):
                served, sold, seen = self._mentee(each)
            else:
                served, sold, seen = self._mentor(each)
            looked += seen
            mentees.append(served)
            mentors.append(sold)
        if not anew:
            if changes:
                self.stamp, seen = mend(
                    self.market,
                    self.slack,
                    self.stamp,
                    np.unique(np.concatenate(mentees)),
                    np.unique(np.concatenate(mentors)),
                )
                looked += seen
            return Repaired("repaired", int(self.market.moves[0]) - before, looked)
        self._solve(self.graph, stood)
        now = self._keys(np.flatnonzero(self.market.taken))
        return Repaired("solved", len(np.setdiff1d(now, stood)), looked)

    def _mentee(self, change: MenteeChange) -> tuple[Ints, Ints, int]:
        """A row anew: (mentees to serve, mentors with something to sell, people looked at)."""
        indices, points = self._edges(change.indices, change.scores, len(self.capacities))
        if not 0 <= change.mentee < len(self.market.starts) or change.demand < 0:
            raise BadGraph(f"no mentee {change.mentee} or negative demand")
        touched = np.zeros(int(self.market.served[change.mentee]) + 1, np.int64)
        if not replace_row(self.market, self.slack, change.mentee, indices, points, change.demand, touched):
            given = self._with_row(change.mentee, indices, points - self.unit, change.demand)
            return *_NOBODY, self._again(given)
        return np.array([change.mentee]), touched[1 : touched[0] + 1], 0

    def _mentor(self, change: MentorChange) -> tuple[Ints, Ints, int]:
        """A column anew, likewise."""
        mentees, points = self._edges(change.mentees, change.scores, len(self.market.starts))
        if not 0 <= change.mentor < len(self.capacities) or change.places < 0:
            raise BadGraph(f"no mentor {change.mentor} or negative places")
        j = change.mentor
        self.capacities[j] = change.places
        released = np.zeros(int(self.market.load[j]) + 1, np.int64)
        if not replace_column(self.market, self.slack, j, mentees, points, change.places, released):
            return *_NOBODY, self._again(self._with_column(j, mentees, points - self.unit))
        return released[1 : released[0] + 1], np.array([j]), 0

    def _edges(self, others: Any, scores: Any, count: int) -> tuple[Ints, Ints]:
        indices, points = whole("indices", others), whole("scores", scores)
        if len(indices) != len(points) or len(np.unique(indices)) != len(indices):
            raise BadGraph("a change names someone twice, or not as many scores as people")
        if len(indices) and not (int(indices.min()) >= 0 and int(indices.max()) < count):
            raise BadGraph(f"a change names someone outside 0 … {count - 1}")
        if len(points) and not (int(points.min()) >= 0 and int(points.max()) <= min(self.largest, LARGEST)):
            raise BadGraph(f"a score is outside 0 … {self.largest}")
        return indices, points + self.unit

    def _keys(self, edges: Ints) -> Ints:
        keys: Ints = self.market.rows[edges] * len(self.capacities) + self.market.indices[edges]
        return keys

    def _again(self, given: Graph) -> int:
        """Lay everything out anew and go on from what stands."""
        stood = self._keys(np.flatnonzero(self.market.taken))
        self._lay(given, self.market.prices, stood, stood)
        return self._settle()

    def _with_row(self, mentee: int, indices: Ints, scores: Ints, demand: int) -> Graph:
        given = self.graph
        rows = given.rows()
        keep = rows != mentee
        demands = given.demands.copy()
        demands[mentee] = demand
        return of_edges(
            np.concatenate([rows[keep], np.full(len(indices), mentee)]),
            np.concatenate([given.indices[keep], indices]),
            np.concatenate([given.scores[keep], scores]),
            given.capacities,
            demands,
        )

    def _with_column(self, mentor: int, mentees: Ints, scores: Ints) -> Graph:
        given = self.graph
        keep = given.indices != mentor
        return of_edges(
            np.concatenate([given.rows()[keep], mentees]),
            np.concatenate([given.indices[keep], np.full(len(mentees), mentor)]),
            np.concatenate([given.scores[keep], scores]),
            given.capacities,
            given.demands,
        )

    def _lay(self, given: Graph, prices: Ints, stood: Ints, held: Ints) -> None:
        """Lay everything out with room to grow; keys are mentee · mentors + mentor.

        stood: pairs that count the bonus. held: those to take over as far as prices support them.
        """
        self.capacities = given.capacities.copy()
        width = np.diff(given.indptr)
        degree = np.bincount(given.indices, minlength=given.mentors)
        room = np.maximum(width + ROOM, 3 * ROOM)
        limits = np.cumsum(room)
        starts = limits - room
        edges = int(limits[-1]) if len(limits) else 0
        at = np.repeat(starts - given.indptr[:-1], width) + np.arange(len(given.indices))
        indices, rows = np.zeros(edges, np.int64), np.zeros(edges, np.int64)
        points = np.full(edges, DEAD, np.int64)
        indices[at], rows[at], points[at] = given.indices, given.rows(), given.scores + self.unit
        length = degree + np.maximum(ROOM, degree // 4)
        ceilings = np.cumsum(length)
        order, spot = np.zeros(int(length.sum()), np.int64), np.zeros(edges, np.int64)
        by_mentor = np.argsort(given.indices, kind="stable")
        heads = ceilings - length
        ranks = np.arange(len(by_mentor)) - np.repeat(np.cumsum(degree) - degree, degree)
        places_in_order = np.repeat(heads, degree) + ranks
        order[places_in_order] = at[by_mentor]
        spot[at[by_mentor]] = places_in_order
        places = np.minimum(given.capacities, given.mentees)
        room = np.minimum(given.mentees, np.maximum(places, degree) + ROOM)
        ends = np.cumsum(room)
        base = market(given, prices)
        front = base.heap.shape[1] * 2 + edges
        self.market = base._replace(
            starts=starts,
            stops=starts + width,
            indices=indices,
            points=points,
            rows=rows,
            heads=heads,
            tails=heads + degree,
            order=order,
            places=np.minimum(places, room),
            demands=given.demands.copy(),
            taken=np.zeros(edges, np.bool_),
            first=ends - room,
            slots=np.zeros(int(room.sum()), np.int64),
            place=np.zeros(edges, np.int64),
            prices=np.where(places > 0, prices, 0),
            heap=np.zeros((2, front), np.int64),
            moves=np.zeros(2, np.int64),
            journal=np.zeros(JOURNAL, np.int64),
        )
        marked = np.zeros(edges, np.bool_)
        keys = rows[at] * given.mentors + indices[at]
        marked[at[np.isin(keys, stood)]] = self.bonus > 0
        points[marked] += self.bonus
        self.slack = Slack(limits, ceilings, ends, spot, marked, self.bonus)
        adopt(self.market, at[np.isin(keys, held)])

    def _solve(self, given: Graph, stood: Ints) -> None:
        """Everything anew; pairs in `stood` (keys) count the bonus."""
        keys = given.rows() * given.mentors + given.indices
        scores = given.scores + self.bonus * np.isin(keys, stood)
        bonused = Graph(given.indptr, given.indices, scores, given.capacities, given.demands)
        chosen, prices = exact(bonused, participation=self.participation)
        if self.participation:
            heads, points = pricing.parts(prices, pricing.weight(bonused))
            prices = heads * self.unit + points
        self._lay(given, prices, stood, keys[chosen])
        self._settle()

    def _settle(self) -> int:
        self.stamp, looked = settle(self.market, self.stamp)
        self.market.moves[1] = JOURNAL + 1  # so much has moved: look at every edge
        mark(self.market, self.slack)
        return looked
