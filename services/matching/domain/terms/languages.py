"""Languages: whether each can speak the one they like best (that there is one in common at all is a gate)."""

import numpy as np

from services.matching.domain.people import Person
from services.matching.domain.pool import Pool, Shares
from services.matching.domain.terms import Term


def _speakers(pool: Pool) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = {}
    for row, mentor in enumerate(pool.mentors):
        for language in mentor.languages:
            rows.setdefault(language, []).append(row)
    return rows


def _first(pool: Pool) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = {}
    for row, mentor in enumerate(pool.mentors):
        if mentor.languages:
            rows.setdefault(mentor.languages[0], []).append(row)
    return rows


def _silent(pool: Pool) -> Shares:
    return np.array([0.0 if mentor.languages else np.nan for mentor in pool.mentors], dtype=np.float64)


def shares(mentee: Person, pool: Pool) -> Shares:
    """Half for the mentee's first language, half for the mentor's."""
    if not mentee.languages:
        return pool.unknown()
    result = pool.column(_silent).copy()
    result[pool.column(_speakers).get(mentee.languages[0], [])] += 0.5
    for language in dict.fromkeys(mentee.languages):
        result[pool.column(_first).get(language, [])] += 0.5
    return result


def _common(mentee: Person, mentor: Person) -> list[str]:
    return [language for language in dict.fromkeys(mentee.languages) if language in mentor.languages]


def sentence(mentee: Person, mentor: Person, pool: Pool) -> str:
    common = _common(mentee, mentor)
    return "Languages in common: " + ", ".join(common) if common else "No language in common"


def told(mentee: Person, mentor: Person, pool: Pool) -> str | None:
    common = _common(mentee, mentor)
    return "You both speak " + ", ".join(common) if common else None


TERM = Term("languages", shares, sentence, told, asks="the languages you speak")
