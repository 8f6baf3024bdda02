"""One cohort's plan: what a pairing is made from, the pairs it has, and why someone is left over.

Pairs that people were shown, and living ones, are not in it at all: their places are taken (`Person.held`) and
their partners are `past`, so nothing here can move them. Drafts are in it and carry a bonus, so that they move
only for a gain worth the churn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from services.matching.domain.gates import allowed
from services.matching.domain.people import Person, Rules
from services.matching.domain.pool import Pool
from services.matching.domain.reasons import Left, spare, why_left


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
    gap: float = 0.0
    """Share of the welfare that is not proved to be the most there can be; 0.0 is proved optimal."""


def explain(cohort: Cohort, chosen: Sequence[Chosen], gap: float = 0.0) -> Plan:
    """The plan with these pairs: for everybody who is free, has nobody and gets nobody, the reason why."""
    mentors = sorted(cohort.mentors, key=lambda person: person.enrollment)
    pool = Pool(mentors, cohort.rules, cohort.now, cohort.managers)
    seekers = [person for person in cohort.mentees if person.free]
    matched = {pair.mentee for pair in chosen} | {pair.mentor for pair in chosen}
    left = [
        why_left(person, pool)
        for person in sorted(seekers, key=lambda person: person.enrollment)
        if person.enrollment not in matched and not person.held
    ]
    spares = [each for each in mentors if each.free and not each.held and each.enrollment not in matched]
    left += [
        spare(mentor, count) for mentor, count in zip(spares, _fits(cohort, seekers, spares), strict=True)
    ]
    ordered = tuple(sorted(chosen, key=lambda pair: (pair.mentee, pair.mentor)))
    return Plan(ordered, tuple(left), sum(pair.score for pair in chosen), gap)


def _fits(cohort: Cohort, seekers: Sequence[Person], spares: Sequence[Person]) -> list[int]:
    """How many of the mentees pass the gates with each of these mentors."""
    counts = np.zeros(len(spares), dtype=np.int64)
    if spares:
        pool = Pool(spares, cohort.rules, cohort.now, cohort.managers)
        for person in seekers:
            counts += allowed(person, pool)
    return [int(count) for count in counts]
