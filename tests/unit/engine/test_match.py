"""Whole cohorts: candidates, prices and proof against a solver that sees every pair."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from services.matching.domain.gates import allowed
from services.matching.domain.people import Rules
from services.matching.domain.pool import Pool
from services.matching.domain.score import score
from services.matching.engine import match as module
from services.matching.engine.flow import flow
from services.matching.engine.graph import Graph, Objective, graph
from services.matching.engine.match import match
from services.matching.engine.people import People, cohort, people
from services.matching.engine.sources import sums_of
from tests.unit.engine.persons import person
from tests.unit.engine.test_rows import random_people

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def everything(given: People) -> Graph:
    """Every possible pair of a cohort, with bonus."""
    found = cohort(given)
    sums = sums_of(given, found, np.arange(found.mentees, dtype=np.int32))
    least = max(0, found.columns.minimum * found.columns.unit)
    mask = (sums >= least) & (found.capacities > 0)
    rows, columns = np.nonzero(mask)
    starts = np.concatenate([[0], np.cumsum(mask.sum(axis=1))])
    points = (sums // found.columns.unit)[rows, columns]
    return graph(starts, columns, points, found.capacities, found.demands)


def check(given: People, objective: Objective) -> float:
    """As good as the optimum over everybody, bound above it, nothing impossible; returns the gap."""
    whole = everything(given)
    best = flow(whole, participation=objective == "participation")
    found = match(cohort(given), objective, given)
    assert found.welfare == int(whole.scores[best].sum())
    if objective == "participation":
        assert len(found.pairs) == len(best) <= found.people_bound
    assert found.upper_bound >= found.welfare
    keys = set((whole.rows() * whole.mentors + whole.indices).tolist())
    assert all(int(a) * whole.mentors + int(b) in keys for a, b in found.pairs)
    assert (np.bincount(found.pairs[:, 1], minlength=whole.mentors) <= whole.capacities).all()
    assert (np.bincount(found.pairs[:, 0], minlength=whole.mentees) <= whole.demands).all()
    assert found.raw_welfare == found.welfare - given.pool.rules.draft_bonus * found.drafts_kept
    return found.gap


@pytest.mark.parametrize("objective", ["score", "participation"])
def test_small_cohorts_of_real_people(objective: Objective) -> None:
    assert {check(random_people(seed), objective) for seed in range(150)} == {0.0}


@pytest.mark.parametrize("objective", ["score", "participation"])
def test_few_candidates_still_reach_the_optimum_over_everybody(
    objective: Objective, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEEP_ROUGH", 2)
    monkeypatch.setattr(module, "KEEP", 3)
    for seed in range(25):
        rng = np.random.default_rng([seed, 12])
        mentees = [person(rng, "mentee", n, 60) for n in range(int(rng.integers(20, 70)))]
        mentors = [person(rng, "mentor", n, 60) for n in range(int(rng.integers(10, 50)))]
        rules = Rules(minimum=int(rng.choice([0, 450_000])))
        assert check(people(mentees, mentors, rules, NOW), objective) == 0.0


@pytest.mark.parametrize("objective", ["score", "participation"])
def test_the_bound_over_everybody_follows_from_the_prices_alone(objective: Objective) -> None:
    """Recomputed person by person with the domain's own gates and scores, from nothing but the prices."""
    lift = 4_000_000 if objective == "participation" else 0  # what a pair counts, beside its score
    for seed in range(40):
        given = random_people(seed)
        found = match(cohort(given), objective, given)
        bound = 0
        for mentee in given.mentees:
            possible = np.flatnonzero(allowed(mentee, given.pool)).tolist()
            gains = []
            for j in possible:
                mentor = given.pool.mentors[j]
                alone = Pool((mentor,), given.pool.rules, given.pool.now, given.pool.managers)
                points = score(mentee, mentor, alone)
                if points < given.pool.rules.minimum or not mentor.free:
                    continue
                if (mentee.enrollment, mentor.enrollment) in given.drafts:
                    points += given.pool.rules.draft_bonus
                gains.append(points + lift - int(found.prices[j]))
            bound += sum(sorted((gain for gain in gains if gain > 0), reverse=True)[: mentee.free])
        for mentor, price in zip(given.pool.mentors, found.prices.tolist(), strict=True):
            bound += min(mentor.free, len(given.mentees)) * price
        assert bound - lift * len(found.pairs) == found.upper_bound == found.welfare


def test_a_draft_moves_only_for_more_than_its_bonus() -> None:
    rng = np.random.default_rng(5)
    mentees = [replace(person(rng, "mentee", n, 20), places=1, held=0) for n in range(30)]
    mentors = [replace(person(rng, "mentor", n, 20), places=1, held=0) for n in range(30)]
    rules = Rules(reporting_line="allow")
    first = match(cohort(people(mentees, mentors, rules, NOW)))
    drafts = [(mentees[int(a)].enrollment, mentors[int(b)].enrollment) for a, b in first.pairs]
    moved = [replace(p, goals=frozenset({"goal 1"})) for p in mentees]
    kept = match(cohort(people(moved, mentors, rules, NOW, drafts=drafts)))
    free = match(cohort(people(moved, mentors, rules, NOW)))
    assert kept.gap == free.gap == 0.0
    assert kept.drafts_kept > np.isin(first.pairs[:, 0] * 99 + first.pairs[:, 1],
                                      free.pairs[:, 0] * 99 + free.pairs[:, 1]).sum()  # fmt: skip
    assert kept.raw_welfare <= free.raw_welfare


def test_nobody_at_all() -> None:
    found = match(cohort(people([], [], Rules(), NOW)))
    assert len(found.pairs) == 0
    assert found.gap == 0.0
