"""Goals: how many of the mentee's goals the mentor helps with."""

import numpy as np
from numpy.typing import NDArray

from services.matching.domain.people import Person
from services.matching.domain.pool import Pool, Shares
from services.matching.domain.terms import Term


def _helping(pool: Pool) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = {}
    for row, mentor in enumerate(pool.mentors):
        for goal in mentor.goals:
            rows.setdefault(goal, []).append(row)
    return rows


def _names_none(pool: Pool) -> NDArray[np.bool_]:
    return np.array([not mentor.goals for mentor in pool.mentors], dtype=np.bool_)


def shares(mentee: Person, pool: Pool) -> Shares:
    """Goals in common ÷ the mentee's goals."""
    if not mentee.goals:
        return pool.unknown()
    helping = pool.column(_helping)
    common = np.zeros(pool.size)
    for goal in mentee.goals:
        common[helping.get(goal, [])] += 1
    return np.where(pool.column(_names_none), np.nan, common / len(mentee.goals))


def sentence(mentee: Person, mentor: Person, pool: Pool) -> str:
    common = sorted(mentee.goals & mentor.goals)
    return "Shared goals: " + ", ".join(common) if common else "No goal in common"


def told(mentee: Person, mentor: Person, pool: Pool) -> str | None:
    common = sorted(mentee.goals & mentor.goals)
    return "Shared goals: " + ", ".join(common) if common else None


TERM = Term("goals", shares, sentence, told, asks="what you want to reach, or like to help with")
