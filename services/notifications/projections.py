"""Facts in: what came is stored, and the pairs that it may concern are looked at. Nothing is decided here."""

from collections.abc import Iterable

from services.notifications.store import Store
from shared.delivery.model import Change, Fanout, Projection, Wake
from shared.delivery.transaction import Reader

CASE = "pair.case"
PERSON = "person.pairs"
PROGRAM = "program.pairs"


def pair_itself(change: Change) -> Iterable[Wake]:
    """The id is the pair's. A change of what is not kept here (a score) concerns nobody."""
    if change.before != change.after:
        yield Wake(CASE, change.id)


def pair_of_session(change: Change) -> Iterable[Wake]:
    """A plan made, moved or called off holds a case or lets it go on."""
    if change.before != change.after:
        for pair in sorted({state["pair"] for state in (change.before, change.after) if state}):
            yield Wake(CASE, pair)


def pair_of_concern(change: Change) -> Iterable[Wake]:
    """A concern suspends the ladder of its pair."""
    for state in (change.before, change.after):
        if state and state.get("pair"):
            yield Wake(CASE, state["pair"])


def pairs_of_person(change: Change) -> Iterable[Wake]:
    """Leave, departure or another time zone: all the pairs of the person."""
    if change.before != change.after:
        yield Wake(PERSON, change.id)


def pairs_of_enrolled(change: Change) -> Iterable[Wake]:
    """Days away begin or end."""
    before, after = (state and state["state"] for state in (change.before, change.after))
    state = change.after or change.before
    if state is not None and before != after and "away" in (before, after):
        yield Wake(PERSON, state["participant"])


def pairs_of_program(change: Change) -> Iterable[Wake]:
    """A rule, a cohort's end or another coordinator: all the pairs of the program."""
    if change.before != change.after:
        yield Wake(PROGRAM, change.id)


PROJECTIONS = (
    Projection(Store.pairs, pair_itself),
    Projection(Store.health, pair_itself),
    Projection(Store.assessments, pair_itself),
    Projection(Store.sessions, pair_of_session),
    Projection(Store.concerns, pair_of_concern),
    Projection(Store.programs, pairs_of_program),
    Projection(Store.participants, pairs_of_person),
    Projection(Store.enrollments, pairs_of_enrolled),
    Projection(Store.contacts),
)


async def _of_person(at: Reader, subject: str, after: str | None, limit: int) -> list[str]:
    return await Store().pair_ids_of_person(at, subject, after, limit)


async def _of_program(at: Reader, subject: str, after: str | None, limit: int) -> list[str]:
    return await Store().pair_ids_of_program(at, subject, after, limit)


FANOUTS = (Fanout(PERSON, _of_person, CASE), Fanout(PROGRAM, _of_program, CASE))
