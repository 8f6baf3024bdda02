"""Loads a cohort for its plan: everybody, or only those of whom anything was written since."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from services.matching.domain.facts import MATCHABLE, Known, past_of, person_of, rules_of
from services.matching.domain.pair import DRAFT, SHOWN, Pair
from services.matching.domain.people import Person, Rules
from services.matching.domain.plan import Ends
from services.matching.store import Sketch, Store
from shared.contracts.enrollments import Enrollment
from shared.contracts.programs import Program
from shared.delivery import Reader

T = TypeVar("T")

AT_A_TIME = 100
"""People made from facts before the event loop goes on: heartbeats and answers wait a few milliseconds."""


@dataclass(frozen=True)
class Loaded:
    """People of a cohort as they are now, with what their plan depends on besides."""

    persons: list[Person]
    managers: dict[str, str | None]
    participants: dict[str, str]
    """Enrollment → participant, of those who can be matched at all."""
    again: dict[str, datetime]
    """Enrollment → the next moment at which a leave or days away begin or end."""
    gone: tuple[str, ...]
    """Enrollments that were asked for and can be matched no longer."""
    missing: bool
    """Somebody's enrollment has arrived before the person."""
    awaited: dict[str, str]
    """Enrollment → a manager above them who has not arrived, and so hides who else is."""

    def joined(self, more: "Loaded") -> "Loaded":
        """Both; the lists and maps of this one go on in the result."""
        self.persons.extend(more.persons)
        self.managers.update(more.managers)
        self.participants.update(more.participants)
        self.again.update(more.again)
        self.awaited.update(more.awaited)
        return replace(self, missing=self.missing or more.missing)


@dataclass(frozen=True)
class Past:
    """What the pairs there are, and were, say about people."""

    pairs: dict[str, list[Pair | Sketch]]
    """Participant → theirs."""
    held: dict[str, int]
    """Enrollment → places taken by shown and living pairs."""


class Loader:
    """Reads for plans."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def everybody(self, at: Reader, program: Program, cohort: str) -> tuple[Loaded, dict[str, Ends]]:
        """All people of a cohort who can be matched, and its drafts: pair id → ends.

        A page at a time, and of a page only what the plan needs stays: everything at once would be a million objects.
        """
        history = await self.store.history(at, program.id)
        drafts = {each.id: each.ends for each in history if each.state == DRAFT and each.cohort == cohort}
        past = await _past(history)
        found = Loaded([], {}, {}, {}, (), False, {})
        async for page in self.store.enrollments_of_cohort(at, program.id, cohort):
            found = found.joined(await self._people(at, program, page, past))
        return found, drafts

    async def some(self, at: Reader, program: Program, cohort: str, ids: Sequence[str]) -> Loaded:
        """These enrollments of a cohort. Those that are erased, elsewhere or over are `gone`."""
        found = (await self.store.enrollments_by_id(at, ids)).values()
        there = [
            each
            for each in found
            if each.state in MATCHABLE and (each.program, each.cohort) == (program.id, cohort)
        ]
        people = sorted({each.participant for each in there})
        history = await self.store.history_of(at, program.id, people) if people else []
        loaded = await self._people(at, program, there, await _past([each.state for each in history]))
        return replace(loaded, gone=tuple(sorted(set(ids) - set(loaded.participants))))

    async def _people(
        self, at: Reader, program: Program, enrollments: Sequence[Enrollment], past: Past
    ) -> Loaded:
        rules = rules_of(program)
        ids = sorted({each.participant for each in enrollments})
        participants = await self.store.reporting.people(at, ids)
        tree = await self.store.reporting.above(at, participants, rules)
        known = [Known(each, participants.get(each.participant)) for each in enrollments]
        again = {}
        async for one in slowly(known):
            moment = one.next_change(at.now)
            if moment is not None and one.enrollment is not None:
                again[one.enrollment.id] = moment
        return Loaded(
            await _persons(at, program, rules, known, past),
            dict(tree.managers),
            {each.id: each.participant for each in enrollments},
            again,
            (),
            any(one.participant is None for one in known),
            {each.id: boss for each in enrollments if (boss := tree.awaited(each.participant)) is not None},
        )


async def _past(history: Sequence[Pair | Sketch]) -> Past:
    """What pairs say about people."""
    past = Past({}, {})
    async for each in slowly(history):
        for member in each.members:
            past.pairs.setdefault(member.participant, []).append(each)
            if each.state in SHOWN:
                past.held[member.enrollment] = past.held.get(member.enrollment, 0) + 1
    return past


async def _persons(
    at: Reader, program: Program, rules: Rules, known: Sequence[Known], past: Past
) -> list[Person]:
    people: list[Person] = []
    async for one in slowly(known):
        if one.enrollment is not None:
            id, participant = one.enrollment.id, one.enrollment.participant
            before = past_of(participant, past.pairs.get(participant, ()), rules)
            people.append(person_of(one, program, at.now, held=past.held.get(id, 0), past=before))
    return people


async def slowly(rows: Sequence[T]) -> AsyncIterator[T]:
    """All of them, with a pause for the event loop every now and then."""
    for number, each in enumerate(rows):
        if number % AT_A_TIME == AT_A_TIME - 1:
            await asyncio.sleep(0)
        yield each
