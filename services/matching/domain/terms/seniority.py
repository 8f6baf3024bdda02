"""Seniority gap: whether the mentor is ahead by as much as the program wants, or behind."""

import numpy as np

from services.matching.domain.people import Person
from services.matching.domain.pool import Pool, Shares
from services.matching.domain.terms import Term

FADE = 3.0
"""Steps outside the band after which nothing is left of the share."""


def _levels(pool: Pool) -> Shares:
    return np.array(
        [np.nan if mentor.seniority is None else mentor.seniority for mentor in pool.mentors],
        dtype=np.float64,
    )


def shares(mentee: Person, pool: Pool) -> Shares:
    """1 inside the wanted band, linear to 0 at FADE steps outside."""
    if mentee.seniority is None:
        return pool.unknown()
    least, most = _band(mentee, pool)
    gap = pool.column(_levels) - mentee.seniority
    outside = np.maximum(0.0, np.maximum(least - gap, gap - most))
    result: Shares = np.maximum(0.0, 1.0 - outside / FADE)
    return result


def _band(mentee: Person, pool: Pool) -> tuple[int, int]:
    """The program's band as far as the mentee's own wish narrows it; where they do not meet, the wish."""
    least, most = pool.rules.seniority_band
    if mentee.gap is None:
        return least, most
    both = max(least, mentee.gap[0]), min(most, mentee.gap[1])
    return both if both[0] <= both[1] else mentee.gap


def _gap(mentee: Person, mentor: Person) -> int:
    return (mentor.seniority or 0) - (mentee.seniority or 0)


def sentence(mentee: Person, mentor: Person, pool: Pool) -> str:
    gap = _gap(mentee, mentor)
    least, most = _band(mentee, pool)
    where = "inside" if least <= gap <= most else "outside"
    return f"{abs(gap)} steps {'ahead' if gap >= 0 else 'behind'}, {where} the wanted {least} to {most}"


def told(mentee: Person, mentor: Person, pool: Pool) -> str | None:
    least, most = _band(mentee, pool)
    if not least <= _gap(mentee, mentor) <= most:
        return None
    return "The distance in experience is what the program looks for"


TERM = Term("seniority", shares, sentence, told, asks="your career level")
