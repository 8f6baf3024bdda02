"""One mentee without a mentor and one mentor with a free place: two searches that grow towards each other.

After a change there is mostly one of each, and the way between them is what everything costs. Two searches of half
the radius look at far fewer people than one of the whole. The prices of both balls change by what their radius is
above a distance: together they pay for exactly the way between them.
"""

import numpy as np

from services.matching.engine.compile import LongRows, Longs, kernel
from services.matching.engine.market import Market, hold, pop, push, release

HUGE = 2**61
# What a search knows so far, in one array.
AHEAD, GOAL, LEAVER = 0, 1, 2
"""What the mentee's own way would cost: staying without (no goal), a free place at the goal, or the leaver's."""
BEHIND, END, CLOSING = 3, 4, 5
"""What the place's own way would cost: a price that falls to 0 (at the end), or somebody unserved (by an edge)."""
MEET, EDGE = 6, 7
"""What the way from one to the other costs, and the edge in its middle."""
FRONT, BACK = 8, 9
"""How long both fronts are."""
SEEN, KNOWN, BACK_SEEN, BACK_KNOWN = 10, 11, 12, 13
"""Mentors and mentees who were marked by either search."""
NEAR, FAR = 14, 15
"""How far each search is complete. What is farther than the other leaves of the way between is not marked."""


@kernel
def _top(heap: LongRows, marks: LongRows, st: Longs, size: int) -> int:
    """The nearest mentor of a front, HUGE: none; drops what a nearer way has overtaken."""
    while st[size] > 0:
        if heap[1, 0] == marks[heap[0, 0], 1]:
            return int(heap[1, 0])
        st[size] = pop(heap[0], heap[1], st[size])
    return HUGE


@kernel
def _row(m: Market, st: Longs, k: int, j: int, base: int, stamp: int) -> None:
    """Where mentee k, who is `base` away from the start, could go."""
    rest = base + m.gains[k]
    for e in range(m.starts[k], m.stops[k]):
        t = m.indices[e]
        far = rest + m.prices[t] - m.points[e]
        if far >= st[MEET] or m.taken[e] or m.places[t] == 0:
            continue
        if m.back_mentors[t, 0] == stamp and far + m.back_mentors[t, 1] < st[MEET]:
            st[MEET], st[EDGE] = far + m.back_mentors[t, 1], e
        if far >= st[AHEAD] or far + st[FAR] >= st[MEET] or t == j:
            continue
        if m.mentors[t, 0] != stamp:
            m.mentors[t, 0] = stamp
            m.mentors[st[SEEN], 3] = t
            st[SEEN] += 1
        elif far >= m.mentors[t, 1]:
            continue
        m.mentors[t, 1], m.mentors[t, 2] = far, e
        if m.load[t] < m.places[t]:
            st[AHEAD], st[GOAL], st[LEAVER] = far, t, -1
        else:
            st[FRONT] = push(m.heap[0], m.heap[1], st[FRONT], far, t)


@kernel
def _forward(m: Market, st: Longs, j: int, stamp: int) -> None:
    """The nearest mentor of the mentee's search: those who hold their places would have to go on."""
    t, there = m.heap[0, 0], m.heap[1, 0]
    st[FRONT] = pop(m.heap[0], m.heap[1], st[FRONT])
    for h in range(m.first[t], m.first[t] + m.load[t]):
        f = m.slots[h]
        k = m.rows[f]
        base = there + m.points[f] - m.prices[t] - m.gains[k]
        if m.back_mentees[k, 0] == stamp and base + m.back_mentees[k, 1] < st[MEET]:
            st[MEET], st[EDGE] = base + m.back_mentees[k, 1], f
        if base >= st[AHEAD] or base + st[FAR] >= st[MEET]:
            continue
        if m.mentees[k, 0] != stamp:
            m.mentees[k, 0] = stamp
            m.mentees[st[KNOWN], 3] = k
            st[KNOWN] += 1
        elif m.mentees[k, 1] <= base:
            continue
        m.mentees[k, 1], m.mentees[k, 2] = base, f
        if base + m.gains[k] < st[AHEAD]:
            st[AHEAD], st[GOAL], st[LEAVER] = base + m.gains[k], t, f
        _row(m, st, k, j, base, stamp)


@kernel
def _left(m: Market, st: Longs, f: int, far: int, stamp: int) -> None:
    """The mentor whom a mentee would leave by edge f is `far` away from the place."""
    s = m.indices[f]
    if m.mentors[s, 0] == stamp and far + m.mentors[s, 1] < st[MEET]:
        st[MEET], st[EDGE] = far + m.mentors[s, 1], f
    if far >= st[BEHIND] or far + st[NEAR] >= st[MEET]:
        return
    if m.back_mentors[s, 0] != stamp:
        m.back_mentors[s, 0] = stamp
        m.back_mentors[st[BACK_SEEN], 3] = s
        st[BACK_SEEN] += 1
    elif m.back_mentors[s, 1] <= far:
        return
    m.back_mentors[s, 1], m.back_mentors[s, 2] = far, f
    if far + m.prices[s] < st[BEHIND]:
        st[BEHIND], st[END], st[CLOSING] = far + m.prices[s], s, -1
    st[BACK] = push(m.back_heap[0], m.back_heap[1], st[BACK], far, s)


@kernel
def _backward(m: Market, st: Longs, i: int, stamp: int) -> None:
    """The nearest mentor of the place's search: who would come, and whom they would leave."""
    t, there = m.back_heap[0, 0], m.back_heap[1, 0]
    st[BACK] = pop(m.back_heap[0], m.back_heap[1], st[BACK])
    for c in range(m.heads[t], m.tails[t]):
        e = m.order[c]
        k = m.rows[e]
        base = there + m.gains[k] + m.prices[t] - m.points[e]
        if base >= st[MEET] or m.taken[e] or m.demands[k] == 0:
            continue
        if m.mentees[k, 0] == stamp and base + m.mentees[k, 1] < st[MEET]:
            st[MEET], st[EDGE] = base + m.mentees[k, 1], e
        if base >= st[BEHIND] or base + st[NEAR] >= st[MEET] or k == i:
            continue
        if m.back_mentees[k, 0] != stamp:
            m.back_mentees[k, 0] = stamp
            m.back_mentees[st[BACK_KNOWN], 3] = k
            st[BACK_KNOWN] += 1
        elif m.back_mentees[k, 1] <= base:
            continue
        m.back_mentees[k, 1], m.back_mentees[k, 2] = base, e
        if m.served[k] < m.demands[k]:
            st[BEHIND], st[END], st[CLOSING] = base, -1, e
            continue
        for f in range(m.starts[k], m.stops[k]):
            if m.taken[f]:
                _left(m, st, f, base - m.gains[k] + m.points[f] - m.prices[m.indices[f]], stamp)


@kernel
def _reprice(m: Market, st: Longs, radius: int, back: int) -> None:
    """Prices rise where the mentee's search came, and fall where the place's did."""
    for x in range(st[SEEN]):
        t = m.mentors[x, 3]
        m.prices[t] += max(0, radius - m.mentors[t, 1])
    for x in range(st[KNOWN]):
        k = m.mentees[x, 3]
        m.gains[k] -= max(0, radius - m.mentees[k, 1])
    for x in range(st[BACK_SEEN]):
        t = m.back_mentors[x, 3]
        m.prices[t] -= max(0, back - m.back_mentors[t, 1])
    for x in range(st[BACK_KNOWN]):
        k = m.back_mentees[x, 3]
        m.gains[k] += max(0, back - m.back_mentees[k, 1])


@kernel
def _join(m: Market, i: int, edge: int) -> None:
    """Everybody on the way from mentee i over `edge` to the free place moves on by one.

    The halves never touch: whoever is marked by both was tried as the middle, and only what is nearer replaces it.
    """
    first = second = edge
    if m.taken[edge]:
        release(m, m.indices[edge], edge)
        first = m.mentors[m.indices[edge], 2]
        second = m.back_mentees[m.rows[edge], 2]
        hold(m, m.indices[second], second)
    hold(m, m.indices[first], first)
    while True:
        f = m.mentees[m.rows[first], 2]
        if f < 0:
            break
        first = m.mentors[m.indices[f], 2]
        release(m, m.indices[f], f)
        hold(m, m.indices[f], first)
    while True:
        f = m.back_mentors[m.indices[second], 2]
        if f < 0:
            break
        second = m.back_mentees[m.rows[f], 2]
        release(m, m.indices[f], f)
        hold(m, m.indices[second], second)
    m.served[i] += 1


@kernel
def _apart(m: Market, st: Longs, i: int) -> None:
    """The mentee's chain and the place's, which do not touch: the way between them costs more than both."""
    t = st[GOAL]
    if t >= 0:
        m.served[i] += 1
        if st[LEAVER] >= 0:
            m.served[m.rows[st[LEAVER]]] -= 1
            release(m, t, st[LEAVER])
    while t >= 0:
        e = m.mentors[t, 2]
        f = m.mentees[m.rows[e], 2]
        if f >= 0:
            release(m, m.indices[f], f)
        hold(m, t, e)
        t = m.indices[f] if f >= 0 else -1
    e = st[CLOSING]
    t = st[END]
    if e >= 0:
        m.served[m.rows[e]] += 1
        t = m.indices[e]
    while t >= 0:
        f = m.back_mentors[t, 2]
        if f >= 0:
            release(m, t, f)
        if e >= 0:
            hold(m, t, e)
        e = m.back_mentees[m.rows[f], 2] if f >= 0 else -1
        t = m.indices[e] if f >= 0 else -1


@kernel
def swap(m: Market, i: int, j: int, stamp: int) -> int:
    """One more mentor for mentee i, and a free place of mentor j sold: by one chain from i to j, or each by their own.

    m.gains[i] must be at least every sᵢₖ − vₖ not held; all others must be served or proved content. Whoever stays
    without, or a place that finds nobody, is proved to. Returns how many were looked at.
    """
    st = np.zeros(16, np.int64)
    st[AHEAD], st[GOAL], st[LEAVER] = m.gains[i], -1, -1
    st[BEHIND], st[END], st[CLOSING] = m.prices[j], -1, -1
    st[MEET], st[EDGE] = HUGE, -1
    m.mentees[i, 0], m.mentees[i, 1], m.mentees[i, 2] = stamp, 0, -1
    m.mentees[0, 3] = i
    m.back_mentors[j, 0], m.back_mentors[j, 1], m.back_mentors[j, 2] = stamp, 0, -1
    m.back_mentors[0, 3] = j
    st[KNOWN] = st[BACK_SEEN] = 1
    st[BACK] = push(m.back_heap[0], m.back_heap[1], 0, 0, j)
    _row(m, st, i, j, 0, stamp)
    ours = True
    while True:
        near = _top(m.heap, m.mentors, st, FRONT)
        far = _top(m.back_heap, m.back_mentors, st, BACK)
        st[NEAR], st[FAR] = min(near, st[AHEAD]), min(far, st[BEHIND])
        if st[NEAR] + st[FAR] >= st[MEET] or (near >= st[AHEAD] and far >= st[BEHIND]):
            break
        ours = st[SEEN] + st[KNOWN] <= st[BACK_SEEN] + st[BACK_KNOWN]
        ours = near < st[AHEAD] and (ours or far >= st[BEHIND])
        if ours:
            _forward(m, st, j, stamp)
        else:
            _backward(m, st, i, stamp)
    radius, back = st[NEAR], st[FAR]
    met = radius + back >= st[MEET]
    if (
        met and ours
    ):  # the search that went last may have gone too far, and only the other has marked all there is
        radius = st[MEET] - back
    elif met:
        back = st[MEET] - radius
    _reprice(m, st, radius, back)
    if met:
        _join(m, i, st[EDGE])
    else:
        _apart(m, st, i)
    return int(st[SEEN] + st[KNOWN] + st[BACK_SEEN] + st[BACK_KNOWN])
