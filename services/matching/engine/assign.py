"""The engine's door: an exact assignment on a sparse graph, with its proof. Stable: others call `solve`."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from services.matching.engine import prices as pricing
from services.matching.engine.dense import OfTable, is_table
from services.matching.engine.exact import exact
from services.matching.engine.graph import Graph, Ints, Objective, graph
from services.matching.engine.match import search
from services.matching.engine.sources import OfGraph
from services.matching.engine.tops import seated

DENSE = 64
"""Edges per mentee from which only the best of them are solved and the others proved away."""


@dataclass(frozen=True)
class Assignment:
    """An optimal assignment and what proves it."""

    pairs: Ints
    """(k, 2): mentee, mentor; by mentee, then mentor. A mentee never has the same mentor twice."""
    welfare: int
    """Sum of the pairs' scores."""
    upper_bound: int
    """No assignment on this graph has more (under participation: none with as many pairs)."""
    prices: Ints
    """(mentors,): points one more place there would bring. Under participation the second part of the price,
    which may be negative where `people_prices` is positive; never clip it."""
    people_prices: Ints
    """(mentors,): 1 where one more place would bring one more pair; all 0 under `score`."""
    people_bound: int
    """Under participation: no assignment makes more pairs. Under `score`: the number of pairs made."""
    objective: Objective

    @property
    def gap(self) -> float:
        """How far welfare may be below the optimum, as a share of the bound: 0.0 is proved optimal, 1.0 says
        that under participation even the number of pairs is unproved."""
        if self.people_bound > len(self.pairs):
            return 1.0
        return (self.upper_bound - self.welfare) / max(1, self.upper_bound)


def solve(
    indptr: Any,
    indices: Any,
    scores: Any,
    capacities: Any,
    demands: Any = None,
    objective: Objective = "score",
) -> Assignment:
    """The best assignment of mentees to mentors on a CSR graph (mentee → mentor).

    indptr (mentees + 1,), indices (edges,), scores (edges,) whole numbers ≥ 0: a stored edge is a feasible
    pair, also at score 0; what is not stored can never be. capacities (mentors,): places. demands (mentees,):
    how many different mentors each wants, default one. objective `score`: the most points; `participation`:
    the most pairs and, among those, the most points (exactly, in this order).

    Equal input gives equal pairs. Raises BadGraph (a ValueError naming the array and place) for input that is
    no cohort, NotOptimal should the answer not prove itself. Releases the interpreter lock while it computes.
    """
    if objective not in ("score", "participation"):
        raise ValueError(f"objective must be 'score' or 'participation', not {objective!r}")
    given = graph(indptr, indices, scores, capacities, demands)
    first = objective == "participation"
    top = seated(given, participation=first)
    if top is not None:
        return _at_the_top(given, *top, objective)
    pairs, welfare, heads, points = _thin(given, objective) if _dense(given) else _whole(given, objective)
    combined = heads * pricing.weight(given) + points if first else points
    people_bound, upper_bound = pricing.bound(given, combined, participation=first)
    return Assignment(
        pairs=pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))],
        welfare=welfare,
        upper_bound=upper_bound,
        prices=points,
        people_prices=heads,
        people_bound=people_bound if first else len(pairs),
        objective=objective,
    )


def _at_the_top(given: Graph, pairs: Ints, most: int, objective: Objective) -> Assignment:
    """Everybody has their largest score: nobody can have more, and one more place would bring nothing."""
    return Assignment(
        pairs=pairs,
        welfare=int(given.scores[given.indptr[pairs[:, 0]] + pairs[:, 1]].sum()),
        upper_bound=most,
        prices=np.zeros(given.mentors, np.int64),
        people_prices=np.zeros(given.mentors, np.int64),
        people_bound=len(pairs),
        objective=objective,
    )


def _dense(given: Graph) -> bool:
    fits = pricing.weight(given) * max(1, given.mentees) < 2**62  # sums of the bound, in 64 bits
    return fits and len(given.indices) > DENSE * max(1, given.mentees)


def _whole(given: Graph, objective: Objective) -> tuple[Ints, int, Ints, Ints]:
    """Every edge at once: (pairs, welfare, people prices, point prices)."""
    first = objective == "participation"
    chosen, _ = exact(given, participation=first)
    found = pricing.recover(given, chosen, participation=first)
    heads, points = pricing.parts(found, pricing.weight(given)) if first else (np.zeros_like(found), found)
    pairs = np.stack([given.rows()[chosen], given.indices[chosen]], axis=1)
    return pairs, int(given.scores[chosen].sum()), heads, points


def _thin(given: Graph, objective: Objective) -> tuple[Ints, int, Ints, Ints]:
    """Only the best edges at prices that prove the others away; everything at once should that not succeed."""
    found = search(OfTable(given) if is_table(given) else OfGraph(given), objective)
    welfare = int(found.graph.scores[found.chosen].sum())
    if found.bound > welfare or found.people_bound > len(found.chosen):
        return _whole(given, objective)
    closed = given.capacities == 0  # nobody looked there; this price costs nothing and keeps everyone away
    heads = np.where(closed, int(objective == "participation"), found.heads)
    return found.pairs, welfare, heads, np.where(closed, given.largest, found.points)
