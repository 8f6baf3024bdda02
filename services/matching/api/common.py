"""Who may call, and what several routes share."""

from typing import Annotated

from fastapi import Depends
from pydantic import BaseModel, ConfigDict

from services.matching.domain import lifecycle as do
from services.matching.domain.lifecycle import Command
from services.matching.domain.pair import Changed, Pair, Refused
from services.matching.domain.settle import next_change_time
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
    if outcome.event is None:
        # Nobody outside hears of it (one of two answers; an end that waits): nothing else can follow at once.
        if outcome.pair.ending is not None:
            tx.wake("pair", stored.id, outcome.pair.ending.at)
        return await pairs.store.pairs.save(tx, stored, outcome.pair)
    after, due = await pairs.settle(tx, stored, outcome.pair, outcome.event)
    if due is not None:
        tx.wake("pair", after.id, due)
    return after


async def end_later(
    tx: Transaction, store: Store, pairs: Pairs, stored: Stored[Pair], reason: str, caller: Caller
) -> Stored[Pair]:
    found = await gather(store, tx, stored.id, stored.state)
    at = next_change_time(tx.now, found.rules)
    by = caller.participant or "coordinator"
    return await carry_out(tx, pairs, stored, do.EndLater(at, reason, by))
