"""Tables in which most pairs are possible: every short way through them ends at the same proved optimum."""

import numpy as np
import pytest

from services.matching.engine import assign as module
from services.matching.engine import match as search_module
from services.matching.engine import tops
from services.matching.engine.assign import solve
from services.matching.engine.dense import OfTable, is_table
from services.matching.engine.graph import BadGraph, Objective, graph
from services.matching.engine.thresholds import OUTSIDE
from services.matching.engine.tops import seated
from tests.unit.engine.cohorts import Cohort, best_by_places, best_by_program
from tests.unit.engine.test_assign import check

KINDS = ("uniform", "ties", "equal", "zero", "half zero", "star", "product")


def table(seed: int, *, wishes: bool, holes: float = 0.0, closed: bool = True) -> Cohort:
    """Table number `seed`: square, wide, tall, one row or one column, with ties of every kind."""
    rng = np.random.default_rng([seed, 17])
    n, m = (int(x) for x in rng.integers(1, 14, 2))
    n, m = [(n, m), (n, n), (1, m), (n, 1)][int(rng.choice(4, p=[0.5, 0.3, 0.1, 0.1]))]
    kind = KINDS[seed % len(KINDS)]
    points = rng.integers(0, 1_000_001, (n, m))
    if kind == "ties":
        points = rng.integers(0, 3, (n, m)) * 33_333
    elif kind == "equal":
        points[:] = 7
    elif kind == "zero":
        points[:] = 0
    elif kind == "half zero":
        points *= rng.random((n, m)) < 0.5
    elif kind == "star":
        points[:, 0] = 1_000_000
    elif kind == "product":  # the longest chains of moves
        points = np.outer(np.arange(1, n + 1), np.arange(1, m + 1)) * 5_000
    return Cohort(
        kind=kind,
        mask=rng.random((n, m)) >= holes,
        points=points.astype(np.int64),
        capacities=rng.integers(0 if closed else 1, 4, m) if seed % 3 else np.ones(m, np.int64),
        demands=rng.integers(0, 4, n) if wishes else (rng.random(n) < 0.9).astype(np.int64),
    )


def served(given: Cohort) -> Cohort:
    """The same with those left out who wish for nobody: what scipy's solver can say of one wish each."""
    asks = given.demands > 0
    return Cohort(given.kind, given.mask[asks], given.points[asks], given.capacities, given.demands[asks])


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small tables are thinned like large ones, and nothing else may solve them."""

    def refuse(*_: object) -> None:
        raise AssertionError("this table needed another way")

    monkeypatch.setattr(module, "DENSE", -1)
    monkeypatch.setattr(module, "OfGraph", refuse)
    monkeypatch.setattr(search_module, "KEEP_ROUGH", 2)
    monkeypatch.setattr(search_module, "KEEP", 3)


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("objective", ["score", "participation"])
@pytest.mark.parametrize("holes", [0.0, 0.2])
def test_hundreds_of_tables_against_scipy(
    objective: Objective, holes: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    participation = objective == "participation"
    for short in (True, False):
        if not short:
            monkeypatch.setattr(module, "seated", lambda given, participation: None)
        for seed in range(350):
            given = table(seed, wishes=False, holes=holes)
            if given.mask.sum() * 4 >= given.mask.size:
                check(given, objective, best_by_places(served(given), participation=participation))


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("objective", ["score", "participation"])
def test_tables_with_several_wishes(objective: Objective) -> None:
    for seed in range(150):
        given = table(seed, wishes=True)
        check(given, objective, best_by_program(given, participation=objective == "participation"))


@pytest.mark.parametrize("participation", [False, True])
def test_everybody_at_their_best_is_found_wherever_it_exists(participation: bool) -> None:
    found = 0
    for seed in range(600):
        given = table(seed, wishes=False, closed=False)
        asks = (given.demands > 0) & (participation | (given.points.max(axis=1) > 0))
        most = int(given.points.max(axis=1)[asks].sum())
        wanted = (int(asks.sum()), most) if participation else (-1, most)
        exists = best_by_places(served(given), participation=participation) == wanted
        got = seated(graph(*given.csr, given.capacities, given.demands), participation=participation)
        assert (got is not None) == exists
        if got is not None:
            found += 1
            pairs, bound = got
            assert bound == most == int(given.points[pairs[:, 0], pairs[:, 1]].sum())
            assert np.array_equal(pairs[:, 0], np.flatnonzero(asks))
            assert (np.bincount(pairs[:, 1], minlength=len(given.capacities)) <= given.capacities).all()
    assert 100 < found < 500


def test_chains_of_moves_make_room_at_the_top() -> None:
    # Sorted so that everyone's first choice is taken by the one before, up to the last, who has no other.
    size = 200
    points = np.zeros((size, size), np.int64)
    points[np.arange(size - 1), np.arange(size - 1)] = points[np.arange(size - 1), np.arange(1, size)] = 9
    points[size - 1, 0] = 9
    given = Cohort("chain", points >= 0, points, np.ones(size, np.int64), np.ones(size, np.int64))
    check(given, "score", best_by_places(given, participation=False))
    got = seated(graph(*given.csr, given.capacities), participation=False)
    assert got is not None
    assert got[1] == 9 * size


def test_many_who_share_a_mentor_make_room_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tops, "PASSES", 100)  # look for as long as it takes
    rng = np.random.default_rng(3)
    outcomes = []
    for _ in range(300):
        n, m = 48, 8
        points = np.where(rng.random((n, m)) < np.linspace(0.06, 0.4, m), 9, 0)
        given = Cohort("shared", points >= 0, points, np.full(m, 6), np.ones(n, np.int64))
        got = seated(graph(*given.csr, given.capacities), participation=False)
        most = int(points.max(axis=1).sum())
        assert (got is not None) == (best_by_places(given, participation=False)[1] == most)
        outcomes.append(got is not None)
    assert 50 < sum(outcomes) < 250


@pytest.mark.parametrize("width", [1, 7, 8, 9, 60, 300])
def test_a_pass_keeps_the_best_of_each_row_and_knows_what_is_outside(width: int) -> None:
    rng = np.random.default_rng(width)
    for kind in range(6):
        n = 30
        points = rng.integers(0, [1, 4, 1_000_001][kind % 3], (n, width))
        mask = rng.random((n, width)) < [1.0, 0.6][kind % 2]
        mask[:, 0] = True
        given = Cohort("pass", mask, points, rng.integers(0, 3, width), np.ones(n, np.int64))
        checked = graph(*given.csr, given.capacities)
        assert is_table(checked)
        prices = rng.integers(0, [1, 3, 700_000][kind % 3], width)
        gains = np.where(mask & (given.capacities > 0), points - prices, OUTSIDE)
        for keep in (1, 3, 24):
            got = OfTable(checked).best(np.arange(n, dtype=np.int32), prices, min(keep, width))
            for i in range(n):
                mine = got.mentors[i, : got.counts[i]]
                assert len(set(mine.tolist())) == len(mine)
                assert np.array_equal(got.scores[i, : got.counts[i]], points[i, mine])
                best = np.sort(gains[i])[::-1][: len(mine)]
                assert np.array_equal(np.sort(gains[i, mine])[::-1], best)
                assert len(mine) == min(keep, int((gains[i] > OUTSIDE).sum()))
                outside = np.delete(gains[i], mine).max(initial=OUTSIDE)
                assert outside <= got.rest[i]
                assert got.rest[i] == OUTSIDE or got.rest[i] <= best[-1]


@pytest.mark.parametrize("objective", ["score", "participation"])
def test_a_table_in_any_order_and_of_any_size_of_scores(
    objective: Objective, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "DENSE", -1)
    rng = np.random.default_rng(5)
    for seed in range(60):
        given = table(seed, wishes=False)
        n, m = given.points.shape
        turned = rng.permuted(np.tile(np.arange(m), (n, 1)), axis=1)
        found = [
            solve(
                np.arange(n + 1) * m,
                columns.reshape(-1),
                np.take_along_axis(given.points, columns, axis=1).reshape(-1) * factor,
                given.capacities,
                given.demands,
                objective,
            )
            for columns, factor in (
                (np.tile(np.arange(m), (n, 1)), 1),
                (turned, 1),
                (turned, 100_000),  # above what a pass holds in 32 bits
            )
        ]
        assert found[0].gap == found[1].gap == found[2].gap == 0
        assert found[0].welfare == found[1].welfare == found[2].welfare / 100_000


@pytest.mark.parametrize(
    ("edge", "mentor", "score", "words"),
    [
        (5, 2, -1, "scores[5] is negative"),
        (5, 2, 2**41, "scores[5] is above"),
        (5, 1, 7, "mentee 1 has mentor 1 twice"),
        (5, 3, 7, "a mentor outside 0 … 2"),
        (5, -1, 7, "a mentor outside 0 … 2"),
    ],
)
def test_one_bad_edge_in_a_table_is_refused_with_its_place(
    edge: int, mentor: int, score: int, words: str
) -> None:
    mentors, scores = np.tile(np.arange(3), 3), np.full(9, 5)
    mentors[edge], scores[edge] = mentor, score
    with pytest.raises(BadGraph) as refused:
        solve([0, 3, 6, 9], mentors, scores, [1, 1, 1])
    assert words in str(refused.value)
