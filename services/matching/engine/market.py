"""The state both searches work on: people, candidates, prices and who holds whom, as arrays changed in place."""

from typing import NamedTuple

from services.matching.engine.compile import Flags, LongRows, Longs, kernel


class Market(NamedTuple):
    """People, candidates, prices and who holds whom: everything both searches read and change, in place."""

    starts: Longs
    """(mentees,) first edge of each row."""
    stops: Longs
    """(mentees,) one past its last edge; up to the next row's start there is room to grow."""
    indices: Longs
    """(edges,) the mentor of each edge."""
    points: Longs
    """(edges,) its score; under participation with the weight of one more pair on top."""
    rows: Longs
    """(edges,) its mentee."""
    heads: Longs
    """(mentors,) first position of each mentor's edges in `order`."""
    tails: Longs
    """(mentors,) one past the last."""
    order: Longs
    """Edges by mentor."""
    places: Longs
    """(mentors,) places, never more than the mentor has room for in `slots`."""
    demands: Longs
    """(mentees,) mentors wanted."""
    taken: Flags
    """(edges,) whether the pair stands."""
    first: Longs
    """(mentors,) first of each mentor's `slots`."""
    slots: Longs
    """The edges that hold each mentor's places, the first `load` of them."""
    place: Longs
    """(edges,) where in `slots` a standing pair is."""
    load: Longs
    """(mentors,) places taken."""
    served: Longs
    """(mentees,) mentors held."""
    gains: Longs
    """(mentees,) uᵢ."""
    prices: Longs
    """(mentors,) vⱼ."""
    mentors: LongRows
    """(mentors, 4) marks of a search: its stamp, the distance, the edge it came by, the list of seen."""
    mentees: LongRows
    """(mentees, 4) the same."""
    heap: LongRows
    """A search's front: nodes, keys."""
    back_mentors: LongRows
    back_mentees: LongRows
    back_heap: LongRows
    """The same of a search that goes the other way at the same time (`swap`)."""
    moves: Longs
    """(2,) places given so far, over all searches; and how far the journal is written."""
    journal: Longs
    """Edges in the order in which they were taken or given up; what does not fit is not written."""


@kernel
def push(heap: Longs, keys: Longs, size: int, key: int, node: int) -> int:
    """Add `node` under `key` to a binary heap of `size`; returns the new size."""
    at = size
    while at > 0:
        parent = (at - 1) >> 1
        if keys[parent] <= key:
            break
        keys[at] = keys[parent]
        heap[at] = heap[parent]
        at = parent
    keys[at] = key
    heap[at] = node
    return size + 1


@kernel
def pop(heap: Longs, keys: Longs, size: int) -> int:
    """Remove the first of a heap of `size` (read heap[0], keys[0] before); returns the new size."""
    size -= 1
    key = keys[size]
    node = heap[size]
    at = 0
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and keys[child + 1] < keys[child]:
            child += 1
        if keys[child] >= key:
            break
        keys[at] = keys[child]
        heap[at] = heap[child]
        at = child
    keys[at] = key
    heap[at] = node
    return size


@kernel
def note(m: Market, e: int) -> None:
    """Write an edge into the journal."""
    if m.moves[1] < len(m.journal):
        m.journal[m.moves[1]] = e
    m.moves[1] += 1


@kernel
def hold(m: Market, j: int, e: int) -> None:
    """Give a place of mentor j to edge e."""
    m.taken[e] = True
    at = m.first[j] + m.load[j]
    m.slots[at] = e
    m.place[e] = at
    m.load[j] += 1
    m.moves[0] += 1
    note(m, e)


@kernel
def release(m: Market, j: int, e: int) -> None:
    """Take the place of mentor j back from edge e."""
    m.taken[e] = False
    m.load[j] -= 1
    last = m.slots[m.first[j] + m.load[j]]
    m.slots[m.place[e]] = last
    m.place[last] = m.place[e]
    note(m, e)


@kernel
def adopt(m: Market, held: Longs) -> int:
    """Take over the pairs (edges) `held` as far as today's prices support them; returns how many.

    A pair stays where nobody whom its mentee does not hold is better at these prices. The market must be empty.
    """
    for x in range(len(held)):
        e = held[x]
        m.taken[e] = True
        m.served[m.rows[e]] += 1
    kept = 0
    for x in range(len(held)):
        e = held[x]
        i = m.rows[e]
        j = m.indices[e]
        best = 0
        for f in range(m.starts[i], m.stops[i]):
            if not m.taken[f] and m.places[m.indices[f]] > 0:
                best = max(best, m.points[f] - m.prices[m.indices[f]])
        m.gains[i] = best
        if m.points[e] - m.prices[j] < best or m.load[j] >= m.places[j] or m.served[i] > m.demands[i]:
            m.taken[e] = False
            m.served[i] -= 1
        else:
            hold(m, j, e)
            kept += 1
    # What was given up may be better than what was kept: such rows begin anew.
    for x in range(len(held)):
        e = held[x]
        i = m.rows[e]
        if m.taken[e]:
            continue
        for f in range(m.starts[i], m.stops[i]):
            if m.taken[f]:
                release(m, m.indices[f], f)
                m.served[i] -= 1
                kept -= 1
    return kept
