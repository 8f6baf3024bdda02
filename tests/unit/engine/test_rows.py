"""The kernels score and gate every pair exactly as the domain does, one definition, two speeds."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from services.matching.domain.gates import GATES, Gate, allowed
from services.matching.domain.people import DEFAULT_WEIGHTS, Boost, Person, Rules
from services.matching.domain.pool import Pool, Shares
from services.matching.domain.score import scores
from services.matching.domain.terms import TERMS, Term, classed
from services.matching.engine import parts
from services.matching.engine.people import People, cohort, people
from services.matching.engine.sources import sums_of
from tests.unit.engine.persons import person

NOW = datetime(2026, 3, 2, tzinfo=UTC)
BOOSTS = (
    Boost(90_000, "pilot", mentee=(("country", ("de",)),)),
    Boost(
        700_000,
        mentee=(("field", ("Law",)), ("first_time", ("yes",))),
        mentor=(("site", ("NORTH", "south")),),
    ),
)
LINES = ("allow", "direct", "levels", "any")


def random_people(seed: int) -> People:
    rng = np.random.default_rng([seed, 7])
    mentees = [person(rng, "mentee", n, 9) for n in range(int(rng.integers(0, 9)))]
    mentors = [person(rng, "mentor", n, 9) for n in range(int(rng.integers(0, 12)))]
    names = [p.participant for p in (*mentees, *mentors)] or ["nobody"]
    managers = {
        str(a): str(b) for a, b in rng.choice(names, (len(names) // 2, 2))
    }  # cycles and self-managers too
    rules = Rules(
        reporting_line=LINES[seed % 4],  # type: ignore[arg-type]
        weights={name: int(rng.integers(0, 11)) for name in DEFAULT_WEIGHTS} if seed % 20 else {},
        minimum=int(rng.choice([0, 300_000, 550_000])),
        gates=frozenset({"training", "screening"} if seed % 3 == 0 else set()),
        overlap_wanted=int(rng.choice([0, 60, 120, 400])),
        boosts=BOOSTS if seed % 2 else (),
    )
    drafts = [(m.enrollment, o.enrollment) for m in mentees for o in mentors if rng.random() < 0.05]
    return people(mentees, mentors, rules, NOW, managers, drafts)


def compare(given: People) -> int:
    """Every pair, kernel against domain; returns how many were possible."""
    found = cohort(given)
    rules = given.pool.rules
    possible = 0
    sums = sums_of(given, found, np.arange(len(given.mentees), dtype=np.int32))
    for row, mentee in enumerate(given.mentees):
        raw = scores(mentee, given.pool)
        feasible = allowed(mentee, given.pool) & (raw >= rules.minimum) & (mentee.free > 0)
        bonused = raw + rules.draft_bonus * np.array(
            [(mentee.enrollment, mentor.enrollment) in given.drafts for mentor in given.pool.mentors],
            dtype=np.int64,
        )
        least = found.columns.minimum * found.columns.unit
        mine = (sums[row] >= max(0, least)) & (found.capacities > 0) & (found.demands[row] > 0)
        assert np.array_equal(mine, feasible)
        assert np.array_equal((sums[row] // found.columns.unit)[mine], bonused[feasible])
        possible += int(mine.sum())
    return possible


def test_every_pair_scores_as_the_domain_says() -> None:
    assert sum(compare(random_people(seed)) for seed in range(100)) > 500


def test_more_languages_than_a_word_holds() -> None:
    given = random_people(3)
    many = [
        replace(p, languages=tuple(f"x{(n * 7 + k) % 90}" for k in range(20)))
        for n, p in enumerate(given.pool.mentors)
    ]
    mentees = [replace(p, languages=(f"x{n * 11 % 90}", "x5")) for n, p in enumerate(given.mentees)]
    compare(people(mentees, many, given.pool.rules, NOW))


@pytest.fixture
def newcomer() -> Iterator[None]:
    """A term and a gate that the kernels have never heard of."""

    def shares(mentee: Person, pool: Pool) -> Shares:
        return np.array(
            [float("nan") if m.zone is None else float(m.zone == mentee.zone) for m in pool.mentors]
        )

    def same_places(mentee: Person, pool: Pool) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        return np.array([m.places != mentee.places for m in pool.mentors], dtype=np.bool_)

    TERMS["same zone"] = Term("same zone", shares, lambda *_: "", lambda *_: None, asks="where you are")
    GATES["parity"] = Gate("parity", same_places, hint="another number of places")
    yield
    del TERMS["same zone"], GATES["parity"]


def test_a_new_term_and_a_new_gate_work_at_once(newcomer: None) -> None:
    given = random_people(4)
    rules = replace(given.pool.rules, weights={**DEFAULT_WEIGHTS, "same zone": 4})
    compare(people(given.mentees, given.pool.mentors, rules, NOW))


@pytest.fixture
def classed_newcomer() -> Iterator[None]:
    """A classed term that nobody has heard of: two keys and a share, no more."""
    TERMS["luck"] = classed(
        "luck",
        mentee=lambda person: person.places,
        mentor=lambda person: None if person.seniority is None else person.seniority % 3,
        share=lambda mine, theirs: None if theirs is None else (mine + theirs) / 7,
        sentence=lambda *_: "",
        told=lambda *_: None,
        asks="",
    )
    yield
    del TERMS["luck"]


def test_a_new_classed_term_is_a_table_at_once(classed_newcomer: None) -> None:
    for seed in (4, 5):
        given = random_people(seed)
        rules = replace(given.pool.rules, weights={**DEFAULT_WEIGHTS, "luck": 9})
        with_luck = people(given.mentees, given.pool.mentors, rules, NOW)
        assert cohort(with_luck).rowwise == ()
        compare(with_luck)


def test_tables_that_would_be_too_large_are_asked_row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "MOST_CELLS", 30)
    counted = 0
    for seed in range(20):
        given = random_people(seed)
        counted += compare(given)
        found = cohort(given)
        assert "values" not in found.rowwise
        if found.rowwise and given.mentees:
            with pytest.raises(ValueError, match="asked of the people"):
                sums_of(None, found, np.zeros(1, np.int32))
    assert counted > 100


@pytest.mark.parametrize(("few", "shared"), [(0, 10**6), (10**6, 1), (3, 2)])
def test_however_tables_share_their_classes_the_sums_are_the_same(
    few: int, shared: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "FEW", few)
    monkeypatch.setattr(parts, "SHARED", shared)
    widths = set()
    for seed in range(20):
        given = random_people(seed)
        compare(given)
        widths.add(len(cohort(given).columns.group_classes))
    assert (max(widths) > 1) == (few < 10**6)
