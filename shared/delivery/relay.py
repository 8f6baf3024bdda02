"""Events out: sends each outbox slot in order, in Kafka transactions that fence whoever held the slot before."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import InvalidMessageError, MessageSizeTooLargeError, RecordListTooLargeError

from shared import metrics
from shared.contracts.envelope import Event, to_headers
from shared.delivery.failure import Backoff, describe, is_outage
from shared.delivery.leases import Fenced, Leases
from shared.delivery.model import Document, Limits
from shared.delivery.outbox import OUTBOX, first_id
from shared.delivery.transaction import Transaction
from shared.delivery.transactions import Transactions

log = logging.getLogger(__name__)

PARKED = "outbox_parked"
# What the broker refuses for good, however often it is asked.
_REFUSED = (MessageSizeTooLargeError, RecordListTooLargeError, InvalidMessageError)


@dataclass(slots=True)
class Relay:
    """The relay of one process: every slot that it can lease."""

    transactions: Transactions
    leases: Leases
    bootstrap: str
    transactional_id: str
    topic_prefix: str
    limits: Limits
    kafka_options: dict[str, Any] = field(default_factory=dict)
    _wake: list[asyncio.Event] = field(default_factory=list)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _careful: set[int] = field(default_factory=set)
    _enough: dict[int, int] = field(default_factory=dict)
    _stopping: bool = False

    async def start(self) -> None:
        """Run one loop per slot, and the poll that is the fallback for a lost wake."""
        self._wake = [asyncio.Event() for _ in range(self.limits.slots)]
        self._tasks = [
            asyncio.create_task(self._slot(slot), name=f"relay-{slot}") for slot in range(self.limits.slots)
        ]
        self._tasks.append(asyncio.create_task(self._poll(), name="relay-poll"))

    def wake(self, slots: set[int]) -> None:
        """These slots have new rows."""
        for slot in slots:
            if slot < len(self._wake):
                self._wake[slot].set()

    async def stop(self) -> None:
        """Finish the rounds in hand for a moment, give the leases back."""
        self._stopping = True
        for event in self._wake:
            event.set()
        if self._tasks:
            self._tasks[-1].cancel()
            _, late = await asyncio.wait(self._tasks, timeout=4.0)
            for task in late:
                task.cancel()
            await asyncio.wait(self._tasks, timeout=2.0)
        with suppress(Exception):
            async with asyncio.timeout(2.0):
                await self.leases.release()

    async def _poll(self) -> None:
        rows = self.transactions.database[OUTBOX]
        while True:
            await asyncio.sleep(self.limits.poll)
            with suppress(Exception):
                for slot in await rows.distinct("slot"):
                    self.wake({int(slot)})

    async def _slot(self, slot: int) -> None:
        backoff = Backoff(self.limits.backoff_least, 5.0)
        while not self._stopping:
            try:
                epoch = await self.leases.acquire(slot)
                if epoch is None:
                    await asyncio.sleep(self.limits.slot_lease / 3)
                    continue
                await self._hold(slot, epoch, backoff)
            except Fenced:
                metrics.RELAY_ROUNDS.labels(outcome="fenced").inc()
            except asyncio.CancelledError:
                raise
            except Exception as error:
                metrics.RELAY_ROUNDS.labels(outcome="failed" if not is_outage(error) else "unknown").inc()
                log.warning("relay slot %s starts again: %s", slot, describe(error))
            if not self._stopping:
                await asyncio.sleep(backoff.next())

    async def _hold(self, slot: int, epoch: int, backoff: Backoff) -> None:
        """Relay one slot until the lease or the producer is lost.

        A producer that met any error is thrown away: what it sent is unknown, and a fenced one only ever raises
        AssertionError afterwards.
        """
        producer = AIOKafkaProducer(
            bootstrap_servers=self.bootstrap,
            client_id=f"{self.transactional_id}.{slot}",
            transactional_id=f"{self.transactional_id}.{slot}",
            transaction_timeout_ms=self.limits.transaction_timeout_ms,
            request_timeout_ms=5_000,
            acks="all",
            linger_ms=0,
            max_request_size=2_000_000,
            **self.kafka_options,
        )
        try:
            async with asyncio.timeout(15):
                await producer.start()
            metrics.RELAY_SLOTS.inc()
            try:
                backoff.reset()
                await self._rounds(slot, epoch, producer)
            finally:
                metrics.RELAY_SLOTS.dec()
        finally:
            with suppress(Exception):
                async with asyncio.timeout(3):
                    await producer.stop()

    async def _rounds(self, slot: int, epoch: int, producer: AIOKafkaProducer) -> None:
        wake = self._wake[slot]
        while not self._stopping:
            wake.clear()
            rows = await self._read(slot)
            if not rows:
                await self._idle(slot, epoch)
                continue
            if slot in self._careful:
                rows = rows[:1]
                await self._one_by_one(slot, producer, rows[0])
            else:
                try:
                    await self._send(producer, [each for row in rows for each in row["events"]])
                except _REFUSED:
                    # This producer's sequence is broken for good; the next one finds the culprit.
                    self._careful.add(slot)
                    raise
            await self._forget(slot, epoch, [row["_id"] for row in rows])
            metrics.RELAY_ROUNDS.labels(outcome="committed").inc()

    async def _idle(self, slot: int, epoch: int) -> None:
        """Until something is there to send; the poll sees what no wake told. Raises Fenced when the lease is lost."""
        while not self._wake[slot].is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(self.limits.slot_lease / 3):
                    await self._wake[slot].wait()
            if not self.leases.is_held(slot, epoch):
                raise Fenced

    async def _read(self, slot: int) -> list[Document]:
        """The rows of the lowest order, up to one round's events; majority, so nothing is sent that could vanish."""
        prefix = first_id(slot)
        cursor = self.transactions.database[OUTBOX].find({"_id": {"$gt": prefix, "$lt": prefix[:-1] + "0"}})
        # As many rows as held one round's events the last time: under load a row holds several events, and what
        # is read beyond the round is read again.
        limit = self._enough.get(slot, self.limits.relay_events)
        rows = await cursor.sort("_id", 1).limit(limit).to_list(None)
        found: list[Document] = []
        events = 0
        for row in rows:
            if found and events + row["count"] > self.limits.relay_events:
                break
            found.append(row)
            events += row["count"]
        if found:
            self._enough[slot] = 1 + self.limits.relay_events * len(found) // max(1, events)
        return found

    async def _send(self, producer: AIOKafkaProducer, rows: Sequence[Document]) -> None:
        """One Kafka transaction, keyed sends awaited together; any time-out leaves the outcome unknown."""
        async with asyncio.timeout(self.limits.transaction_timeout_ms / 1000 * 0.8):
            async with producer.transaction():
                sent = []
                for row in rows:
                    event = Event.from_row(row)
                    sent.append(
                        await producer.send(
                            self.topic_prefix + event.topic,
                            key=event.kafka_key,
                            value=event.body,
                            headers=to_headers(event),
                        )
                    )
                await asyncio.gather(*sent)
        for row in rows:
            metrics.RELAY_EVENTS.labels(topic=row["topic"]).inc()

    async def _forget(self, slot: int, epoch: int, ids: Sequence[str]) -> None:
        """Delete what was sent, under the lease: a relay that was frozen in between changes nothing."""

        async def run(tx: Transaction) -> None:
            await self.leases.confirm(tx, slot, epoch)
            await tx.database[OUTBOX].delete_many({"_id": {"$in": list(ids)}}, session=tx.session)

        await self.transactions.patiently("", run, give_up=lambda error: isinstance(error, Fenced))

    async def _one_by_one(self, slot: int, producer: AIOKafkaProducer, row: Document) -> None:
        """Find the event that the broker refuses, set it aside and report it, send the others.

        A later event of the same aggregate carries its whole state, so it need not wait for the one set aside.
        Raises after every refusal, since its producer is of no more use; the row then begins again without it.
        """
        parked = self.transactions.database[PARKED]
        for each in row["events"]:
            event = Event.from_row(each)
            if await parked.find_one({"_id": event.id_hex}) is not None:
                continue
            try:
                await self._send(producer, [each])
            except _REFUSED as error:
                log.critical(
                    "outbox: event %s parked, the broker refused it: %s", event.id_hex, describe(error)
                )
                await parked.update_one({"_id": event.id_hex}, {"$setOnInsert": {"event": each}}, upsert=True)
                metrics.OUTBOX_PARKED.set(await parked.count_documents({}))
                raise
        self._careful.discard(slot)
