"""An approximate auction: good prices for little work, where the exact search then starts.

Mentees bid for their best mentor what it is worth to them above their second best, plus ε. Starting from zero
prices a mentor with a free place keeps price zero, as an optimal solution wants it.
"""

import numpy as np

from services.matching.engine.compile import Longs, kernel
from services.matching.engine.graph import Graph, Ints


def auction(given: Graph, step: int, rounds: int = 64) -> Ints:
    """(mentors,) prices within about `step` points of an equilibrium. Stops after `rounds` bids a mentee.

    The result is a start for the exact search, never a proof.
    """
    places = np.minimum(given.capacities, given.mentees)
    room = np.minimum(places, np.bincount(given.indices, minlength=given.mentors))
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(room)])
    prices = np.zeros(given.mentors, np.int64)
    _auction(given.indptr, given.indices, given.scores, given.demands, places, starts, step, rounds, prices)
    return prices


@kernel
def _auction(
    indptr: Longs,
    indices: Longs,
    scores: Longs,
    demands: Longs,
    places: Longs,
    starts: Longs,
    step: int,
    rounds: int,
    prices: Longs,
) -> None:
    n = len(indptr) - 1
    bids = np.empty(
        starts[-1], np.int64
    )  # per mentor a heap of what its places were sold for, cheapest first
    buyers = np.empty(starts[-1], np.int64)  # and the edge of each buyer
    load = np.zeros(len(places), np.int64)
    held = np.zeros(len(indices), np.bool_)
    stack = np.empty(int(demands.sum()) + 1, np.int64)
    top = 0
    for i in range(n - 1, -1, -1):
        for _ in range(min(demands[i], indptr[i + 1] - indptr[i])):
            stack[top] = i
            top += 1
    owner = np.empty(len(indices), np.int64)
    for i in range(n):
        for e in range(indptr[i], indptr[i + 1]):
            owner[e] = i
    budget = rounds * top
    while top > 0 and budget > 0:
        budget -= 1
        top -= 1
        i = stack[top]
        best = 0
        second = 0
        chosen = -1
        for e in range(indptr[i], indptr[i + 1]):
            if held[e] or places[indices[e]] == 0:
                continue
            gain = scores[e] - prices[indices[e]]
            if gain > best:
                second = best
                best = gain
                chosen = e
            elif gain > second:
                second = gain
        if chosen < 0:
            continue
        j = indices[chosen]
        bid = prices[j] + best - second + step
        held[chosen] = True
        low = starts[j]
        if load[j] < places[j]:
            at = load[j]
            load[j] += 1
            while at > 0:  # sift up
                parent = (at - 1) >> 1
                if bids[low + parent] <= bid:
                    break
                bids[low + at] = bids[low + parent]
                buyers[low + at] = buyers[low + parent]
                at = parent
        else:
            out = buyers[low]
            held[out] = False
            stack[top] = owner[out]
            top += 1
            at = 0
            while True:  # sift down
                child = 2 * at + 1
                if child >= places[j]:
                    break
                if child + 1 < places[j] and bids[low + child + 1] < bids[low + child]:
                    child += 1
                if bids[low + child] >= bid:
                    break
                bids[low + at] = bids[low + child]
                buyers[low + at] = buyers[low + child]
                at = child
        bids[low + at] = bid
        buyers[low + at] = chosen
        if load[j] == places[j]:
            prices[j] = bids[low]
