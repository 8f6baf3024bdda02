"""Where scores are few and ties many, everybody can often have the best there is for them: seen without any price.

No assignment gives a mentee more than their own largest score. So where everyone is seated at one, the sum of the
largest scores is the bound and the proof, with all prices 0. If one mentee cannot be, this stops at once, and prices
are needed.
"""

import numpy as np

from services.matching.engine.compile import Flags, Longs, kernel
from services.matching.engine.graph import Graph, Ints

PASSES = 1
"""How often the table may be looked at, as a whole, for seats that others have to move for."""


def seated(given: Graph, *, participation: bool) -> tuple[Ints, int] | None:
    """Pairs (k, 2; by mentee) in which everybody has their largest score, and the sum of the largest scores.

    None: there are none, or it takes too long to find them, or the graph is no table in which everyone wishes for
    one mentor at most and every mentor has a place. Under `score` a mentee whose largest is 0 stays without.
    """
    if given.tops is None or not given.complete or (given.demands > 1).any() or (given.capacities == 0).any():
        return None
    wanted = (given.demands == 1) & ((given.tops > 0) | participation)
    places = np.minimum(given.capacities, given.mentees)
    if not given.mentors or int(wanted.sum()) > int(places.sum()):
        return None
    seats = np.full(given.mentees, -1, np.int64)
    if not _seat(given.scores, given.tops, wanted, places, seats, PASSES):
        return None
    mentees = np.flatnonzero(wanted)
    return np.stack([mentees, seats[mentees]], axis=1), int(given.tops[mentees].sum())


@kernel
def _seat(scores: Longs, tops: Longs, wanted: Flags, places: Longs, seats: Longs, passes: int) -> bool:
    """A free seat at the largest score, or one that others make free by moving to another of theirs."""
    n = len(tops)
    m = len(places)
    load = np.zeros(m, np.int64)
    first = np.full(m, -1, np.int64)  # who sits with each mentor, as a chain
    after = np.full(n, -1, np.int64)
    seen = np.full(m, -1, np.int64)  # in the search for which mentee
    reached = np.empty(m, np.int64)  # through whom
    queue = np.empty(n, np.int64)
    budget = passes * n
    for i in range(n):
        if not wanted[i]:
            continue
        goal = -1
        own = scores[i * m : (i + 1) * m]
        begin = i % m  # where the seats of those before are rare
        for k in range(m):
            j = begin + k if begin + k < m else begin + k - m
            if own[j] == tops[i] and load[j] < places[j]:
                goal = j
                break
        if goal >= 0:
            reached[goal] = i
        else:
            queue[0] = i
            head, tail = 0, 1
            while head < tail and goal < 0:
                r = queue[head]
                head += 1
                budget -= 1
                if budget < 0:
                    return False
                theirs = scores[r * m : (r + 1) * m]
                for j in range(m):
                    if theirs[j] != tops[r] or seen[j] == i:
                        continue
                    seen[j] = i
                    reached[j] = r
                    if load[j] < places[j]:
                        goal = j
                        break
                    q = first[j]
                    while q >= 0:
                        queue[tail] = q
                        tail += 1
                        q = after[q]
        if goal < 0:
            return False
        load[goal] += 1
        j = goal
        while j >= 0:
            r = reached[j]
            old = seats[r]
            if old >= 0:  # out of the chain of the seat they leave
                q = first[old]
                if q == r:
                    first[old] = after[r]
                else:
                    while after[q] != r:
                        q = after[q]
                    after[q] = after[r]
            seats[r] = j
            after[r] = first[j]
            first[j] = r
            j = old
    return True
