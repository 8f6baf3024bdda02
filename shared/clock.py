"""The two times: the database's own, and program time, which the embedded profile alone may move forward.

Lease time, tokens, `order` and record timestamps follow the database's clock; decisions about people follow
program time. Neither reads this machine's wall clock, so a replica whose clock is wrong does nothing early.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from pymongo.errors import PyMongoError

from shared import metrics
from shared.mongo import Mongo

OFFSET = "offset"
log = logging.getLogger(__name__)


class Clock:
    """Program time and database time of one process.

    The database's clock is measured against this machine's monotonic clock every `measure_every` seconds.
    With `adjustable` the offset document of the database `offset_database` is followed every half second.
    """

    def __init__(
        self,
        mongo: Mongo,
        *,
        adjustable: bool = False,
        offset_database: str = "rapport_clock",
        measure_every: float = 10.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._mongo = mongo
        self._adjustable = adjustable
        self._offsets = mongo.database(offset_database)["clock"]
        self._every = measure_every
        self._monotonic = monotonic
        self._base: tuple[datetime, float] | None = None
        self._offset = timedelta(0)
        self._measured = 0.0
        self._task: asyncio.Task[None] | None = None
        self.moved: Callable[[], None] = lambda: None

    @property
    def offset(self) -> timedelta:
        """How far program time is ahead of the database's clock."""
        return self._offset

    def wall(self) -> datetime:
        """The database's time (UTC). Raises RuntimeError before the first measurement."""
        if self._base is None:
            raise RuntimeError("the clock has not been measured yet: call measure() first")
        at, since = self._base
        return at + timedelta(seconds=self._monotonic() - since)

    def wall_ms(self) -> int:
        """The database's time in milliseconds since 1970."""
        return int(self.wall().timestamp() * 1000)

    def now(self) -> datetime:
        """Program time (UTC)."""
        return self.wall() + self._offset

    async def measure(self) -> None:
        """Read the database's clock and, where it may be moved, the offset."""
        before = self._monotonic()
        at = await self._mongo.server_time()
        after = self._monotonic()
        self._base = (at, (before + after) / 2)
        self._measured = after
        metrics.CLOCK_SKEW_SECONDS.set(time.time() - at.timestamp())
        await self.follow()

    async def start(self) -> None:
        """Measure once, then keep measuring in the background."""
        await self.measure()
        self._task = asyncio.create_task(self._run(), name="clock")

    async def stop(self) -> None:
        """Stop measuring."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def follow(self) -> None:
        """Read the offset now, where it may be moved."""
        if not self._adjustable:
            return
        row = await self._offsets.find_one({"_id": OFFSET})
        offset = timedelta(seconds=row["seconds"]) if row else timedelta(0)
        if offset != self._offset:
            self._offset = offset
            self.moved()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(0.5 if self._adjustable else self._every)
            try:
                if self._monotonic() - self._measured >= self._every:
                    await self.measure()
                else:
                    await self.follow()
            except (PyMongoError, OSError) as error:
                # The monotonic clock carries on: a database that is away must not stop time.
                log.warning("clock not measured: %s", type(error).__name__)


async def offset(mongo: Mongo, offset_database: str = "rapport_clock") -> timedelta:
    """How far program time is ahead of the database's clock, as the offset document says."""
    row = await mongo.database(offset_database)["clock"].find_one({"_id": OFFSET})
    return timedelta(seconds=row["seconds"]) if row else timedelta(0)


async def advance(mongo: Mongo, by: timedelta, offset_database: str = "rapport_clock") -> timedelta:
    """Move program time forward; returns the new offset. Raises ValueError for a negative step."""
    if by < timedelta(0):
        raise ValueError("program time cannot go back: give a positive duration")
    row = await mongo.database(offset_database)["clock"].find_one_and_update(
        {"_id": OFFSET}, {"$inc": {"seconds": by.total_seconds()}}, upsert=True, return_document=True
    )
    assert row is not None  # an upsert that returns the document after it
    return timedelta(seconds=row["seconds"])
