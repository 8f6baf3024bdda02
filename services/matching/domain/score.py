"""The score of a pair: the weighted mean of its terms, an integer from 0 to 1,000,000, and its reasons."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.matching.domain import boosts
from services.matching.domain.people import SCALE, Person, Rules
from services.matching.domain.pool import Pool
from services.matching.domain.terms import TERMS, Term

NEUTRAL = SCALE // 2
"""A term that is not known counts half: silence neither helps nor hurts against an average mentor."""

FIT = ("location", "field")
"""Terms that stand with a silent one (affinity) in one line, *program fit*, from which neither can be read alone."""

Points = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Reason:
    """One term of one pair, or `program_fit`, or `boost`. `share` is its own value 0 ... SCALE, None where it is
    not known; `points` is its part of the score, so that the points of all add up to the score within one point a
    term."""

    term: str
    weight: int
    share: int | None
    points: int
    sentence: str
    told: str | None


def weighted(rules: Rules) -> list[tuple[Term, int]]:
    """The terms that count in this program, with their weights; a weight nobody knows is passed over.

    A silent term counts only beside another of *program fit*: alone, its share could be read.
    """
    beside = any(rules.weights.get(name, 0) > 0 for name in FIT)
    return [
        (term, weight)
        for name, term in TERMS.items()
        if (weight := rules.weights.get(name, 0)) > 0 and (beside or not term.silent)
    ]


def _shares(term: Term, mentee: Person, pool: Pool) -> Points:
    """Shares as integers; not known: -1. Integers, because only then does *optimal* mean optimal."""
    values = term.shares(mentee, pool)
    return np.where(np.isnan(values), -1, np.rint(np.nan_to_num(values) * SCALE)).astype(np.int64)


def scores(mentee: Person, pool: Pool) -> Points:
    """What is weighed against each other: one score for each mentor of the pool, whatever the gates say.

    A boost may take it above the scale: cut there, it would help a person's worst pairs most.
    """
    return _mean(mentee, pool) + _boosts(mentee, pool)


def _mean(mentee: Person, pool: Pool) -> Points:
    """The weighted mean of the shares, rounded down."""
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


def _boosts(mentee: Person, pool: Pool) -> Points:
    """Asked once for every kind of mentor, not for every mentor."""
    mine = boosts.of_mentee(mentee, pool.rules)
    kinds, own = pool.column(_boosted)
    found: Points = np.array([boosts.points(mine, each, pool.rules) for each in kinds], dtype=np.int64)[own]
    return found


def _boosted(pool: Pool) -> tuple[list[boosts.Side], Points]:
    numbers: dict[boosts.Side, int] = {}
    own = [numbers.setdefault(boosts.of_mentor(mentor, pool.rules), len(numbers)) for mentor in pool.mentors]
    return list(numbers), np.array(own, dtype=np.int64)


def alone(mentor: Person, pool: Pool) -> Pool:
    """The same program with one mentor."""
    return Pool((mentor,), pool.rules, pool.now, pool.managers)


def score(mentee: Person, mentor: Person, pool: Pool) -> int:
    return int(scores(mentee, alone(mentor, pool))[0])


def on_scale(score: int) -> int:
    """A score as it is shown and published: what boosts bring beyond the scale is cut."""
    return min(SCALE, score)


def reasons(mentee: Person, mentor: Person, pool: Pool) -> tuple[Reason, ...]:
    """Why these two, the strongest term first. Silent terms are seen only inside *program fit*."""
    one = alone(mentor, pool)
    terms = weighted(pool.rules)
    total = sum(weight for _, weight in terms)
    found = []
    folded = FIT if any(term.silent for term, _ in terms) else ()
    fit: list[tuple[Term, int, int]] = []
    for term, weight in terms:
        share = int(_shares(term, mentee, one)[0])
        known = share >= 0
        if term.silent or term.name in folded:
            fit.append((term, weight, share))
            continue
        points = weight * (share if known else NEUTRAL) // total
        sentence = (term.sentence(mentee, mentor, one) if known else None) or f"Not known: {term.asks}"
        told = term.told(mentee, mentor, one) if known else None
        found.append(Reason(term.name, weight, share if known else None, points, sentence, told))
    if fit:
        found.append(_fit(fit, total, mentee, mentor, one))
    boosted = int(_boosts(mentee, one)[0])
    if boosted:
        added = min(boosted, SCALE - int(_mean(mentee, one)[0]))
        found.append(Reason("boost", 0, boosted, added, boosts.sentence(mentee, mentor, pool.rules), None))
    return tuple(sorted(found, key=lambda reason: (-reason.points, reason.term)))


def _fit(parts: list[tuple[Term, int, int]], total: int, mentee: Person, mentor: Person, one: Pool) -> Reason:
    """One line for all of them: its share is that of the whole, its sentences those of the open terms."""
    weight = sum(weight for _, weight, _ in parts)
    whole = sum(weight * (share if share >= 0 else NEUTRAL) for _, weight, share in parts)
    spoken = [(term, share >= 0) for term, _, share in parts if not term.silent]
    known = [term for term, there in spoken if there]
    sentences = [term.sentence(mentee, mentor, one) for term in known]
    told = [text for term in known if (text := term.told(mentee, mentor, one))]
    asks = ", ".join(term.asks for term, there in spoken if not there)
    text = "; ".join([*filter(None, sentences), *([f"Not known: {asks}"] if asks else [])])
    return Reason("program_fit", weight, whole // weight, whole // total, text, "; ".join(told) or None)


def told(found: tuple[Reason, ...]) -> tuple[str, ...]:
    """What the two members read."""
    return tuple(reason.told for reason in found if reason.told)
