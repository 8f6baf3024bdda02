"""The broker under test is real: transactions, groups, compaction, and it can be killed and frozen."""

import asyncio
import os
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local.node import NodeError, is_open
from tests.support.cluster import Broker, Names


async def _create(kafka: Broker, *topics: NewTopic) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    try:
        await admin.create_topics(list(topics))
    finally:
        await admin.close()


async def _read(kafka: Broker, topic: str, count: int) -> list[bytes | None]:
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=kafka.bootstrap,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    await consumer.start()
    try:
        async with asyncio.timeout(60):
            return [(await consumer.getone()).value for _ in range(count)]
    finally:
        await consumer.stop()


async def test_committed_records_survive_a_kill_and_aborted_ones_are_unseen(
    kafka: Broker, names: Names
) -> None:
    topic = names.topic()
    await _create(kafka, NewTopic(topic, 1, 1))
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, transactional_id=names.transactional())
    await producer.start()
    async with producer.transaction():
        await producer.send_and_wait(topic, b"kept")
    await producer.begin_transaction()
    await producer.send_and_wait(topic, b"aborted")
    await producer.abort_transaction()
    await producer.stop()

    killed = kafka.pid
    await asyncio.to_thread(kafka.kill)
    assert not is_open(kafka.port)
    with pytest.raises(ProcessLookupError):
        os.kill(killed, 0)
    await asyncio.to_thread(kafka.start)

    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, transactional_id=names.transactional())
    await producer.start()
    async with producer.transaction():
        await producer.send_and_wait(topic, b"after")
    await producer.stop()
    assert await _read(kafka, topic, 2) == [b"kept", b"after"]


async def test_compaction_leaves_the_newest_record_of_a_key(kafka: Broker, names: Names) -> None:
    topic = names.topic()
    quick = {"cleanup.policy": "compact", "segment.ms": "200", "min.cleanable.dirty.ratio": "0.01"}
    await _create(kafka, NewTopic(topic, 1, 1, topic_configs=quick))
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap)
    await producer.start()
    for version in range(20):
        await producer.send_and_wait(topic, b"%d" % version, key=b"one")
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.5)
    await producer.send_and_wait(topic, b"end", key=b"two")  # closes the segment that is to be compacted
    for _ in range(100):
        read = [value async for value in _until(kafka, topic, b"end")]
        if read == [b"19", b"end"]:
            break
        await asyncio.sleep(0.2)
    assert read == [b"19", b"end"]
    await producer.stop()


async def _until(kafka: Broker, topic: str, last: bytes):  # type: ignore[no-untyped-def]
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        async with asyncio.timeout(60):
            while (value := (await consumer.getone()).value) != last:
                yield value
            yield last
    finally:
        await consumer.stop()


def test_a_frozen_broker_is_stopped_whole_and_goes_on(kafka: Broker, names: Names) -> None:
    kafka.freeze()
    tasks = Path(f"/proc/{kafka.pid}/task")
    letters = {(task / "stat").read_text().rpartition(")")[2].split()[0] for task in tasks.iterdir()}
    assert letters == {"T"}
    kafka.thaw()
    asyncio.run(_create(kafka, NewTopic(names.topic(), 1, 1)))


def test_a_port_in_use_is_named(kafka: Broker, tmp_path: Path) -> None:
    from deploy.local.kafka import KafkaNode

    with pytest.raises(NodeError, match=f"port {kafka.port}, wanted by kafka, is in use"):
        KafkaNode(tmp_path, kafka.port).start()


def test_every_test_finds_a_living_broker(kafka: Broker) -> None:
    """Runs after the others of this file: whatever they did, the broker is there again."""
    os.kill(kafka.pid, 0)
    assert is_open(kafka.port)
