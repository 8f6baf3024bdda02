"""Dead letters: records that can never be applied as they are, kept whole and restricted in the service's database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import UpdateOne

from shared.contracts.dead_letters import DeadLetterNotice
from shared.contracts.envelope import event_of
from shared.contracts.topics import DEAD_LETTERS as TOPICS
from shared.delivery.inbox.sort import Dead, plan, sort
from shared.delivery.model import Document, Projection
from shared.delivery.transaction import Transaction
from shared.delivery.transactions import Transactions

DEAD_LETTERS = "dead_letters"
AUDIT = "dead_letter_audit"
_KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class _Stored:
    """A stored dead letter as the record it was."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    headers: Sequence[tuple[str, bytes]]
    value: bytes | None


async def record(tx: Transaction, service: str, group: str, dead: Sequence[Dead]) -> None:
    """Keep these records, once each however often they come, and announce where they are and of what class."""
    # Real time, not program time: a moved clock must not make them expire.
    now = datetime.fromtimestamp(tx.unit.wall_ms / 1000, UTC)
    writes = []
    topic = TOPICS[service]
    ids = {f"{group}/{each.record.topic}/{each.record.partition}/{each.record.offset}": each for each in dead}
    rows = tx.database[DEAD_LETTERS].find({"_id": {"$in": list(ids)}}, {"_id": 1}, session=tx.session)
    known = {row["_id"] for row in await rows.to_list(None)}
    for id, each in ids.items():
        if id in known:
            continue
        one = each.record
        writes.append(
            UpdateOne(
                {"_id": id},
                {
                    "$setOnInsert": {
                        "group": group,
                        "organization": _organization(one.key),
                        "topic": one.topic,
                        "partition": one.partition,
                        "offset": one.offset,
                        "timestamp": one.timestamp,
                        "key": one.key,
                        "headers": [[name, value] for name, value in one.headers],
                        "value": one.value,
                        "reason": each.reason,
                        "state": "open",
                        "at": now,
                        "expires_at": now + _KEPT,
                    }
                },
                upsert=True,
            )
        )
        notice = DeadLetterNotice(
            id=id,
            group=group,
            topic=one.topic,
            partition=one.partition,
            offset=one.offset,
            reason=each.reason,
            at=now,
        )
        (type,) = topic.types
        tx.publish(
            event_of(
                topic,
                type,
                organization=_organization(one.key),
                id=id,
                version=1,
                body=notice,
                time_ms=tx.unit.wall_ms,
            )
        )
    if writes:
        await tx.database[DEAD_LETTERS].bulk_write(writes, ordered=False, session=tx.session)


def _organization(key: bytes | None) -> str:
    """The organization as the key tells it; a record without a readable key belongs to nobody."""
    text = (key or b"").decode("ascii", "replace")
    organization, slash, _ = text.partition("/")
    # An empty one would be refused as an event's organization, and the notice would halt what it is to report.
    return organization if slash and organization else "unknown"


@dataclass(frozen=True, slots=True)
class Redriven:
    """What became of one dead letter: `applied`, `superseded` (something newer is there), or `failed` and why."""

    id: str
    outcome: str
    reason: str | None = None


@dataclass(slots=True)
class DeadLetters:
    """The dead letters of one service, for its operators."""

    transactions: Transactions
    projections: Mapping[str, Projection]
    group: str

    def _where(self, filters: Mapping[str, Any]) -> dict[str, Any]:
        where: dict[str, Any] = {"group": self.group, "state": "open"}
        for name in ("topic", "partition", "reason", "state"):
            if filters.get(name) is not None:
                where[name] = filters[name]
        if filters.get("organization"):
            where["organization"] = filters["organization"]
        for name, operator in (("since", "$gte"), ("until", "$lt")):
            if filters.get(name):
                moment = datetime.fromisoformat(filters[name])
                where.setdefault("timestamp", {})[operator] = int(moment.timestamp() * 1000)
        if filters.get("ids"):
            where["_id"] = {"$in": list(filters["ids"])}
        return where

    async def page(self, filters: Mapping[str, Any], after: str | None, limit: int) -> list[Document]:
        """Where they are and of what class, never their content; in order of id."""
        where = self._where(filters)
        if after is not None:
            where["_id"] = {**where.get("_id", {}), "$gt": after}
        rows = self.transactions.database[DEAD_LETTERS].find(where, {"value": 0, "headers": 0, "key": 0})
        return await rows.sort("_id", 1).limit(limit).to_list(None)

    async def count(self) -> int:
        """How many wait."""
        return await self.transactions.database[DEAD_LETTERS].count_documents(
            {"group": self.group, "state": "open"}
        )

    async def show(self, id: str, *, payload: bool, actor: str) -> Document | None:
        """One dead letter; its content only on request, which is written down with who asked."""
        hidden = None if payload else {"value": 0, "headers": 0, "key": 0}
        row = await self.transactions.database[DEAD_LETTERS].find_one(
            {"_id": id, "group": self.group}, hidden
        )
        if row is not None and payload:
            await self._note("show", actor, self.transactions.clock.wall(), [id])
        return row

    async def redrive(
        self, filters: Mapping[str, Any], *, dry_run: bool, actor: str, limit: int = 500
    ) -> list[Redriven]:
        """Apply dead letters again through this group's own inbox, one transaction each; twice is harmless.

        A dry run decodes and plans, and changes nothing.
        """
        rows = self.transactions.database[DEAD_LETTERS].find(self._where(filters))
        found = await rows.sort("_id", 1).limit(limit).to_list(None)
        done = [await self._one(row, dry_run) for row in found]
        if not dry_run:
            await self._note("redrive", actor, self.transactions.clock.wall(), [each.id for each in done])
        return done

    async def _one(self, row: Document, dry_run: bool) -> Redriven:
        record = _Stored(
            row["topic"],
            row["partition"],
            row["offset"],
            row["timestamp"],
            row["key"],
            [(name, value) for name, value in row["headers"]],
            row["value"],
        )
        if record.topic not in self.projections:
            return Redriven(row["_id"], "failed", "this service no longer reads that topic")
        found = sort(self.projections, [record])
        if found.dead:
            return Redriven(row["_id"], "failed", found.dead[0].reason)

        async def run(tx: Transaction) -> Redriven:
            stored: dict[tuple[str, str], Document] = {}
            for collection, id in found.facts:
                document = await tx.database[collection].find_one({"_id": id}, session=tx.session)
                if document is not None:
                    stored[collection, id] = document
            result = plan(found, stored)
            if result.dead:
                return Redriven(row["_id"], "failed", result.dead[0].reason)
            outcome = "applied" if result.applied else "superseded"
            if dry_run:
                return Redriven(row["_id"], outcome)
            for each in result.rows:
                await tx.database[each.collection].replace_one(
                    {"_id": each.id}, each.document, upsert=True, session=tx.session
                )
            for organization, wake in result.wakes:
                tx.of(organization).wake(wake.kind, wake.subject, wake.due, wake.delay)
            await tx.database[DEAD_LETTERS].update_one(
                {"_id": row["_id"]}, {"$set": {"state": outcome, "redriven_at": tx.now}}, session=tx.session
            )
            return Redriven(row["_id"], outcome)

        return await self.transactions.patiently("", run)

    async def _note(self, what: str, actor: str, at: datetime, ids: Sequence[str]) -> None:
        await self.transactions.database[AUDIT].insert_one(
            {"what": what, "actor": actor, "at": at, "ids": list(ids)}
        )

    async def indexes(self) -> None:
        """They expire: a dead letter holds a person's data."""
        await self.transactions.database[DEAD_LETTERS].create_index([("expires_at", 1)], expireAfterSeconds=0)
        await self.transactions.database[DEAD_LETTERS].create_index([("group", 1), ("state", 1)])
