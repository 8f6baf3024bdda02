"""HTTP: the session log of a pair, and the health of pairs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Literal
from uuid import uuid4

from fastapi import APIRouter, Depends, Query, Response

from services.sessions.domain.acts import NotNow, Told, answer, correct, move, report
from services.sessions.domain.record import Record, Refusal, zone_of
from services.sessions.projections import HEALTH
from services.sessions.shown import (
    Move,
    NewSession,
    PairHealthOut,
    Report,
    SessionIn,
    SessionOut,
    SharedFacts,
    health_out,
    session_out,
    shared_facts,
)
from services.sessions.store import Store
from shared.contracts.common import Role
from shared.contracts.health import Band, SignalKind
from shared.contracts.pairs import Pair
from shared.contracts.sessions import Confirmation
from shared.delivery import Reader, Stored, Transaction, View
from shared.http import (
    Caller,
    Idempotent,
    MayMatch,
    MustMatch,
    Page,
    Paged,
    Problem,
    Reply,
    conflict,
    etag,
    in_program,
    invalid,
    not_found,
    require,
)

ROLE = "coordinator"
Anybody = Annotated[Caller, Depends(require("participant", ROLE))]
Coordinator = Annotated[Caller, Depends(require(ROLE))]
Word = Literal["confirm", "dispute"]
WORDS: dict[Word, tuple[Confirmation, str]] = {
    "confirm": (Confirmation.CONFIRMED, "session.confirmed"),
    "dispute": (Confirmation.DISPUTED, "session.disputed"),
}


@contextmanager
def told() -> Iterator[None]:
    """A refusal of the domain as a problem that names the field and the fix."""
    try:
        yield
    except Refusal as refusal:
        raise invalid(refusal.field, refusal.detail, refusal.fix) from None
    except NotNow as refusal:
        raise conflict(refusal.kind, refusal.detail, refusal.fix) from None


def routes(store: Store, view: Callable[[str], View]) -> APIRouter:
    """The routes under /v1."""
    router = APIRouter(prefix="/v1")

    async def pair_of(at: Reader, caller: Caller, id: str) -> Pair:
        pair = await store.pair(at, id)
        if pair is None:
            raise not_found("pair")
        if not caller.is_one_of(*(one.participant for one in pair.members)):
            in_program(caller, pair.program, ROLE, what="pair")
        return pair

    async def session_of(at: Reader, caller: Caller, pair: str, id: str) -> tuple[Pair, Stored[Record]]:
        found = await pair_of(at, caller, pair)
        stored = await store.sessions.get(at, id)
        if stored is None or stored.state.pair != pair:
            raise not_found("session")
        return found, stored

    async def zone(at: Reader, pair: Pair) -> str:
        mentees = [one.participant for one in pair.members if one.role == Role.MENTEE]
        known = await store.participants.get_many(at, mentees)
        rules = await store.programs.get(at, pair.program)
        names: list[str | None] = [known[one].state.get("time_zone") for one in mentees if one in known]
        names += [rules.state["zone"]] if rules else []
        return next((name for name in names if name and zone_of(name)), "UTC")

    def reply(stored: Stored[Record], status: int = 200) -> Reply:
        place = f"/v1/pairs/{stored.state.pair}/sessions/{stored.id}"
        return Reply(
            session_out(stored), status, revision=stored.revision, location=place if status == 201 else None
        )

    @router.post("/pairs/{pair}/sessions", tags=["sessions"], status_code=201, response_model=SessionOut)
    async def report_session(pair: str, body: NewSession, caller: Anybody, once: Idempotent) -> Response:
        """Plan a session, or report one that was held, cancelled or missed; past ones in any order."""

        async def run(tx: Transaction) -> Reply:
            found = await pair_of(tx, caller, pair)
            with told():
                record = report(found, _said(body, body.state, found, caller), await zone(tx, found), tx.now)
            stored = await store.sessions.add(tx, uuid4().hex, record, f"session.{record.state}")
            tx.wake(HEALTH, pair)
            return reply(stored, 201)

        return await once(caller, run)

    @router.get("/pairs/{pair}/sessions", tags=["sessions"])
    async def list_sessions(pair: str, caller: Anybody, paging: Paged) -> Page[SessionOut]:
        """All sessions of a pair, by id."""
        at = view(caller.organization)
        await pair_of(at, caller, pair)
        found = await store.page_of_log(at, pair, limit=paging.fetch, after=paging.after)
        return paging.page(found, lambda one: one.id, session_out)

    @router.get("/pairs/{pair}/sessions/{id}", tags=["sessions"])
    async def get_session(pair: str, id: str, caller: Anybody, response: Response) -> SessionOut:
        """One session; its ETag is what an update sends back."""
        _, stored = await session_of(view(caller.organization), caller, pair, id)
        response.headers["ETag"] = etag(stored.revision)
        return session_out(stored)

    @router.patch("/pairs/{pair}/sessions/{id}", tags=["sessions"], response_model=SessionOut)
    async def correct_session(
        pair: str, id: str, body: Report, caller: Anybody, match: MustMatch, once: Idempotent
    ) -> Response:
        """Say what became of a planned session, or correct a report. The other side may confirm it anew."""

        async def run(tx: Transaction) -> Reply:
            found, stored = await session_of(tx, caller, pair, id)
            match.check(stored.revision)
            with told():
                record = correct(found, stored.state, _said(body, body.state, found, caller), tx.now)
            known = stored.state.state == record.state
            type = "session.corrected" if known else f"session.{record.state}"
            saved = await store.sessions.save(tx, stored, record, type)
            tx.wake(HEALTH, pair)
            return reply(saved)

        return await once(caller, run)

    @router.post(
        "/pairs/{pair}/sessions/{id}/reschedule",
        tags=["sessions"],
        status_code=201,
        response_model=SessionOut,
    )
    async def reschedule_session(
        pair: str, id: str, body: Move, caller: Anybody, match: MayMatch, once: Idempotent
    ) -> Response:
        """Move a planned session; the answer is the new one, and the old one names it."""

        async def run(tx: Transaction) -> Reply:
            found, stored = await session_of(tx, caller, pair, id)
            match.check(stored.revision)
            to = uuid4().hex
            wanted = SessionIn(start=body.start, end=body.end, time_zone=body.time_zone)
            with told():
                before, after = move(found, stored.state, to, _said(wanted, "planned", found, caller), tx.now)
            await store.sessions.save(tx, stored, before, "session.rescheduled")
            added = await store.sessions.add(tx, to, after, "session.planned")
            tx.wake(HEALTH, pair)
            return reply(added, 201)

        return await once(caller, run)

    @router.post("/pairs/{pair}/sessions/{id}/{word}", tags=["sessions"], response_model=SessionOut)
    async def answer_session(
        pair: str, id: str, word: Word, caller: Anybody, match: MayMatch, once: Idempotent
    ) -> Response:
        """Confirm or dispute what the other side reported. A disputed session is as if not reported."""

        async def run(tx: Transaction) -> Reply:
            found, stored = await session_of(tx, caller, pair, id)
            match.check(stored.revision)
            confirmation, type = WORDS[word]
            with told():
                record = answer(stored.state, _member(found, caller), confirmation, tx.now)
            saved = await store.sessions.save(tx, stored, record, type)
            tx.wake(HEALTH, pair)
            return reply(saved)

        return await once(caller, run)

    @router.get("/pairs/{pair}/health", tags=["health"])
    async def get_health(pair: str, caller: Anybody) -> PairHealthOut | SharedFacts:
        """How a pair is doing: for its coordinators all of it, for its members the facts they share."""
        at = view(caller.organization)
        found = await pair_of(at, caller, pair)
        stored = await store.health.get(at, pair)
        if stored is None:
            raise Problem(
                404,
                "not-begun",
                "This pair has no health yet: its time has not begun.",
                fix="Ask once it has.",
            )
        # A coordinator who is a member reads as a member: nobody reads the score of an own pair.
        if _member(found, caller) is not None:
            return shared_facts(stored.state.health)
        return health_out(stored.state)

    @router.get("/programs/{program}/health", tags=["health"])
    async def list_health(
        program: str,
        caller: Coordinator,
        paging: Paged,
        band: Annotated[Band | None, Query(description="Only this shown band.")] = None,
        signal: Annotated[SignalKind | None, Query(description="Only pairs with this signal.")] = None,
        ended: Annotated[bool, Query(description="Also pairs that have come to an end.")] = False,
    ) -> Page[PairHealthOut]:
        """The health of a program's pairs, by pair; the coordinator's own pairs are left out."""
        in_program(caller, program, ROLE)
        found = await store.page_of_health(
            view(caller.organization),
            program,
            band=band,
            signal=signal,
            without=caller.participant,
            ended=ended,
            limit=paging.fetch,
            after=paging.after,
        )
        return paging.page(found, lambda one: one.id, lambda one: health_out(one.state))

    return router


def _member(pair: Pair, caller: Caller) -> str | None:
    members = [one.participant for one in pair.members]
    return caller.participant if caller.participant in members else None


def _said(body: SessionIn, state: str, pair: Pair, caller: Caller) -> Told:
    return body.told(state, _member(pair, caller))
