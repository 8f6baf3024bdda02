"""Decisions: the health of a pair, what follows from a one-tap answer, and forgetting."""

from datetime import datetime

from services.sessions.domain.answers import made_id, made_of
from services.sessions.domain.judge import Person, Program, World, announced, judge
from services.sessions.domain.record import Record
from services.sessions.projections import ANSWER, FORGET, HEALTH
from services.sessions.store import Store
from shared.calendar import Place
from shared.contracts.answers import Answer
from shared.contracts.common import Days
from shared.contracts.pairs import Pair
from shared.contracts.programs import Cohort
from shared.delivery import Reader, Transaction, Work


class Deciding:
    """The work of sessions: load → decide → save, one method each."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def kinds(self) -> list[Work]:
        """One registration line each."""
        return [
            Work(HEALTH, self.health, ahead=self.ahead),
            Work(ANSWER, self.answer),
            Work(FORGET, self.forget),
        ]

    async def health(self, tx: Transaction, pair: str) -> datetime | None:
        """Judge a pair; saved only when it changed, published only when a reader sees the change."""
        world = await self._world(tx, pair)
        if world is None:
            return None
        verdict = judge(world, tx.now)
        stored = await self.store.health.get(tx, pair)
        if verdict.state is not None:
            if stored is None:
                await self.store.health.add(tx, pair, verdict.state, announced(None, verdict.state))
            elif stored.state != verdict.state:
                await self.store.health.save(
                    tx, stored, verdict.state, announced(stored.state, verdict.state)
                )
        return verdict.due

    async def ahead(self, tx: Transaction, pairs: list[str]) -> None:
        """Read for several pairs at once what judging each asks for."""
        found = await self.store.pairs_by_id(tx, pairs)
        members = [one for pair in found.values() for one in pair.members]
        await self.store.programs.get_many(tx, sorted({pair.program for pair in found.values()}))
        await self.store.cases.get_many(tx, list(found))
        await self.store.health.get_many(tx, list(found))
        await self.store.participants.get_many(tx, sorted({one.participant for one in members}))
        await self.store.away(tx, sorted({one.enrollment for one in members if one.enrollment}))
        await self.store.logs(tx, list(found))
        await self.store.busy_of_each(tx, list(found))

    async def answer(self, tx: Transaction, id: str) -> None:
        """A session or a busy period with an id that follows from the answer's: a replay finds it there."""
        copy = await self.store.answers.get(tx, id)
        if copy is None:
            return
        answer = Answer.model_validate(copy.state)
        pair = await self.store.pair(tx, answer.pair)
        members = tuple((one.participant, one.role) for one in pair.members) if pair else ()
        made = made_of(answer, members)
        if isinstance(made, Record):
            if await self.store.sessions.get(tx, made_id(id)) is None:
                await self.store.sessions.add(tx, made_id(id), made, f"session.{made.state}")
        elif made is not None and await self.store.busy.get(tx, made_id(id)) is None:
            await self.store.busy.add(tx, made_id(id), made)
        tx.wake(HEALTH, answer.pair)

    async def forget(self, tx: Transaction, pair: str) -> None:
        """An erased pair takes its health, sessions and busy periods along."""
        if await self.store.pairs.get(tx, pair) is not None:
            return
        for session in await self.store.log(tx, pair):
            await self.store.sessions.erase(tx, session)
        for busy in await self.store.busy_of(tx, pair):
            await self.store.busy.erase(tx, busy)
        health = await self.store.health.get(tx, pair)
        if health is not None:
            await self.store.health.erase(tx, health)

    async def _world(self, at: Reader, id: str) -> World | None:
        pair = await self.store.pair(at, id)
        rules = await self.store.programs.get(at, pair.program) if pair else None
        if pair is None or rules is None:
            # Either will wake this pair again when it arrives.
            return None
        case = await self.store.cases.get(at, id)
        return World(
            pair=pair,
            program=Program(
                cadence=rules.state["cadence"],
                zone=rules.state["zone"],
                cohorts=tuple(Cohort.model_validate(one) for one in rules.state["cohorts"]),
                breaks=tuple(Days.model_validate(one) for one in rules.state["breaks"]),
            ),
            people=await self._people(at, pair),
            sessions=[(one.id, one.revision, one.state) for one in await self.store.log(at, id)],
            busy=[one.state for one in await self.store.busy_of(at, id)],
            under_review=bool(case and case.state["open"]),
        )

    async def _people(self, at: Reader, pair: Pair) -> dict[str, Person]:
        known = await self.store.participants.get_many(at, [one.participant for one in pair.members])
        enrolled = await self.store.away(at, [one.enrollment for one in pair.members if one.enrollment])
        people = {}
        for member in pair.members:
            profile = known[member.participant].state if member.participant in known else {}
            enrollment = enrolled.get(member.enrollment or "")
            off = [*profile.get("leaves", ()), *(enrollment.state["away"] if enrollment else ())]
            country = profile.get("country")
            people[member.participant] = Person(
                zone=profile.get("time_zone"),
                place=Place(country, profile.get("region")) if country else None,
                off=tuple(Days.model_validate(one) for one in off),
            )
        return people
