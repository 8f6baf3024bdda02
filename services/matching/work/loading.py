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
from services.matching.domain.tree import reach
from services.matching.store import Store
from shared.contracts.enrollments import Enrollment
from shared.contracts.programs import Program
from shared.delivery import Reader, Stored

T = TypeVar("T")

AT_A_TIME = 100
"""People made from facts before the event loop goes on: heartbeats and answers wait a few milliseconds."""


@dataclass(frozen=True)
class Loaded:
    """People of a cohort as they are now, with what their plan depends on besides."""

    persons: list[Person]
    managers: dict[str, str]
    participants: dict[str, str]
    """Enrollment → participant, of those who can be matched at all."""
    again: dict[str, datetime]
    """Enrollment → the next moment at which a leave or days away begin or end."""
    gone: tuple[str, ...]
    """Enrollments that were asked for and can be matched no longer."""
    missing: bool
    """Somebody's enrollment has arrived before the person."""


class Loader:
    """Reads for plans."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def everybody(self, at: Reader, program: Program, cohort: str) -> tuple[Loaded, dict[str, Ends]]:
        """All people of a cohort who can be matched, and its drafts: pair id → ends."""
        found = await self.store.enrollments_of_cohort(at, program.id, cohort)
        history = await self.store.history(at, program.id)
        loaded = await self._people(at, program, [each for each in found if each.state in MATCHABLE], history)
        drafts = [each for each in history if each.state.state == DRAFT and each.state.cohort == cohort]
        return loaded, {each.id: ends_of(each.state) for each in drafts}

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
        loaded = await self._people(at, program, there, history)
        return replace(loaded, gone=tuple(sorted(set(ids) - set(loaded.participants))))

    async def _people(
        self, at: Reader, program: Program, enrollments: Sequence[Enrollment], history: Sequence[Stored[Pair]]
    ) -> Loaded:
        rules = rules_of(program)
        ids = sorted({each.participant for each in enrollments})
        participants = await self.store.participants_by_id(at, ids)
        levels = reach(rules)
        managers = await self.store.managers_above(at, participants, levels) if levels != 0 else {}
        known = [Known(each, participants.get(each.participant)) for each in enrollments]
        again = {}
        async for one in slowly(known):
            moment = one.next_change(at.now)
            if moment is not None and one.enrollment is not None:
                again[one.enrollment.id] = moment
        return Loaded(
            await _persons(at, program, rules, known, history),
            managers,
            {each.id: each.participant for each in enrollments},
            again,
            (),
            any(one.participant is None for one in known),
        )


async def _persons(
    at: Reader, program: Program, rules: Rules, known: Sequence[Known], history: Sequence[Stored[Pair]]
) -> list[Person]:
    pairs_of: dict[str, list[Pair]] = {}
    held: dict[str, int] = {}
    async for stored in slowly(history):
        for member in stored.state.members:
            pairs_of.setdefault(member.participant, []).append(stored.state)
            if stored.state.state in SHOWN:
                held[member.enrollment] = held.get(member.enrollment, 0) + 1
    people: list[Person] = []
    async for one in slowly(known):
        if one.enrollment is not None:
            id, participant = one.enrollment.id, one.enrollment.participant
            past = past_of(participant, pairs_of.get(participant, ()), rules)
            people.append(person_of(one, program, at.now, held=held.get(id, 0), past=past))
    return people


def ends_of(pair: Pair) -> Ends:
    return pair.mentee.enrollment, pair.mentor.enrollment


async def slowly(rows: Sequence[T]) -> AsyncIterator[T]:
    """All of them, with a pause for the event loop every now and then."""
    for number, each in enumerate(rows):
        if number % AT_A_TIME == AT_A_TIME - 1:
            await asyncio.sleep(0)
        yield each
