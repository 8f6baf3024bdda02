"""One pair: reading it, and what people may do to it."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Literal

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field

from services.matching.api.common import (
    Body,
    InCharge,
    Members,
    People,
    carry_out,
    end_later,
    in_charge,
    reader_of,
    tag_of,
)
from services.matching.domain import lifecycle as do
from services.matching.domain.facts import midnight
from services.matching.domain.lifecycle import Command
from services.matching.domain.pair import Pair
from services.matching.shown import (
    PairOut,
    pair_out,
)
from services.matching.store import Store
from services.matching.work.pairs import Pairs
from shared.delivery import Reader, Stored, Transaction
from shared.http import (
    Caller,
    Idempotent,
    MayMatch,
    Reply,
    etag,
    not_found,
)

LAST_DAY = date(2199, 12, 31)
"""Beyond it no pause can lie, and not every zone has a day after the last of all days."""

EndReason = Literal[
    "goals_met", "no_response", "never_started", "no_time", "mismatch", "conflict_of_interest", "safeguarding"
]


class DeclineBody(Body):
    reason: str | None = Field(None, max_length=2000, description="Sealed: nobody else reads it.")


class PauseBody(Body):
    until: date = Field(le=LAST_DAY, description="The last day of the pause; at most 12 weeks.")


class EndBody(Body):
    reason: EndReason = Field(description="Internal; the world reads completed or ended.")


def single_pairs(api: APIRouter, store: Store, pairs: Pairs, view: Callable[[str], Reader]) -> None:
    async def visible(at: Reader, id: str, caller: Caller) -> Stored[Pair]:
        """The pair if this caller may see it; 404 for everybody else, as if there were none."""
        stored = await store.pairs.get(at, id)
        if stored is None or stored.state.state == "dropped":
            raise not_found("pair")
        if in_charge(caller, stored.state.program):
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
            reader = reader_of(caller, stored.state)
            match.check(tag_of(stored, reader))
            after = await carry_out(tx, pairs, stored, command(tx, stored.state))
            return Reply(pair_out(after, reader), revision=tag_of(after, reader))

        answered: Response = await once(caller, run)
        return answered

    @api.get("/pairs/{id}", tags=["pairs"])
    async def get_pair(id: str, caller: People, response: Response) -> PairOut:
        """One pair: members read shared facts, coordinators the assessment too."""
        stored = await visible(view(caller.organization), id, caller)
        reader = reader_of(caller, stored.state)
        response.headers["etag"] = etag(tag_of(stored, reader))
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
            reader = reader_of(caller, stored.state)
            match.check(tag_of(stored, reader))
            after = await end_later(tx, store, pairs, stored, body.reason, caller)
            return Reply(pair_out(after, reader), revision=tag_of(after, reader))

        return await once(caller, run)
