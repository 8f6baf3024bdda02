"""Availability: hours a week in which both are free, across time zones and summer times."""

import numpy as np
from numpy.typing import NDArray

from services.matching.domain.people import Person
from services.matching.domain.pool import Pool, Shares
from services.matching.domain.terms import Term
from services.matching.domain.weekly import WORDS, Bits, common_minutes, reference_weeks, week_bits


def bits_of(person: Person, pool: Pool) -> Bits | None:
    """The person's free quarters in UTC; None when hours or zone are not known."""
    if not person.availability or person.zone is None:
        return None
    return week_bits(person.availability, person.zone, reference_weeks(pool.now))


def _columns(pool: Pool) -> tuple[Bits, NDArray[np.bool_]]:
    weeks = len(reference_weeks(pool.now))
    bits = np.zeros((pool.size, weeks, WORDS), dtype=np.uint64)
    known = np.zeros(pool.size, dtype=np.bool_)
    for row, mentor in enumerate(pool.mentors):
        own = bits_of(mentor, pool)
        if own is not None:
            bits[row] = own
            known[row] = True
    return bits, known


def shares(mentee: Person, pool: Pool) -> Shares:
    """Minutes in common ÷ the minutes that the program calls plenty, at most 1."""
    own = bits_of(mentee, pool)
    if own is None:
        return pool.unknown()
    bits, known = pool.column(_columns)
    enough = max(1, pool.rules.overlap_wanted)
    return np.where(known, np.minimum(1.0, common_minutes(own, bits) / enough), np.nan)


def minutes(mentee: Person, mentor: Person, pool: Pool) -> int | None:
    """Minutes a week in common for one pair; None when one side's hours are not known."""
    one, other = bits_of(mentee, pool), bits_of(mentor, pool)
    if one is None or other is None:
        return None
    return int(common_minutes(one, other[np.newaxis])[0])


def sentence(mentee: Person, mentor: Person, pool: Pool) -> str:
    common = minutes(mentee, mentor, pool)
    return f"{common or 0} minutes a week in common, all year round" if common else "No free hours in common"


def told(mentee: Person, mentor: Person, pool: Pool) -> str | None:
    common = minutes(mentee, mentor, pool) or 0
    if common >= pool.rules.overlap_wanted:
        return "There is plenty of time in the week when you are both free"
    return "There is some time in the week when you are both free" if common else None


TERM = Term("availability", shares, sentence, told, asks="when in the week you are free")
