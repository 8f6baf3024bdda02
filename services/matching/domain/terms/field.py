"""Field: whether both work, or study, in the same one."""

from services.matching.domain.people import Person
from services.matching.domain.pool import Pool
from services.matching.domain.terms import classed


def key(person: Person) -> str | None:
    return person.area.strip().casefold() if person.area else None


def share(mentee: str | None, mentor: str | None) -> float | None:
    """1 or 0."""
    return None if mentee is None or mentor is None else float(mentee == mentor)


def told(mentee: Person, mentor: Person, pool: Pool) -> str | None:
    return f"The same field: {mentee.area}" if key(mentee) == key(mentor) and mentee.area else None


def sentence(mentee: Person, mentor: Person, pool: Pool) -> str:
    return told(mentee, mentor, pool) or "Another field"


TERM = classed("field", mentee=key, mentor=key, share=share, sentence=sentence, told=told, asks="your field")
