"""Support: whether the mentor gives what the mentee seeks (career, psychosocial, work_life_balance, networks; any
other word of the organization's own counts alike)."""

from services.matching.domain.people import Person
from services.matching.domain.pool import Pool
from services.matching.domain.terms import classed


def share(wanted: frozenset[str], offered: frozenset[str]) -> float | None:
    """Wanted and offered ÷ wanted."""
    return len(wanted & offered) / len(wanted) if wanted and offered else None


def told(mentee: Person, mentor: Person, pool: Pool) -> str | None:
    met = sorted(mentee.supports & mentor.supports)
    return "Kinds of support wished and offered: " + ", ".join(met).replace("_", " ") if met else None


def sentence(mentee: Person, mentor: Person, pool: Pool) -> str:
    return told(mentee, mentor, pool) or "Offers no kind of support that is wished"


TERM = classed(
    "support",
    mentee=lambda person: person.supports,
    mentor=lambda person: person.supports,
    share=share,
    sentence=sentence,
    told=told,
    asks="which kinds of support you seek or give",
)
