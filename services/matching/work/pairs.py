"""What becomes of pairs when the world changes: leavers, leave, expiry, start and end, gates, rematch."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime

from services.matching.domain.facts import subject_of
from services.matching.domain.pair import SHOWN, Pair
from services.matching.domain.published import Assessed, Refused
from services.matching.domain.settle import settle
from services.matching.store import CohortState, Place, Store
from services.matching.work.gather import Gathered, earliest, gather
from shared.contracts.enrollments import Enrollment
from shared.delivery import Reader, Stored, Transaction


class Pairs:
    """Decisions about single people and pairs."""

    def __init__(self, store: Store) -> None:
        self.store = store

    # -- kinds of work ------------------------------------------------------------------------------------------

    async def participant(self, tx: Transaction, subject: str) -> datetime | None:
        """A person changed, left, is on leave or back: their pairs follow, their cohorts are planned anew."""
        for each in await self.store.enrollments_of_participant(tx, subject):
            await self._guard(tx, each)
            self._plan(tx, each.program, each.cohort)
        for stored in await self.store.pairs_of_participant(tx, subject):
            await self._settle(tx, stored)
        return None

    async def enrollment(self, tx: Transaction, subject: str) -> datetime | None:
        """Somebody who can be matched changed their wishes, went away, withdrew or was erased."""
        found = (await self.store.enrollments_by_id(tx, [subject])).get(subject)
        if found is not None:
            await self._guard(tx, found)
        elif (place := await self.store.places.get(tx, subject)) is not None:
            await self.store.places.save(tx, place, place.state)
        for stored in await self.store.pairs_of_enrollment(tx, subject):
            await self._settle(tx, stored)
        return None

    async def program(self, tx: Transaction, subject: str) -> datetime | None:
        """A program opened, or its rules or cohorts changed."""
        program = await self.store.program(tx, subject)
        for cohort in program.cohorts if program else ():
            self._plan(tx, subject, cohort.id)
        await self._meet(tx, await self.store.cohorts_of(tx, subject))
        tx.wake("program_pairs", subject)
        return None

    async def pair(self, tx: Transaction, subject: str) -> datetime | None:
        """A pair's time has come, or a rematch was confirmed."""
        stored = await self.store.pairs.get(tx, subject)
        if stored is not None:
            await self._settle(tx, stored)
        return None

    async def of_program(self, at: Reader, subject: str, after: str | None, limit: int) -> list[str]:
        return await self.store.shown_ids(at, subject, after, limit)

    async def below(self, at: Reader, subject: str, after: str | None, limit: int) -> list[str]:
        """Somebody has another manager: so have all below them, whose pairs the program's rule may forbid now."""
        found = await self.store.reporting.below(at, subject)
        return found[bisect_right(found, after) if after is not None else 0 :][:limit]

    # -- also for the HTTP API ----------------------------------------------------------------------------------

    async def settle(
        self, tx: Transaction, stored: Stored[Pair], pair: Pair, event: str | None
    ) -> tuple[Stored[Pair], datetime | None]:
        """Save what a command made of a pair (`pair`, `event`) and whatever follows from the facts of now."""
        found = await gather(self.store, tx, stored.id, pair)
        result = settle(pair, found.facts(pair, tx.now), tx.now)
        events = [*([event] if event else []), *result.events]
        after = await self._save(tx, stored, result.pair, events[-1] if events else None, found)
        shown = result.pair.state in SHOWN
        return after, earliest([result.due, found.next_change(pair, tx.now)]) if shown else None

    # -- inside -------------------------------------------------------------------------------------------------

    async def _settle(self, tx: Transaction, stored: Stored[Pair]) -> None:
        after, due = await self.settle(tx, stored, stored.state, None)
        if due is not None:
            tx.wake("pair", after.id, due)

    async def _meet(self, tx: Transaction, cohorts: Sequence[Stored[CohortState]]) -> None:
        """Meet the page that proposes pairs by the facts of before: it then runs again, or its pairs are there
        when all pairs are looked at."""
        for each in cohorts:
            await self.store.cohorts.touch(tx, each)

    async def _guard(self, tx: Transaction, one: Enrollment) -> None:
        """Meet, in the person's place document, whoever proposes them at this moment.

        Without this write a proposal and a departure could each read what the other changes, and both commit:
        a live pair with a leaver.
        """
        place = await self.store.places.get(tx, one.id)
        if place is None:
            state = Place(participant=one.participant, program=one.program, cohort=one.cohort, role=one.role)
            await self.store.places.add(tx, one.id, state)
        else:
            # Saved, not only touched: its `order` tells kept plans who has changed.
            await self.store.places.save(tx, place, place.state)

    def _plan(self, tx: Transaction, program: str, cohort: str) -> None:
        tx.wake("changed", subject_of(program, cohort))

    async def _save(
        self, tx: Transaction, stored: Stored[Pair], pair: Pair, event: str | None, found: Gathered
    ) -> Stored[Pair]:
        before = stored.state
        after = stored
        if pair != before:
            after = await self.store.pairs.save(tx, stored, pair, event)
        if before.state in SHOWN and pair.state not in SHOWN:
            await self._release(tx, stored.id, pair)
        if before.state != pair.state and pair.state not in SHOWN:
            self._plan(tx, pair.program, pair.cohort)
        await self._assess(tx, stored.id, before, pair, found)
        return after

    async def _release(self, tx: Transaction, id: str, pair: Pair) -> None:
        """Both places are free again."""
        places = await self.store.places.get_many(tx, [each.enrollment for each in pair.members])
        for place in places.values():
            left = tuple(each for each in place.state.pairs if each != id)
            await self.store.places.save(tx, place, place.state.model_copy(update={"pairs": left}))

    async def _assess(self, tx: Transaction, id: str, before: Pair, pair: Pair, found: Gathered) -> None:
        """Publish gates of a living pair that fail now or hold again, and a rematch that is refused."""
        refused = pair.state in SHOWN and found.refused(pair, tx.now)
        if before.gates == pair.gates and not refused:
            return
        stored = await self.store.assessments.get(tx, id)
        state = stored.state if stored else Assessed(program=pair.program, cohort=pair.cohort)
        events = []
        if state.gates != pair.gates:
            state = state.model_copy(update={"gates": pair.gates})
            events.append("assessment.gates_changed")
        if refused and state.refused is None:
            state = state.model_copy(update={"refused": Refused(reason="last_cadence", at=tx.now)})
            events.append("assessment.rematch_refused")
        if not events:
            return
        if stored is None:
            await self.store.assessments.add(tx, id, state, events[-1])
        else:
            await self.store.assessments.save(tx, stored, state, events[-1])
