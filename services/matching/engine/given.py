"""Who is to be matched, in the order that numbers everybody."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.matching.domain.people import Person, Rules
from services.matching.domain.pool import Pool

KERNELS = ("choice", "skills", "goals", "languages", "availability", "seniority", "values")
"""Terms with a kernel of their own, in the order of `Columns.weights`."""


@dataclass(frozen=True)
class People:
    """One cohort: what the engine answers are positions in these lists."""

    mentees: Sequence[Person]
    pool: Pool
    drafts: frozenset[tuple[str, str]] = frozenset()
    """(mentee's enrollment, mentor's enrollment)."""


def people(
    mentees: Iterable[Person],
    mentors: Iterable[Person],
    rules: Rules,
    now: datetime,
    managers: Mapping[str, str | None] | None = None,
    drafts: Iterable[tuple[str, str]] = (),
) -> People:
    """Everybody in the order of enrollment ids, so that equal input gives equal pairs."""
    return People(
        sorted(mentees, key=lambda person: person.enrollment),
        Pool(sorted(mentors, key=lambda person: person.enrollment), rules, now, managers or {}),
        frozenset(drafts),
    )
