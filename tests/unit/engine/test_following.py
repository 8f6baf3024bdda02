"""A cohort that follows its people ends where a cohort built and solved anew would."""

from dataclasses import replace

import numpy as np
import pytest

from services.matching.domain.gates import allowed
from services.matching.domain.people import Person
from services.matching.domain.pool import Pool
from services.matching.domain.score import score
from services.matching.domain.tree import above
from services.matching.engine.following import Following, Found
from services.matching.engine.given import People, people
from services.matching.engine.match import match
from services.matching.engine.people import cohort
from tests.unit.engine.persons import person
from tests.unit.engine.test_rows import NOW, random_people


def fresh(given: People) -> tuple[int, int]:
    """(pairs, welfare with the bonus of drafts) of everybody solved anew."""
    found = match(cohort(given), given.pool.rules.objective, given)
    assert found.gap == 0.0
    return len(found.pairs), found.welfare


def worth(given: People, found: Found) -> tuple[int, int]:
    """The same of what was found, checked pair by pair against gates, score and places."""
    mentees = {p.enrollment: p for p in given.mentees}
    mentors = {p.enrollment: (row, p) for row, p in enumerate(given.pool.mentors)}
    taken: dict[str, int] = {}
    total = 0
    for (one, other), points in found.pairs.items():
        row, mentor = mentors[other]
        assert allowed(mentees[one], given.pool)[row]
        alone = Pool((mentor,), given.pool.rules, NOW, given.pool.managers)
        assert points == score(mentees[one], mentor, alone) >= given.pool.rules.minimum
        total += points + given.pool.rules.draft_bonus * ((one, other) in given.drafts)
        taken[one] = taken.get(one, 0) + 1
        taken[other] = taken.get(other, 0) + 1
    everybody = mentees | {name: each for name, (_, each) in mentors.items()}
    assert all(count <= everybody[name].free for name, count in taken.items())
    return len(found.pairs), total


def another(rng: np.random.Generator, role: str, number: int, before: Person | None) -> Person:
    found = person(rng, role, number, 9)
    if before is None:
        return found
    return replace(found, enrollment=before.enrollment, participant=before.participant)


def moved(rng: np.random.Generator, known: dict[str, Person], tree: dict[str, str | None]) -> list[Person]:
    """Somebody gets another manager, or none: they and all below them, as they were."""
    names = sorted({p.participant for p in known.values()})
    one, other = names[int(rng.integers(len(names)))], names[int(rng.integers(len(names)))]
    tree[one] = other if rng.random() < 0.8 and one != other else None
    return [p for p in known.values() if one in (p.participant, *above(tree, p.participant, None))]


@pytest.mark.parametrize("objective", ["participation", "score"])
@pytest.mark.parametrize("seed", range(25))
def test_after_every_change_it_is_as_good_as_everybody_solved_anew(objective: str, seed: int) -> None:
    given = random_people(seed)
    rules = replace(given.pool.rules, objective=objective)  # type: ignore[arg-type]
    given = people(given.mentees, given.pool.mentors, rules, NOW, given.pool.managers, given.drafts)
    follows = Following(given)
    found = follows.found("solved")
    assert worth(given, found) == fresh(given)
    assert (found.gap, found.proof_current) == (0.0, True)
    rng = np.random.default_rng([seed, 5])
    known = {p.enrollment: p for p in (*given.mentees, *given.pool.mentors)}
    tree: dict[str, str | None] = dict(given.pool.managers)
    for turn in range(20):
        changed = moved(rng, known, tree) if turn % 3 == 0 else []
        for _ in range(int(rng.integers(1, 4))):
            role = ["mentee", "mentor"][int(rng.integers(0, 2))]
            twice = {p.enrollment for p in changed}
            of_role = [p for p in known.values() if p.role == role and p.enrollment not in twice]
            newcomer = not of_role or rng.random() < 0.2
            before = None if newcomer else of_role[int(rng.integers(0, len(of_role)))]
            changed.append(another(rng, role, 500 + 10 * turn + len(changed), before))
        known |= {p.enrollment: p for p in changed}
        now = people(
            [p for p in known.values() if p.role == "mentee"],
            [p for p in known.values() if p.role == "mentor"],
            rules,
            NOW,
            dict(tree),
            found.pairs,
        )
        found = follows.change(changed, NOW, tree)
        assert all(follows.knows(each, tree) for each in changed)
        assert worth(now, found) == fresh(now)
        if turn % 7 == 6:
            now = people(now.mentees, now.pool.mentors, rules, NOW, now.pool.managers, found.pairs)
            found = follows.renew()
            assert worth(now, found) == fresh(now)
            assert found.proof_current


def test_more_newcomers_than_there_is_room_for_are_taken_in() -> None:
    given = random_people(4)
    follows = Following(given)
    rng = np.random.default_rng(9)
    many = [person(rng, ["mentee", "mentor"][n % 2], 300 + n, 9) for n in range(300)]
    found = follows.change(many, NOW, {})
    now = people(
        [*given.mentees, *many[::2]],
        [*given.pool.mentors, *many[1::2]],
        given.pool.rules,
        NOW,
        given.pool.managers,
    )
    assert found.how == "solved"
    assert worth(replace(now, drafts=frozenset()), found)[0] == fresh(now)[0]


def test_who_would_fit_is_counted_as_the_gates_say() -> None:
    counted = 0
    for seed in range(30):
        given = random_people(seed)
        rules = replace(given.pool.rules, minimum=0)
        given = people(given.mentees, given.pool.mentors, rules, NOW, given.pool.managers)
        spares = [p for p in given.pool.mentors if p.free]
        follows = Following(given)
        counts = follows.fits([p.enrollment for p in spares])
        for spare, count in zip(spares, counts, strict=True):
            alone = Pool((spare,), rules, NOW, given.pool.managers)
            by_hand = sum(bool(allowed(p, alone)[0]) for p in given.mentees if p.free)
            assert count == by_hand
            counted += count
    assert counted
