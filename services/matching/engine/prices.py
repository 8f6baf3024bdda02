"""What one more place at each mentor is worth, and the proof that nothing better exists.

For any prices v ≥ 0 no assignment can bring more than

    Σᵢ (the dᵢ largest positive sᵢⱼ − vⱼ, summed) + Σ capⱼ·vⱼ

since a mentee keeps at most what they would take at these prices, and a place is sold at most once. With the
prices of an optimal solution the bound *is* its welfare (linear programming duality), which proves it.
"""

import numpy as np

from services.matching.engine.compile import Flags, Longs, kernel
from services.matching.engine.graph import Graph, Ints, by_mentor

HUGE = 2**62


class NotOptimal(ArithmeticError):
    """No prices support this assignment: a chain of moves would improve it."""


def weight(given: Graph) -> int:
    """What one pair counts beside scores when people come first: more than any chain of scores can shift.

    Only prices ever hold it (each at most weight + score, so never near 2⁶³); sums keep the two parts apart.
    """
    return 4 * (given.largest + 1) * (given.mentees + given.mentors + 1)


def recover(given: Graph, chosen: Ints, *, participation: bool) -> Ints:
    """(mentors,) prices that prove the assignment `chosen` (edge positions) optimal, found by relaxation.

    score: the middle of the least and the greatest (both prove; the middle leads later searches best).
    participation: the least, as people · weight + points; `parts` takes them apart. Raises NotOptimal.
    """
    points = given.scores + weight(given) if participation else given.scores
    taken = np.zeros(len(given.indices), np.bool_)
    taken[chosen] = True
    rows = given.rows()
    load = np.bincount(given.indices[chosen], minlength=given.mentors)
    served = np.bincount(rows[chosen], minlength=given.mentees)
    full = load >= given.capacities
    sated = served >= given.demands
    starts, order = by_mentor(given.indices[chosen], given.mentors)
    holders = rows[chosen][order]
    least = np.zeros(given.mentors, np.int64)
    roof = int(points.max(initial=0))
    if not _least(given.indptr, given.indices, points, taken, sated, full, starts, holders, roof, least):
        raise NotOptimal("a chain of moves would improve this assignment")
    if participation:
        return least
    columns, order = by_mentor(given.indices, given.mentors)
    greatest = np.where(full, HUGE, 0).astype(np.int64)
    gains = np.zeros(given.mentees, np.int64)
    _greatest(given.indptr, given.indices, points, taken, columns, order, rows, gains, greatest)
    middle = (least + greatest) >> 1
    closed = given.capacities == 0
    middle[closed] = 0
    _closed(given.indptr, given.indices, points, taken, sated, given.demands, closed, middle)
    return middle


def parts(prices: Ints, unit: int) -> tuple[Ints, Ints]:
    """Prices as people and points: price = people · unit + points, with points of either sign."""
    people = (prices + unit // 2) // unit
    return people, prices - people * unit


def bound(given: Graph, prices: Ints, *, participation: bool) -> tuple[int, int]:
    """The upper bound (people, points) that `prices` prove for this graph; people is 0 under score."""
    unit = weight(given) if participation else 0
    people, points = row_bounds(
        given.indptr, given.indices, given.scores, given.demands, prices, unit, given.complete
    )
    places = np.minimum(given.capacities, given.mentees)  # each mentee takes one place of a mentor at most
    if not participation:
        return 0, int(points) + _product(places, prices)
    person_prices, point_prices = parts(prices, unit)
    return int(people) + _product(places, person_prices), int(points) + _product(places, point_prices)


def _product(places: Ints, prices: Ints) -> int:
    """Σ places · prices in Python's unlimited integers: numpy would wrap without a word."""
    return sum(int(a) * int(b) for a, b in zip(places, prices, strict=True) if b)


@kernel
def _least(
    indptr: Longs,
    indices: Longs,
    points: Longs,
    taken: Flags,
    sated: Flags,
    full: Flags,
    starts: Longs,
    holders: Longs,
    roof: int,
    prices: Longs,
) -> bool:
    """Raise prices from zero until nobody would rather have a mentor they do not hold. False: not optimal."""
    n = len(indptr) - 1
    queue = np.empty(n + 1, np.int64)
    waiting = np.ones(n, np.bool_)
    for i in range(n):
        queue[i] = i
    head, tail = 0, n
    while head != tail:
        i = queue[head]
        head = head + 1 if head < n else 0
        waiting[i] = False
        gain = 0
        if sated[i]:
            gain = HUGE
            for e in range(indptr[i], indptr[i + 1]):
                if taken[e] and points[e] - prices[indices[e]] < gain:
                    gain = points[e] - prices[indices[e]]
            if gain < 0:
                return False
        else:
            for e in range(indptr[i], indptr[i + 1]):
                if taken[e] and points[e] - prices[indices[e]] < 0:
                    return False
        for e in range(indptr[i], indptr[i + 1]):
            if taken[e]:
                continue
            j = indices[e]
            if points[e] - gain > prices[j]:
                prices[j] = points[e] - gain
                if not full[j] or prices[j] > roof:
                    return False
                for h in range(starts[j], starts[j + 1]):
                    k = holders[h]
                    if not waiting[k]:
                        waiting[k] = True
                        queue[tail] = k
                        tail = tail + 1 if tail < n else 0
    return True


@kernel
def _greatest(
    indptr: Longs,
    indices: Longs,
    points: Longs,
    taken: Flags,
    columns: Longs,
    order: Longs,
    rows: Longs,
    gains: Longs,
    prices: Longs,
) -> None:
    """Lower prices from the most each mentor's own mentees could bear until all of them still hold."""
    m = len(prices)
    queue = np.empty(m + 1, np.int64)
    waiting = np.ones(m, np.bool_)
    for j in range(m):
        queue[j] = j
        for c in range(columns[j], columns[j + 1]):
            e = order[c]
            if taken[e] and points[e] < prices[j]:
                prices[j] = points[e]
    head, tail = 0, m
    while head != tail:
        j = queue[head]
        head = head + 1 if head < m else 0
        waiting[j] = False
        for c in range(columns[j], columns[j + 1]):
            e = order[c]
            if taken[e]:
                continue
            i = rows[e]
            if points[e] - prices[j] > gains[i]:
                gains[i] = points[e] - prices[j]
                for f in range(indptr[i], indptr[i + 1]):
                    k = indices[f]
                    if taken[f] and points[f] - gains[i] < prices[k]:
                        prices[k] = points[f] - gains[i]
                        if not waiting[k]:
                            waiting[k] = True
                            queue[tail] = k
                            tail = tail + 1 if tail < m else 0


@kernel
def _closed(
    indptr: Longs,
    indices: Longs,
    points: Longs,
    taken: Flags,
    sated: Flags,
    demands: Longs,
    closed: Flags,
    prices: Longs,
) -> None:
    """A mentor without places costs what the keenest mentee would give for one."""
    for i in range(len(indptr) - 1):
        if demands[i] == 0:
            continue
        gain = 0
        if sated[i]:
            gain = HUGE
            for e in range(indptr[i], indptr[i + 1]):
                if taken[e] and points[e] - prices[indices[e]] < gain:
                    gain = points[e] - prices[indices[e]]
        for e in range(indptr[i], indptr[i + 1]):
            j = indices[e]
            if closed[j] and points[e] - gain > prices[j]:
                prices[j] = points[e] - gain


@kernel
def row_bounds(
    indptr: Longs,
    indices: Longs,
    scores: Longs,
    demands: Longs,
    prices: Longs,
    unit: int,
    complete: bool,
) -> tuple[int, int]:
    """Σᵢ the dᵢ largest positive sᵢⱼ − vⱼ, as (people, points). complete: the edges are a table."""
    people = 0
    total = 0
    widest = 0
    for i in range(len(indptr) - 1):
        widest = max(widest, indptr[i + 1] - indptr[i])
    best = np.empty(max(1, widest), np.int64)
    for i in range(len(indptr) - 1):
        own = scores[indptr[i] : indptr[i + 1]]
        theirs = indices[indptr[i] : indptr[i + 1]]
        count = 0
        if demands[i] == 1:  # nearly everybody: no need to sort
            top = -unit
            if complete:
                for j in range(len(own)):
                    top = max(top, own[j] - prices[j])
            else:
                for e in range(len(own)):
                    top = max(top, own[e] - prices[theirs[e]])
            best[0] = top + unit
            count = 1
        else:
            for e in range(len(own)):
                gain = unit + own[e] - prices[theirs[e]]
                if gain > 0:
                    best[count] = gain
                    count += 1
            if count > demands[i]:
                best[:count].sort()
        for k in range(min(count, demands[i])):
            gain = best[count - 1 - k]
            if unit > 0:
                person = (gain + unit // 2) // unit
                people += person
                gain -= person * unit
            total += gain
    return people, total
