"""Rows of a standing market fetched anew, for people who did not change, and what an outsider would have to bring."""

from services.matching.engine.changes import DEAD, Slack, link, unlink, widen
from services.matching.engine.compile import Flags, Ints32, LongRows, Longs, Rows32, kernel
from services.matching.engine.market import Market, release


@kernel
def _worst(m: Market, i: int, shown: Longs) -> int:
    """The candidate of row i who brings least by score − price, of those who are not held; −1: nobody."""
    least = 2**61
    which = -1
    for e in range(m.starts[i], m.stops[i]):
        if m.points[e] != DEAD and not m.taken[e] and m.points[e] - shown[m.indices[e]] < least:
            least = m.points[e] - shown[m.indices[e]]
            which = e
    return which


@kernel
def _add(m: Market, s: Slack, i: int, j: int, points: int, shown: Longs) -> int:
    """Mentor j becomes a candidate of row i. Returns who must stay outside for that, by points − price; −2⁶¹: nobody.

    There must be room in the mentor's list.
    """
    free = -1
    for e in range(m.starts[i], m.stops[i]):
        if m.points[e] == DEAD:
            free = e
        elif m.indices[e] == j:
            return -(2**61)
    outside = -(2**61)
    if free < 0 and m.stops[i] < s.limits[i]:
        free = m.stops[i]
        m.stops[i] += 1
    if free < 0:
        free = _worst(m, i, shown)
        if free < 0 or m.points[free] - shown[m.indices[free]] >= points - shown[j]:
            return int(points - shown[j])
        outside = m.points[free] - shown[m.indices[free]]
        unlink(m, s, free)
    link(m, s, free, i, j, points, False)
    return outside


@kernel
def _content(m: Market, i: int, sold: Flags) -> bool:
    """Whether whom mentee i holds is still the best at these prices. If not, nobody is held now: `sold` marks them."""
    best = 0
    least = 0 if m.served[i] < m.demands[i] else 2**62
    for e in range(m.starts[i], m.stops[i]):
        gain = m.points[e] - m.prices[m.indices[e]]
        if m.taken[e]:
            least = min(least, gain)
        elif m.places[m.indices[e]] > 0:
            best = max(best, gain)
    m.gains[i] = best
    if best <= least:
        return True
    for e in range(m.starts[i], m.stops[i]):
        if m.taken[e]:
            release(m, m.indices[e], e)
            sold[m.indices[e]] = True
    m.served[i] = 0
    m.gains[i] = 0
    return False


@kernel
def renew_rows(
    m: Market,
    s: Slack,
    rows: Ints32,
    begin: int,
    mentors: Rows32,
    scores: LongRows,
    counts: Ints32,
    unit: int,
    shown: Longs,
    rest: Longs,
    served: Flags,
    sold: Flags,
) -> int:
    """More candidates for rows[begin:], as a source fetched them at the prices `shown`, for people who are the same.

    What a row has no room for stays outside, in rest (mentees,). served (mentees,) and sold (mentors,) mark who must
    be served and who has something to sell. Returns how far it came: the end, or a row whose mentors have no room.
    """
    for x in range(begin, len(rows)):
        i = int(rows[x])
        for y in range(counts[x]):
            if not widen(m, s, mentors[x, y], 1):
                return x
        for y in range(counts[x]):
            out = _add(m, s, i, mentors[x, y], scores[x, y] + unit, shown)
            if out > -(2**61):
                rest[i] = max(rest[i], out - unit)
        if not _content(m, i, sold):
            served[i] = True
    return len(rows)


@kernel
def hold_on(m: Market, bars: Longs, failing: Flags, first: bool) -> bool:
    """Take those out of failing (mentees,) whose least gain held is at least bars (mentees,), by score − price.

    Returns whether any are left; first: stops at the first of them.
    """
    left = False
    for i in range(len(failing)):
        if not failing[i]:
            continue
        least = 2**62 if m.served[i] >= m.demands[i] else 0
        for e in range(m.starts[i], m.stops[i]):
            if m.taken[e]:
                least = min(least, m.points[e] - m.prices[m.indices[e]])
        failing[i] = least < bars[i]
        left = left or failing[i]
        if left and first:
            break
    return left
