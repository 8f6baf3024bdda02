"""The score of a pair: the weighted mean of its terms, an integer from 0 to 1,000,000, and its reasons."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.matching.domain.people import SCALE, Person, Rules
from services.matching.domain.pool import Pool
from services.matching.domain.terms import TERMS, Term

NEUTRAL = SCALE // 2
"""A term that is not known counts half: silence neither helps nor hurts against an average mentor."""

Points = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Reason:
    """One term of one pair. `share` is the term's own value 0 ... SCALE, None where it is not known; `points`
    is its part of the score, so that the points of all terms add up to the score within one point a term."""

    term: str
    weight: int
    share: int | None
    points: int
    sentence: str
    told: str | None


def weighted(rules: Rules) -> list[tuple[Term, int]]:
    """The terms that count in this program, with their weights; a weight nobody knows is passed over."""
    return [
        (term, rules.weights.get(name, 0)) for name, term in TERMS.items() if rules.weights.get(name, 0) > 0
    ]


def _shares(term: Term, mentee: Person, pool: Pool) -> Points:
    """Shares as integers; not known: -1. Integers, because only then does *optimal* mean optimal."""
    values = term.shares(mentee, pool)
    return np.where(np.isnan(values), -1, np.rint(np.nan_to_num(values) * SCALE)).astype(np.int64)


def scores(mentee: Person, pool: Pool) -> Points:
    """One score for each mentor of the pool, whatever the gates say."""
    terms = weighted(pool.rules)
    total = sum(weight for _, weight in terms)
    if not total:
        return np.full(pool.size, NEUTRAL, dtype=np.int64)
    sums = np.zeros(pool.size, dtype=np.int64)
    for term, weight in terms:
        shares = _shares(term, mentee, pool)
        sums += weight * np.where(shares < 0, NEUTRAL, shares)
    result: Points = sums // total
    return result


def alone(mentor: Person, pool: Pool) -> Pool:
    """The same program with one mentor."""
    return Pool((mentor,), pool.rules, pool.now, pool.managers)


def score(mentee: Person, mentor: Person, pool: Pool) -> int:
    return int(scores(mentee, alone(mentor, pool))[0])


def reasons(mentee: Person, mentor: Person, pool: Pool) -> tuple[Reason, ...]:
    """Why these two, the strongest term first."""
    one = alone(mentor, pool)
    terms = weighted(pool.rules)
    total = sum(weight for _, weight in terms)
    found = []
    for term, weight in terms:
        share = int(_shares(term, mentee, one)[0])
        known = share >= 0
        points = weight * (share if known else NEUTRAL) // total
        sentence = (term.sentence(mentee, mentor, one) if known else None) or f"Not known: {term.asks}"
        told = term.told(mentee, mentor, one) if known else None
        found.append(Reason(term.name, weight, share if known else None, points, sentence, told))
    return tuple(sorted(found, key=lambda reason: (-reason.points, reason.term)))


def told(found: tuple[Reason, ...]) -> tuple[str, ...]:
    """What the two members read."""
    return tuple(reason.told for reason in found if reason.told)
