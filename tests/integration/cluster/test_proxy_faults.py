"""The proxy in front of the real database and the real broker."""

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError

from deploy.local.database import uri
from tests.support.cluster import Broker, Names, Store
from tests.support.proxy import MongoProxy, Proxy


async def test_a_commit_whose_reply_is_lost_was_executed(database: Store, names: Names) -> None:
    async with MongoProxy(database.port) as proxy, AsyncMongoClient(uri(proxy.port)) as client:
        rows = client[names.database()].rows
        await rows.insert_one({"_id": 0})
        lost = proxy.drop_commit_reply(1, then=proxy.refuse)
        async with client.start_session() as session:
            await session.start_transaction()
            await rows.insert_one({"_id": 1}, session=session)
            with pytest.raises((PyMongoError, TimeoutError)):
                async with asyncio.timeout(6):  # the driver asks again, and finds nobody
                    await session.commit_transaction()
        await lost.wait()
        async with AsyncMongoClient(database.uri) as direct:
            assert [row["_id"] async for row in direct[names.database()].rows.find()] == [0, 1]


async def test_clients_of_the_broker_stay_behind_the_proxy(kafka: Broker, names: Names) -> None:
    async with Proxy(kafka.proxied_port, kafka.proxy_port) as proxy:
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka.proxied_bootstrap)
        await admin.start()
        await admin.create_topics([NewTopic(names.topic(), 1, 1)])
        await admin.close()
        producer = AIOKafkaProducer(bootstrap_servers=kafka.proxied_bootstrap, request_timeout_ms=2000)
        await producer.start()
        await producer.send_and_wait(names.topic(), b"before")
        proxy.blackhole()
        stuck = asyncio.create_task(producer.send_and_wait(names.topic(), b"held"))
        await asyncio.sleep(0.5)
        assert not stuck.done()
        proxy.heal()
        await asyncio.wait_for(stuck, 60)
        await producer.stop()
    consumer = AIOKafkaConsumer(
        names.topic(), bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        async with asyncio.timeout(60):
            assert [(await consumer.getone()).value for _ in range(2)] == [b"before", b"held"]
    finally:
        await consumer.stop()
