"""The steps of a pair its members hear of: a proposal to answer, the start, the end."""

from collections.abc import Iterator
from datetime import datetime

from services.notifications.domain.facts import Facts, Pair
from services.notifications.domain.outcomes import Announced
from services.notifications.domain.receivers import post_id
from services.notifications.domain.state import Post

ESSENTIAL = frozenset({"proposal", "ended", "word"})
"""Never limited, never in a digest (domain.md, Escalation).

A word in confidence to the coordinator is one of them, or it would fill the coordinator's week, put off a rung of
the same pair, and the other could tell from the calendar that somebody had asked.
"""


def announcements(facts: Facts, pair: Pair, now: datetime) -> Iterator[Announced]:
    """What the members have not been told yet, judged by the state the pair is in now.

    A pair that was accepted before we saw the proposal gets no mail to answer it. An end is told with one
    wording whoever decided it and why, and only to people who had heard of the pair, also if its time had not
    begun; one who left the organization, was erased or withdrew gets none: "your partner is no longer available,
    we look for somebody new" would be true of none of them.
    """
    told = facts.attention.announced
    match pair.state:
        case "proposed" if "proposal" not in told:
            what, people = "proposal", sorted(pair.members)
        case "active" if "welcome" not in told and not pair.imported:
            what, people = "welcome", sorted(pair.members)
        case "completed" | "ended" if {"proposal", "welcome"} & set(told) and "ended" not in told:
            what, people = "ended", sorted(id for id in pair.members if _stays(facts, pair, id))
        case _:
            return
    posts = tuple(
        Post(
            id=post_id(pair.id, what, person),
            kind=what,
            person=person,
            pair=pair.id,
            program=pair.program,
            at=now,
            details=(pair.state,) if what == "ended" else (),
        )
        for person in people
    )
    yield Announced(what, posts)


def _stays(facts: Facts, pair: Pair, id: str) -> bool:
    # Somebody left, and of this one nothing is known any more: erased.
    erased = pair.outcome == "left" and id not in facts.people
    return not erased and not facts.person(id).gone and not facts.person(id).withdrawn
