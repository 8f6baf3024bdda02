"""Halts of what has no position (decisions): one document a consumer, followed by every replica."""

import logging
from dataclasses import dataclass

from shared.clock import Clock
from shared.mongo import Database

HALTS = "halts"
log = logging.getLogger(__name__)


@dataclass(slots=True)
class Halts:
    """The halts of one service."""

    database: Database
    clock: Clock

    async def reason(self, consumer: str) -> str | None:
        """Why it stands still, or None."""
        row = await self.database[HALTS].find_one({"_id": consumer})
        return None if row is None else row["reason"]

    async def halt(self, consumer: str, reason: str) -> None:
        """Stand still until an operator resumes; the first reason is kept."""
        await self.database[HALTS].update_one(
            {"_id": consumer}, {"$setOnInsert": {"reason": reason, "at": self.clock.wall()}}, upsert=True
        )
        log.critical("consumer %s halted: %s", consumer, reason)

    async def resume(self, consumer: str) -> bool:
        """Go on; whether it stood still."""
        done = await self.database[HALTS].delete_one({"_id": consumer})
        return done.deleted_count == 1
