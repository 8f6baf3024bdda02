"""Random small cohorts of every awkward kind, and solvers that share no code with the engine."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import LinearConstraint, linear_sum_assignment, milp
from scipy.sparse import csr_array

Ints = npt.NDArray[np.int64]
KINDS = ("plain", "ties", "equal", "zero", "star", "giant", "empty side", "nothing feasible", "large")


@dataclass(frozen=True)
class Cohort:
    kind: str
    mask: npt.NDArray[np.bool_]
    points: Ints
    capacities: Ints
    demands: Ints

    @property
    def csr(self) -> tuple[Ints, Ints, Ints]:
        rows, columns = np.nonzero(self.mask)
        starts = np.concatenate([[0], np.cumsum(self.mask.sum(axis=1))]).astype(np.int64)
        return starts, columns.astype(np.int64), self.points[rows, columns]


def cohort(seed: int, *, wishes: bool) -> Cohort:
    """Cohort number `seed`; the same number is the same cohort. wishes: mentees may want 0 to 3 mentors."""
    rng = np.random.default_rng([seed, 4])
    kind = KINDS[seed % len(KINDS)]
    mentees, mentors = (int(x) for x in rng.integers(1, 10, 2))
    if kind == "empty side":
        mentees, mentors = (0, mentors) if rng.random() < 0.5 else (mentees, 0)
    points = rng.integers(0, 1_000_001, (mentees, mentors))
    if kind == "ties":
        points = rng.integers(0, 4, (mentees, mentors))
    elif kind == "equal":
        points[:] = 7
    elif kind == "zero":
        points = np.where(rng.random(points.shape) < 0.6, 0, points)
    elif kind == "star" and mentors:
        points[:, 0] = 1_000_000
    elif kind == "large":
        points = 1_000_000 - rng.integers(0, 3, points.shape)
    mask = rng.random(points.shape) < rng.choice([0.2, 0.5, 0.9])
    if kind in ("giant", "star"):
        mask[:] = True
    if kind == "nothing feasible":
        mask[:] = False
    return Cohort(
        kind=kind,
        mask=mask,
        points=points.astype(np.int64),
        capacities=rng.integers(0, 4, mentors),
        demands=rng.integers(0, 4, mentees) if wishes else np.ones(mentees, np.int64),
    )


def best_by_places(given: Cohort, *, participation: bool) -> tuple[int, int]:
    """(pairs, welfare) of an optimum with one wish each: scipy's dense solver on one column per place.

    Under score only the welfare is unique, so pairs is -1.
    """
    columns = np.repeat(np.arange(len(given.capacities)), given.capacities)
    lift = 10**8 if participation else 0  # small cohorts only: far from any overflow
    table = np.where(given.mask, given.points + lift, 0)[:, columns]
    rows, chosen = linear_sum_assignment(table, maximize=True)
    total = int(table[rows, chosen].sum())
    return (total // lift, total % lift) if participation else (-1, total)


def best_by_program(given: Cohort, *, participation: bool) -> tuple[int, int]:
    """(pairs, welfare) of an optimum with any wishes: scipy's integer programming (HiGHS)."""
    rows, columns = np.nonzero(given.mask)
    count = len(rows)
    if count == 0:
        return (0 if participation else -1), 0
    places = np.arange(count)
    table = np.zeros((given.mask.shape[0] + given.mask.shape[1], count))
    table[rows, places] = 1
    table[given.mask.shape[0] + columns, places] = 1
    limits = np.concatenate([given.demands, given.capacities])
    gain = given.points[rows, columns] + (10**7 if participation else 0)
    found = milp(
        -gain.astype(float),
        constraints=LinearConstraint(csr_array(table), ub=limits),
        integrality=np.ones(count),
        bounds=(0, 1),
    )
    used = np.round(found.x).astype(np.int64)
    welfare = int((used * given.points[rows, columns]).sum())
    return (int(used.sum()) if participation else -1), welfare
