"""The I/O of the inbox: FastStream's one batch subscriber, claims on what the group assigns, and loud halts."""

import asyncio
import logging
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, cast

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from faststream.kafka import KafkaBroker, KafkaMessage

from shared import metrics
from shared.delivery.failure import Backoff, describe, is_outage
from shared.delivery.inbox.apply import Applier
from shared.delivery.inbox.consumer import NumberedConsumer
from shared.delivery.inbox.joining import asking, connected
from shared.delivery.inbox.judge import Apply, Claim, Discard, Halt, judge, outside
from shared.delivery.inbox.positions import Positions, Stale
from shared.delivery.inbox.watch import Watch, count
from shared.delivery.model import Limits

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Subscriber:
    """One member of one consumer group on all topics of a service.

    Kafka's own offsets are written for lag tools only; what counts are the positions in the service's database.
    """

    bootstrap: str
    topics: Sequence[str]
    group: str
    owner: str
    positions: Positions
    applier: Applier
    limits: Limits
    kafka_options: dict[str, Any] = field(default_factory=dict)
    claims: dict[TopicPartition, Claim] = field(default_factory=dict)
    halted: dict[TopicPartition, str] = field(default_factory=dict)
    lag: dict[TopicPartition, int] = field(default_factory=dict)
    started: bool = False
    offsets: AIOKafkaConsumer | None = None
    """Asks where logs begin and end."""
    _broker: KafkaBroker | None = None
    _subscriber: Any = None
    _claiming: dict[TopicPartition, asyncio.Task[None]] = field(default_factory=dict)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _stopping: bool = False
    committed: dict[TopicPartition, int] = field(default_factory=dict)
    _idle: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def start(self) -> None:
        """Join the group; tried again until the broker answers. Call it as a background task."""
        backoff = Backoff(0.2, 5.0)
        while not self._stopping:
            try:
                await self._connect()
                break
            except Exception as error:
                if not is_outage(error):
                    log.error("inbox did not start", exc_info=error)
                await self._disconnect(2.0)
            await asyncio.sleep(backoff.next())
        self.started = True
        self._tasks.append(asyncio.create_task(Watch(self).run(), name="inbox-watch"))

    async def stop(self) -> None:
        """Finish the batch in hand (at most `stop_batch` seconds), then leave the group."""
        self._stopping = True
        for task in (*self._tasks, *self._claiming.values()):
            task.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(self.limits.stop_batch):
                # The loop hands over no further batch: the handler returns at once while stopping.
                async with self._idle:
                    pass
        await self._disconnect(5.0)

    async def measure(self) -> int:
        """Records of this process's partitions that are not applied yet, asked of the broker now.

        Raises KafkaError or TimeoutError while the broker is away.
        """
        async with asyncio.timeout(5):
            return await Watch(self).measure()

    @property
    def consumer(self) -> NumberedConsumer | None:
        """The consumer of the moment."""
        return (
            None if self._subscriber is None else cast("NumberedConsumer | None", self._subscriber.consumer)
        )

    # -- the FastStream side ----------------------------------------------------------------------------------

    async def _connect(self) -> None:
        self._broker, self._subscriber = await connected(
            self.bootstrap,
            self.topics,
            self.group,
            self.owner,
            self.limits,
            self.kafka_options,
            self._handle,
            self.assigned,
            self.revoked,
        )
        self.offsets = await asking(self.bootstrap, self.owner, self.kafka_options)
        await self._subscriber.start()

    async def _disconnect(self, deadline: float) -> None:
        if self._broker is None:
            return
        broker, self._broker, subscriber, self._subscriber = self._broker, None, self._subscriber, None
        offsets, self.offsets = self.offsets, None
        self.claims.clear()
        with suppress(Exception):
            async with asyncio.timeout(deadline):
                if offsets is not None:
                    await offsets.stop()
                if subscriber is not None:
                    await subscriber.stop()
                await broker.stop()

    async def _handle(self, message: KafkaMessage) -> None:
        """FastStream swallows what a handler raises and fetches on, so nothing may leave here."""
        consumer = self.consumer
        if consumer is None or self._stopping:
            return
        fetch = consumer.fetches
        parts: dict[TopicPartition, list[ConsumerRecord[Any, Any]]] = defaultdict(list)
        for record in cast("tuple[ConsumerRecord[Any, Any], ...]", message.raw_message):
            parts[TopicPartition(record.topic, record.partition)].append(record)
        async with self._idle:
            for tp, records in parts.items():
                try:
                    await self._partition(tp, records, fetch)
                except Exception as error:
                    log.error("batch of %s-%s not applied: %s", tp.topic, tp.partition, describe(error))
                    # Nothing was committed: claim anew, which goes back to the position and tries again.
                    self.reclaim(tp, delay=random.uniform(0.5, 1.5))

    async def _partition(self, tp: TopicPartition, records: list[Any], fetch: int) -> None:
        if self._stopping:
            return
        claim = self.claims.get(tp)
        match judge(claim, records, fetch):
            case Discard():
                return
            case Halt(reason=reason):
                assert claim is not None
                await self.halt(tp, reason, claim.epoch)
            case Apply(records=rest, end=end):
                assert claim is not None
                try:
                    with metrics.INBOX_BATCH_SECONDS.time():
                        done = await self.applier.apply(
                            tp.topic, tp.partition, claim.epoch, claim.next, rest, end
                        )
                except Stale:
                    await self._settle_stale(tp, claim, end)
                    return
                for part in done:
                    count(tp, part)
                claim.next = done[-1].end
                claim.verify = None
                if tripped := done[-1].tripped:
                    await self.halt_all(tp, tripped)

    async def _settle_stale(self, tp: TopicPartition, claim: Claim, end: int) -> None:
        """The position is elsewhere: done already, moved by hand, halted, or taken over by a higher epoch."""
        position = await self._patient(lambda: self.positions.read(tp.topic, tp.partition))
        if self.claims.get(tp) is not claim:
            return
        if position is None or position.epoch != claim.epoch:
            metrics.INBOX_SEEK_BACK.labels(reason="fenced").inc()
            self.reclaim(tp, delay=random.uniform(0.2, 1.0))
        elif position.halted is not None:
            self.stand_still(tp, position.halted)
        elif position.next == end:
            # The commit happened and only its reply was lost.
            claim.next, claim.verify = end, None
        else:
            self.reclaim(tp)

    # -- claims -----------------------------------------------------------------------------------------------

    def assigned(self, partitions: Iterable[TopicPartition]) -> None:
        """The group gave these partitions to this process."""
        consumer = self.consumer
        for tp in partitions:
            if consumer is not None:
                consumer.pause(tp)
            self.reclaim(tp)

    def revoked(self, partitions: Iterable[TopicPartition]) -> None:
        """The group took these partitions away."""
        for tp in partitions:
            self.claims.pop(tp, None)
            self.halted.pop(tp, None)
            self.lag.pop(tp, None)
            if task := self._claiming.pop(tp, None):
                task.cancel()

    def reclaim(self, tp: TopicPartition, delay: float = 0.0) -> None:
        self.claims.pop(tp, None)
        if (running := self._claiming.get(tp)) and not running.done():
            return
        if not self._stopping:
            self._claiming[tp] = asyncio.create_task(
                self._claim(tp, delay), name=f"claim-{tp.topic}-{tp.partition}"
            )

    async def _claim(self, tp: TopicPartition, delay: float) -> None:
        """Take the partition over and send the consumer to its position; outside the group's listener.

        aiokafka only logs what a listener raises, and hands out records before a slow listener has sought.
        """
        await asyncio.sleep(delay)
        backoff = Backoff(self.limits.backoff_least, 5.0)
        while not self._stopping:
            consumer = self.consumer
            if consumer is None or tp not in consumer.assignment():
                return
            try:
                async with asyncio.timeout(20):
                    await self._claim_once(consumer, tp)
                return
            except Exception as error:
                if not is_outage(error):
                    log.error("claim of %s-%s failed: %s", tp.topic, tp.partition, describe(error))
            await asyncio.sleep(backoff.next())

    async def _claim_once(self, consumer: NumberedConsumer, tp: TopicPartition) -> None:
        position = await self.positions.claim(tp.topic, tp.partition, self.owner)
        if position.halted is not None:
            self.stand_still(tp, position.halted)
            return
        if (offsets := self.offsets) is None:
            return  # disconnected meanwhile
        first = (await offsets.beginning_offsets([tp]))[tp]
        end = (await offsets.end_offsets([tp]))[tp]
        start = position.next
        if start is None:
            start = first
            if not await self.positions.begin(tp.topic, tp.partition, position.epoch, start):
                raise TimeoutError("the position moved while it was being claimed")
        if reason := outside(start, first, end, begun=position.last is not None):
            await self.halt(tp, reason, position.epoch)
            return
        # One record back, for the proof that this is still the same log.
        verify = position.last if position.last is not None and position.last.offset >= first else None
        if tp not in consumer.assignment() or self._stopping:
            return
        # No await from here on: the fetch number and the seek belong together.
        self.claims[tp] = Claim(position.epoch, start, consumer.fetches, position.last, verify)
        consumer.seek(tp, start if verify is None else verify.offset)
        self.halted.pop(tp, None)
        consumer.resume(tp)

    async def halt(self, tp: TopicPartition, reason: str, epoch: int) -> None:
        """Have one partition stand still, loudly, unless its position was taken over or rebuilt meanwhile."""
        at = self.applier.transactions.clock.wall()
        if not await self._patient(lambda: self.positions.halt(reason, at, tp.topic, tp.partition, epoch)):
            self.reclaim(tp)
            return
        self.stand_still(tp, reason)
        log.critical("consumer %s halted at %s-%s: %s", self.group, tp.topic, tp.partition, reason)

    async def halt_all(self, tp: TopicPartition, reason: str) -> None:
        """Have the whole group stand still, loudly, for what was found in one partition."""
        at = self.applier.transactions.clock.wall()
        await self._patient(lambda: self.positions.halt_all(reason, at))
        for each in [*self.claims]:
            self.stand_still(each, reason)
        log.critical("consumer %s halted at %s-%s: %s", self.group, tp.topic, tp.partition, reason)

    def stand_still(self, tp: TopicPartition, reason: str) -> None:
        self.claims.pop(tp, None)
        self.halted[tp] = reason
        consumer = self.consumer
        if consumer is not None and tp in consumer.assignment():
            consumer.pause(tp)

    async def _patient(self, call: Callable[[], Awaitable[Any]]) -> Any:
        backoff = Backoff(self.limits.backoff_least, self.limits.backoff_most)
        while True:
            try:
                return await call()
            except Exception as error:
                if not is_outage(error):
                    raise
            await asyncio.sleep(backoff.next())
