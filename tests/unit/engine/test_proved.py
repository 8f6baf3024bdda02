"""A standing solution says truly whether it is proved over the whole pool, and makes itself so again."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest

from services.matching.engine import match as search_module
from services.matching.engine import proved as module
from services.matching.engine.flow import flow
from services.matching.engine.graph import Graph, Objective, graph
from services.matching.engine.match import search
from services.matching.engine.proved import Proved
from services.matching.engine.repair import Change, MenteeChange, MentorChange
from services.matching.engine.sources import OfGraph

Ints = npt.NDArray[np.int64]


@dataclass
class World:
    """Everybody: scores, −1 where a pair is impossible."""

    scores: Ints
    places: Ints
    wishes: Ints
    top: int

    def graph(self, bonus: int = 0, stood: Ints | None = None) -> Graph:
        scores = self.scores.copy()
        if stood is not None:
            possible = scores[stood[:, 0], stood[:, 1]] >= 0
            scores[stood[possible, 0], stood[possible, 1]] += bonus
        rows, columns = np.nonzero(scores >= 0)
        starts = np.concatenate([[0], np.cumsum((scores >= 0).sum(axis=1))])
        return graph(starts, columns, scores[rows, columns], self.places, self.wishes)


def world(rng: np.random.Generator) -> World:
    n, m, top = int(rng.integers(20, 60)), int(rng.integers(6, 25)), int(rng.choice([6, 1_000_000]))
    scores = np.where(rng.random((n, m)) < 0.8, rng.integers(0, top, (n, m)), -1)
    return World(scores, rng.integers(0, 4, m), rng.integers(0, 3, n), top)


def standing(given: World, objective: Objective, bonus: int) -> Proved:
    found = search(OfGraph(given.graph()), objective)
    return Proved(found.graph, found, objective, bonus=bonus)


def next_change(rng: np.random.Generator, given: World, now: Proved) -> Change:
    """Somebody anew: `given` is changed, and the change tells of a few candidates and of who is outside."""
    n, m = given.scores.shape
    top = given.top
    if rng.random() < 0.6:
        i = int(rng.integers(0, n))
        given.scores[i] = np.where(rng.random(m) < 0.8, rng.integers(0, top, m), -1)
        given.wishes[i] = rng.integers(0, 3)
        got = OfGraph(given.graph()).best(np.array([i], np.int32), now.shown, 3)
        count = int(got.counts[0])
        rest = int(got.rest[0]) if rng.random() < 0.9 else None
        return MenteeChange(i, got.mentors[0, :count], got.scores[0, :count], int(given.wishes[i]), rest=rest)
    j = int(rng.integers(0, m))
    given.scores[:, j] = np.where(rng.random(n) < 0.8, rng.integers(0, top, n), -1)
    given.places[j] = rng.integers(0, 5)
    possible = np.flatnonzero(given.scores[:, j] >= 0)
    best = possible[np.argsort(now.gains[possible] - given.scores[possible, j], kind="stable")[:3]]
    everybody = given.scores[:, j] if rng.random() < 0.9 else None
    return MentorChange(j, best, given.scores[best, j], int(given.places[j]), everybody=everybody)


def best(given: Graph, objective: Objective) -> tuple[int, int]:
    """(pairs, welfare) over everybody; the pairs under score are not unique, so −1."""
    edges = flow(given, participation=objective == "participation")
    return (len(edges) if objective == "participation" else -1), int(given.scores[edges].sum())


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """So few candidates that many of the best mentors are outside."""
    monkeypatch.setattr(search_module, "KEEP_ROUGH", 2)
    monkeypatch.setattr(search_module, "KEEP", 3)
    monkeypatch.setattr(module, "KEEP", 3)


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("objective", ["score", "participation"])
@pytest.mark.parametrize("dear", [0, 0.03])
@pytest.mark.parametrize("seed", range(6))
def test_the_proof_is_true_after_every_change_and_prove_reaches_the_optimum(
    objective: Objective, dear: float, seed: int
) -> None:
    rng = np.random.default_rng([seed, 31])
    given = world(rng)
    bonus = int(np.ceil(dear * given.top))
    now = standing(given, objective, bonus)
    assert now.proof_current
    said = []
    for turn in range(60):
        batch = [next_change(rng, given, now)]
        result = now.apply(batch)
        said.append(result.proof_current)
        check(given, now, objective, bonus)
        assert result.proof_current == now.proof_current
        if turn % 3 == 0:
            assert now.prove(OfGraph(given.graph())).proof_current
            check(given, now, objective, bonus)
    assert len(set(said)) == 2  # some repairs kept the proof, some did not


def check(given: World, now: Proved, objective: Objective, bonus: int) -> None:
    """What stands is possible, the bound is above the optimum over everybody, and reached where it says so."""
    pairs = now.pairs
    assert (given.scores[pairs[:, 0], pairs[:, 1]] == now.scores).all()
    assert (np.bincount(pairs[:, 0], minlength=len(given.wishes)) <= given.wishes).all()
    assert (np.bincount(pairs[:, 1], minlength=len(given.places)) <= given.places).all()
    proof = now.proof()
    people, optimum = best(given.graph(bonus, pairs), objective)
    assert proof.welfare == int(now.scores.sum()) + bonus * len(pairs)
    assert proof.pairs == len(pairs)
    if objective == "participation":
        assert proof.people_bound >= people >= proof.pairs
    if people in (-1, proof.pairs):
        assert proof.upper_bound >= optimum >= proof.welfare
    assert proof.current == (proof.unproved == 0) == now.proof_current
    if proof.current:
        assert (proof.gap, proof.welfare) == (0.0, optimum)
        assert people in (-1, proof.pairs)


def test_only_the_rows_that_prices_no_longer_prove_are_fetched() -> None:
    rng = np.random.default_rng(3)
    n, m = 300, 100
    given = World(rng.integers(0, 1_000_000, (n, m)), np.full(m, 3), np.ones(n, np.int64), 1_000_000)
    now = standing(given, "score", 30_000)

    class Counted(OfGraph):
        rows = 0

        def best(self, mentees, prices, keep):  # type: ignore[no-untyped-def]
            Counted.rows += len(mentees)
            return super().best(mentees, prices, keep)

    for _ in range(20):
        now.apply([next_change(rng, given, now)])
        now.prove(Counted(given.graph()))
        check(given, now, "score", 30_000)
    print(Counted.rows)
    assert 0 < Counted.rows < 20 * n / 2


def test_newcomers_have_room_behind_the_rest() -> None:
    rng = np.random.default_rng(4)
    given = World(rng.integers(0, 1000, (20, 8)), np.full(8, 2), np.ones(20, np.int64), 1000)
    found = search(OfGraph(given.graph()), "participation")
    known = found.graph
    wide = Graph(
        np.concatenate([known.indptr, [known.indptr[-1]] * 2]),
        known.indices,
        known.scores,
        np.concatenate([known.capacities, [0, 0]]),
        np.concatenate([known.demands, [0, 0]]),
    )
    now = Proved(wide, found, "participation")
    assert now.proof_current
    given = World(
        rng.integers(0, 1000, (22, 10)),
        np.array([*given.places, 0, 0]),
        np.array([*given.wishes, 0, 0]),
        1000,
    )
    given.scores[:20, :8] = -1
    for row in range(20):
        edges = slice(known.indptr[row], known.indptr[row + 1])
        given.scores[row, known.indices[edges]] = known.scores[edges]
    given.places[9], given.wishes[21] = 3, 1
    column, row = given.scores[:, 9], given.scores[21]
    who = np.flatnonzero(row >= 0)
    now.apply(
        [
            MentorChange(9, np.arange(5), column[:5], 3, everybody=column),
            MenteeChange(21, who[:2], row[who[:2]], 1, rest=int((row - now.shown)[who[2:]].max())),
        ]
    )
    check(given, now, "participation", 0)
    assert now.prove(OfGraph(given.graph())).proof_current
    check(given, now, "participation", 0)
    assert len(now.pairs) == best(given.graph(), "participation")[0]
