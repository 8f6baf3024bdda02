"""A standing solution that knows whether it is proved over the whole pool, and makes itself so again cheaply."""

from dataclasses import dataclass, replace

import numpy as np

from services.matching.engine import prices as pricing
from services.matching.engine.candidates import passes
from services.matching.engine.changes import mark
from services.matching.engine.graph import Graph, Ints, Objective
from services.matching.engine.match import KEEP, REPAIRS, Found, pool_bound
from services.matching.engine.renewal import hold_on, renew_rows
from services.matching.engine.repair import Change, MenteeChange, MentorChange, Repaired, Standing
from services.matching.engine.sources import Ints32, Source
from services.matching.engine.thresholds import OUTSIDE, Flags


@dataclass(frozen=True)
class Proof:
    """How good the standing pairs are, over the whole pool; points with the bonus of what stands."""

    welfare: int
    upper_bound: int
    """No matching (under participation: of as many pairs) has more."""
    pairs: int
    people_bound: int
    """No matching makes more pairs (participation); the number made (score)."""
    current: bool
    """Today's prices prove every row: bound and welfare are equal, nothing better exists."""
    unproved: int
    """Rows that would have to be fetched for that."""

    @property
    def gap(self) -> float:
        """Share of the bound that is not proved; 0.0: optimal over the whole pool; 1.0: people may be missing."""
        if self.people_bound > self.pairs:
            return 1.0
        return (self.upper_bound - self.welfare) / max(1, self.upper_bound)


class Proved(Standing):
    """`Standing` with a threshold for every row, kept through repairs.

        found = match(cohort, objective)
        # graph: found.graph without the bonus of drafts, with room for newcomers at its ends
        standing = Proved(graph, found.found, objective, bonus=bonus)
        standing.change(MenteeChange(i, indices, scores, demand, rest=got.rest[0]))    # got = source.best(…)
        standing.change(MentorChange(j, mentees, scores, places, everybody=column))    # column (mentees,)
        standing.proof_current                                    # also in what `change` and `apply` return
        standing.prove(source)                                    # fetches only what is unproved, until proved

    A change that does not say what is outside (`rest`, `everybody`) leaves its row, or every row, unproved until
    `prove`; it stays right. A check costs O(mentees + pairs) in numpy and a kernel: 0.1 ms at 10,000 people. A row
    that `prove` fetches costs 3–6 ns a mentor.
    """

    def __init__(self, given: Graph, found: Found, objective: Objective = "score", *, bonus: int = 0) -> None:
        """Stand on what `match` found, without solving again. given: its candidates with raw scores, numbered as
        there; behind them there may be rows without wishes and mentors without places, for newcomers."""
        source = found.rows.source
        extra = given.mentees - source.mentees, given.mentors - source.mentors
        self.thresholds = found.rows.thresholds.widened(*extra)
        self.first, self.most = source.first, source.most
        self._known = -1
        none = np.zeros(extra[1], np.int64)
        prices = np.concatenate([found.heads, none]), np.concatenate([found.points, none])
        super().__init__(given, objective, bonus=bonus, stood=found.pairs, prices=prices)

    @property
    def shown(self) -> Ints:
        """(mentors,) prices as a source takes them (`Source.best`): people and points in one number that fits."""
        if not self.unit:
            return self.prices
        heads, points = pricing.parts(self.market.prices, self.unit)
        fitted: Ints = np.maximum(0, heads * self.first + np.clip(points, -self.most, self.most))
        return fitted

    @property
    def proof_current(self) -> bool:
        """Whether today's prices prove that no better matching exists in the whole pool."""
        if self._fails(self._known):
            return False
        failing, bars = self._doubtful()
        if not hold_on(self.market, bars, failing, True):
            return True
        self._known = int(failing.argmax())
        return False

    def _fails(self, mentee: int) -> bool:
        """Whether the row found last is unproved still: then nobody else needs to be looked at."""
        m = self.market
        if mentee < 0 or self.unit or m.demands[mentee] == 0:
            return False
        bar = self.thresholds.outside_of(mentee, m.prices, m.places > 0)
        least = 2**61 if m.served[mentee] >= m.demands[mentee] else 0
        for e in range(m.starts[mentee], m.stops[mentee]):
            if m.taken[e]:
                least = min(least, int(m.points[e] - m.prices[m.indices[e]]))
        return bar > least

    def apply(self, changes: list[Change]) -> Repaired:
        """As `Standing.apply`; the answer says whether the proof over the whole pool is current."""
        before = self.shown
        result = super().apply(changes)
        self._take_over(changes, before)
        return replace(result, proof_current=self.proof_current)

    def proof(self) -> Proof:
        """Welfare, bound and gap over the whole pool as they are now. Costs O(candidates) where not current."""
        unproved = self._unproved()
        taken = self.market.taken
        pairs = int(taken.sum())
        welfare = int((self.market.points[taken] - self.unit).sum())
        if not unproved.any():
            return Proof(welfare, welfare, pairs, pairs, True, 0)
        shift = self.first if self.participation else 0
        shown = self.shown
        outside = np.minimum(self._outside(shown), self.largest)  # where nobody looked: any score
        bound = pool_bound(self._graph(bonused=True), shown, outside, shift)[0] - shift * pairs
        people = pairs
        if self.participation:
            wishes, places = self.market.demands, np.minimum(self.capacities, len(self.market.demands))
            people = min(pairs + int(wishes[unproved].sum()), int(wishes.sum()), int(places.sum()))
        return Proof(welfare, max(welfare, bound), pairs, max(pairs, people), False, int(unproved.sum()))

    def prove(self, source: Source, *, threads: int = 1, rounds: int = REPAIRS) -> Repaired:
        """Fetch the rows that today's prices do not prove, and go on until all are proved.

        source: everybody as they are now, numbered as here. `looked` in the answer counts people whom searches
        looked at; `proof_current` is false only where `rounds` were not enough.
        """
        looked = moved = 0
        keep = max(KEEP, int(self.market.demands.max(initial=0)))
        for _ in range(rounds):
            unproved = self._unproved()
            if not unproved.any():
                break
            wanted = source.order[unproved[source.order]]
            seen, made = self._renew(source, wanted, min(keep, source.mentors), threads)
            looked, moved = looked + seen, moved + made
        return Repaired("repaired", moved + mark(self.market, self.slack), looked, self.proof_current)

    def _renew(self, source: Source, wanted: Ints32, keep: int, threads: int) -> tuple[int, int]:
        shown = self.shown
        moment = self.thresholds.moment(shown)
        served = np.zeros(len(self.market.demands), np.bool_)
        sold = np.zeros(len(self.capacities), np.bool_)
        for rows, got in passes(source, wanted, shown[: source.mentors], keep, threads):
            self.thresholds.row(rows.astype(np.int64), got.rest, moment)
            rest, at = self.thresholds.rest, 0
            while True:
                m, slack = self.market, self.slack
                at = renew_rows(m, slack, rows, at, *got[:3], self.unit, shown, rest, served, sold)
                if at == len(rows):
                    break
                self._again(self.graph)
        # The bonus is of what stood before all of it: it moves at the end.
        return self._mend(np.flatnonzero(served), np.flatnonzero(sold), bonus=False)

    def _take_over(self, changes: list[Change], before: Ints) -> None:
        """What the changes say of those outside, after the repair."""
        rows = [each for each in changes if isinstance(each, MenteeChange)]
        if rows:
            rest = [each.rest if each.rest is not None else -OUTSIDE for each in rows]
            mentees = np.array([each.mentee for each in rows], np.int64)
            self.thresholds.row(mentees, np.array(rest, np.int64), self.thresholds.moment(before))
        shown = self.shown
        for each in changes:
            if not isinstance(each, MentorChange) or each.places == 0:
                continue  # nobody outside can have a place that there is not
            if each.everybody is None:
                self.thresholds.unknown()
                continue
            scores = np.array(each.everybody, np.int64)
            m, j = self.market, each.mentor
            scores[m.rows[m.order[m.heads[j] : m.tails[j]]]] = -1
            self.thresholds.column(j, int(shown[j]), scores)

    def _outside(self, shown: Ints) -> Ints:
        return self.thresholds.outside(shown, self.market.places > 0)

    def _unproved(self) -> Flags:
        """(mentees,) rows to which somebody outside might matter."""
        failing, bars = self._doubtful()
        hold_on(self.market, bars, failing, False)
        return failing

    def _doubtful(self) -> tuple[Flags, Ints]:
        """(mentees,) rows in which an outsider might bring more than what is sure, and (mentees,) how much."""
        wanting = self.market.demands > 0
        outside = self._outside(self.shown)
        if self.unit:
            # Outside, a pair more shows as `first` points: exactly, or as too much, while second parts are not cut.
            second = pricing.parts(self.market.prices, self.unit)[1]
            if (second[self.market.places > 0] < -self.most).any():
                return wanting & (outside != OUTSIDE), np.full(len(wanting), 2**61)
            fitted = np.clip(outside, -2 * self.first, self.largest) + self.first
            heads, points = pricing.parts(fitted, self.first)
            outside = heads * self.unit + points
        return wanting & (outside > self.market.gains), outside
