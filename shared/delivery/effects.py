"""Effects outside the database (mail, webhooks): claimed by a lease, sent at least once under a stable id."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

from shared import metrics
from shared.delivery.failure import Backoff, describe
from shared.delivery.model import Document, Effect, EffectRow, Limits
from shared.delivery.transaction import EFFECTS, Transaction
from shared.delivery.transactions import Transactions

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Effects:
    """Carries out due effects, a few at a time: most of the time of each is the other side's."""

    transactions: Transactions
    effects: Mapping[str, Effect]
    limits: Limits
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _stopping: bool = False

    async def start(self) -> None:
        """Run in the background, where a service has effects at all."""
        if self.effects:
            self._tasks = [
                asyncio.create_task(self._run(n), name=f"effects-{n}")
                for n in range(self.limits.effect_tasks)
            ]

    def wake(self) -> None:
        """Something may be due."""
        self._wake.set()

    async def stop(self) -> None:
        """Finish those in hand for a moment; what is cut off is sent again later under the same id."""
        self._stopping = True
        self._wake.set()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=self.limits.stop_batch / 2)
            for task in late:
                task.cancel()

    async def _run(self, number: int) -> None:
        # One task looks often for what falls due by time; the others help when a wake says that there is work.
        idle = self.limits.poll * (1 if number == 0 else 8)
        backoff = Backoff(self.limits.backoff_least, self.limits.backoff_most)
        while not self._stopping:
            try:
                # Before the look: a wake of the time between the look and the wait must not be lost.
                self._wake.clear()
                row = await self._take()
                backoff.reset()
                if row is not None:
                    await self._carry_out(row)
                    continue
                with suppress(TimeoutError):
                    async with asyncio.timeout(idle):
                        await self._wake.wait()
            except asyncio.CancelledError:
                raise
            except Exception as error:
                log.warning("effects: %s", describe(error))
                await asyncio.sleep(backoff.next())

    async def _take(self) -> Document | None:
        """The oldest due effect, leased in the database's time as measured (see leases.py)."""
        now = self.transactions.clock.wall()
        row: Document | None = await self.transactions.database[EFFECTS].find_one_and_update(
            {
                "due_at": {"$lte": self.transactions.clock.now()},
                "kind": {"$in": list(self.effects)},
                "$or": [{"held": None}, {"held": {"$lt": now}}],
            },
            {
                "$set": {"held": now + timedelta(seconds=self.limits.effect_lease), "holder": uuid4().hex},
                "$inc": {"attempts": 1},
            },
            sort=[("due_at", 1)],
            return_document=True,
        )
        return row

    async def _carry_out(self, row: Document) -> None:
        effect = self.effects[row["kind"]]
        given = EffectRow(row["kind"], row["organization"], row["id"], row["body"], row["attempts"])
        try:
            # Shorter than the lease: a send that hangs must not overlap with the next holder's for long.
            async with asyncio.timeout(self.limits.effect_lease * 0.7):
                outcome = await effect.send(given)
        except Exception as error:
            metrics.EFFECTS.labels(kind=row["kind"], outcome="failed").inc()
            wait = min(3600.0, 2.0 ** min(row["attempts"], 12))
            log.warning("effect %s failed (attempt %s): %s", row["kind"], row["attempts"], describe(error))
            await self.transactions.database[EFFECTS].update_one(
                {"_id": row["_id"], "holder": row["holder"]},
                {
                    "$set": {
                        "due_at": self.transactions.clock.now() + timedelta(seconds=wait),
                        "failed": describe(error),
                    },
                    "$unset": {"held": "", "holder": ""},
                },
            )
            return

        async def run(tx: Transaction) -> None:
            gone = await tx.database[EFFECTS].delete_one({"_id": row["_id"]}, session=tx.session)
            if gone.deleted_count and effect.done is not None:
                await effect.done(tx, given, outcome)

        await self.transactions.patiently(row["organization"], run)
        metrics.EFFECTS.labels(kind=row["kind"], outcome="sent").inc()
