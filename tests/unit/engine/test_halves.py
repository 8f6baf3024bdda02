"""Halves of a cohort built apart, at different times, give the sums of a cohort built at once."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from services.matching.domain.people import Person
from services.matching.engine.columns import Cohort
from services.matching.engine.halves import MenteeHalf, MentorHalf, Numbering, mentee_half, mentor_half
from services.matching.engine.people import People, cohort, joined, people
from services.matching.engine.sources import sums_of
from tests.unit.engine.persons import person
from tests.unit.engine.test_rows import NOW, random_people


def sums(found: Cohort) -> np.ndarray[tuple[int, int], np.dtype[np.int32]]:
    """(mentees, mentors) of everybody; whoever has no place, or wants nobody, is as good as barred."""
    every = sums_of(None, found, np.arange(found.mentees, dtype=np.int32))
    every[:, found.capacities == 0] = -1
    every[found.demands == 0] = -1
    return np.maximum(every, -1)


def later(given: People, seed: int) -> tuple[People, Sequence[int], Sequence[int]]:
    """The same cohort with a few other people, newcomers too, and the rows of those who changed."""
    rng = np.random.default_rng([seed, 8])
    sides: list[list[Person]] = []
    changed: list[list[int]] = []
    for role, old in (("mentee", given.mentees), ("mentor", given.pool.mentors)):
        new = list(old)
        rows = sorted(rng.choice(len(old), min(len(old), 2), replace=False).tolist())
        for row in rows:
            # Anew with everything, a skill nobody had, and the enrollment that was theirs.
            other = person(rng, role, 60 + row, 9)
            skills = {**other.skills, f"new {row}": 3}
            new[row] = replace(
                other,
                enrollment=old[row].enrollment,
                participant=old[row].participant,
                skills=skills,
                languages=(*other.languages, f"x{row}"),
            )
        for extra in range(2):
            new.append(person(rng, role, 900 + extra, 9))
            rows.append(len(new) - 1)
        sides.append(new)
        changed.append(rows)
    mentees, mentors = sides
    pool = given.pool
    after = people(mentees, mentors, pool.rules, NOW, pool.managers, given.drafts)
    assert after.mentees == mentees
    assert after.pool.mentors == mentors
    return after, changed[0], changed[1]


def only(given: People, mentees: Sequence[int], mentors: Sequence[int]) -> People:
    pool = given.pool
    return people(
        [given.mentees[row] for row in mentees],
        [pool.mentors[row] for row in mentors],
        pool.rules,
        NOW,
        pool.managers,
    )


def halves(given: People) -> tuple[Numbering, MenteeHalf, MentorHalf]:
    numbering = Numbering()
    mentors = mentor_half(given, numbering)
    return numbering, mentee_half(given, numbering), mentors


@pytest.mark.parametrize("seed", range(40))
def test_a_few_changed_people_fit_into_halves_that_stand(seed: int) -> None:
    before = random_people(seed)
    after, changed_mentees, changed_mentors = later(before, seed)
    whole = sums(cohort(after))
    numbering, mentees, mentors = halves(before)
    few_mentees = mentee_half(only(after, changed_mentees, []), numbering)
    few_mentors = mentor_half(only(after, [], changed_mentors), numbering)

    all_mentors = mentors.replaced(changed_mentors, few_mentors)
    assert np.array_equal(
        sums(joined(few_mentees, all_mentors, after.drafts)), whole[np.array(changed_mentees, np.int64)]
    )
    all_mentees = mentees.replaced(changed_mentees, few_mentees)
    assert np.array_equal(
        sums(joined(all_mentees, few_mentors, after.drafts)), whole[:, np.array(changed_mentors, np.int64)]
    )
    assert np.array_equal(sums(joined(all_mentees, all_mentors, after.drafts)), whole)
    # What stood before is not touched: others may still be reading it.
    assert np.array_equal(sums(joined(mentees, mentors, before.drafts)), sums(cohort(before)))


def test_halves_of_other_rules_are_refused() -> None:
    given = random_people(2)
    numbering, _, mentors = halves(given)
    other = replace(given.pool.rules, minimum=7)
    with pytest.raises(ValueError, match="the same rules"):
        mentee_half(people(given.mentees, [], other, NOW), numbering)
    with pytest.raises(ValueError, match="another numbering"):
        joined(mentee_half(given, Numbering()), mentors)
