"""Affinity: whether both asked to be matched by a group that both belong to.

Only those who asked carry a token, and only programs that ask at all have any. It only ever adds: who did not ask,
and who belongs to another group, is *not known*, which is neutral, so nobody is worse off for an attribute. It has
no sentence, no share and no points of its own: it is part of *program fit* (domain.md, Matching, Confidentiality).
"""

from services.matching.domain.people import Person
from services.matching.domain.pool import Pool
from services.matching.domain.terms import classed


def share(mentee: frozenset[str], mentor: frozenset[str]) -> float | None:
    return 1.0 if mentee & mentor else None


def nothing(mentee: Person, mentor: Person, pool: Pool) -> None:
    """Nobody reads anything of it."""
    return


TERM = classed(
    "affinity",
    mentee=lambda person: person.affinity,
    mentor=lambda person: person.affinity,
    share=share,
    sentence=nothing,
    told=nothing,
    asks="",
    silent=True,
)
