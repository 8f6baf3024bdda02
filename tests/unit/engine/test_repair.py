"""After every change the repaired solution is as good as a fresh one, and proves itself."""

from collections import Counter

import numpy as np
import pytest

from services.matching.engine.assign import solve
from services.matching.engine.graph import BadGraph, Objective, graph
from services.matching.engine.repair import Change, MenteeChange, MentorChange, Standing

Weights = dict[tuple[int, int], int]


def fresh(world: Weights, places: list[int], wishes: list[int], objective: Objective) -> tuple[int, int]:
    """(pairs, welfare) by solving anew; the pairs under score are not unique, so −1."""
    edges = sorted(world)
    starts = np.concatenate([[0], np.cumsum(np.bincount([i for i, _ in edges], minlength=len(wishes)))])
    found = solve(
        starts.astype(np.int64),
        np.array([j for _, j in edges], np.int64),
        np.array([world[edge] for edge in edges], np.int64),
        places,
        wishes,
        objective,
    )
    return (len(found.pairs) if objective == "participation" else -1), found.welfare


def standing(
    world: Weights, places: list[int], wishes: list[int], objective: Objective, bonus: int = 0
) -> Standing:
    edges = sorted(world)
    starts = np.concatenate([[0], np.cumsum(np.bincount([i for i, _ in edges], minlength=len(wishes)))])
    return Standing(
        graph(
            starts.astype(np.int64),
            np.array([j for _, j in edges], np.int64),
            np.array([world[edge] for edge in edges], np.int64),
            places,
            wishes,
        ),
        objective,
        bonus=bonus,
    )


@pytest.mark.parametrize("objective", ["score", "participation"])
@pytest.mark.parametrize(("seed", "bonus"), [(0, 0), (1, 0), (2, 1), (3, 30_000), (5, 300_000)])
def test_two_hundred_changes_each_as_good_as_a_fresh_solve(
    objective: Objective, seed: int, bonus: int
) -> None:
    rng = np.random.default_rng([seed, 77])
    n, m = 30, 14
    top = [4, 1_000_000][seed % 2]
    places = [int(x) for x in rng.integers(0, 4, m)]
    wishes = [int(x) for x in rng.integers(0, 3, n)]
    world = {(i, j): int(rng.integers(0, top)) for i in range(n) for j in range(m) if rng.random() < 0.3}
    now = standing(world, places, wishes, objective, bonus)
    for turn in range(200):
        change: Change
        if rng.random() < 0.6:
            i = int(rng.integers(0, n))
            row = {int(j): int(rng.integers(0, top)) for j in rng.permutation(m)[: int(rng.integers(0, m))]}
            wishes[i] = int(rng.integers(0, 3))
            world = {edge: value for edge, value in world.items() if edge[0] != i}
            world |= {(i, j): value for j, value in row.items()}
            change = MenteeChange(i, list(row), list(row.values()), wishes[i])
        else:
            j = int(rng.integers(0, m))
            column = {
                int(i): int(rng.integers(0, top)) for i in rng.permutation(n)[: int(rng.integers(0, n))]
            }
            places[j] = int(rng.integers(0, 5))
            world = {edge: value for edge, value in world.items() if edge[1] != j}
            world |= {(i, j): value for i, value in column.items()}
            change = MentorChange(j, list(column), list(column.values()), places[j])
        stood = {(int(a), int(b)) for a, b in now.pairs}
        result = now.change(change)
        assert result.how == "repaired"
        check(now, world, places, wishes, objective, turn, stood, bonus)


def check(
    now: Standing,
    world: Weights,
    places: list[int],
    wishes: list[int],
    objective: Objective,
    turn: int,
    stood: frozenset[tuple[int, int]] | set[tuple[int, int]] = frozenset(),
    bonus: int = 0,
) -> None:
    """Optimal where what stood before the change counts the bonus, and proved with the bonus of what stands now."""
    worth = {edge: value + bonus * (edge in stood) for edge, value in world.items()}
    people, welfare = fresh(worth, places, wishes, objective)
    pairs = [(int(a), int(b)) for a, b in now.pairs]
    assert len(set(pairs)) == len(pairs), turn
    assert now.welfare == sum(world[pair] for pair in pairs), turn
    assert sum(worth[pair] for pair in pairs) == welfare, turn
    assert all(count <= places[j] for j, count in Counter(b for _, b in pairs).items()), turn
    assert all(count <= wishes[i] for i, count in Counter(a for a, _ in pairs).items()), turn
    bound_people, bound = now.bound()
    assert bound == now.welfare + bonus * len(pairs), turn
    if objective == "participation":
        assert len(pairs) == people == bound_people, turn


def test_a_burst_is_solved_anew_and_says_so() -> None:
    rng = np.random.default_rng(3)
    n, m = 60, 20
    places, wishes = [2] * m, [1] * n
    world = {(i, j): int(rng.integers(0, 1000)) for i in range(n) for j in range(m) if rng.random() < 0.4}
    now = standing(world, places, wishes, "score")
    changes: list[Change] = []
    for i in range(40):
        world = {edge: value for edge, value in world.items() if edge[0] != i} | {(i, 3): 5}
        changes.append(MenteeChange(i, [3], [5]))
    assert now.apply(changes).how == "solved"
    check(now, world, places, wishes, "score", 0)
    assert now.apply(changes[:2]).how == "repaired"
    check(now, world, places, wishes, "score", 1)


@pytest.mark.parametrize("objective", ["score", "participation"])
@pytest.mark.parametrize(("top", "spare"), [(3, 0), (3, -1), (1_000_000, 0), (1_000_000, 1), (1_000_000, -1)])
def test_where_every_place_is_taken_both_searches_meet(objective: Objective, top: int, spare: int) -> None:
    rng = np.random.default_rng([top, spare + 1, 9])
    n, m = 60, 20
    places, wishes = [3] * m, [1] * n
    places[0] += spare
    world = {(i, j): int(rng.integers(0, top)) for i in range(n) for j in range(m) if rng.random() < 0.5}
    now = standing(world, places, wishes, objective, top // 50)
    for turn in range(100):
        i = int(rng.integers(0, n))
        row = {int(j): int(rng.integers(0, top)) for j in rng.permutation(m)[:10]}
        world = {edge: value for edge, value in world.items() if edge[0] != i}
        world |= {(i, j): value for j, value in row.items()}
        stood = {(int(a), int(b)) for a, b in now.pairs}
        now.change(MenteeChange(i, list(row), list(row.values())))
        check(now, world, places, wishes, objective, turn, stood, top // 50)


def test_one_newcomer_moves_few() -> None:
    rng = np.random.default_rng(4)
    n, m = 400, 140
    world = {
        (i, int(j)): int(rng.integers(0, 1_000_000)) for i in range(n - 1) for j in rng.permutation(m)[:20]
    }
    now = standing(world, [3] * m, [1] * n, "score")
    row = [int(j) for j in rng.permutation(m)[:20]]
    assert 1 <= now.change(MenteeChange(n - 1, row, [500_000] * 20)).moved < 40
    assert len(now.pairs) == n


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (MenteeChange(9, [], []), "no mentee 9"),
        (MenteeChange(0, [5], [1]), "outside 0 … 1"),
        (MenteeChange(0, [0, 0], [1, 1]), "twice"),
        (MenteeChange(0, [0], [-1]), "a score is outside"),
        (MentorChange(7, [], [], 1), "no mentor 7"),
        (MentorChange(0, [], [], -1), "negative places"),
        (MentorChange(0, [0], [2**50], 1), "a score is outside"),
    ],
)
def test_what_is_no_change_is_refused(change: Change, words: str) -> None:
    now = standing({(0, 0): 5, (1, 1): 6}, [1, 1], [1, 1], "score")
    with pytest.raises(BadGraph) as refused:
        now.change(change)
    assert words in str(refused.value)
    assert now.welfare == 11
