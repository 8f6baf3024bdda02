"""One chunk of one partition in one transaction: copies, due work, dead letters, position."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from pymongo import InsertOne, ReplaceOne

from shared.delivery import dead_letters
from shared.delivery.failure import Breaker, is_conflict, is_too_large
from shared.delivery.inbox.judge import last_of
from shared.delivery.inbox.positions import Positions
from shared.delivery.inbox.sort import Plan, plan, sort
from shared.delivery.model import Document, Projection
from shared.delivery.transaction import Transaction
from shared.delivery.transactions import Transactions

# A transaction that the server gives up on this often outlives its limit and is made smaller.
_EXPIRED = 3
_NO_SUCH_TRANSACTION = 251


class _Trip(Exception):
    """The failure limit is reached at this record of the chunk; nothing of the attempt is kept."""

    def __init__(self, index: int, reason: str) -> None:
        super().__init__(reason)
        self.index = index
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Applied:
    """What came of a chunk: how far it got, and why it stopped where the failure limit was reached."""

    end: int
    result: Plan
    unlisted: int
    tripped: str | None = None


@dataclass(slots=True)
class Applier:
    """Applies chunks for one consumer group."""

    transactions: Transactions
    positions: Positions
    projections: Mapping[str, Projection]
    breaker: Breaker
    service: str

    async def apply(
        self, topic: str, partition: int, epoch: int, start: int, records: Sequence[Any], end: int
    ) -> list[Applied]:
        """Apply records from `start` to `end`; in smaller pieces where one transaction cannot carry them.

        Raises Stale when the position is not at `start` under `epoch`; outages are waited out.
        """
        expired = 0

        def give_up(error: BaseException) -> bool:
            nonlocal expired
            expired += getattr(error, "code", None) == _NO_SUCH_TRANSACTION
            return len(records) > 1 and (is_too_large(error) or expired >= _EXPIRED)

        found = sort(self.projections, records)
        trial = Breaker()

        async def run(tx: Transaction) -> Plan:
            nonlocal trial
            result = plan(found, await self._stored(tx, list(found.facts)))
            trial = self._judge(records, result)
            await self._write(tx, result)
            await self.positions.advance(tx, topic, partition, epoch, start, end, last_of(records[-1]))
            return result

        try:
            result = await self.transactions.patiently("", run, give_up)
        except _Trip as trip:
            if trip.index == 0:
                return [Applied(start, Plan(), 0, trip.reason)]
            before = records[: trip.index]
            done = await self.apply(topic, partition, epoch, start, before, records[trip.index].offset)
            return [*done, Applied(done[-1].end, Plan(), 0, trip.reason)]
        except Exception as error:
            if not (is_too_large(error) or is_conflict(error)) or len(records) < 2:
                raise
            middle = records[len(records) // 2].offset
            left = await self.apply(topic, partition, epoch, start, records[: len(records) // 2], middle)
            if left[-1].tripped:
                return left
            return left + await self.apply(topic, partition, epoch, middle, records[len(records) // 2 :], end)
        self.breaker = trial
        return [Applied(end, result, found.unlisted)]

    def _judge(self, records: Sequence[Any], result: Plan) -> Breaker:
        trial = deepcopy(self.breaker) if result.dead else self.breaker
        if not result.dead:
            # Nothing failed: the count may be kept in place, a repetition of the chunk only lengthens good news.
            trial.succeeded(len(records))
            return trial
        dead = {id(each.record): each.reason for each in result.dead}
        for index, record in enumerate(records):
            reason = dead.get(id(record))
            if reason is None:
                trial.succeeded()
            elif trial.would_trip():
                raise _Trip(index, f"too many records failed, the last one with {reason}")
            else:
                trial.failed()
        return trial

    async def _stored(
        self, tx: Transaction, targets: Sequence[tuple[str, str]]
    ) -> dict[tuple[str, str], Document]:
        """Read the targets first: an upsert that met a newer version would be a duplicate key and abort all."""
        wanted: dict[str, list[str]] = defaultdict(list)
        for collection, id in targets:
            wanted[collection].append(id)
        found: dict[tuple[str, str], Document] = {}
        for collection, ids in wanted.items():
            rows = tx.database[collection].find({"_id": {"$in": ids}}, session=tx.session)
            for row in await rows.to_list(None):
                found[collection, row["_id"]] = row
        return found

    async def _write(self, tx: Transaction, result: Plan) -> None:
        writes: dict[str, dict[str, InsertOne[Document] | ReplaceOne[Document]]] = defaultdict(dict)
        for row in result.rows:
            writes[row.collection][row.id] = (
                InsertOne(row.document) if row.new else ReplaceOne({"_id": row.id}, row.document)
            )
        for collection, rows in writes.items():
            await tx.database[collection].bulk_write(list(rows.values()), ordered=False, session=tx.session)
        for organization, wake in result.wakes:
            tx.of(organization).wake(wake.kind, wake.subject, wake.due, wake.delay)
        if result.dead:
            await dead_letters.record(tx, self.service, self.positions.group, result.dead)
