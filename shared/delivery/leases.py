"""Leases of the outbox slots, in the database's own time: who may relay, by which epoch.

The times are `Clock.wall()`, the database's clock as measured, and not `$$NOW`: the embedded database does not compare
`$$NOW` with a stored date. A process that is held up between reading the clock and writing only errs to its own cost:
its lease ends sooner, and it takes others for longer-lived.
"""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pymongo.errors import DuplicateKeyError

from shared.clock import Clock
from shared.delivery.failure import describe
from shared.delivery.transaction import Transaction
from shared.mongo import Database

log = logging.getLogger(__name__)

SLOTS = "slots"
META = "meta"


class Fenced(Exception):
    """Another relay holds the slot now."""


class SlotsChanged(Exception):
    """The number of slots is fixed at the first start; an aggregate's events would change lanes and overtake."""


@dataclass(slots=True)
class Leases:
    """The slot leases of one process; `seconds` after the last renewal another process may take a slot."""

    database: Database
    clock: Clock
    owner: str
    seconds: float
    held: dict[int, int] = field(default_factory=dict)
    _task: asyncio.Task[None] | None = None

    async def fix_slots(self, slots: int) -> None:
        """Write the number of slots at the first start. Raises SlotsChanged when another number is written."""
        rows = self.database[META]
        with suppress(DuplicateKeyError):
            await rows.update_one({"_id": "slots"}, {"$setOnInsert": {"count": slots}}, upsert=True)
        found = await rows.find_one({"_id": "slots"})
        if found is not None and found["count"] != slots:
            raise SlotsChanged(
                f"this database was started with {found['count']} outbox slots and the setting says {slots}: "
                "set it back"
            )

    async def acquire(self, slot: int) -> int | None:
        """The epoch under which the slot is held now, or None while somebody else holds it."""
        rows = self.database[SLOTS]
        with suppress(DuplicateKeyError):
            await rows.update_one(
                {"_id": slot}, {"$setOnInsert": {"epoch": 0, "owner": "", "until": None}}, upsert=True
            )
        row = await rows.find_one_and_update(
            {
                "_id": slot,
                "$or": [
                    {"owner": {"$in": ["", self.owner]}},
                    {"until": {"$lt": self.clock.wall()}},
                ],
            },
            {"$inc": {"epoch": 1}, "$set": {"owner": self.owner, "until": self._until()}},
            return_document=True,
        )
        if row is None:
            return None
        self.held[slot] = row["epoch"]
        if self._task is None:
            self._task = asyncio.create_task(self._renew(), name="slot-leases")
        return int(row["epoch"])

    def _until(self) -> datetime:
        return self.clock.wall() + timedelta(seconds=self.seconds)

    def is_held(self, slot: int, epoch: int) -> bool:
        """Whether this process still believes that it holds the slot."""
        return self.held.get(slot) == epoch

    async def confirm(self, tx: Transaction, slot: int, epoch: int) -> None:
        """Hold the slot within a transaction. Raises Fenced when somebody else has it."""
        done = await tx.database[SLOTS].update_one(
            {"_id": slot, "epoch": epoch, "owner": self.owner},
            {"$set": {"until": self._until()}},
            session=tx.session,
        )
        if done.matched_count != 1:
            self.held.pop(slot, None)
            raise Fenced

    async def release(self) -> None:
        """Give all slots back, so that the next process need not wait for the leases to end."""
        if self._task is not None:
            self._task.cancel()
        for slot in list(self.held):
            await self.database[SLOTS].update_one({"_id": slot, "owner": self.owner}, {"$set": {"owner": ""}})
        self.held.clear()

    async def _renew(self) -> None:
        """Slot by slot, and only where no round has just renewed it: one write over all slots would wait until no
        round holds any of them.
        """
        while True:
            await asyncio.sleep(self.seconds / 4)
            try:
                fresh = await self._fresh()
            except Exception as error:
                log.warning("leases not looked at: %s", describe(error))
                continue
            for slot, epoch in list(self.held.items()):
                if fresh.get(slot) == epoch:
                    continue
                try:
                    done = await self.database[SLOTS].update_one(
                        {"_id": slot, "epoch": epoch, "owner": self.owner},
                        {"$set": {"until": self._until()}},
                    )
                    if done.matched_count != 1 and self.held.get(slot) == epoch:
                        self.held.pop(slot, None)
                except Exception as error:
                    log.warning("lease of slot %s not renewed: %s", slot, describe(error))

    async def _fresh(self) -> dict[int, int]:
        """The epochs of the slots of ours that need no renewal yet."""
        soon = self.clock.wall() + timedelta(seconds=self.seconds * 0.6)
        rows = self.database[SLOTS].find({"_id": {"$in": list(self.held)}})
        mine = [row for row in await rows.to_list(None) if row["owner"] == self.owner and row["until"] > soon]
        return {row["_id"]: row["epoch"] for row in mine}
