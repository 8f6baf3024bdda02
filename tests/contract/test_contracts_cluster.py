"""The contracts on a real broker: topics made, compared and altered, and the example subscriber run as it stands."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from shared.contracts import ANSWERS, PAIRS, TOPICS, Topic
from shared.contracts.envelope import MAX_BODY_BYTES, Event, event_of, to_headers
from shared.contracts.topics_admin import Admin, Alter, Create, Refuse, wanted
from tests.support.cluster import Broker, Names
from tests.unit.contracts.event_samples import SAMPLES

SUBSCRIBER = Path(__file__).parents[2] / "examples" / "subscriber" / "subscriber.py"


async def test_topics_are_made_once_and_kept_as_declared(kafka: Broker, names: Names) -> None:
    declared = wanted(names.topic_prefix)
    async with Admin(kafka.bootstrap) as admin:
        made = await admin.apply(declared)
        assert [step.topic.name for step in made if isinstance(step, Create)] == [
            topic.named(names.topic_prefix) for topic in TOPICS.values()
        ]
        assert await admin.steps(declared) == []
        assert await admin.apply(declared) == []
        found = await admin.existing(each.name for each in declared)
    pairs = found[PAIRS.named(names.topic_prefix)]
    assert pairs.partitions == PAIRS.partitions
    assert pairs.settings["cleanup.policy"] == "compact"


async def test_a_setting_that_was_changed_is_put_back_and_others_stay(kafka: Broker, names: Names) -> None:
    name = ANSWERS.named(names.topic_prefix)
    declared = wanted(names.topic_prefix, [ANSWERS])
    changed = {**declared[0].settings, "retention.ms": "60000", "segment.ms": "70000"}
    await _make(kafka, name, ANSWERS.partitions, changed)
    async with Admin(kafka.bootstrap) as admin:
        (step,) = await admin.apply(declared)
        assert isinstance(step, Alter)
        assert step.changes == {"retention.ms": ("60000", declared[0].settings["retention.ms"])}
        found = (await admin.existing([name]))[name]
    assert found.settings["retention.ms"] == declared[0].settings["retention.ms"]
    assert found.settings["segment.ms"] == "70000"


async def test_a_retained_topic_grows(kafka: Broker, names: Names) -> None:
    name = ANSWERS.named(names.topic_prefix)
    declared = wanted(names.topic_prefix, [ANSWERS])
    await _make(kafka, name, 1, dict(declared[0].settings))
    async with Admin(kafka.bootstrap) as admin:
        await admin.apply(declared)
        assert (await admin.existing([name]))[name].partitions == ANSWERS.partitions


async def test_a_compacted_topic_is_not_grown_and_then_nothing_else_is_done(
    kafka: Broker, names: Names
) -> None:
    name = PAIRS.named(names.topic_prefix)
    declared = wanted(names.topic_prefix, [ANSWERS, PAIRS])
    await _make(kafka, name, 1, dict(declared[1].settings))
    async with Admin(kafka.bootstrap) as admin:
        steps = await admin.apply(declared)
        assert [type(step) for step in steps] == [Create, Refuse]
        found = await admin.existing(each.name for each in declared)
    assert set(found) == {name}
    assert found[name].partitions == 1


async def test_the_largest_body_passes_the_broker(kafka: Broker, names: Names) -> None:
    topic = await _topic(kafka, names)
    empty = _event(1, external_id="")
    assert empty.body is not None
    largest = _event(1, external_id="x" * (MAX_BODY_BYTES - len(empty.body)))
    assert largest.body is not None
    assert len(largest.body) == MAX_BODY_BYTES
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, max_request_size=4_000_000)
    await producer.start()
    try:
        await _send(producer, topic, largest)
        with pytest.raises((MessageSizeTooLargeError, KafkaError)):
            await producer.send_and_wait(topic, b"x" * 2_000_000, key=b"acme/a1")
    finally:
        await producer.stop()


async def test_the_example_subscriber_keeps_the_newest_states(kafka: Broker, names: Names) -> None:
    topic = await _topic(kafka, names)
    producer = AIOKafkaProducer(
        bootstrap_servers=kafka.bootstrap,
        transactional_id=names.transactional(),
        transaction_timeout_ms=10_000,
    )
    await producer.start()
    process = None
    try:
        async with producer.transaction():
            for event in (
                _event(1, state="proposed"),
                _event(3, state="active"),
                _event(2, state="accepted"),
                _event(3, state="active"),
                _event(1, id="gone", state="proposed"),
                *PAIRS.erasure("acme", "gone", 2),
                _event(1, id="gone", state="proposed"),
                _event(1, organization="other", state="proposed"),
            ):
                await _send(producer, topic, event)
            await producer.send_and_wait(topic, None, key=b"acme/never-known")
        await producer.begin_transaction()
        await _send(producer, topic, _event(9, state="never committed"))
        await producer.abort_transaction()

        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(SUBSCRIBER),
            env={**os.environ, "BOOTSTRAP": kafka.bootstrap, "TOPIC": topic},
            stdout=asyncio.subprocess.PIPE,
        )
        assert await _printed(process, {"acme/a1": "active", "other/a1": "proposed"})
        async with producer.transaction():
            await _send(producer, topic, _event(4, state="ended"))
            for event in PAIRS.erasure("other", "a1", 2):
                await _send(producer, topic, event)
        assert await _printed(process, {"acme/a1": "ended"})
    finally:
        if process is not None:
            process.kill()
            await process.wait()
        await producer.stop()


def _event(version: int, *, organization: str = "acme", id: str = "a1", **changes: str) -> Event:
    body = SAMPLES["pair"].model_copy(update={"id": id, **changes})
    return event_of(
        PAIRS, "pair.changed", organization=organization, id=id, version=version, body=body, time_ms=1
    )


async def _send(producer: AIOKafkaProducer, topic: str, event: Event) -> None:
    await producer.send_and_wait(topic, event.body, key=event.kafka_key, headers=to_headers(event))


async def _topic(kafka: Broker, names: Names, topic: Topic = PAIRS) -> str:
    async with Admin(kafka.bootstrap) as admin:
        await admin.apply(wanted(names.topic_prefix, [topic]))
    return topic.named(names.topic_prefix)


async def _make(kafka: Broker, name: str, partitions: int, settings: dict[str, str]) -> None:
    client = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await client.start()
    try:
        await client.create_topics([NewTopic(name, partitions, 1, topic_configs=settings)])
    finally:
        await client.close()
    async with Admin(kafka.bootstrap) as admin, asyncio.timeout(90):
        while name not in await admin.existing([name]):  # noqa: ASYNC110 (a broker tells nobody)
            await asyncio.sleep(0.05)


async def _printed(process: asyncio.subprocess.Process, expected: dict[str, str], within: float = 90) -> bool:
    """Whether the subscriber comes to print this state of the world."""
    assert process.stdout is not None
    async with asyncio.timeout(within):
        while line := await process.stdout.readline():
            if json.loads(line) == expected:
                return True
    return False
