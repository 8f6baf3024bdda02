"""Shortest chains of moves: the two searches that bring an assignment to its optimum and keep it there.

Held throughout: mentee i has a gain uᵢ ≥ 0 with sᵢⱼ − vⱼ ≤ uᵢ for every mentor j not held and ≥ uᵢ for every
mentor held; uᵢ = 0 where a wish is open. `seek` gives one mentee one more mentor along the cheapest chain of
moves. What is left when everybody was sought is mentors with a free place and a positive price: `fill` offers
that place cheaper and cheaper until somebody comes or it costs nothing. Then prices and assignment prove each
other.

Both are Dijkstra's search on reduced costs; marks are stamped by search, so that a small search costs little.
"""

from services.matching.engine.compile import kernel
from services.matching.engine.market import Market, hold, pop, push, release


@kernel
def seek(m: Market, i: int, stamp: int) -> int:
    """One more mentor for mentee i, or the proof that none is worth it. Returns how many were looked at.

    m.gains[i] must be at least every sᵢⱼ − vⱼ not held (and at most every one held).
    """
    best = m.gains[i]  # stay as it is: nobody moves
    goal = -1
    leaver = -1  # the edge of a mentee who leaves at the end of the chain
    size = 0
    seen = 0
    m.mentees[i, 0] = stamp
    m.mentees[i, 1] = 0
    m.mentees[i, 2] = -1
    m.mentees[0, 3] = i
    known = 1
    j = -1
    there = 0
    while True:
        if j < 0:  # the first row: mentee i
            begin, end = 0, 1
        else:
            begin, end = m.first[j], m.first[j] + m.load[j]
        for h in range(begin, end):
            k = i
            base = 0
            if j >= 0:
                f = m.slots[h]
                k = m.rows[f]
                base = there + m.points[f] - m.prices[j] - m.gains[k]
                if base >= best:
                    continue
                if m.mentees[k, 0] != stamp:
                    m.mentees[k, 0] = stamp
                    m.mentees[known, 3] = k
                    known += 1
                elif m.mentees[k, 1] <= base:
                    continue
                m.mentees[k, 1] = base
                m.mentees[k, 2] = f
                if base + m.gains[k] < best:
                    best = base + m.gains[k]
                    goal = j
                    leaver = f
            rest = base + m.gains[k]
            for e in range(m.starts[k], m.stops[k]):
                t = m.indices[e]
                far = rest + m.prices[t] - m.points[e]
                if far >= best or m.taken[e] or m.places[t] == 0:
                    continue
                if m.mentors[t, 0] != stamp:
                    m.mentors[t, 0] = stamp
                    m.mentors[seen, 3] = t
                    seen += 1
                elif far >= m.mentors[t, 1]:
                    continue
                m.mentors[t, 1] = far
                m.mentors[t, 2] = e
                if m.load[t] < m.places[t]:
                    best = far
                    goal = t
                    leaver = -1
                else:
                    size = push(m.heap[0], m.heap[1], size, far, t)
        j = -1
        while size > 0 and m.heap[1, 0] < best:
            t = m.heap[0, 0]
            there = m.heap[1, 0]
            size = pop(m.heap[0], m.heap[1], size)
            if there == m.mentors[t, 1]:
                j = t
                break
        if j < 0:
            break
    for x in range(seen):
        t = m.mentors[x, 3]
        if m.mentors[t, 1] < best:
            m.prices[t] += best - m.mentors[t, 1]
    for x in range(known):
        k = m.mentees[x, 3]
        if m.mentees[k, 1] < best:
            m.gains[k] -= best - m.mentees[k, 1]
    if goal < 0:
        return seen + known
    m.served[i] += 1
    if leaver >= 0:
        m.served[m.rows[leaver]] -= 1
        release(m, goal, leaver)
    t = goal
    while True:
        e = m.mentors[t, 2]
        k = m.rows[e]
        f = m.mentees[k, 2] if k != i else -1
        if f >= 0:
            release(m, m.indices[f], f)
        hold(m, t, e)
        if f < 0:
            return seen + known
        t = m.indices[f]


@kernel
def fill(m: Market, start: int, stamp: int) -> int:
    """Sell one free place of mentor `start` as dear as it goes, or prove it worthless (price 0).

    Returns how many people were looked at. Every mentee must have been sought before.
    """
    best = m.prices[start]  # nobody comes: the price falls to 0
    goal = -1
    closing = -1  # edge by which a mentee with an open wish takes the last place of the chain
    m.mentors[start, 0] = stamp
    m.mentors[start, 1] = 0
    m.mentors[start, 2] = -1
    m.mentors[0, 3] = start
    seen = 1
    known = 0
    size = push(m.heap[0], m.heap[1], 0, 0, start)
    while size > 0 and m.heap[1, 0] < best:
        j = m.heap[0, 0]
        there = m.heap[1, 0]
        size = pop(m.heap[0], m.heap[1], size)
        if there != m.mentors[j, 1]:
            continue
        for c in range(m.heads[j], m.tails[j]):
            e = m.order[c]
            k = m.rows[e]
            base = there + m.gains[k] + m.prices[j] - m.points[e]
            if base >= best or m.taken[e] or m.demands[k] == 0:
                continue
            if m.mentees[k, 0] != stamp:
                m.mentees[k, 0] = stamp
                m.mentees[known, 3] = k
                known += 1
            elif m.mentees[k, 1] <= base:
                continue
            m.mentees[k, 1] = base
            m.mentees[k, 2] = e
            if m.served[k] < m.demands[k]:
                best = base
                closing = e
                goal = -1
                continue
            rest = base - m.gains[k]
            for f in range(m.starts[k], m.stops[k]):
                if not m.taken[f]:
                    continue
                t = m.indices[f]
                far = rest + m.points[f] - m.prices[t]
                if far >= best:
                    continue
                if m.mentors[t, 0] != stamp:
                    m.mentors[t, 0] = stamp
                    m.mentors[seen, 3] = t
                    seen += 1
                elif m.mentors[t, 1] <= far:
                    continue
                m.mentors[t, 1] = far
                m.mentors[t, 2] = f
                if far + m.prices[t] < best:
                    best = far + m.prices[t]
                    goal = t
                    closing = -1
                size = push(m.heap[0], m.heap[1], size, far, t)
    for x in range(seen):
        t = m.mentors[x, 3]
        if m.mentors[t, 1] < best:
            m.prices[t] -= best - m.mentors[t, 1]
    for x in range(known):
        k = m.mentees[x, 3]
        if m.mentees[k, 1] < best:
            m.gains[k] += best - m.mentees[k, 1]
    if goal < 0 and closing < 0:
        return seen + known
    e = closing
    if closing >= 0:
        m.served[m.rows[closing]] += 1
        t = m.indices[closing]
    else:
        t = goal
    while True:
        f = m.mentors[t, 2] if t != start else -1
        if f >= 0:
            release(m, t, f)
        if e >= 0:
            hold(m, t, e)
        if f < 0:
            return seen + known
        e = m.mentees[m.rows[f], 2]
        t = m.indices[e]


@kernel
def serve(m: Market, i: int, stamp: int, search: bool) -> tuple[int, int]:
    """All that mentee i still wishes for and that is worth it; without search only what is free at once.

    Returns (stamp, looked at).
    """
    looked = 0
    while m.served[i] < m.demands[i]:
        best = 0
        chosen = -1
        for e in range(m.starts[i], m.stops[i]):
            j = m.indices[e]
            if m.taken[e] or m.places[j] == 0:
                continue
            gain = m.points[e] - m.prices[j]
            if gain > best or (gain == best and gain > 0 and m.load[j] < m.places[j]):
                best = gain
                chosen = e
        m.gains[i] = best
        if chosen < 0:
            break
        if m.load[m.indices[chosen]] < m.places[m.indices[chosen]]:
            hold(m, m.indices[chosen], chosen)
            m.served[i] += 1
            continue
        if not search:
            break
        stamp += 1
        before = m.served[i]
        looked += seek(m, i, stamp)
        if m.served[i] == before:
            break
    return stamp, looked


@kernel
def sell(m: Market, j: int, stamp: int) -> tuple[int, int]:
    """Free places of mentor j, until they are taken or cost nothing. Returns (stamp, looked at)."""
    looked = 0
    while m.load[j] < m.places[j] and m.prices[j] > 0:
        stamp += 1
        looked += fill(m, j, stamp)
    return stamp, looked


@kernel
def settle(m: Market, stamp: int) -> tuple[int, int]:
    """From any prices ≥ 0 and an empty or proper assignment to an optimum. Returns (stamp, looked at)."""
    looked = 0
    for search in (False, True):
        for i in range(len(m.starts)):
            stamp, seen = serve(m, i, stamp, search)
            looked += seen
    for j in range(len(m.places)):
        stamp, seen = sell(m, j, stamp)
        looked += seen
    return stamp, looked
