"""Facts in: copies of participants, enrollments, programs and cases, and whom a change of one concerns."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from services.matching.domain.facts import MATCHABLE, matters, subject_of
from services.matching.store import Store
from shared.delivery import Change, Projection, Wake

OF_NO_WEIGHT = {
    "participant": frozenset({"links"}),
    "enrollment": frozenset({"opened_at", "closed_at"}),
    "program": frozenset({"name", "breaks", "stand_ins", "safeguarding_leads", "deputies"}),
}
"""Fields that no gate, no term and no state of a pair depends on: their change does nothing."""

MOMENT = timedelta(seconds=0.5)
"""Subjects that a whole import concerns are decided on at most so often: every batch of facts writes their rows."""


def participant_changed(change: Change) -> Iterable[Wake]:
    """A newcomer wakes nobody: nothing relied on facts that were not here, and whoever knows their enrollment, or
    somebody who reports to them, looks for them. A first import brings hundreds of thousands."""
    if not matters(change.before, change.after, ignore=OF_NO_WEIGHT["participant"]):
        return
    if change.before is None:
        return
    yield Wake("participant", change.id)
    if change.before["manager"] != _field(change.after, "manager"):
        # All below this person have others above them now: a pair of theirs may be forbidden, or no longer.
        yield Wake("moved", change.id)


def enrollment_changed(change: Change) -> Iterable[Wake]:
    if not matters(change.before, change.after, ignore=OF_NO_WEIGHT["enrollment"]):
        return
    for state in (change.before, change.after):
        if state is not None:
            yield Wake("changed", subject_of(state["program"], state["cohort"]), delay=MOMENT)
    if change.after is not None and _joins(change.before, change.after):
        yield Wake("joined", subject_of(change.after["program"], change.after["cohort"]), delay=MOMENT)
    if _field(change.before, "state") in MATCHABLE:
        yield Wake("enrollment", change.id)


def program_changed(change: Change) -> Iterable[Wake]:
    if matters(change.before, change.after, ignore=OF_NO_WEIGHT["program"]):
        yield Wake("program", change.id)


def case_changed(change: Change) -> Iterable[Wake]:
    if _rematch(change.before) != _rematch(change.after):
        yield Wake("pair", change.id)


def _joins(before: dict[str, Any] | None, after: dict[str, Any]) -> bool:
    """Whether somebody can be matched in a cohort who could not before. A kept plan is told by a count: a row of
    work for each newcomer would make a first import much slower."""
    if after["state"] not in MATCHABLE:
        return False
    there = before is not None and before["state"] in MATCHABLE
    return not there or before["cohort"] != after["cohort"] or before["program"] != after["program"]  # type: ignore[index]


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
