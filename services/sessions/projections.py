"""Facts in: what came is stored, and the pairs that it may concern are looked at. Nothing is decided here."""

from collections.abc import Iterable

from services.sessions.store import Store
from shared.delivery import Change, Fanout, Projection, Reader, Wake

HEALTH = "pair.health"
FORGET = "pair.forget"
PERSON = "person.pairs"
PROGRAM = "program.pairs"
ANSWER = "answer"


def pair_itself(change: Change) -> Iterable[Wake]:
    """A pair began, paused, ended; an erased one takes its sessions along."""
    yield Wake(HEALTH if change.after is not None else FORGET, change.id)


def pair_of_case(change: Change) -> Iterable[Wake]:
    """The band that coordinators are shown depends on whether a case or a review is open."""
    if change.before != change.after:
        yield Wake(HEALTH, change.id)


def pairs_of_program(change: Change) -> Iterable[Wake]:
    """Another cadence, zone, cohort or break: every pair of the program. The rest of the rules is not kept."""
    if change.before != change.after:
        yield Wake(PROGRAM, change.id)


def pairs_of_person(change: Change) -> Iterable[Wake]:
    """A leave, another zone or country: every pair of the person."""
    if change.before != change.after:
        yield Wake(PERSON, change.id)


def pairs_of_enrolled(change: Change) -> Iterable[Wake]:
    """Days away: every pair of the person, since a pair is found by its members."""
    if change.before != change.after:
        for person in sorted({state["participant"] for state in (change.before, change.after) if state}):
            yield Wake(PERSON, person)


def answer_itself(change: Change) -> Iterable[Wake]:
    """A one-tap answer becomes a session or a busy period."""
    if change.after is not None:
        yield Wake(ANSWER, change.id)


PROJECTIONS = (
    Projection(Store.pairs, pair_itself),
    Projection(Store.cases, pair_of_case),
    Projection(Store.programs, pairs_of_program),
    Projection(Store.participants, pairs_of_person),
    Projection(Store.enrollments, pairs_of_enrolled),
    Projection(Store.answers, answer_itself),
)


async def _of_person(at: Reader, subject: str, after: str | None, limit: int) -> list[str]:
    return await Store().pair_ids_of_person(at, subject, after, limit)


async def _of_program(at: Reader, subject: str, after: str | None, limit: int) -> list[str]:
    return await Store().pair_ids_of_program(at, subject, after, limit)


FANOUTS = (Fanout(PERSON, _of_person, HEALTH), Fanout(PROGRAM, _of_program, HEALTH))
