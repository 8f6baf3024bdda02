"""Halts of what has no position (decisions): one document a consumer, followed by every replica."""

import logging
from contextlib import suppress
from dataclasses import dataclass

from pymongo.errors import DuplicateKeyError

from shared.clock import Clock
from shared.mongo import Database

HALTS = "halts"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a consumer stands still, and how often an operator has let it go on."""

    reason: str | None
    """Why it stands still, or None."""
    resumed: int
    """Moves on at every resume: what was tried under an earlier number says nothing about the one of now."""


@dataclass(slots=True)
class Halts:
    """The halts of one service."""

    database: Database
    clock: Clock

    async def read(self, consumer: str) -> Standing:
        """How it stands now."""
        row = await self.database[HALTS].find_one({"_id": consumer})
        return Standing(None, 0) if row is None else Standing(row["reason"], row.get("resumed", 0))

    async def halt(self, consumer: str, reason: str, resumed: int) -> bool:
        """Stand still until an operator resumes; the first reason is kept. False when an operator has resumed it
        since `resumed`: the failures were of the time before, and would undo the operator's word."""
        with suppress(DuplicateKeyError):  # halted already, or resumed: the look after it tells
            await self.database[HALTS].update_one(
                {"_id": consumer, "resumed": resumed, "reason": None},
                {"$set": {"reason": reason, "at": self.clock.wall()}},
                upsert=True,
            )
        now = await self.read(consumer)
        if now.reason is None:
            return False
        log.critical("consumer %s halted: %s", consumer, now.reason)
        return True

    async def resume(self, consumer: str) -> bool:
        """Go on; whether it stood still."""
        done = await self.database[HALTS].update_one(
            {"_id": consumer, "reason": {"$ne": None}}, {"$set": {"reason": None}, "$inc": {"resumed": 1}}
        )
        return done.modified_count == 1
