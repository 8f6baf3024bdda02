"""HTTP in: parse, call, respond."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from services.matching.domain import lifecycle as do
from services.matching.domain.facts import midnight, subject_of
from services.matching.domain.lifecycle import Command
from services.matching.domain.pair import Changed, Pair, Refused
from services.matching.domain.settle import next_change_time
from services.matching.shown import LeftOut, PairOut, RematchOut, left_out, pair_out
from services.matching.store import CohortState, Store
from services.matching.work.gather import gather
from services.matching.work.pairs import Pairs
from shared.delivery import Reader, Stored, Transaction
from shared.http import (
    Caller,
    Idempotent,
    MayMatch,
    Page,
    Paged,
    Reply,
    conflict,
    in_program,
    not_found,
    require,
)

COORDINATORS = ("coordinator", "admin")
People = Annotated[Caller, Depends(require("participant", *COORDINATORS))]
Members = Annotated[Caller, Depends(require("participant"))]
InCharge = Annotated[Caller, Depends(require(*COORDINATORS))]

State = Literal[
    "draft",
    "proposed",
    "accepted",
    "active",
    "paused",
    "completed",
    "ended",
    "declined",
    "expired",
    "withdrawn",
]
EndReason = Literal[
    "goals_met", "no_response", "never_started", "no_time", "mismatch", "conflict_of_interest", "safeguarding"
]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DeclineBody(Body):
    reason: str | None = Field(None, max_length=2000, description="Sealed: nobody else reads it.")


class PauseBody(Body):
    until: date = Field(description="The last day of the pause; at most 12 weeks.")


class EndBody(Body):
    reason: EndReason = Field(description="Internal; the world reads completed or ended.")


class RematchBody(Body):
    pair: str = Field(min_length=1, max_length=200)


def routes(store: Store, pairs: Pairs, view: Callable[[str], Reader]) -> APIRouter:
    """All routes of matching."""
    api = APIRouter(prefix="/v1")
    _programs(api, store, pairs, view)
    _pairs(api, store, pairs, view)
    return api


def _in_charge(caller: Caller, program: str) -> bool:
    return caller.may(program, *COORDINATORS)


def _programs(api: APIRouter, store: Store, pairs: Pairs, view: Callable[[str], Reader]) -> None:
    @api.get("/programs/{program}/pairs", tags=["programs"])
    async def list_pairs(
        program: str,
        caller: People,
        paging: Paged,
        state: Annotated[list[State] | None, Query(description="Only these states.")] = None,
        participant: Annotated[str | None, Query(description="Only pairs of this person.")] = None,
    ) -> Page[PairOut]:
        """A program's pairs, by id. Participants read their own; drafts are for coordinators."""
        reader = None if _in_charge(caller, program) else caller.participant
        if not _in_charge(caller, program):
            if caller.participant is None or participant not in (None, caller.participant):
                raise not_found("program")
            participant = caller.participant
        found = await store.page_of_pairs(
            view(caller.organization),
            program,
            states=state or (),
            participant=participant,
            limit=paging.fetch,
            after=paging.after,
            drafts=reader is None,
        )
        return paging.page(found, lambda each: each.id, lambda each: pair_out(each, reader))

    @api.get("/programs/{program}/unmatched", tags=["programs"])
    async def list_unmatched(
        program: str,
        caller: People,
        paging: Paged,
        role: Annotated[Literal["mentor", "mentee"] | None, Query()] = None,
    ) -> Page[LeftOut]:
        """Who has no partner, and why. Participants read what concerns themselves."""
        own = not _in_charge(caller, program)
        if own and caller.participant is None:
            raise not_found("program")
        found = await store.page_of_left(
            view(caller.organization),
            program,
            participant=caller.participant if own else None,
            role=role,
            limit=paging.fetch,
            after=paging.after,
        )
        return paging.page(found, lambda each: each.id, lambda each: left_out(each, own))

    @api.post("/programs/{program}/rematch", tags=["programs"], status_code=202, response_model=RematchOut)
    async def rematch(program: str, body: RematchBody, caller: InCharge, once: Idempotent) -> Response:
        """End a living pair without fault and find the mentee someone new, at the program's change time."""
        in_program(caller, program, *COORDINATORS)

        async def run(tx: Transaction) -> Reply:
            stored = await store.pairs.get(tx, body.pair)
            if stored is None or stored.state.program != program:
                raise not_found("pair")
            after = await _end(tx, store, pairs, stored, "rematched", caller)
            ending = after.state.ending
            shown = RematchOut(pair=after.id, state=after.state.state, ends_at=ending.at if ending else None)
            return Reply(shown, 202, revision=after.revision)

        return await once(caller, run)

    @api.post("/programs/{program}/cohorts/{cohort}/publish", tags=["programs"], status_code=202)
    async def publish(program: str, cohort: str, caller: InCharge, once: Idempotent) -> Response:
        """Show the drafts of a cohort as proposals now, before its enrollment window is over."""
        in_program(caller, program, *COORDINATORS)

        async def run(tx: Transaction) -> Reply:
            known = await store.program(tx, program)
            if known is None or cohort not in {each.id for each in known.cohorts}:
                raise not_found("cohort")
            subject = subject_of(program, cohort)
            stored = await store.cohorts.get(tx, subject)
            if stored is None:
                state = CohortState(program=program, cohort=cohort, published=True)
                await store.cohorts.add(tx, subject, state)
            elif not stored.state.published:
                state = stored.state.model_copy(update={"published": True})
                await store.cohorts.save(tx, stored, state)
            tx.wake("cohort", subject)
            return Reply({"program": program, "cohort": cohort, "published": True}, 202)

        return await once(caller, run)


def _pairs(api: APIRouter, store: Store, pairs: Pairs, view: Callable[[str], Reader]) -> None:
    async def visible(at: Reader, id: str, caller: Caller) -> Stored[Pair]:
        """The pair if this caller may see it; 404 for everybody else, as if there were none."""
        stored = await store.pairs.get(at, id)
        if stored is None or stored.state.state == "dropped":
            raise not_found("pair")
        if _in_charge(caller, stored.state.program):
            return stored
        if stored.state.state != "draft" and any(
            caller.is_one_of(each.participant) for each in stored.state.members
        ):
            return stored
        raise not_found("pair")

    async def act(
        once: Any, caller: Caller, id: str, match: Any, command: Callable[[Transaction, Pair], Command]
    ) -> Response:
        """One command on one pair, in one transaction."""

        async def run(tx: Transaction) -> Reply:
            stored = await visible(tx, id, caller)
            match.check(stored.revision)
            after = await _carry_out(tx, pairs, stored, command(tx, stored.state))
            reader = None if _in_charge(caller, after.state.program) else caller.participant
            return Reply(pair_out(after, reader), revision=after.revision)

        answered: Response = await once(caller, run)
        return answered

    @api.get("/pairs/{id}", tags=["pairs"])
    async def get_pair(id: str, caller: People) -> PairOut:
        """One pair: members read shared facts, coordinators the assessment too."""
        stored = await visible(view(caller.organization), id, caller)
        reader = None if _in_charge(caller, stored.state.program) else caller.participant
        return pair_out(stored, reader)

    @api.post("/pairs/{id}/accept", tags=["pairs"], response_model=PairOut)
    async def accept(id: str, caller: Members, once: Idempotent, match: MayMatch) -> Response:
        """A member's yes."""
        return await act(once, caller, id, match, lambda tx, pair: do.Accept(caller.participant or ""))

    @api.post("/pairs/{id}/decline", tags=["pairs"], response_model=PairOut)
    async def decline(
        id: str, caller: Members, once: Idempotent, match: MayMatch, body: DeclineBody | None = None
    ) -> Response:
        """A member's no; both are free again at once, and nobody is told who or why."""
        reason = body.reason if body else None
        return await act(
            once, caller, id, match, lambda tx, pair: do.Decline(caller.participant or "", reason)
        )

    @api.post("/pairs/{id}/approve", tags=["pairs"], response_model=PairOut)
    async def approve(id: str, caller: InCharge, once: Idempotent, match: MayMatch) -> Response:
        """The coordinator's yes, where the program asks for it."""
        return await act(once, caller, id, match, lambda tx, pair: do.Approve())

    @api.post("/pairs/{id}/pause", tags=["pairs"], response_model=PairOut)
    async def pause(id: str, body: PauseBody, caller: People, once: Idempotent, match: MayMatch) -> Response:
        """Pause until a day, which is the last of the pause."""
        return await act(
            once,
            caller,
            id,
            match,
            lambda tx, pair: do.Pause(midnight(body.until + timedelta(days=1), pair.zone)),
        )

    @api.post("/pairs/{id}/resume", tags=["pairs"], response_model=PairOut)
    async def resume(id: str, caller: People, once: Idempotent, match: MayMatch) -> Response:
        """End a pause that was asked for."""
        return await act(once, caller, id, match, lambda tx, pair: do.Resume())

    @api.post("/pairs/{id}/end", tags=["pairs"], response_model=PairOut)
    async def end(id: str, body: EndBody, caller: People, once: Idempotent, match: MayMatch) -> Response:
        """End at the program's next change time, with the one wording that all such ends have."""

        async def run(tx: Transaction) -> Reply:
            stored = await visible(tx, id, caller)
            match.check(stored.revision)
            after = await _end(tx, store, pairs, stored, body.reason, caller)
            reader = None if _in_charge(caller, after.state.program) else caller.participant
            return Reply(pair_out(after, reader), revision=after.revision)

        return await once(caller, run)


async def _carry_out(tx: Transaction, pairs: Pairs, stored: Stored[Pair], command: Command) -> Stored[Pair]:
    """Decide, save, and let whatever follows at once follow. Raises Problem 409 for a refusal."""
    outcome = do.decide(stored.state, command, tx.now)
    if isinstance(outcome, Refused):
        raise conflict(
            outcome.code, outcome.sentence, "Read the pair again: its state says what is possible."
        )
    if not isinstance(outcome, Changed):
        return stored
    if outcome.event is None:
        # Nobody outside hears of it (one of two answers; an end that waits): nothing else can follow at once.
        if outcome.pair.ending is not None:
            tx.wake("pair", stored.id, outcome.pair.ending.at)
        return await pairs.store.pairs.save(tx, stored, outcome.pair)
    after, due = await pairs.settle(tx, stored, outcome.pair, outcome.event)
    if due is not None:
        tx.wake("pair", after.id, due)
    return after


async def _end(
    tx: Transaction, store: Store, pairs: Pairs, stored: Stored[Pair], reason: str, caller: Caller
) -> Stored[Pair]:
    found = await gather(store, tx, stored.id, stored.state)
    at = next_change_time(tx.now, found.rules)
    by = caller.participant or "coordinator"
    return await _carry_out(tx, pairs, stored, do.EndLater(at, reason, by))
