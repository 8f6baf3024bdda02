"""Style: whether the mentor works in the ways that the mentee wishes (directive, collaborative, motivating,
sponsoring; any other word of the organization's own counts alike)."""

from services.matching.domain.people import Person
from services.matching.domain.pool import Pool
from services.matching.domain.terms import classed


def share(wanted: frozenset[str], offered: frozenset[str]) -> float | None:
    """Wanted and offered ÷ wanted."""
    return len(wanted & offered) / len(wanted) if wanted and offered else None


def told(mentee: Person, mentor: Person, pool: Pool) -> str | None:
    met = sorted(mentee.styles & mentor.styles)
    return "Ways of mentoring wished and offered: " + ", ".join(met).replace("_", " ") if met else None


def sentence(mentee: Person, mentor: Person, pool: Pool) -> str:
    return told(mentee, mentor, pool) or "Offers no way of mentoring that is wished"


TERM = classed(
    "style",
    mentee=lambda person: person.styles,
    mentor=lambda person: person.styles,
    share=share,
    sentence=sentence,
    told=told,
    asks="how you like to work together, or work with mentees",
)
