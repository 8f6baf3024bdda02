"""Facts in: copies of participants, enrollments, programs and cases, and whom a change of one concerns."""

from collections.abc import Iterable
from typing import Any

from services.matching.domain.facts import matters
from services.matching.store import Store
from shared.delivery import Change, Projection, Wake

OF_NO_WEIGHT = {
    "participant": frozenset({"links", "country", "region", "field"}),
    "enrollment": frozenset({"opened_at", "closed_at"}),
    "program": frozenset({"name", "breaks", "stand_ins", "safeguarding_leads", "deputies"}),
}
"""Fields that no gate, no term and no state of a pair depends on: their change does nothing."""

EVERYBODY = "all"
"""Subject of the one fan-out over all pairs: a whole HR file of new managers is worked through once."""


def participant_changed(change: Change) -> Iterable[Wake]:
    if not matters(change.before, change.after, ignore=OF_NO_WEIGHT["participant"]):
        return
    yield Wake("participant", change.id)
    if _field(change.before, "manager") != _field(change.after, "manager"):
        # Whoever is below or above this person may be in a pair that the program's rule forbids now.
        yield Wake("reporting", EVERYBODY)


def enrollment_changed(change: Change) -> Iterable[Wake]:
    if matters(change.before, change.after, ignore=OF_NO_WEIGHT["enrollment"]):
        yield Wake("enrollment", change.id)


def program_changed(change: Change) -> Iterable[Wake]:
    if matters(change.before, change.after, ignore=OF_NO_WEIGHT["program"]):
        yield Wake("program", change.id)
        yield Wake("program_pairs", change.id)


def case_changed(change: Change) -> Iterable[Wake]:
    if _rematch(change.before) != _rematch(change.after):
        yield Wake("pair", change.id)


def _field(state: dict[str, Any] | None, name: str) -> Any:
    return state.get(name) if state else None


def _rematch(state: dict[str, Any] | None) -> Any:
    return _field(_field(state, "case"), "rematch")


def projections(store: Store) -> tuple[Projection, ...]:
    return (
        Projection(store.participants, participant_changed),
        Projection(store.enrollments, enrollment_changed),
        Projection(store.programs, program_changed),
        Projection(store.cases, case_changed),
    )
