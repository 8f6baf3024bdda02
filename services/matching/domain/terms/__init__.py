"""The weighted terms, one file each. To add a term, add a file here that defines `TERM`, no more.

A term says for one mentee and all mentors at once how well they suit, from 0 to 1, NaN where it is not known;
and it says for one pair, in a sentence, what it saw. Sentences hold ids of skills, goals and languages only:
no name, no protected attribute. What it tells the two members holds no number either (domain.md, Matching:
participants see shared interests, goals and logistics, never numbers).
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules

from services.matching.domain.people import Person
from services.matching.domain.pool import Pool, Shares

Sentence = Callable[[Person, Person, Pool], str | None]


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


def _found() -> dict[str, Term]:
    names = sorted(module.name for module in iter_modules(__path__))
    terms = [import_module(f"{__name__}.{name}").TERM for name in names]
    return {term.name: term for term in terms}


TERMS: dict[str, Term] = _found()
