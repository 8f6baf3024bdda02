"""The engine's door: an exact assignment on a sparse graph, with its proof. Stable: others call `solve`."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from services.matching.engine import prices as pricing
from services.matching.engine.exact import exact
from services.matching.engine.graph import Ints, graph

Objective = Literal["score", "participation"]


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
    chosen, _ = exact(given, participation=first)
    found = pricing.recover(given, chosen, participation=first)
    people_bound, upper_bound = pricing.bound(given, found, participation=first)
    people_prices, point_prices = np.zeros_like(found), found
    if first:
        people_prices, point_prices = pricing.parts(found, pricing.weight(given))
    pairs = np.stack([given.rows()[chosen], given.indices[chosen]], axis=1)
    return Assignment(
        pairs=pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))],
        welfare=int(given.scores[chosen].sum()),
        upper_bound=upper_bound,
        prices=point_prices,
        people_prices=people_prices,
        people_bound=people_bound if first else len(pairs),
        objective=objective,
    )
