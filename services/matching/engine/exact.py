"""Our own exact solver: from any prices, shortest chains of moves until prices prove the assignment."""

import numpy as np

from services.matching.engine.auction import auction
from services.matching.engine.graph import Graph, Ints, by_mentor
from services.matching.engine.market import Market, adopt
from services.matching.engine.paths import settle
from services.matching.engine.prices import weight

STEP = 3000
"""ε of the first auction in points, 0.3 % of the scale: smaller costs more bids than it saves searches."""


def market(given: Graph, prices: Ints) -> Market:
    """A market with nobody placed yet, at these prices (copied)."""
    mentees, mentors, edges = given.mentees, given.mentors, len(given.indices)
    width = np.diff(given.indptr)
    # A row is scanned once for each mentor its mentee holds and may each time put all its edges in the front.
    front = int((width * np.clip(given.demands, 1, np.maximum(1, width))).sum()) + mentors + 1
    heads, order = by_mentor(given.indices, mentors)
    # Not limited by the degree: a mentor with more places than candidates has one free, and so costs nothing.
    places = np.minimum(given.capacities, mentees)
    room = np.minimum(places, np.diff(heads))
    first = np.concatenate([np.zeros(1, np.int64), np.cumsum(room, dtype=np.int64)])
    return Market(
        starts=given.indptr[:-1].copy(),
        stops=given.indptr[1:].copy(),
        indices=given.indices,
        points=given.scores,
        rows=given.rows(),
        heads=heads[:-1].copy(),
        tails=heads[1:].copy(),
        order=order,
        places=places,
        demands=given.demands,
        taken=np.zeros(edges, np.bool_),
        first=first[:-1].copy(),
        slots=np.zeros(first[-1], np.int64),
        place=np.zeros(edges, np.int64),
        load=np.zeros(mentors, np.int64),
        served=np.zeros(mentees, np.int64),
        gains=np.zeros(mentees, np.int64),
        prices=np.where(places > 0, prices, 0).astype(np.int64),
        mentors=np.zeros((mentors, 4), np.int64),
        mentees=np.zeros((max(1, mentees), 4), np.int64),
        heap=np.zeros((2, front), np.int64),
        back_mentors=np.zeros((mentors, 4), np.int64),  # memory only where a search writes
        back_mentees=np.zeros((max(1, mentees), 4), np.int64),
        back_heap=np.zeros((2, front), np.int64),
        moves=np.zeros(2, np.int64),
        journal=np.zeros(0, np.int64),
    )


def exact(
    given: Graph,
    *,
    participation: bool,
    prices: Ints | None = None,
    raised: bool = False,
    held: Ints | None = None,
) -> tuple[Ints, Ints]:
    """The edges (positions in `indices`) of an optimal assignment, and the prices that prove it.

    prices: where to start; None: an auction's. Closed mentors cost 0 in the answer.

    raised: `prices` are those of a solution under participation, with the weight of a pair in them. held: edges
    of an earlier solution; what the prices still support of it is kept and only the rest searched.
    """
    start = auction(given, STEP) if prices is None else prices
    standing = market(given, start)
    unit = weight(given) if participation else 0
    if raised:
        standing = standing._replace(points=given.scores + unit)
    if held is not None:
        adopt(standing, held)
    stamp, _ = settle(standing, 0)
    if participation and not raised:
        standing = standing._replace(points=given.scores + unit)
        standing.gains[standing.served > 0] += unit
        settle(standing, stamp)
    return np.flatnonzero(standing.taken).astype(np.int64), standing.prices
