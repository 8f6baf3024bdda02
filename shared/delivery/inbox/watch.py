"""What changes without a record: a resume, a rebuilt position, a log that was cut; and the lag, measured."""

import asyncio
import logging
import random
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from shared import metrics
from shared.delivery.failure import describe, is_outage
from shared.delivery.inbox.apply import Applied
from shared.delivery.inbox.consumer import NumberedConsumer
from shared.delivery.inbox.judge import outside
from shared.delivery.inbox.positions import Position

if TYPE_CHECKING:
    from shared.delivery.inbox.subscriber import Subscriber

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Watch:
    """Looks after one subscriber, once a second."""

    inbox: "Subscriber"
    _resumed: int = 0

    async def run(self) -> None:
        """Until cancelled."""
        rounds = 0
        while True:
            await asyncio.sleep(1.0)
            rounds += 1
            consumer = self.inbox.consumer
            if consumer is None:
                continue
            try:
                async with asyncio.timeout(10):
                    positions = {(p.topic, p.partition): p for p in await self.inbox.positions.all()}
                    self._compare(consumer, positions)
                    await self._commit_offsets(consumer)
                    if rounds % 2 == 0:
                        await self.measure()
            except Exception as error:
                if not is_outage(error):
                    log.error("watch of the inbox failed: %s", describe(error))

    def _compare(self, consumer: NumberedConsumer, positions: dict[tuple[str, int], Position]) -> None:
        inbox = self.inbox
        resumed = max((position.resumed or 0 for position in positions.values()), default=0)
        if resumed > self._resumed:
            # Counted from nothing, however short the halt was that this process saw.
            inbox.applier.breaker.reset()
        self._resumed = resumed
        for tp in consumer.assignment():
            position = positions.get((tp.topic, tp.partition))
            claim = inbox.claims.get(tp)
            if claim is None:
                if tp not in inbox.halted or (position is not None and position.halted is None):
                    inbox.reclaim(tp)
            elif position is not None and position.halted is not None:
                inbox.stand_still(tp, position.halted)
            elif position is not None and position.epoch > claim.epoch:
                inbox.reclaim(tp, delay=random.uniform(0.0, 0.5))

    async def measure(self) -> int:
        """Records of this process's partitions that are not applied yet, asked of the broker now."""
        inbox, consumer, offsets = self.inbox, self.inbox.consumer, self.inbox.offsets
        assigned = list(consumer.assignment()) if consumer is not None else []
        if consumer is None or offsets is None or not assigned:
            return 0
        # Before the log is asked: a position that moves on meanwhile would seem to lie behind the log's end.
        nexts = {tp: claim.next for tp, claim in inbox.claims.items()}
        ends = await offsets.end_offsets(assigned)
        firsts = await offsets.beginning_offsets(assigned)
        total = 0
        for tp in assigned:
            claim = inbox.claims.get(tp)
            if claim is None:
                # Not claimed or halted: all that the log has beyond the last known position counts.
                total += max(0, ends[tp] - inbox.committed.get(tp, firsts[tp]))
                continue
            # Markers of transactions take offsets too: where all was read and what was handed out is applied,
            # nothing is left.
            read_all = await consumer.position(tp) >= ends[tp] and consumer.handed.get(tp, 0) <= claim.next
            lag = 0 if read_all else max(0, ends[tp] - claim.next)
            inbox.lag[tp] = lag
            total += lag
            metrics.LAG.labels(topic=tp.topic, partition=str(tp.partition)).set(lag)
            if nexts.get(tp) != claim.next:
                continue
            reason = outside(claim.next, firsts[tp], ends[tp], claim.last is not None)
            if reason and inbox.claims.get(tp) is claim:
                await inbox.halt(tp, reason, claim.epoch)
        return total

    async def _commit_offsets(self, consumer: NumberedConsumer) -> None:
        """For lag tools only, at most once a second; nothing here ever reads them."""
        inbox = self.inbox
        changed = {
            tp: claim.next for tp, claim in inbox.claims.items() if inbox.committed.get(tp) != claim.next
        }
        if changed:
            with suppress(KafkaError):
                await consumer.commit(changed)
                inbox.committed.update(changed)


def count(tp: TopicPartition, part: Applied) -> None:
    """What came of a chunk, for the dashboards."""
    for outcome, number in (
        ("applied", part.result.applied),
        ("duplicate", part.result.dropped),
        ("passed_over", part.unlisted),
        ("dead_letter", len(part.result.dead)),
    ):
        if number:
            metrics.INBOX_EVENTS.labels(topic=tp.topic, outcome=outcome).inc(number)
    for dead in part.result.dead:
        metrics.DEAD_LETTERS_ADDED.labels(tp.topic, dead.reason.split(" ")[0]).inc()
