"""Which due subjects a worker reaches for: held for a moment, so that replicas take different ones.

A hold only saves wasted attempts: what decides is the transaction.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from shared.delivery.failure import is_conflict
from shared.delivery.model import Document, Limits
from shared.delivery.transaction import WORK, Transaction
from shared.delivery.transactions import Transactions


@dataclass(frozen=True, slots=True)
class Holds:
    """The holds of one process on rows of work."""

    transactions: Transactions
    limits: Limits

    async def take(self, is_long: Callable[[str], bool]) -> list[Document] | None:
        """Some due rows, now held; a long one comes alone. None: somebody was faster, try again at once."""
        rows = self.transactions.database[WORK]
        due: Document = {"due_at": {"$lte": self.transactions.clock.now()}}
        free: Document = {"$or": [{"held": None}, {"held": {"$lt": self.transactions.clock.wall()}}]}
        many = self.limits.work_batch * 4
        # In the order of the index and no further than the limit: thousands may be due at once.
        found = await rows.find({**due, **free}).sort("due_at", 1).limit(many).to_list(None)
        if not found:
            return []
        # The oldest first, but replicas begin at different places of what is due.
        start = random.randrange(max(1, len(found) - self.limits.work_batch + 1))
        chosen = found[start : start + self.limits.work_batch]
        alone = next((row for row in chosen if is_long(row["kind"])), None)
        ids = [row["_id"] for row in ([alone] if alone is not None else chosen)]
        try:
            return await self.transactions.once("", lambda tx: self._hold(tx, ids))
        except Exception as error:
            if not is_conflict(error):
                raise
            # Another replica reached for one of them too: begin again a little later, at another place.
            await asyncio.sleep(random.uniform(0.005, 0.05))
            return None

    async def until_due(self, most: float) -> float:
        """Seconds until the next row falls due by time, at most `most`: whoever sleeps that long is not late."""
        now = self.transactions.clock.now()
        found = await (
            self.transactions.database[WORK]
            .find({"due_at": {"$gt": now}}, {"due_at": 1})
            .sort("due_at", 1)
            .limit(1)
            .to_list(None)
        )
        return min(most, max(0.001, (found[0]["due_at"] - now).total_seconds())) if found else most

    async def renew(self, row: Document) -> None:
        """Keep one row for as long as its preparation takes; ends when it is cancelled."""
        while True:
            await asyncio.sleep(self.limits.work_lease / 3)
            with suppress(Exception):
                await self.transactions.database[WORK].update_one(
                    {"_id": row["_id"], "holder": row["holder"]}, {"$set": {"held": self._until()}}
                )

    async def release(self, tx: Transaction, rows: Sequence[Document]) -> None:
        """Give rows back that there was no time for."""
        await tx.database[WORK].update_many(
            {"_id": {"$in": [row["_id"] for row in rows]}},
            {"$unset": {"held": "", "holder": ""}},
            session=tx.session,
        )

    async def give_back(self, rows: Sequence[Document]) -> None:
        """Let go of rows outside any transaction; what fails here only waits until its hold is over."""
        for row in rows:
            with suppress(Exception):
                await self.transactions.database[WORK].update_one(
                    {"_id": row["_id"], "holder": row["holder"]}, {"$unset": {"held": "", "holder": ""}}
                )

    async def _hold(self, tx: Transaction, ids: Sequence[str]) -> list[Document]:
        """Mark those that are still free. In a transaction, since a plain write over many documents that meets a
        running transaction is repeated by the server while it holds up everybody else.
        """
        rows = tx.database[WORK]
        found = await rows.find({"_id": {"$in": list(ids)}}, session=tx.session).to_list(None)
        now, holder = self.transactions.clock.wall(), uuid4().hex
        free = [row for row in found if row["due_at"] <= tx.now and (row.get("held") or now) <= now]
        if free:
            await rows.update_many(
                {"_id": {"$in": [row["_id"] for row in free]}},
                {"$set": {"held": self._until(), "holder": holder}},
                session=tx.session,
            )
        return [{**row, "holder": holder} for row in free]

    def _until(self) -> datetime:
        """The end of a hold, in the database's time as measured (see leases.py)."""
        return self.transactions.clock.wall() + timedelta(seconds=self.limits.work_lease)
