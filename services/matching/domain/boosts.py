"""Boosts: points that a program, or a coordinator for one person, adds when pairs are weighed against each other.

A boost is no term: it has no weight, takes nothing from anybody else's score, and opens no gate. What is shown of a
boosted score stays on the scale.
"""

from collections.abc import Callable
from typing import NamedTuple

from services.matching.domain.people import SCALE, Boost, Person, Rules

FACTS: dict[str, Callable[[Person], str | None]] = {
    "country": lambda person: person.country,
    "region": lambda person: person.region,
    "site": lambda person: person.site,
    "field": lambda person: person.area,
    "first_time": lambda person: (
        None if person.first_time is None else ("yes" if person.first_time else "no")
    ),
}
"""What a boost may look at: nothing that is protected or a secret."""


class Side(NamedTuple):
    """All that boosts look at of one person: a key, as a classed term has."""

    met: tuple[bool, ...]
    """For each boost of the program: this side of it holds."""
    own: int
    """Points of a coordinator for this person."""


def _holds(wanted: tuple[tuple[str, tuple[str, ...]], ...], person: Person) -> bool:
    for fact, values in wanted:
        found = FACTS[fact](person) if fact in FACTS else None
        if found is None or found.casefold() not in {value.casefold() for value in values}:
            return False
    return True


def of_mentee(person: Person, rules: Rules) -> Side:
    return Side(tuple(_holds(each.mentee, person) for each in rules.boosts), person.boost)


def of_mentor(person: Person, rules: Rules) -> Side:
    return Side(tuple(_holds(each.mentor, person) for each in rules.boosts), person.boost)


def points(mentee: Side, mentor: Side, rules: Rules) -> int:
    """What all boosts together add, 0 … SCALE."""
    found = sum(
        boost.points
        for boost, one, other in zip(rules.boosts, mentee.met, mentor.met, strict=True)
        if one and other
    )
    return max(0, min(SCALE, found + mentee.own + mentor.own))


def sentence(mentee: Person, mentor: Person, rules: Rules) -> str:
    """For the coordinator, who set them."""
    one, other = of_mentee(mentee, rules), of_mentor(mentor, rules)
    parts = [
        _label(boost)
        for boost, here, there in zip(rules.boosts, one.met, other.met, strict=True)
        if here and there
    ]
    parts += ["the mentee by a coordinator"] * bool(mentee.boost)
    parts += ["the mentor by a coordinator"] * bool(mentor.boost)
    return "Boosted: " + ", ".join(parts)


def _label(boost: Boost) -> str:
    return boost.label or "a rule of the program"
