"""The engine's answers against solvers that share nothing with it, on thousands of small cohorts."""

from collections import Counter

import numpy as np
import pytest

from services.matching.engine import assign as module
from services.matching.engine import match as search_module
from services.matching.engine.assign import Assignment, solve
from services.matching.engine.flow import flow
from services.matching.engine.graph import BadGraph, Objective, graph
from tests.unit.engine.cohorts import Cohort, best_by_places, best_by_program, cohort


def check(given: Cohort, objective: Objective, expected: tuple[int, int]) -> None:
    """Feasible, as good as the independent optimum, and proved by its own prices."""
    starts, columns, points = given.csr
    found = solve(starts, columns, points, given.capacities, given.demands, objective)
    pairs = [(int(mentee), int(mentor)) for mentee, mentor in found.pairs]
    assert len(set(pairs)) == len(pairs)
    assert all(given.mask[pair] for pair in pairs)
    assert all(load <= given.capacities[mentor] for mentor, load in Counter(b for _, b in pairs).items())
    assert all(load <= given.demands[mentee] for mentee, load in Counter(a for a, _ in pairs).items())
    assert found.welfare == sum(int(given.points[pair]) for pair in pairs)
    people, welfare = expected
    assert found.welfare == welfare
    if objective == "participation":
        assert len(pairs) == people
    assert (found.people_bound, found.upper_bound, found.gap) == (len(pairs), welfare, 0.0)
    assert bound_by_hand(given, found) == (found.people_bound if people >= 0 else 0, found.upper_bound)


def bound_by_hand(given: Cohort, found: Assignment) -> tuple[int, int]:
    """The upper bound over the whole pool, from the definition: Σᵢ dᵢ best positive s − v, plus Σ cap · v.

    Under participation prices and gains are (people, points), compared in that order.
    """
    first = 1 if found.objective == "participation" else 0
    prices = list(zip(found.people_prices.tolist(), found.prices.tolist(), strict=True))
    assert all(price >= (0, 0) for price in prices)
    people = points = 0
    for mentee, wanted in enumerate(given.demands.tolist()):
        gains = [
            (first - prices[mentor][0], int(given.points[mentee, mentor]) - prices[mentor][1])
            for mentor in np.flatnonzero(given.mask[mentee]).tolist()
        ]
        for gain in sorted((gain for gain in gains if gain > (0, 0)), reverse=True)[:wanted]:
            people, points = people + gain[0], points + gain[1]
    for places, price in zip(given.capacities.tolist(), prices, strict=True):
        usable = min(places, len(given.demands))
        people, points = people + usable * price[0], points + usable * price[1]
    return people, points


@pytest.mark.parametrize("objective", ["score", "participation"])
def test_two_thousand_cohorts_with_one_wish_each(objective: Objective) -> None:
    for seed in range(2000):
        given = cohort(seed, wishes=False)
        check(given, objective, best_by_places(given, participation=objective == "participation"))


@pytest.mark.parametrize("objective", ["score", "participation"])
def test_several_mentors_each_and_never_the_same_twice(objective: Objective) -> None:
    for seed in range(400):
        given = cohort(seed, wishes=True)
        check(given, objective, best_by_program(given, participation=objective == "participation"))


@pytest.mark.parametrize("objective", ["score", "participation"])
def test_dense_graphs_are_thinned_and_still_proved_whole(
    objective: Objective, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "DENSE", -1)
    monkeypatch.setattr(search_module, "KEEP_ROUGH", 2)
    monkeypatch.setattr(search_module, "KEEP", 3)
    for seed in range(400):
        given = cohort(seed, wishes=False)
        check(given, objective, best_by_places(given, participation=objective == "participation"))
        given = cohort(seed, wishes=True)
        if seed % 4 == 0:
            check(given, objective, best_by_program(given, participation=objective == "participation"))


@pytest.mark.parametrize("objective", ["score", "participation"])
def test_wide_tables_are_looked_at_a_block_at_a_time(
    objective: Objective, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_module, "KEEP_ROUGH", 2)
    monkeypatch.setattr(search_module, "KEEP", 3)
    for seed in range(16):
        rng = np.random.default_rng([seed, 6])
        n, m = int(rng.integers(60, 150)), int(rng.integers(97, 260))
        points = rng.integers(0, [4, 400_000][seed % 2], (n, m)) + rng.integers(0, 100_000, m)
        places = np.where(rng.random(m) < [0.0, 0.3, 0.97, 1.0][seed % 4], 0, rng.integers(0, 3, m))
        given = Cohort("wide", np.ones((n, m), np.bool_), points, places, np.ones(n, np.int64))
        check(given, objective, best_by_places(given, participation=objective == "participation"))


@pytest.mark.parametrize("objective", ["score", "participation"])
def test_another_order_of_the_same_people_gives_the_same_welfare(objective: Objective) -> None:
    rng = np.random.default_rng(8)
    for seed in range(200):
        given = cohort(seed, wishes=True)
        rows, columns = rng.permutation(given.mask.shape[0]), rng.permutation(given.mask.shape[1])
        turned = Cohort(
            given.kind,
            given.mask[np.ix_(rows, columns)],
            given.points[np.ix_(rows, columns)],
            given.capacities[columns],
            given.demands[rows],
        )
        one = solve(*given.csr, given.capacities, given.demands, objective)
        two = solve(*turned.csr, turned.capacities, turned.demands, objective)
        again = solve(*given.csr, given.capacities, given.demands, objective)
        assert one.welfare == two.welfare
        assert np.array_equal(one.pairs, again.pairs)


def test_most_people_comes_before_any_benefit() -> None:
    # Mentee 0 alone could bring 1,000,000 with mentor 0; both are served only if mentee 0 takes 1 point.
    graph = ([0, 2, 3], [0, 1, 0], [1_000_000, 1, 0], [1, 1])
    assert solve(*graph, objective="participation").pairs.tolist() == [[0, 1], [1, 0]]
    assert solve(*graph, objective="score").pairs.tolist()[0] == [0, 0]


@pytest.mark.parametrize("objective", ["score", "participation"])
def test_the_top_score_for_a_million_people_fits(objective: Objective) -> None:
    people = 1_000_000
    # Everybody has a mentor of their own, and one of ten whom all want.
    scores = np.full(2 * people, 1_030_000)
    mentors = np.stack([np.arange(people), people + np.arange(people) % 10], axis=1).reshape(-1)
    places = np.concatenate([np.ones(people, np.int64), np.full(10, people)])
    places[: people // 2] = 0
    found = solve(np.arange(people + 1) * 2, mentors, scores, places, objective=objective)
    assert found.welfare == found.upper_bound == people * 1_030_000
    assert len(found.pairs) == found.people_bound == people


@pytest.mark.parametrize(
    ("graph", "words"),
    [
        (([0, 1], [0], [float("nan")], [1]), "scores must be whole numbers"),
        (([0, 1], [0], [1.5], [1]), "scores must be whole numbers"),
        (([0, 1], [0], [-1], [1]), "scores[0] is negative"),
        (([0, 1], [0], [5], [-2]), "capacities[0] is negative"),
        (([0, 1], [0], [5], [1], [-1]), "demands[0] is negative"),
        (([0, 1], [3], [5], [1]), "a mentor outside 0 … 0"),
        (([0, 2], [0], [5], [1]), "indptr ends at 2"),
        (([0, 1, 0], [0], [5], [1]), "indptr falls after mentee 1"),
        (([1, 1], [], [], [1]), "indptr must begin with 0"),
        (([0, 2], [0, 0], [5, 6], [1]), "mentee 0 has mentor 0 twice"),
        (([0, 1], [0], [5], [1], [1, 1]), "demands holds 2 mentees, indptr 1"),
        (([0, 1], [0], [2**62], [1]), "scores[0] is above"),
        (([0, 1], [0], [[5]], [1]), "scores must have one dimension"),
    ],
)
def test_what_is_no_cohort_is_refused_with_its_place(graph: tuple[object, ...], words: str) -> None:
    with pytest.raises(BadGraph) as refused:
        solve(*graph)
    assert words in str(refused.value)


def test_an_unknown_objective_is_refused() -> None:
    with pytest.raises(ValueError, match="objective must be"):
        solve([0], [], [], [], objective="most")  # type: ignore[arg-type]


@pytest.mark.parametrize("participation", [False, True])
def test_ours_and_min_cost_flow_agree_on_larger_cohorts(participation: bool) -> None:
    rng = np.random.default_rng(21)
    for _ in range(60):
        mentees, mentors = (int(x) for x in rng.integers(20, 120, 2))
        mask = rng.random((mentees, mentors)) < rng.choice([0.05, 0.3])
        popular = rng.integers(0, 300_000, mentors)
        points = rng.integers(0, rng.choice([5, 700_000]), mask.shape) + popular
        given = Cohort("flow", mask, points, rng.integers(0, 5, mentors), rng.integers(0, 3, mentees))
        checked = graph(*given.csr, given.capacities, given.demands)
        peer = flow(checked, participation=participation)
        pairs = len(peer) if participation else -1
        check(given, "participation" if participation else "score", (pairs, int(checked.scores[peer].sum())))
