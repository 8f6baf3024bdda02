"""Skills: what the mentee seeks against what the mentor offers, by level 1-5."""

import numpy as np
from numpy.typing import NDArray

from services.matching.domain.people import Person
from services.matching.domain.pool import Pool, Shares
from services.matching.domain.terms import Term

TOLD = 5
"""How many skills a sentence names at most."""


def _levels(pool: Pool) -> dict[str, NDArray[np.int16]]:
    """Skill → the level each mentor offers it at, 0: not offered."""
    columns: dict[str, NDArray[np.int16]] = {}
    for row, mentor in enumerate(pool.mentors):
        for skill, level in mentor.skills.items():
            if skill not in columns:
                columns[skill] = np.zeros(pool.size, dtype=np.int16)
            columns[skill][row] = level
    return columns


def _offers_nothing(pool: Pool) -> NDArray[np.bool_]:
    return np.array([not mentor.skills for mentor in pool.mentors], dtype=np.bool_)


def shares(mentee: Person, pool: Pool) -> Shares:
    """Σ min(offered, sought) ÷ Σ sought: a skill sought at a higher level weighs more."""
    wanted = sum(mentee.skills.values())
    if not wanted:
        return pool.unknown()
    columns = pool.column(_levels)
    covered = np.zeros(pool.size)
    for skill, level in mentee.skills.items():
        if skill in columns:
            covered += np.minimum(columns[skill], level)
    return np.where(pool.column(_offers_nothing), np.nan, covered / wanted)


def _met(mentee: Person, mentor: Person) -> list[str]:
    met = [skill for skill in mentee.skills if mentor.skills.get(skill, 0) > 0]
    return sorted(met, key=lambda skill: (-min(mentor.skills[skill], mentee.skills[skill]), skill))[:TOLD]


def sentence(mentee: Person, mentor: Person, pool: Pool) -> str:
    met = _met(mentee, mentor)
    if not met:
        return "Offers none of the skills sought"
    parts = (f"{skill} at level {mentor.skills[skill]} for {mentee.skills[skill]}" for skill in met)
    return "Offers what is sought: " + ", ".join(parts)


def told(mentee: Person, mentor: Person, pool: Pool) -> str | None:
    met = _met(mentee, mentor)
    return "What is sought is offered: " + ", ".join(met) if met else None


TERM = Term("skills", shares, sentence, told, asks="the skills you seek or offer")
