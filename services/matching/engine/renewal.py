"""Rows of a standing market fetched anew, for people who did not change, and what an outsider would have to bring."""

from services.matching.engine.changes import DEAD, Slack, link, unlink, widen
from services.matching.engine.compile import Flags, Ints32, LongRows, Longs, Rows32, kernel
from services.matching.engine.market import Market, release


@kernel
def renew_row(m: Market, s: Slack, i: int, indices: Ints32, scores: Longs, unit: int, sold: Flags) -> int:
    """Better candidates for a mentee who stays the same person: whom they hold stays, the others are these.

    Returns 0: those held are still the best; 1: somebody new is better, so nobody is held now, and `sold` marks the
    mentors who lost them (serve the row, sell the mentors); −1: no room, nothing has happened.
    """
    held = 0
    for e in range(m.starts[i], m.stops[i]):
        held += 1 if m.taken[e] else 0
    if len(indices) + held > s.limits[i] - m.starts[i]:
        return -1
    for x in range(len(indices)):
        if not widen(m, s, indices[x], 1):
            return -1
    for e in range(m.starts[i], m.stops[i]):
        if m.points[e] != DEAD and not m.taken[e]:
            unlink(m, s, e)
    best = 0
    least = 0 if m.served[i] < m.demands[i] else 2**62
    for x in range(len(indices)):
        j = int(indices[x])
        known = False
        free = -1
        for e in range(m.starts[i], m.stops[i]):
            known = known or (m.taken[e] and m.indices[e] == j)
            if m.points[e] == DEAD:
                free = e
        if known:
            continue
        if free < 0:
            free = m.stops[i]
            m.stops[i] += 1
        link(m, s, free, i, j, scores[x] + unit, False)
        if m.places[j] > 0:
            best = max(best, scores[x] + unit - m.prices[j])
    for e in range(m.starts[i], m.stops[i]):
        if m.taken[e]:
            least = min(least, m.points[e] - m.prices[m.indices[e]])
    if best <= least:
        m.gains[i] = best
        return 0
    for e in range(m.starts[i], m.stops[i]):
        if m.taken[e]:
            release(m, m.indices[e], e)
            sold[m.indices[e]] = True
    m.served[i] = 0
    m.gains[i] = 0
    return 1


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
    served: Flags,
    sold: Flags,
) -> int:
    """`renew_row` for rows[begin:], as a source fetched them; served (mentees,) and sold (mentors,) mark whom to
    serve and to sell. Returns how far it came: the end, or a row without room."""
    for x in range(begin, len(rows)):
        i = int(rows[x])
        found = renew_row(m, s, i, mentors[x, : counts[x]], scores[x, : counts[x]], unit, sold)
        if found < 0:
            return x
        served[i] = served[i] or found > 0
    return len(rows)


@kernel
def least_held(m: Market, out: Longs) -> None:
    """(mentees,) what an outsider must bring by score − price to matter to each: their least gain held; 0 while a
    wish is open. Rows without a wish: any number."""
    for i in range(len(m.demands)):
        out[i] = 2**61 if m.served[i] >= m.demands[i] else 0
    for j in range(len(m.places)):
        for at in range(m.first[j], m.first[j] + m.load[j]):
            e = m.slots[at]
            out[m.rows[e]] = min(out[m.rows[e]], m.points[e] - m.prices[j])
