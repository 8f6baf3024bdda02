"""A standing market's arrays: contiguous rows and lists with room to grow, so that a change moves nothing else."""

import numpy as np

from services.matching.engine.changes import DEAD, Slack
from services.matching.engine.columns import Cohort
from services.matching.engine.exact import market
from services.matching.engine.graph import Graph, Ints
from services.matching.engine.market import Market, adopt

ROOM = 12
"""Edges that a row, and a mentor's list, may grow by; a list by a quarter of its length if that is more.
A list that is full moves to the end, where there is as much room again as all lists have."""
JOURNAL = 4096
"""Moves of one change that are written down; after more, the bonus is moved by looking at every edge."""


def layout(
    given: Graph, prices: Ints, unit: int, bonus: int, stood: Ints, held: Ints
) -> tuple[Market, Slack]:
    """`given` (raw scores) laid out with room to grow, at these prices. Keys are mentee · mentors + mentor.

    unit: the weight of a pair under participation. stood: keys of pairs that count the bonus. held: of those to take
    over as far as the prices support them.
    """
    width = np.diff(given.indptr)
    degree = np.bincount(given.indices, minlength=given.mentors)
    room = np.maximum(width + 2 * ROOM, 4 * ROOM)
    limits = np.cumsum(room)
    starts = limits - room
    edges = int(limits[-1]) if len(limits) else 0
    at = np.repeat(starts - given.indptr[:-1], width) + np.arange(len(given.indices))
    indices, rows = np.zeros(edges, np.int64), np.zeros(edges, np.int64)
    points = np.full(edges, DEAD, np.int64)
    indices[at], rows[at], points[at] = given.indices, given.rows(), given.scores + unit
    length = degree + np.maximum(ROOM, degree // 4)
    ceilings = np.cumsum(length)
    used = int(length.sum())
    order, spot = np.zeros(2 * used + 64 * ROOM, np.int64), np.zeros(edges, np.int64)
    by_mentor = np.argsort(given.indices, kind="stable")
    heads = ceilings - length
    ranks = np.arange(len(by_mentor)) - np.repeat(np.cumsum(degree) - degree, degree)
    places_in_order = np.repeat(heads, degree) + ranks
    order[places_in_order] = at[by_mentor]
    spot[at[by_mentor]] = places_in_order
    places = np.minimum(given.capacities, given.mentees)
    room = np.minimum(given.mentees, np.maximum(places, degree) + ROOM)
    ends = np.cumsum(room)
    base = market(given, prices)
    front = base.heap.shape[1] * 2 + edges
    laid = base._replace(
        starts=starts,
        stops=starts + width,
        indices=indices,
        points=points,
        rows=rows,
        heads=heads,
        tails=heads + degree,
        order=order,
        places=np.minimum(places, room),
        demands=given.demands.copy(),
        taken=np.zeros(edges, np.bool_),
        first=ends - room,
        slots=np.zeros(int(room.sum()), np.int64),
        place=np.zeros(edges, np.int64),
        prices=np.where(places > 0, prices, 0),
        heap=np.zeros((2, front), np.int64),
        back_heap=np.zeros((2, front), np.int64),
        moves=np.zeros(2, np.int64),
        journal=np.zeros(JOURNAL, np.int64),
    )
    marked = np.zeros(edges, np.bool_)
    keys = rows[at] * given.mentors + indices[at]
    marked[at[np.isin(keys, stood)]] = True
    points[marked] += bonus
    adopt(laid, at[np.isin(keys, held)])
    return laid, Slack(limits, ceilings, ends, spot, marked, np.array([used]), bonus)


def raw(graph: Graph, cohort: Cohort, room: tuple[int, int]) -> Graph:
    """The candidates without the bonus of drafts, with room for newcomers."""
    columns, mentors = cohort.columns, max(1, cohort.mentors)
    owner = np.repeat(np.arange(cohort.mentees, dtype=np.int64), np.diff(columns.draft_at))
    drafted = np.isin(graph.rows() * mentors + graph.indices, owner * mentors + columns.draft)
    return Graph(
        np.concatenate([graph.indptr, np.full(room[0], graph.indptr[-1])]),
        graph.indices,
        graph.scores - columns.bonus * drafted,
        np.concatenate([graph.capacities, np.zeros(room[1], np.int64)]),
        np.concatenate([graph.demands, np.zeros(room[0], np.int64)]),
    )
