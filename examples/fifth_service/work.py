"""Decisions: load → decide → save, in one transaction."""

from datetime import UTC, datetime, time

from shared.contracts import Pair
from shared.delivery import Transaction, Work

from .domain import milestones
from .projections import MILESTONES
from .store import Store


class Deciding:
    """The work of this service; every handler runs at least once and does nothing the second time."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def kinds(self) -> list[Work]:
        """One registration line each."""
        return [Work(MILESTONES, self.milestones)]

    async def milestones(self, tx: Transaction, pair: str) -> datetime | None:
        """What a pair has reached; returns when to look again, so that no timer is needed."""
        copy = await self.store.pairs.get(tx, pair)
        stored = await self.store.milestones.get(tx, pair)
        if copy is None:
            if stored is not None:
                await self.store.milestones.erase(tx, stored)
            return None
        state, again = milestones(Pair.model_validate(copy.state), tx.now.date())
        if stored is None:
            await self.store.milestones.add(tx, pair, state)
        elif stored.state != state:
            await self.store.milestones.save(tx, stored, state)
        return datetime.combine(again, time(), UTC) if again else None
