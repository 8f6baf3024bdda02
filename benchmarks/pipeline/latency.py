"""Idle latency: one change at a time, from its commit here to where it is seen there."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from benchmarks.pipeline import ours
from benchmarks.pipeline.ground import ORGANIZATION, PARTITIONS, Ground
from benchmarks.pipeline.meter import percentile, tell, until
from shared.contracts import PARTICIPANTS, Participant
from shared.contracts.envelope import to_headers
from shared.delivery import Aggregates, Kernel, Transaction
from shared.delivery.inbox.apply import Applied, Applier

people: Aggregates[Participant] = Aggregates(
    "people", Participant, topic=PARTICIPANTS, event=lambda _, state: state
)
_PAUSE = 0.03


@dataclass
class Seen:
    """Tells when the applier has committed a chunk."""

    inner: Applier
    at: float = 0.0
    event: asyncio.Event = field(default_factory=asyncio.Event)

    async def apply(self, *chunk: Any) -> list[Applied]:
        done = await self.inner.apply(*chunk)
        self.at = time.perf_counter()
        self.event.set()
        return done

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


async def measure(ground: Ground, runs: int, times: int) -> None:
    """Alternate between the two services and the bare pair; tell the percentiles."""
    prefix, other = await ground.topic(PARTICIPANTS.name), await ground.topic(PARTICIPANTS.name)
    writer = Kernel("profiles", ground.settings(prefix), aggregates=[people])
    reader = ours.reader(ground, prefix)
    seen = Seen(reader.applier)
    reader.subscriber.applier = seen  # type: ignore[assignment]
    producer = AIOKafkaProducer(
        bootstrap_servers=ground.bootstrap, transactional_id=ground.name("bare"), acks="all"
    )
    consumer = AIOKafkaConsumer(bootstrap_servers=ground.bootstrap, isolation_level="read_committed")
    mine: list[float] = []
    commits: list[float] = []
    theirs: list[float] = []
    await producer.start()
    await consumer.start()
    partitions = [TopicPartition(other + PARTICIPANTS.name, n) for n in range(PARTITIONS)]
    consumer.assign(partitions)
    await consumer.seek_to_beginning(*partitions)
    ids = ground.ids(runs * times + 20)
    try:
        async with ours.running(writer), ours.running(reader):
            await until(lambda: len(reader.subscriber.claims) == PARTITIONS)
            await until(lambda: len(writer.leases.held) == writer.limits.slots)
            for id in ids[:20]:  # the first ones open connections
                await _ours(writer, seen, ground, id)
                await _bare(producer, consumer, ground, other, id)
            todo = ids[20:]
            for turn in range(runs):
                for id in todo[turn * times : (turn + 1) * times]:
                    await asyncio.sleep(_PAUSE)
                    taken, commit = await _ours(writer, seen, ground, id)
                    mine.append(taken)
                    commits.append(commit)
                for id in todo[turn * times : (turn + 1) * times]:
                    await asyncio.sleep(_PAUSE)
                    theirs.append(await _bare(producer, consumer, ground, other, id))
    finally:
        await consumer.stop()
        await producer.stop()
    p50, bare50 = percentile(mine, 0.5), percentile(theirs, 0.5)
    tell(
        "d",
        "idle, from a commit in one service to its projection in another, in ms",
        p50_ms=p50,
        p99_ms=percentile(mine, 0.99),
        bare_p50_ms=bare50,
        bare_p99_ms=percentile(theirs, 0.99),
        p50_ratio=p50 / bare50,
        p99_ratio=percentile(mine, 0.99) / percentile(theirs, 0.99),
        command_p50_ms=percentile(commits, 0.5),
        changes=len(mine),
    )


async def _ours(writer: Kernel, seen: Seen, ground: Ground, id: str) -> tuple[float, float]:
    """Milliseconds from the committed command to the committed projection; and those of the command itself."""
    seen.event.clear()
    body = ground.participant(id)

    async def add(tx: Transaction) -> None:
        await people.add(tx, id, body, "participant.added")

    began = time.perf_counter()
    await writer.command(ORGANIZATION, add)
    committed = time.perf_counter()
    async with asyncio.timeout(20):
        await seen.event.wait()
    return (seen.at - committed) * 1000, (committed - began) * 1000


async def _bare(
    producer: AIOKafkaProducer, consumer: AIOKafkaConsumer, ground: Ground, prefix: str, id: str
) -> float:
    """Milliseconds from the start of a transactional send to its record."""
    event = ground.events([id])[0]
    began = time.perf_counter()
    async with producer.transaction():
        await producer.send_and_wait(
            prefix + event.topic, key=event.kafka_key, value=event.body, headers=to_headers(event)
        )
    async with asyncio.timeout(20):
        await consumer.getone()
    return (time.perf_counter() - began) * 1000
