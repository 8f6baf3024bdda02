"""Values: how many of what matters to the mentee matters to the mentor as well."""

import numpy as np
from numpy.typing import NDArray

from services.matching.domain.people import Person
from services.matching.domain.pool import Pool, Shares
from services.matching.domain.terms import Term


def _holding(pool: Pool) -> dict[str, NDArray[np.int64]]:
    rows: dict[str, list[int]] = {}
    for row, mentor in enumerate(pool.mentors):
        for value in mentor.values:
            rows.setdefault(value, []).append(row)
    return {value: np.array(found) for value, found in rows.items()}


def _names_none(pool: Pool) -> NDArray[np.bool_]:
    return np.array([not mentor.values for mentor in pool.mentors], dtype=np.bool_)


def shares(mentee: Person, pool: Pool) -> Shares:
    """Values in common ÷ the mentee's values."""
    if not mentee.values:
        return pool.unknown()
    holding = pool.column(_holding)
    common = np.zeros(pool.size)
    for value in mentee.values:
        if value in holding:
            common[holding[value]] += 1
    return np.where(pool.column(_names_none), np.nan, common / len(mentee.values))


def told(mentee: Person, mentor: Person, pool: Pool) -> str | None:
    common = sorted(mentee.values & mentor.values)
    return "What matters to both: " + ", ".join(common) if common else None


def sentence(mentee: Person, mentor: Person, pool: Pool) -> str:
    return told(mentee, mentor, pool) or "No value in common"


TERM = Term("values", shares, sentence, told, asks="what matters to you")
