"""Choice: whom the two ranked. Having a say raises quality (domain.md, Matching: Allen 2006)."""

import numpy as np

from services.matching.domain.people import Person
from services.matching.domain.pool import Pool, Shares
from services.matching.domain.terms import Term

STEP = 0.1
LEAST = 0.5
"""A first choice counts 1, every later one a step less, the last ones this; whoever was passed over 0."""


def liking(rank: int | None) -> float:
    """What a rank (0 = first) is worth; None: others were ranked, this one was not."""
    return 0.0 if rank is None else max(LEAST, 1.0 - STEP * rank)


def _rank(chooser: Person, chosen: Person) -> int | None:
    return chooser.choices.index(chosen.participant) if chosen.participant in chooser.choices else None


def shares(mentee: Person, pool: Pool) -> Shares:
    """The mean of both sides' liking; a side that ranked nobody has no say in it."""
    theirs = pool.column(_mentors_choosing)
    mentors = pool.column(_silent).copy()
    for row, rank in theirs.get(mentee.participant, ()):
        mentors[row] = liking(rank)
    if not mentee.choices:
        return mentors
    own = np.zeros(pool.size)
    for rank, chosen in enumerate(mentee.choices):
        own[pool.where((chosen,))] = liking(rank)
    return np.where(np.isnan(mentors), own, (own + mentors) / 2)


def _silent(pool: Pool) -> Shares:
    return np.array([0.0 if mentor.choices else np.nan for mentor in pool.mentors], dtype=np.float64)


def _mentors_choosing(pool: Pool) -> dict[str, list[tuple[int, int]]]:
    rows: dict[str, list[tuple[int, int]]] = {}
    for row, mentor in enumerate(pool.mentors):
        for rank, chosen in enumerate(mentor.choices):
            rows.setdefault(chosen, []).append((row, rank))
    return rows


def sentence(mentee: Person, mentor: Person, pool: Pool) -> str:
    parts = []
    for word, rank, asked in (
        ("mentee", _rank(mentee, mentor), mentee.choices),
        ("mentor", _rank(mentor, mentee), mentor.choices),
    ):
        if asked:
            place = "not among" if rank is None else f"number {rank + 1} of"
            parts.append(f"{place} the {word}'s choices")
    text = "; ".join(parts)
    return text[:1].upper() + text[1:]


def told(mentee: Person, mentor: Person, pool: Pool) -> None:
    """Nobody learns whom the other ranked."""
    return


TERM = Term("choice", shares, sentence, told, asks="whom you would like to work with")
