"""One change at a time: prices are kept, so a changed person costs one or two short searches, not a new solve.

A standing solution is optimal on its candidates after every change, where pairs that stood before it count a
bonus against churn. Rows and lists of edges lie contiguous with some slack; when it is used up everything is laid
out anew, which a change in thousands pays for.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from services.matching.engine import prices as pricing
from services.matching.engine.changes import DEAD, mark, mend, replace_column, replace_row
from services.matching.engine.exact import exact
from services.matching.engine.graph import LARGEST, BadGraph, Graph, Ints, Objective, of_edges, whole
from services.matching.engine.layout import JOURNAL, layout
from services.matching.engine.paths import settle

ANEW = 20
"""A burst that touches more than one in so many mentees is solved anew: that is then cheaper (measured)."""


@dataclass(frozen=True)
class MenteeChange:
    """A mentee's row as it is now: candidates, their scores, mentors wanted. No candidates: they left."""

    mentee: int
    indices: Any
    scores: Any
    demand: int = 1
    rest: int | None = None
    """No mentor who is not among these brings more than this by score − price, at the prices before this change
    (`Source.best` tells it); None: not known. Only a `Proved` solution asks."""


@dataclass(frozen=True)
class MentorChange:
    """A mentor's scores with those who have them as a candidate, and places as they are now."""

    mentor: int
    mentees: Any
    scores: Any
    places: int
    everybody: Any = None
    """(mentees,) the mentor's scores with everybody, −1: impossible; None: not known. Only a `Proved` asks."""


Change = MenteeChange | MentorChange
_NOBODY = np.zeros(0, np.int64)


@dataclass(frozen=True)
class Repaired:
    how: Literal["repaired", "solved"]
    moved: int
    """Pairs that stand now and did not before, the changed person's own among them."""
    looked: int
    """People whom the searches looked at."""
    proof_current: bool = False
    """Whether the result is proved over the whole pool; only a `Proved` solution knows."""


class Standing:
    """A solution that follows the world. Leave empty rows and mentors without places for those who will come."""

    def __init__(
        self,
        given: Graph,
        objective: Objective = "score",
        *,
        bonus: int = 0,
        stood: Ints | None = None,
        prices: tuple[Ints, Ints] | None = None,
    ) -> None:
        """Solve `given` (raw scores) and stand. bonus: points that a standing pair is worth beyond its score.

        stood: (k, 2) mentee, mentor: pairs that stand already and count the bonus in this first solve too. prices:
        (people, points) of a solution that has them; then they are taken over, and only the rest is searched.
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
        keys = before[:, 0] * given.mentors + before[:, 1]
        if prices is None:
            self._solve(given, keys)
        else:
            self._lay(given, prices[0] * self.unit + prices[1], keys, keys)
            self._settle()

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
            given.indptr, given.indices, given.scores, given.demands, prices, self.unit, given.complete
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
        if len(changes) > max(ANEW, len(self.market.starts) // ANEW):
            return self._burst(changes)
        looked = moved = 0
        mentees: list[Ints] = [_NOBODY]
        mentors: list[Ints] = [_NOBODY]
        for each in changes:
            served, sold, seen, made = self._take_in(each)
            looked, moved = looked + seen, moved + made
            mentees.append(served)
            mentors.append(sold)
        seen, made = self._mend(np.unique(np.concatenate(mentees)), np.unique(np.concatenate(mentors)))
        return Repaired("repaired", moved + made, looked + seen)

    def _burst(self, changes: list[Change]) -> Repaired:
        stood = self._keys(np.flatnonzero(self.market.taken))
        looked = sum(self._take_in(each)[2] for each in changes)
        self._solve(self.graph, stood)
        now = self._keys(np.flatnonzero(self.market.taken))
        return Repaired("solved", len(np.setdiff1d(now, stood)), looked)

    def _mend(self, mentees: Ints, mentors: Ints, *, bonus: bool = True) -> tuple[int, int]:
        """Serve, sell and move the bonus: (people looked at, pairs that did not stand before)."""
        self.stamp, looked = mend(self.market, self.stamp, mentees, mentors)
        return looked, mark(self.market, self.slack) if bonus else 0

    def _take_in(self, change: Change) -> tuple[Ints, Ints, int, int]:
        """A row or column anew: (mentees to serve, mentors with something to sell, people looked at, pairs made)."""
        return self._mentee(change) if isinstance(change, MenteeChange) else self._mentor(change)

    def _mentee(self, change: MenteeChange) -> tuple[Ints, Ints, int, int]:
        indices, points = self._edges(change.indices, change.scores, len(self.capacities))
        if not 0 <= change.mentee < len(self.market.starts) or change.demand < 0:
            raise BadGraph(f"no mentee {change.mentee} or negative demand")
        touched = np.zeros(int(self.market.served[change.mentee]) + 1, np.int64)
        if not replace_row(self.market, self.slack, change.mentee, indices, points, change.demand, touched):
            given = self._with_row(change.mentee, indices, points - self.unit, change.demand)
            return _NOBODY, _NOBODY, *self._again(given)
        return np.array([change.mentee]), touched[1 : touched[0] + 1], 0, 0

    def _mentor(self, change: MentorChange) -> tuple[Ints, Ints, int, int]:
        mentees, points = self._edges(change.mentees, change.scores, len(self.market.starts))
        if not 0 <= change.mentor < len(self.capacities) or change.places < 0:
            raise BadGraph(f"no mentor {change.mentor} or negative places")
        j = change.mentor
        self.capacities[j] = change.places
        released = np.zeros(int(self.market.load[j]) + 1, np.int64)
        if not replace_column(self.market, self.slack, j, mentees, points, change.places, released):
            return _NOBODY, _NOBODY, *self._again(self._with_column(j, mentees, points - self.unit))
        return released[1 : released[0] + 1], np.array([j]), 0, 0

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

    def _again(self, given: Graph) -> tuple[int, int]:
        """Lay everything out anew and go on from what stands: (people looked at, pairs made)."""
        stood = self._keys(np.flatnonzero(self.slack.marked))
        held = self._keys(np.flatnonzero(self.market.taken))
        self._lay(given, self.market.prices, stood, held)
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
        self.capacities = given.capacities.copy()
        self.market, self.slack = layout(given, prices, self.unit, self.bonus, stood, held)

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

    def _settle(self) -> tuple[int, int]:
        self.stamp, looked = settle(self.market, self.stamp)
        self.market.moves[1] = JOURNAL + 1  # so much has moved: look at every edge
        return looked, mark(self.market, self.slack)
