"""The baselines: the shortest loops that move the same records, with the same driver and the same durability.

None of them survives a crash, a late event, a bad record or a second process; that is what the kernel's share buys.
"""

import asyncio
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from pymongo import ReplaceOne

from benchmarks.pipeline.ground import ORGANIZATION, PARTITIONS, Ground, copy_of
from benchmarks.pipeline.meter import Took
from shared.contracts import PARTICIPANTS
from shared.contracts.envelope import Event, to_headers
from shared.delivery.outbox import OUTBOX

BATCH = 500


async def consume_and_write(
    ground: Ground, prefix: str, events: int, *, in_transaction: bool = False
) -> Took:
    """Consume, decode, bulk-write: a batch at a time, upserts by id, the last of a batch wins."""
    async with ground.mongo() as mongo:
        rows = mongo.database(ground.name("bare"))["participants"]
        await rows.create_index([("organization", 1), ("id", 1)])
        consumer = await _consumer(ground, prefix)
        try:
            watch, seen = ground.watch(), 0
            while seen < events:
                documents = {}
                for records in (await consumer.getmany(timeout_ms=500, max_records=BATCH)).values():
                    for record in records:
                        document = _decoded(record)
                        documents[document["_id"]] = document
                        seen += 1
                if documents:
                    writes = [ReplaceOne({"_id": id}, each, upsert=True) for id, each in documents.items()]
                    if in_transaction:
                        async with mongo.session() as session:
                            await mongo.begin(session)
                            await rows.bulk_write(writes, ordered=False, session=session)
                            await session.commit_transaction()
                    else:
                        await rows.bulk_write(writes, ordered=False)
            return watch.took(events)
        finally:
            await consumer.stop()


async def one_by_one(ground: Ground, prefix: str, events: int) -> Took:
    """The first `events` records, each in a transaction of its own with the position of its partition."""
    async with ground.mongo() as mongo:
        database = mongo.database(ground.name("bare"))
        rows, positions = database["participants"], database["positions"]
        await rows.create_index([("organization", 1), ("id", 1)])
        await positions.insert_many([{"_id": n, "next": 0} for n in range(PARTITIONS)])
        consumer = await _consumer(ground, prefix)
        try:
            watch = ground.watch()
            for _ in range(events):
                record = await consumer.getone()
                document = _decoded(record)
                async with mongo.session() as session:
                    await mongo.begin(session)
                    await rows.replace_one({"_id": document["_id"]}, document, upsert=True, session=session)
                    await positions.update_one(
                        {"_id": record.partition}, {"$set": {"next": record.offset + 1}}, session=session
                    )
                    await session.commit_transaction()
            return watch.took(events)
        finally:
            await consumer.stop()


async def relay(ground: Ground, prefix: str, documents: list[dict[str, Any]]) -> Took:
    """Read, send, delete the same outbox rows, 500 rows at a time."""
    async with ground.mongo() as mongo:
        rows = mongo.database(ground.name("bare"))[OUTBOX]
        await rows.create_index([("order", 1)])
        await _fill(rows, documents)
        total = sum(each["count"] for each in documents)
        producer = AIOKafkaProducer(
            bootstrap_servers=ground.bootstrap, enable_idempotence=True, acks="all", linger_ms=0
        )
        await producer.start()
        try:
            watch = ground.watch()
            while True:
                batch = await rows.find({}).sort("_id", 1).limit(BATCH).to_list(None)
                if not batch:
                    return watch.took(total)
                sent = []
                for row in batch:
                    for each in row["events"]:
                        event = Event.from_row(each)
                        sent.append(
                            await producer.send(
                                prefix + event.topic,
                                key=event.kafka_key,
                                value=event.body,
                                headers=to_headers(event),
                            )
                        )
                await asyncio.gather(*sent)
                await rows.delete_many({"_id": {"$in": [row["_id"] for row in batch]}})
        finally:
            await producer.stop()


async def _fill(rows: Any, documents: list[dict[str, Any]]) -> None:
    for at in range(0, len(documents), 500):
        await rows.insert_many(documents[at : at + 500])


async def _consumer(ground: Ground, prefix: str) -> AIOKafkaConsumer:
    """A started consumer that stands at the beginning of all partitions."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=ground.bootstrap,
        group_id=ground.name("bare"),
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        enable_auto_commit=False,
        fetch_max_wait_ms=250,
    )
    await consumer.start()
    partitions = [TopicPartition(prefix + PARTICIPANTS.name, n) for n in range(PARTITIONS)]
    consumer.assign(partitions)
    await consumer.seek_to_beginning(*partitions)
    return consumer


def _decoded(record: Any) -> dict[str, Any]:
    headers = dict(record.headers)
    state = PARTICIPANTS.read(record.value)
    document = copy_of(
        headers["ce_subject"].decode(),
        int(headers["ce_sequence"]),
        headers["ce_type"].decode(),
        state.model_dump(mode="json"),
    )
    if headers["ce_organization"].decode() != ORGANIZATION:
        raise ValueError("a record of another organization")
    return document
