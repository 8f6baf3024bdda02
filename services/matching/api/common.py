"""Who may call, and what several routes share."""

from typing import Annotated

from fastapi import Depends
from pydantic import BaseModel, ConfigDict

from services.matching.domain import lifecycle as do
from services.matching.domain.lifecycle import Command
from services.matching.domain.pair import Changed, Pair, Refused
from services.matching.domain.settle import next_change_time, settle
from services.matching.store import Store
from services.matching.work.gather import gather
from services.matching.work.pairs import Pairs
from shared.delivery import Stored, Transaction
from shared.http import (
    Caller,
    conflict,
    require,
)

COORDINATORS = ("coordinator", "admin")
People = Annotated[Caller, Depends(require("participant", *COORDINATORS))]
Members = Annotated[Caller, Depends(require("participant"))]
InCharge = Annotated[Caller, Depends(require(*COORDINATORS))]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


def in_charge(caller: Caller, program: str) -> bool:
    return caller.may(program, *COORDINATORS)


async def carry_out(tx: Transaction, pairs: Pairs, stored: Stored[Pair], command: Command) -> Stored[Pair]:
    """Decide, save, and let whatever follows at once follow. Raises Problem 409 for a refusal."""
    outcome = do.decide(stored.state, command, tx.now)
    if isinstance(outcome, Refused):
        raise conflict(
            outcome.code, outcome.sentence, "Read the pair again: its state says what is possible."
        )
    if not isinstance(outcome, Changed):
        return stored
    if isinstance(command, do.Accept | do.Approve) and not await still_open(tx, pairs.store, stored):
        raise conflict(
            "not_available",
            "This proposal is no longer available.",
            "Nothing to do: the next proposal comes by itself.",
        )
    if outcome.event is None:
        # Nobody outside hears of it (one of two answers; an end that waits): nothing else can follow at once.
        if outcome.pair.ending is not None:
            tx.wake("pair", stored.id, outcome.pair.ending.at)
        return await pairs.store.pairs.save(tx, stored, outcome.pair)
    after, due = await pairs.settle(tx, stored, outcome.pair, outcome.event)
    if due is not None:
        tx.wake("pair", after.id, due)
    return after


async def still_open(tx: Transaction, store: Store, stored: Stored[Pair]) -> bool:
    """Whether a proposal still stands by the facts of now. They arrive before anything is decided on them: a yes in
    between would make a living pair of two whom a gate forbids, or of a leaver."""
    found = await gather(store, tx, stored.id, stored.state)
    return settle(stored.state, found.facts(stored.state, tx.now), tx.now).pair.state == stored.state.state


def reader_of(caller: Caller, pair: Pair) -> str | None:
    """The member who reads the pair; None: somebody in charge of its program, who reads all of it."""
    return None if in_charge(caller, pair.program) else caller.participant


def tag_of(stored: Stored[Pair], reader: str | None) -> int:
    """What a reader's ETag counts. Members': published states alone, or it would tell them of the other's yes, and
    that somebody asked for an end."""
    return stored.revision if reader is None else stored.version


async def end_later(
    tx: Transaction, store: Store, pairs: Pairs, stored: Stored[Pair], reason: str, caller: Caller
) -> Stored[Pair]:
    found = await gather(store, tx, stored.id, stored.state)
    at = next_change_time(tx.now, found.rules)
    by = caller.participant or "coordinator"
    return await carry_out(tx, pairs, stored, do.EndLater(at, reason, by))
