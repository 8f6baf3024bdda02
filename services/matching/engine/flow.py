"""An exact solution by OR-tools' min-cost flow: the independent solver that our own is held against."""

import numpy as np
from ortools.graph.python import min_cost_flow

from services.matching.engine.graph import Graph, Ints


class Unsolved(RuntimeError):
    """The solver did not end with an optimal solution; its answer must not be used."""


def flow(given: Graph, *, participation: bool) -> Ints:
    """The edges (positions in `indices`) of an optimal assignment.

    participation: the largest possible flow, then its best scores (never a large constant on the scores:
    slower, and out of range above about 10¹⁸ for cost × nodes). Raises Unsolved when OR-tools says anything
    but OPTIMAL. Holds the interpreter lock while it runs: call it in a process of its own.
    """
    edges = len(given.indices)
    wanted = np.minimum(given.demands, np.diff(given.indptr))
    # More places than mentees who could come are the same as that many: it keeps sums inside 64 bits.
    places = np.minimum(given.capacities, np.bincount(given.indices, minlength=given.mentors))
    if edges == 0 or int(wanted.sum()) == 0 or int(places.sum()) == 0:
        return np.zeros(0, np.int64)
    sink = given.mentees + given.mentors
    solver = min_cost_flow.SimpleMinCostFlow()
    pairs = solver.add_arcs_with_capacity_and_unit_cost(
        given.rows(), given.indices + given.mentees, np.ones(edges, np.int64), -given.scores
    )
    solver.add_arcs_with_capacity_and_unit_cost(
        np.arange(given.mentors) + given.mentees,
        np.full(given.mentors, sink),
        places,
        np.zeros(given.mentors, np.int64),
    )
    if not participation:  # a way around for whoever is better left out
        solver.add_arcs_with_capacity_and_unit_cost(
            np.arange(given.mentees),
            np.full(given.mentees, sink),
            wanted,
            np.zeros(given.mentees, np.int64),
        )
    solver.set_nodes_supplies(
        np.arange(sink + 1),
        np.concatenate([wanted, np.zeros(given.mentors, np.int64), [-int(wanted.sum())]]),
    )
    status = solver.solve_max_flow_with_min_cost() if participation else solver.solve()
    if status != solver.OPTIMAL:
        raise Unsolved(f"OR-tools min-cost flow ended with {status}")
    return np.flatnonzero(solver.flows(pairs) > 0).astype(np.int64)
