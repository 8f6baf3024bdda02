"""Reads whole topics from outside: no group, only what was committed, from the beginning to the end of
now.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from shared.console.out import UNREACHABLE, Failed

STALLED_SECONDS = 30
"""Without a record for so long the broker is taken for gone."""


async def read(bootstrap: str, topics: Sequence[str]) -> AsyncIterator[Any]:
    """Every committed record of these topics, each partition in order; topics that are not there are empty.

    Raises Failed if the broker cannot be reached.
    """
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        request_timeout_ms=10_000,
    )
    try:
        wanted = await _partitions(bootstrap, topics)
        await consumer.start()
        if not wanted:
            return
        consumer.assign(wanted)
        ends = await consumer.end_offsets(wanted)
        await consumer.seek_to_beginning(*wanted)
        async for record in _until(consumer, ends):
            yield record
    except KafkaError as error:
        raise Failed(f"Kafka at {bootstrap} cannot be read ({type(error).__name__})", UNREACHABLE) from None
    finally:
        await consumer.stop()


async def _partitions(bootstrap: str, topics: Sequence[str]) -> list[TopicPartition]:
    # A consumer learns of partitions only by subscribing; the admin client simply asks.
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        return [
            TopicPartition(each["topic"], partition["partition"])
            for each in await admin.describe_topics(None)
            if each["topic"] in topics
            for partition in each["partitions"]
        ]
    finally:
        await admin.close()


async def _until(consumer: Any, ends: dict[TopicPartition, int]) -> AsyncIterator[Any]:
    open_ones = set(ends)
    silent = 0
    while True:
        # By position and not by the last record: a log ends in transaction markers, which no reader gets.
        open_ones = {each for each in open_ones if await consumer.position(each) < ends[each]}
        if not open_ones:
            return
        batches = await consumer.getmany(*open_ones, timeout_ms=1000, max_records=5000)
        silent = 0 if batches else silent + 1
        if silent > STALLED_SECONDS:
            raise Failed("the broker stopped answering while its topics were read", UNREACHABLE)
        for place, records in batches.items():
            for record in records:
                if record.offset < ends[place]:
                    yield record
