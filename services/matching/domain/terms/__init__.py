"""The weighted terms, one file each. To add a term, add a file here that defines `TERM`, no more.

A term says for one mentee and all mentors at once how well they suit, from 0 to 1, NaN where it is not known;
and it says for one pair, in a sentence, what it saw. Sentences hold ids of skills, goals and languages only:
no name, no protected attribute. What it tells the two members holds no number either (domain.md, Matching:
participants see shared interests, goals and logistics, never numbers).

A term whose share follows from one *key* of each side (`classed`) says no more than that: the engine makes a small
table of its keys and reads it as fast as its own kernels.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.matching.domain.people import Person
from services.matching.domain.pool import Pool, Shares

Sentence = Callable[[Person, Person, Pool], str | None]


@dataclass(frozen=True)
class Keys:
    """What a classed term looks at. Pure functions; few different keys make a small table."""

    mentee: Callable[[Person], Hashable]
    mentor: Callable[[Person], Hashable]
    share: Callable[[Any, Any], float | None]
    """(mentee's key, mentor's key) → 0-1, None: not known."""


@dataclass(frozen=True)
class Term:
    name: str
    shares: Callable[[Person, Pool], Shares]
    """(mentee, pool) → one share 0-1 for each mentor, NaN: not known, which is neutral."""
    sentence: Sentence
    """What the coordinator reads, for a pair whose share is known."""
    told: Sentence
    """What the two members read; None where the term is no shared fact of theirs."""
    asks: str
    """What to ask the profile for when the term is not known."""
    keys: Keys | None = None
    """Where the share follows from two keys (see `classed`)."""
    silent: bool = False
    """No share, points or sentence of its own, for anybody: it is part of *program fit* (`score.reasons`)."""


def classed(
    name: str,
    *,
    mentee: Callable[[Person], Hashable],
    mentor: Callable[[Person], Hashable],
    share: Callable[[Any, Any], float | None],
    sentence: Sentence,
    told: Sentence,
    asks: str,
    silent: bool = False,
) -> Term:
    """A term by the keys of both sides; `share` is asked once for every two keys that occur, not for every pair."""

    def kinds(pool: Pool) -> tuple[list[Hashable], NDArray[np.int64]]:
        numbers: dict[Hashable, int] = {}
        own = [numbers.setdefault(mentor(person), len(numbers)) for person in pool.mentors]
        return list(numbers), np.array(own, np.int64)

    def shares(person: Person, pool: Pool) -> Shares:
        keys, own = pool.column(kinds)
        mine = mentee(person)
        found = [share(mine, key) for key in keys]
        return np.array([np.nan if each is None else each for each in found], np.float64)[own]

    return Term(name, shares, sentence, told, asks, Keys(mentee, mentor, share), silent)


def _found() -> dict[str, Term]:
    names = sorted(module.name for module in iter_modules(__path__))
    terms = [import_module(f"{__name__}.{name}").TERM for name in names]
    return {term.name: term for term in terms}


TERMS: dict[str, Term] = _found()
