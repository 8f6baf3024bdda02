"""The peers, called as their users call them, on the numbers that ours gets."""

import sys
from typing import Any

import numpy as np
import numpy.typing as npt
from munkres import Munkres, make_cost_matrix
from scipy.optimize import linear_sum_assignment

from services.matching.engine.flow import flow
from services.matching.engine.graph import Graph

Ints = npt.NDArray[np.int64]


def munkres(table: Ints) -> int:
    """As mentor-match does (munkres 1.1.4): lists of lists, costs `sys.maxsize - score`, one dense square."""
    rows: Any = table.tolist()
    pairs = Munkres().compute(make_cost_matrix(rows, lambda score: sys.maxsize - score))
    return sum(rows[i][j] for i, j in pairs)


def scipy(table: Ints) -> int:
    """scipy's modified Jonker-Volgenant on the dense table."""
    rows, columns = linear_sum_assignment(table, maximize=True)
    return int(table[rows, columns].sum())


def scipy_places(table: Ints, places: int) -> int:
    """The same with one column for every place."""
    return scipy(np.repeat(table, places, axis=1))


def ortools(graph: Graph) -> int:
    """OR-tools' min-cost flow on the same sparse candidates."""
    return int(graph.scores[flow(graph, participation=False)].sum())
