"""Changes to a standing market, edge by edge, and the searches that bring it back to its optimum."""

from typing import NamedTuple

import numpy as np

from services.matching.engine.compile import Flags, Longs, kernel
from services.matching.engine.market import Market, note, release
from services.matching.engine.paths import sell, serve
from services.matching.engine.swap import swap

DEAD = -(2**61)
"""Points of an unused place in a row: no search ever takes it."""


class Slack(NamedTuple):
    limits: Longs
    """(mentees,) end of the room of each row."""
    ceilings: Longs
    """(mentors,) end of the room of each mentor's list in `order`."""
    slots_end: Longs
    """(mentors,) end of the room of each mentor's `slots`."""
    spot: Longs
    """(edges,) where each edge stands in `order`."""
    marked: Flags
    """(edges,) whether the points of an edge hold the bonus of a standing pair."""
    spare: Longs
    """(1,) the first unused place at the end of `order`, where a list that is full moves to."""
    bonus: int


@kernel
def widen(m: Market, s: Slack, j: int, more: int) -> bool:
    """Room for so many more edges in a mentor's list, which moves if it must. False: `order` is used up."""
    size = m.tails[j] - m.heads[j]
    if size + more <= s.ceilings[j] - m.heads[j]:
        return True
    begin = s.spare[0]
    if begin + 2 * (size + more) > len(m.order):
        return False
    for c in range(size):
        e = m.order[m.heads[j] + c]
        m.order[begin + c] = e
        s.spot[e] = begin + c
    m.heads[j] = begin
    m.tails[j] = begin + size
    s.ceilings[j] = begin + 2 * (size + more)
    s.spare[0] = s.ceilings[j]
    return True


@kernel
def unlink(m: Market, s: Slack, e: int) -> None:
    """Take an edge out of its mentor's list."""
    j = m.indices[e]
    m.tails[j] -= 1
    last = m.order[m.tails[j]]
    m.order[s.spot[e]] = last
    s.spot[last] = s.spot[e]
    m.points[e] = DEAD
    s.marked[e] = False


@kernel
def link(m: Market, s: Slack, e: int, i: int, j: int, points: int, stood: bool) -> None:
    """Put an edge into its mentor's list; there must be room. stood: the pair stood until now."""
    m.rows[e] = i
    m.indices[e] = j
    m.points[e] = points + s.bonus if stood else points
    s.marked[e] = stood
    if stood:
        note(m, e)  # should it not stand again, `mark` must find it
    m.taken[e] = False
    m.order[m.tails[j]] = e
    s.spot[e] = m.tails[j]
    m.tails[j] += 1


@kernel
def _among(one: int, listed: Longs, count: int) -> bool:
    """Whether listed[1 … count] holds it."""
    return bool((listed[1 : count + 1] == one).any())


@kernel
def mark(m: Market, s: Slack) -> int:
    """Move the bonus to the pairs that stand now. Returns how many of them did not stand before.

    Prices stay proved: a standing pair is worth more than before, one given up less.
    """
    made = 0
    whole = m.moves[1] > len(m.journal)  # more moves than were written down
    for x in range(len(m.points) if whole else m.moves[1]):
        e = x if whole else m.journal[x]
        if m.points[e] == DEAD or m.taken[e] == s.marked[e]:
            continue
        s.marked[e] = m.taken[e]
        m.points[e] += s.bonus if m.taken[e] else -s.bonus
        made += 1 if m.taken[e] else 0
    m.moves[1] = 0
    return made


@kernel
def replace_row(
    m: Market, s: Slack, i: int, indices: Longs, points: Longs, demand: int, touched: Longs
) -> bool:
    """A mentee's row anew, nobody held. touched: how many mentors lost them, and which. False: no room left.

    Without room nothing has happened.
    """
    if len(indices) > s.limits[i] - m.starts[i]:
        return False
    for x in range(len(indices)):
        if not widen(m, s, indices[x], 1):
            return False
    count = 0
    stood = np.empty(m.stops[i] - m.starts[i] + 1, np.int64)
    standing = 0
    for e in range(m.starts[i], m.stops[i]):
        # Not `taken`: a change of the same batch may have released the pair already, which stood all the same.
        if s.marked[e]:
            standing += 1
            stood[standing] = m.indices[e]
        if m.taken[e]:
            release(m, m.indices[e], e)
            count += 1
            touched[count] = m.indices[e]
        if m.points[e] != DEAD:  # already out of its mentor's list: out twice would take out another's edge
            unlink(m, s, e)
    touched[0] = count
    m.served[i] = 0
    m.demands[i] = demand
    m.gains[i] = 0
    for x in range(len(indices)):
        link(m, s, m.starts[i] + x, i, indices[x], points[x], _among(indices[x], stood, standing))
    m.stops[i] = m.starts[i] + len(indices)
    return True


@kernel
def _slot(m: Market, s: Slack, i: int, j: int) -> int:
    """Where row i may hold an edge to mentor j: where it is, an unused place, or −1: there is no room."""
    unused = -1
    for e in range(m.starts[i], m.stops[i]):
        if m.indices[e] == j and m.points[e] != DEAD:
            return e
        if m.points[e] == DEAD:
            unused = e
    if unused < 0 and m.stops[i] < s.limits[i]:
        unused = m.stops[i]
    return unused


@kernel
def replace_column(
    m: Market, s: Slack, j: int, mentees: Longs, points: Longs, places: int, released: Longs
) -> bool:
    """A mentor's edges and places anew, nobody holding them. released: how many held, and who. False: no room.

    Without room nothing has happened. The price is what keeps everybody else content; `mend` lowers it.
    """
    if not widen(m, s, j, len(mentees)) or places > s.slots_end[j] - m.first[j]:
        return False
    for x in range(len(mentees)):
        if _slot(m, s, mentees[x], j) < 0:
            return False
    count = 0
    while m.load[j] > 0:
        e = m.slots[m.first[j] + m.load[j] - 1]
        release(m, j, e)
        m.served[m.rows[e]] -= 1
        count += 1
        released[count] = m.rows[e]
    released[0] = count
    stood = np.empty(m.tails[j] - m.heads[j] + 1, np.int64)
    standing = 0
    while m.tails[j] > m.heads[j]:
        e = m.order[m.tails[j] - 1]
        if s.marked[e]:
            standing += 1
            stood[standing] = m.rows[e]
        unlink(m, s, e)
    price = 0
    for x in range(len(mentees)):
        i = mentees[x]
        e = _slot(m, s, i, j)
        if e == m.stops[i]:
            m.stops[i] += 1
        link(m, s, e, i, j, points[x], _among(i, stood, standing))
        if m.demands[i] > 0:
            price = max(price, m.points[e] - m.gains[i])
    m.places[j] = min(places, len(m.starts))
    m.prices[j] = price if places > 0 else 0
    return True


@kernel
def _swap(m: Market, i: int, j: int, stamp: int, waiting: Longs) -> int:
    """`swap` without those who wait for their turn."""
    wishes = m.demands[waiting]
    m.demands[waiting] = 0
    looked = swap(m, i, j, stamp)
    m.demands[waiting] = wishes
    return looked


@kernel
def mend(m: Market, stamp: int, mentees: Longs, mentors: Longs) -> tuple[int, int]:
    """Serve these mentees, sell what these mentors have left. Returns (stamp, looked at)."""
    looked = 0
    for x in range(len(mentees)):
        i = mentees[x]
        alone = True  # those who wait have not been looked at, and only who holds nobody can be kept out of a search
        for y in range(x + 1, len(mentees)):
            alone = alone and m.served[mentees[y]] == 0
        stamp, seen = serve(m, i, stamp, False)
        for y in range(len(mentors) if alone else 0):
            j = mentors[y]
            if m.served[i] >= m.demands[i] or m.gains[i] <= 0:
                break
            if m.load[j] >= m.places[j] or m.prices[j] <= 0:
                continue
            stamp += 1
            looked += _swap(m, i, j, stamp, mentees[x + 1 :])
            stamp, seen = serve(m, i, stamp, False)
        stamp, seen = serve(m, i, stamp, True)
        looked += seen
    for x in range(len(mentors)):
        stamp, seen = sell(m, mentors[x], stamp)
        looked += seen
    return stamp, looked
