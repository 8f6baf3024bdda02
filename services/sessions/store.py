"""All that sessions keeps, and every question it asks of it; the only file here that names MongoDB's filters."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.sessions.domain.judge import OVER, PairHealth
from services.sessions.domain.record import Busy, Record, body
from shared.contracts import (
    ANSWERS,
    CASES,
    ENROLLMENTS,
    HEALTH,
    PAIRS,
    PARTICIPANTS,
    PROGRAMS,
    SESSIONS,
    Answer,
    Case,
    Enrollment,
    Pair,
    Participant,
    Program,
)
from shared.contracts.cases import LIVE, ReviewState
from shared.contracts.pairs import LIVING
from shared.delivery import Aggregates, Copies, Copy, Index, Reader, Stored

WAITING = frozenset({ReviewState.OPEN.value, ReviewState.SNOOZED.value})
"""Reviews that are still a task."""

JUDGED = sorted(LIVING | OVER)
"""States of pairs that have a health; a proposal has none, however often its program changes."""


def _program(program: Program) -> Mapping[str, Any]:
    rules = program.rules
    kept = program.model_dump(mode="json", include={"id", "cohorts", "breaks"})
    return {**kept, "cadence": rules.cadence_days, "zone": rules.time_zone}


def _participant(person: Participant) -> Mapping[str, Any]:
    return person.model_dump(mode="json", include={"id", "leaves", "time_zone", "country", "region"})


def _enrollment(enrollment: Enrollment) -> Mapping[str, Any]:
    return enrollment.model_dump(mode="json", include={"id", "participant", "away"})


def _case(case: Case) -> Mapping[str, Any]:
    live = case.case is not None and case.case.state in LIVE
    return {"open": live or any(one.state in WAITING for one in case.reviews)}


class Store:
    """The collections of the sessions database. Of other services only what moves a clock is kept."""

    sessions: Aggregates[Record] = Aggregates(
        "sessions",
        Record,
        topic=SESSIONS,
        event=body,
        indexes=(Index((("state.pair", 1), ("id", 1))),),
    )
    health: Aggregates[PairHealth] = Aggregates(
        "health",
        PairHealth,
        topic=HEALTH,
        event=lambda _, state: state.health,
        indexes=(
            Index((("state.health.program", 1), ("id", 1))),
            Index((("state.health.program", 1), ("state.health.signals.kind", 1), ("id", 1))),
        ),
    )
    busy: Aggregates[Busy] = Aggregates("busy", Busy, indexes=(Index((("state.pair", 1), ("id", 1))),))
    pairs: Copies[Pair] = Copies(
        "pairs",
        PAIRS,
        indexes=(
            Index((("state.program", 1), ("id", 1))),
            Index((("state.members.participant", 1), ("id", 1))),
        ),
    )
    programs: Copies[Program] = Copies("programs", PROGRAMS, keep=_program)
    participants: Copies[Participant] = Copies("participants", PARTICIPANTS, keep=_participant)
    enrollments: Copies[Enrollment] = Copies("enrollments", ENROLLMENTS, keep=_enrollment)
    cases: Copies[Case] = Copies("cases", CASES, keep=_case)
    answers: Copies[Answer] = Copies("answers", ANSWERS)

    @property
    def aggregates(self) -> tuple[Aggregates[Any], ...]:
        """What this service owns."""
        return (self.sessions, self.health, self.busy)

    async def pair(self, at: Reader, id: str) -> Pair | None:
        """A pair as matching last told."""
        return (await self.pairs_by_id(at, [id])).get(id)

    async def pairs_by_id(self, at: Reader, ids: Sequence[str]) -> dict[str, Pair]:
        """Those that are known."""
        copies = await self.pairs.get_many(at, ids)
        return {id: Pair.model_validate(copy.state) for id, copy in copies.items()}

    async def log(self, at: Reader, pair: str) -> list[Stored[Record]]:
        """All sessions of a pair."""
        return (await self.logs(at, [pair]))[pair]

    async def logs(self, at: Reader, pairs: Sequence[str]) -> dict[str, list[Stored[Record]]]:
        """All sessions of several pairs."""
        return await self.sessions.of_each(at, "state.pair", pairs)

    async def page_of_log(
        self, at: Reader, pair: str, *, limit: int, after: str | None
    ) -> list[Stored[Record]]:
        """A page of a pair's sessions, by id."""
        return await self.sessions.find(at, {"state.pair": pair}, limit=limit, after=after)

    async def busy_of(self, at: Reader, pair: str) -> list[Stored[Busy]]:
        """All days on which a member said they cannot meet."""
        return (await self.busy_of_each(at, [pair]))[pair]

    async def busy_of_each(self, at: Reader, pairs: Sequence[str]) -> dict[str, list[Stored[Busy]]]:
        """The same of several pairs."""
        return await self.busy.of_each(at, "state.pair", pairs)

    async def away(self, at: Reader, enrollments: Sequence[str]) -> dict[str, Copy]:
        """Enrollments by id."""
        return await self.enrollments.get_many(at, enrollments)

    async def pair_ids_of_program(self, at: Reader, program: str, after: str | None, limit: int) -> list[str]:
        """A page of a program's pairs that have a health."""
        where = {"state.program": program, "state.state": {"$in": JUDGED}}
        return [copy.id for copy in await self.pairs.find(at, where, limit=limit, after=after)]

    async def pair_ids_of_person(
        self, at: Reader, participant: str, after: str | None, limit: int
    ) -> list[str]:
        """A page of the pairs with a health that a person is or was in."""
        where = {"state.members.participant": participant, "state.state": {"$in": JUDGED}}
        return [copy.id for copy in await self.pairs.find(at, where, limit=limit, after=after)]

    async def page_of_health(
        self,
        at: Reader,
        program: str,
        *,
        band: str | None,
        signal: str | None,
        without: str | None,
        ended: bool,
        limit: int,
        after: str | None,
    ) -> list[Stored[PairHealth]]:
        """A page of a program's health, by pair; `without` leaves out the pairs of one participant, and those that
        have come to an end are left out unless they are wanted too.
        """
        where: dict[str, Any] = {"state.health.program": program}
        if band is not None:
            where["state.shown"] = band
        if signal is not None:
            where["state.health.signals.kind"] = signal
        if not ended:
            where["state.ended"] = {"$ne": True}
        if without is not None:
            where["state.members"] = {"$ne": without}
        return await self.health.find(at, where, limit=limit, after=after)
