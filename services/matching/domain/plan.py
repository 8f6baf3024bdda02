"""One cohort's best pairing: everybody who is free, all at once, under places; and why someone is left over.

Pairs that people were shown, and living ones, are not in the problem at all: their places are taken
(`Person.held`) and their partners are `past`, so nothing here can move them. Drafts are in it and carry a
bonus, so that they move only for a gain worth the churn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from services.matching.domain.gates import allowed
from services.matching.domain.people import SCALE, Person, Rules
from services.matching.domain.pool import Pool
from services.matching.domain.reasons import Left, spare, why_left
from services.matching.domain.score import Points, scores

ALL_EDGES = 4_000_000
"""Up to so many mentee × mentor cells every possible pair is a candidate; 4 million edges are 48 MB."""
CANDIDATES = 64
"""Beyond that, so many of each mentee's best; a mentee left over then gets all of theirs."""
ROUNDS = 4


class Solution(Protocol):
    pairs: Any
    """Rows (mentee, mentor) of shape (k, 2)."""
    welfare: Any
    upper_bound: Any


class Solve(Protocol):
    """`services.matching.engine.assign.solve`: exact assignment on a CSR graph mentee → mentor."""

    def __call__(
        self,
        indptr: NDArray[np.int64],
        indices: NDArray[np.int32],
        scores: NDArray[np.int64],
        capacities: NDArray[np.int64],
        demands: NDArray[np.int64] | None = None,
        objective: Any = "score",
    ) -> Any: ...


@dataclass(frozen=True)
class Cohort:
    """Everything a plan depends on. `drafts` are (mentee's enrollment, mentor's enrollment)."""

    rules: Rules
    now: datetime
    mentors: Sequence[Person]
    mentees: Sequence[Person]
    managers: Mapping[str, str] = field(default_factory=dict)
    drafts: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Chosen:
    """Two enrollments that should be a draft, with their score without any bonus."""

    mentee: str
    mentor: str
    score: int


@dataclass(frozen=True)
class Plan:
    chosen: tuple[Chosen, ...]
    left: tuple[Left, ...]
    welfare: int
    """Sum of the chosen pairs' scores, without bonus."""


@dataclass
class Row:
    """The candidates of one mentee: rows of mentors and the scores to solve with."""

    mentors: NDArray[np.int32]
    raw: Points
    bonused: Points
    cut: bool
    """There were more possible mentors than are kept."""


def row_of(mentee: Person, pool: Pool, drafted: NDArray[np.int64], keep: int | None) -> Row:
    """Every mentor whom the gates allow at the program's minimum or above; the `keep` best of them."""
    raw = scores(mentee, pool)
    possible = allowed(mentee, pool) & (raw >= pool.rules.minimum)
    bonused = raw.copy()
    bonused[drafted] += pool.rules.draft_bonus
    rows = np.flatnonzero(possible)
    cut = keep is not None and len(rows) > keep
    if keep is not None and cut:
        best = np.argpartition(-bonused[rows], keep)[:keep]
        rows = np.sort(rows[best])
    return Row(rows.astype(np.int32), raw[rows], bonused[rows], cut)


def make_plan(cohort: Cohort, solve: Solve) -> Plan:
    """The assignment with the most people, then the most benefit (or the most benefit alone), with reasons.

    Equal input gives an equal plan: people are taken in the order of their enrollment ids.
    """
    mentors = sorted(cohort.mentors, key=lambda person: person.enrollment)
    mentees = sorted(cohort.mentees, key=lambda person: person.enrollment)
    pool = Pool(mentors, cohort.rules, cohort.now, cohort.managers)
    seekers = [person for person in mentees if person.free]
    pairs, possible = _assign(cohort, seekers, pool, solve)
    matched_mentees = {pair.mentee for pair in pairs}
    matched_mentors = {pair.mentor for pair in pairs}
    left = [
        why_left(person, pool)
        for person in seekers
        if person.enrollment not in matched_mentees and not person.held
    ]
    left += [
        spare(mentor, int(possible[row]))
        for row, mentor in enumerate(mentors)
        if mentor.free and not mentor.held and mentor.enrollment not in matched_mentors
    ]
    return Plan(tuple(pairs), tuple(left), sum(pair.score for pair in pairs))


def _assign(
    cohort: Cohort, seekers: Sequence[Person], pool: Pool, solve: Solve
) -> tuple[list[Chosen], NDArray[np.int64]]:
    possible = np.zeros(pool.size, dtype=np.int64)
    if not seekers or not pool.size:
        return [], possible
    keep = None if len(seekers) * pool.size <= ALL_EDGES else CANDIDATES
    positions = {mentor.enrollment: row for row, mentor in enumerate(pool.mentors)}
    drafts = _drafted(cohort.drafts, positions)
    none = np.zeros(0, dtype=np.int64)
    rows = [row_of(mentee, pool, drafts.get(mentee.enrollment, none), keep) for mentee in seekers]
    for row in rows:
        possible[row.mentors] += 1
    for _ in range(ROUNDS):
        pairs = _solve(cohort.rules, seekers, pool, rows, solve)
        served = {pair.mentee for pair in pairs}
        short = [i for i, row in enumerate(rows) if row.cut and seekers[i].enrollment not in served]
        if not short:
            break
        for i in short:
            mentee = seekers[i]
            rows[i] = row_of(mentee, pool, drafts.get(mentee.enrollment, none), None)
    return pairs, possible


def _drafted(
    drafts: frozenset[tuple[str, str]], positions: Mapping[str, int]
) -> dict[str, NDArray[np.int64]]:
    rows: dict[str, list[int]] = {}
    for mentee, mentor in drafts:
        if mentor in positions:
            rows.setdefault(mentee, []).append(positions[mentor])
    return {mentee: np.array(found, dtype=np.int64) for mentee, found in rows.items()}


def _solve(
    rules: Rules, seekers: Sequence[Person], pool: Pool, rows: Sequence[Row], solve: Solve
) -> list[Chosen]:
    lengths = np.array([len(row.mentors) for row in rows], dtype=np.int64)
    if not lengths.sum():
        return []
    indptr = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    solution = solve(
        indptr,
        np.concatenate([row.mentors for row in rows]),
        np.concatenate([row.bonused for row in rows]),
        np.array([mentor.free for mentor in pool.mentors], dtype=np.int64),
        np.array([mentee.free for mentee in seekers], dtype=np.int64),
        rules.objective,
    )
    chosen = []
    for i, j in np.asarray(solution.pairs).reshape(-1, 2).tolist():
        at = int(np.searchsorted(rows[i].mentors, j))
        raw = min(SCALE, int(rows[i].raw[at]))
        chosen.append(Chosen(seekers[i].enrollment, pool.mentors[j].enrollment, raw))
    return sorted(chosen, key=lambda pair: (pair.mentee, pair.mentor))
