"""Blocking pairs, counted by hand and by the engine."""

import numpy as np

from services.matching.engine.assign import solve
from services.matching.engine.graph import graph
from services.matching.engine.stability import blocking
from tests.unit.engine.cohorts import Cohort, cohort


def by_hand(given: Cohort, pairs: list[list[int]]) -> int:
    count = 0
    for i, j in zip(*np.nonzero(given.mask), strict=True):
        if [i, j] in pairs or given.demands[i] == 0 or given.capacities[j] == 0:
            continue
        mine = [given.points[pair[0], pair[1]] for pair in pairs if pair[0] == i]
        theirs = [given.points[pair[0], pair[1]] for pair in pairs if pair[1] == j]
        wants = len(mine) < given.demands[i] or given.points[i, j] > min(mine)
        takes = len(theirs) < given.capacities[j] or given.points[i, j] > min(theirs)
        count += wants and takes
    return count


def test_as_counted_by_hand() -> None:
    total = 0
    for seed in range(300):
        given = cohort(seed, wishes=True)
        checked = graph(*given.csr, given.capacities, given.demands)
        found = solve(*given.csr, given.capacities, given.demands, "participation")
        count = blocking(checked, found.pairs)
        assert count == by_hand(given, found.pairs.tolist())
        total += count
    assert total > 0


def test_most_benefit_may_leave_a_blocking_pair() -> None:
    # Mentee 0 and mentor 0 would rather have each other (6), but the other two pairs bring 10 together, not 6 + 0.
    given = graph([0, 2, 4], [0, 1, 0, 1], [6, 5, 5, 0], [1, 1])
    found = solve([0, 2, 4], [0, 1, 0, 1], [6, 5, 5, 0], [1, 1])
    assert found.welfare == 10
    assert blocking(given, found.pairs) == 1
