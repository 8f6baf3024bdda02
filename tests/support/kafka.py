"""Reading and writing topics from outside, with plain aiokafka: what a test believes comes from here."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from shared.contracts import DEAD_LETTERS, Topic
from shared.contracts.envelope import Event, event_of, to_headers


async def create_topics(
    bootstrap: str, prefix: str, topics: Iterable[Topic], *, partitions: int = 2, **configs: str
) -> None:
    """The topics of one test, with few partitions."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        new = []
        for topic in topics:
            policy = {"cleanup.policy": "compact"} if topic.compacted else {}
            new.append(NewTopic(prefix + topic.name, partitions, 1, topic_configs={**policy, **configs}))
        await admin.create_topics(new)
    finally:
        await admin.close()


async def delete_topics(bootstrap: str, names: Sequence[str]) -> None:
    """Delete topics by their full names."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.delete_topics(list(names))
    finally:
        await admin.close()


async def read_all(bootstrap: str, topic: str) -> list[Any]:
    """Every committed record of a topic from its beginning, as any subscriber would read it."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, isolation_level="read_committed", auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, each) for each in consumer.partitions_for_topic(topic) or ()]
        if not partitions:
            await consumer._client.force_metadata_update()
            consumer.subscribe([topic])
            consumer.unsubscribe()
            found = await _partitions(consumer, topic)
            partitions = [TopicPartition(topic, each) for each in found]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        records: list[Any] = []
        while any([await consumer.position(each) < ends[each] for each in partitions]):
            for part in (await consumer.getmany(timeout_ms=200)).values():
                records += part
        return records
    finally:
        await consumer.stop()


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> set[int]:
    for _ in range(50):
        await consumer._client.add_topic(topic)
        found = consumer.partitions_for_topic(topic)
        if found:
            return found
        await asyncio.sleep(0.1)
    raise AssertionError(f"no topic {topic}")


class Sender:
    """Publishes events of any topic from outside, as the service that owns it would."""

    def __init__(self, bootstrap: str, prefix: str, *, large: bool = False) -> None:
        self._producer = AIOKafkaProducer(
            bootstrap_servers=bootstrap,
            enable_idempotence=True,
            linger_ms=5,
            max_request_size=4_000_000 if large else 1_048_576,
        )
        self._prefix = prefix

    async def __aenter__(self) -> "Sender":
        await self._producer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._producer.stop()

    async def events(self, events: Iterable[Event]) -> None:
        """Send all, keyed, and wait for all."""
        await asyncio.gather(
            *[
                await self._producer.send(
                    self._prefix + each.topic,
                    key=each.kafka_key,
                    value=each.body,
                    headers=to_headers(each),
                )
                for each in events
            ]
        )

    async def raw(
        self, topic: Topic, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes]] = ()
    ) -> None:
        """Send any record whatever."""
        await self._producer.send_and_wait(
            self._prefix + topic.name, key=key, value=value, headers=list(headers)
        )


def event(topic: Topic, type: str, body: Any, version: int, organization: str = "acme") -> Event:
    """The event that publishes `body` as this version."""
    return event_of(
        topic,
        type,
        organization=organization,
        id=body.id,
        version=version,
        body=body,
        time_ms=1_700_000_000_000,
    )


def all_dead_letters() -> list[Topic]:
    """The dead-letter topics of all services."""
    return list(DEAD_LETTERS.values())
