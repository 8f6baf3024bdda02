"""Why this pair, why not that one, and what would help."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from services.matching.domain.people import Person, Rules
from services.matching.domain.score import on_scale, score
from services.matching.engine.match import match
from services.matching.engine.people import cohort, people
from services.matching.engine.reasons import Explainer, missing
from tests.unit.engine.persons import person

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def mentor(name: str, **more: object) -> Person:
    return replace(Person(f"mentor {name}", name, "mentor", languages=("en",)), **more)  # type: ignore[arg-type]


def mentee(name: str, **more: object) -> Person:
    return replace(Person(f"mentee {name}", name, "mentee", languages=("en",)), **more)  # type: ignore[arg-type]


def explainer(
    mentees: list[Person], mentors: list[Person], rules: Rules, managers: dict[str, str] | None = None
) -> Explainer:
    given = people(mentees, mentors, rules, NOW, managers)
    columns = cohort(given)
    return Explainer(given, columns, match(columns, rules.objective))


def test_rank_and_who_would_have_been_better() -> None:
    seeks = {"python": 5}
    found = explainer(
        [mentee("a", skills=seeks), mentee("b", skills=seeks, choices=("star",))],
        [mentor("plain", skills={"python": 2}), mentor("star", skills=seeks)],
        Rules(),
    )
    assert found.matching.pairs.tolist() == [[0, 0], [1, 1]]
    why = found.why(0, 0)
    assert (why.rank, why.possible, why.better) == (2, 2, (1,))
    assert "Number 2 of 2" in why.sentence
    not_that = found.why_not(0, 1)
    assert not_that.needed is not None
    assert not_that.score is not None
    assert not_that.score <= not_that.needed
    assert found.why(1, 1).sentence == "The best of 2 possible mentors"


def test_every_pair_that_was_not_made_is_explained() -> None:
    rng = np.random.default_rng(3)
    rules = Rules(objective="score", minimum=350_000)
    found = explainer(
        [person(rng, "mentee", n, 20) for n in range(20)],
        [person(rng, "mentor", n, 20) for n in range(15)],
        rules,
    )
    made = {tuple(pair) for pair in found.matching.pairs.tolist()}
    kinds = set()
    for i in range(20):
        if found.cohort.demands[i] != 1:
            continue
        for j in range(15):
            if (i, j) in made or found.cohort.capacities[j] == 0:
                continue
            why = found.why_not(i, j)
            if why.gates:
                kinds.add("gates")
            elif why.needed is None:
                kinds.add("minimum")
                assert why.score is not None
                assert why.score < rules.minimum
            else:
                kinds.add("price")
                assert why.score is not None
                assert why.score <= why.needed  # the proof, pair by pair: nobody would gain by it
            assert why.sentence
    assert kinds == {"gates", "minimum", "price"}


def test_secret_gates_all_read_restricted() -> None:
    found = explainer(
        [mentee("a", excluded=frozenset({"x"}), promotion_pool="p")],
        [mentor("x"), mentor("y", promotion_pool="p"), mentor("z")],
        Rules(),
        {"a": "z"},
    )
    assert [found.why_not(0, row).gates for row in range(3)] == [
        ("restricted",),
        ("restricted",),
        ("reporting_line",),
    ]


def test_the_smallest_change_for_whoever_is_left() -> None:
    found = explainer([mentee("a", languages=("ja",)), mentee("b")], [mentor("x"), mentor("y")], Rules())
    assert found.left(0).change == "one more language: en (1 of the mentors who have a free place speak it)"
    skills = {"python": 3}
    full = explainer([mentee(name, skills=skills) for name in "ab"], [mentor("x", skills=skills)], Rules())
    lonely = ({0, 1} - {int(row) for row in full.matching.pairs[:, 0]}).pop()
    assert full.left(lonely).change == "one more place at a mentor who offers python (without one now: 1)"


def test_prices_are_shown_only_for_groups_of_five() -> None:
    skills = {"python": 3}
    mentors = [mentor(str(n), skills=skills) for n in range(5)]
    found = explainer([mentee(str(n + 10), skills=skills) for n in range(9)], mentors, Rules())
    assert missing(found.given.pool.mentors, found.cohort.capacities, found.matching.prices) == [
        ("python", 5, 1_000_000)
    ]
    four = explainer([mentee(str(n + 10), skills=skills) for n in range(9)], mentors[:4], Rules())
    assert missing(four.given.pool.mentors, four.cohort.capacities, four.matching.prices) == []


def test_a_score_is_the_domains_score() -> None:
    rng = np.random.default_rng(9)
    found = explainer(
        [person(rng, "mentee", n, 9) for n in range(9)],
        [person(rng, "mentor", n, 9) for n in range(9)],
        Rules(),
    )
    assert len(found.matching.pairs)
    for i, j in found.matching.pairs.tolist():
        expected = on_scale(score(found.given.mentees[i], found.given.pool.mentors[j], found.given.pool))
        assert found.why(i, j).score == expected
