"""One cohort's plan: what a pairing is made from, the pairs it has, and why someone is left over.

Pairs that people were shown, and living ones, are not in it at all: their places are taken (`Person.held`) and
their partners are `past`, so nothing here can move them. Drafts are in it and carry a bonus, so that they move
only for a gain worth the churn.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.matching.domain.people import Person, Rules
from services.matching.domain.reasons import Left


@dataclass(frozen=True)
class Cohort:
    """Everything a plan depends on. `drafts` are (mentee's enrollment, mentor's enrollment)."""

    rules: Rules
    now: datetime
    mentors: Sequence[Person]
    mentees: Sequence[Person]
    managers: Mapping[str, str | None] = field(default_factory=dict)
    drafts: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Chosen:
    """Two enrollments that should be a draft, with their score without any bonus."""

    mentee: str
    mentor: str
    score: int
    rank: int = 1
    """Place of this mentor among all who were possible for this mentee when they were paired, 1 = best."""
    possible: int = 1


@dataclass(frozen=True)
class Plan:
    chosen: tuple[Chosen, ...]
    left: tuple[Left, ...]
    gap: float = 0.0
    """Share of the upper bound over the whole pool that is not proved; 0.0 is proved optimal."""
    proved: bool = True
    """Whether that proof is about these very pairs, or about those before the last repairs."""
    blocking: int = 0
    """Two who would both rather have each other than whom they get: a measure, no error."""

    @property
    def welfare(self) -> int:
        """Sum of the chosen pairs' scores, without bonus."""
        return sum(pair.score for pair in self.chosen)


Ends = tuple[str, str]
"""(mentee's enrollment, mentor's enrollment)"""


@dataclass(frozen=True)
class Quality:
    """What is known of a plan as a whole."""

    gap: float
    proved: bool
    blocking: int
    missing: tuple[tuple[str, int, int], ...]
    """Where mentors are missing: (skill, mentors who offer it, mean worth of one more place), dearest first."""
    settled: bool
    """Nothing would be gained by proving it anew."""
    seconds: float
    """What a solve of the whole pool takes."""


@dataclass(frozen=True)
class Refusal:
    """Why two are no pair: gates by class, else the score against what it would have to beat."""

    gates: tuple[str, ...]
    score: int | None
    price: int | None
    """What one more place at this mentor is worth."""
    needed: int | None
    sentence: str


@dataclass(frozen=True)
class Part:
    """Differences of a plan to what was told before; `quality` comes with the last one."""

    made: tuple[Chosen, ...] = ()
    broken: tuple[Ends, ...] = ()
    left: tuple[Left, ...] = ()
    found: tuple[str, ...] = ()
    """Enrollments that are no longer left over."""
    quality: Quality | None = None
