"""Positions: how far each partition has been applied, by which epoch, and whether it stands still and why."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from shared.delivery.inbox.judge import Last
from shared.delivery.transaction import Transaction
from shared.mongo import Database

POSITIONS = "positions"


@dataclass(frozen=True, slots=True)
class Position:
    """One partition of one group: `next` is None until something was applied."""

    id: str
    topic: str
    partition: int
    next: int | None
    epoch: int
    last: Last | None
    halted: str | None
    owner: str
    resumed: int | None = None
    """Moves on at every resume, also where nothing stood still."""


class Stale(Exception):
    """The position is not what the claim says: somebody else moved it, or this batch is in it already."""


class Positions:
    """The positions of one consumer group."""

    def __init__(self, database: Database, group: str) -> None:
        self.group = group
        self._rows = database[POSITIONS]

    def id(self, topic: str, partition: int) -> str:
        """The document id of a partition's position."""
        return f"{self.group}/{topic}/{partition}"

    async def claim(self, topic: str, partition: int, owner: str) -> Position:
        """Take the partition over: the epoch goes up, which fences everybody who held it before."""
        row = await self._rows.find_one_and_update(
            {"_id": self.id(topic, partition)},
            {
                "$inc": {"epoch": 1},
                "$set": {"owner": owner},
                "$setOnInsert": {
                    "group": self.group,
                    "topic": topic,
                    "partition": partition,
                    "next": None,
                    "last": None,
                    "halted": None,
                },
            },
            upsert=True,
            return_document=True,
        )
        assert row is not None  # an upsert that returns the document after it
        return _position(row)

    async def read(self, topic: str, partition: int) -> Position | None:
        """The position as it is now."""
        row = await self._rows.find_one({"_id": self.id(topic, partition)})
        return None if row is None else _position(row)

    async def all(self) -> list[Position]:
        """All positions of the group."""
        return [_position(row) for row in await self._rows.find({"group": self.group}).to_list(None)]

    async def begin(self, topic: str, partition: int, epoch: int, next: int) -> bool:
        """Where a fresh position starts; false when the epoch has moved on."""
        done = await self._rows.update_one(
            {"_id": self.id(topic, partition), "epoch": epoch, "next": None}, {"$set": {"next": next}}
        )
        return done.matched_count == 1

    async def advance(
        self, tx: Transaction, topic: str, partition: int, epoch: int, start: int, end: int, last: Last
    ) -> None:
        """Compare-and-set from the end of the batch before; raises Stale when this claim may not, or has done."""
        done = await tx.database[POSITIONS].update_one(
            {"_id": self.id(topic, partition), "epoch": epoch, "next": start, "halted": None},
            {"$set": {"next": end, "last": asdict(last), "at": tx.now}},
            session=tx.session,
        )
        if done.matched_count != 1:
            raise Stale

    async def halt(self, reason: str, at: datetime, topic: str, partition: int, epoch: int) -> bool:
        """Have one partition stand still; the first reason is kept. False when the epoch has moved on: what the
        caller saw was read under a position that an operator, or another process, has replaced since."""
        id = self.id(topic, partition)
        await self._rows.update_one(
            {"_id": id, "epoch": epoch, "halted": None}, {"$set": {"halted": reason, "halted_at": at}}
        )
        row = await self._rows.find_one({"_id": id})
        return row is not None and row["halted"] is not None

    async def halt_all(self, reason: str, at: datetime) -> None:
        """Have the whole group stand still; the first reason of each partition is kept."""
        for each in await self.all():
            # One by one: a write over all would wait until no batch of any partition is being applied. An operator
            # who saw the first of them and resumed must not find the rest halted after that.
            await self._rows.update_one(
                {"_id": each.id, "halted": None, "resumed": each.resumed},
                {"$set": {"halted": reason, "halted_at": at}},
            )

    async def resume(self) -> int:
        """Let every partition of the group go on; how many stood still."""
        resumed = 0
        for each in await self.all():
            await self._rows.update_one(
                {"_id": each.id}, {"$set": {"halted": None, "halted_at": None}, "$inc": {"resumed": 1}}
            )
            resumed += each.halted is not None
        return resumed

    async def rebuild(self, topic: str, partition: int, next: int | None) -> bool:
        """Set a position by hand: the epoch moves, so that a running claim notices; false when there is none."""
        done = await self._rows.update_one(
            {"_id": self.id(topic, partition)},
            {"$inc": {"epoch": 1}, "$set": {"next": next, "last": None, "halted": None, "halted_at": None}},
        )
        return done.matched_count == 1


def _position(row: Mapping[str, Any]) -> Position:
    last = row["last"]
    return Position(
        row["_id"],
        row["topic"],
        row["partition"],
        row["next"],
        row["epoch"],
        None if last is None else Last(last["offset"], last["timestamp"], last["id"]),
        row["halted"],
        row.get("owner", ""),
        row.get("resumed"),
    )
