"""The lost reply of a commit, a database that is away, a slow claim: each without an effect of its own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from uuid import uuid4

import pytest
from faststream.kafka import KafkaMessage
from pymongo.errors import AutoReconnect

from deploy.local.database import uri
from shared.contracts import DEAD_LETTERS, HEALTH, PARTICIPANTS
from shared.delivery import Unavailable
from shared.delivery.inbox.consumer import NumberedConsumer
from shared.delivery.inbox.subscriber import Subscriber
from shared.delivery.transactions import Transactions
from shared.mongo import Mongo
from tests.faults.test_kills import PEOPLE, load
from tests.integration.delivery.conftest import running, settled
from tests.support import echo
from tests.support.books import balanced
from tests.support.kafka import create_topics, read_all
from tests.support.process import EchoProcess
from tests.support.proxy import MongoProxy, Proxy

TOPICS = [PARTICIPANTS, HEALTH, DEAD_LETTERS["sessions"]]
# What the transaction of each part, and of no other, writes.
PARTS = {"inbox": "update positions", "worker": "update echoes", "relay": "delete outbox"}


@asynccontextmanager
async def behind(proxy: Proxy, settings: echo.EchoSettings, log) -> AsyncIterator[EchoProcess]:
    """A replica that reaches a server only through the proxy that stands before it."""
    async with proxy:
        service = EchoProcess(settings, log)
        try:
            yield await service.start()
        finally:
            service.end()


def past(settings: echo.EchoSettings, proxy: Proxy) -> echo.EchoSettings:
    """The settings of a service that has the proxy for its database."""
    return settings.model_copy(update={"mongo_uri": uri(proxy.port)})


async def rows(settings, collection):
    """All documents of one of the service's collections, read past the proxy."""
    mongo = Mongo(settings.mongo_uri, driver=settings.mongo_driver)
    try:
        found = mongo.database(settings.database_of("sessions"))[collection].find({})
        return {row["_id"]: row for row in await found.to_list(None)}
    finally:
        await mongo.close()


async def epochs(settings):
    """The epochs of all positions: a claim made anew, as after fencing, would have raised one."""
    return {id: row["epoch"] for id, row in (await rows(settings, "positions")).items()}


async def test_a_commit_whose_reply_is_lost_on_the_way_is_not_taken_for_fencing(settings, database, tmp_path):
    proxy = MongoProxy(database.port)
    async with behind(proxy, past(settings, proxy), tmp_path / "echo.log") as service:
        newest = await load(settings, range(1, 2))
        assert (await balanced(settings, newest)).balanced
        before = await epochs(settings)
        for round, wrote in enumerate(PARTS.values()):
            lost = proxy.drop_commit_reply(2, wrote=wrote)
            newest = await load(settings, range(2 + 2 * round, 4 + 2 * round))
            await lost.wait()
        books = await balanced(settings, newest)
        assert books.balanced, books
        assert await epochs(settings) == before
        assert service.running


async def test_a_service_killed_between_a_commit_and_its_reply_loses_and_doubles_nothing(
    settings, database, tmp_path
):
    proxy = MongoProxy(database.port)
    async with behind(proxy, past(settings, proxy), tmp_path / "echo.log") as service:
        newest = await load(settings, range(1, 2))
        for round, wrote in enumerate(PARTS.values()):
            lost = proxy.drop_commit_reply(2, then=service.kill, wrote=wrote)
            newest = await load(settings, range(2 + 2 * round, 4 + 2 * round))
            await lost.wait()
            assert not service.running
            await service.start()
        books = await balanced(settings, newest)
        assert books.balanced, books


@pytest.fixture
def forgetful(monkeypatch):
    """`forgetful(n)`: from now on every `n`th commit happens and is reported as unknown, as after the driver itself
    has given up asking.
    """
    attempt = Transactions._attempt
    counts = {"all": 0, "lost": 0}

    def every(n):
        async def lossy(self, session, organization, run):
            result = await attempt(self, session, organization, run)
            counts["all"] += 1
            if counts["all"] % n == 0:
                counts["lost"] += 1
                raise AutoReconnect("the reply was lost")
            return result

        monkeypatch.setattr(Transactions, "_attempt", lossy)
        return counts

    return every


async def test_whatever_commit_the_driver_gives_up_on_is_recognised_by_every_part(settings, forgetful):
    async with running(echo.kernel(settings)) as kernel:
        assert (await balanced(settings, await load(settings, range(1, 2)))).balanced
        before = await epochs(settings)
        counts = forgetful(3)
        books = await balanced(settings, await load(settings, range(2, 8)))
        assert books.balanced, books
        assert counts["lost"] > 5
        assert await epochs(settings) == before
        await settled(kernel)


async def test_a_command_whose_commit_reply_is_lost_makes_one_aggregate_and_gets_its_result(
    settings, database, kafka
):
    async with MongoProxy(database.port) as proxy, running(echo.kernel(past(settings, proxy))) as kernel:

        async def make(tx):
            # Another random id at every attempt, as a service's handler would give it.
            return await echo.echoes.add(tx, uuid4().hex, echo.Echo(seen=1, decided=1), "health.changed")

        for _ in range(3):
            lost = proxy.drop_commit_reply(1, wrote="insert commits")
            made = await kernel.command("acme", make)
            await lost.wait()
            assert await echo.echoes.get(kernel.view("acme"), made.id) == made
        await settled(kernel)
        assert await echo.echoes.count(kernel.view("acme"), {}) == 3
    assert len(await read_all(kafka.bootstrap, settings.topic_prefix + HEALTH.name)) == 3


async def test_a_command_that_the_driver_gives_up_on_makes_one_aggregate_and_gets_its_result(
    settings, forgetful
):
    async with running(echo.kernel(settings)) as kernel:
        counts = forgetful(2)

        async def make(tx):
            return await echo.echoes.add(tx, uuid4().hex, echo.Echo(seen=1, decided=1))

        made = [await kernel.command("acme", make) for _ in range(6)]
        found = await echo.echoes.find(kernel.view("acme"), {})
        assert sorted(each.id for each in found) == sorted(each.id for each in made)
        assert counts["lost"] >= 2


async def test_a_command_is_told_in_time_that_the_database_is_away_and_changes_nothing_later(
    settings, database
):
    async with Proxy(database.port) as proxy, running(echo.kernel(past(settings, proxy))) as kernel:

        async def make(tx):
            await echo.echoes.add(tx, "late", echo.Echo(seen=1, decided=1))

        await proxy.refuse()
        began = asyncio.get_running_loop().time()
        with pytest.raises(Unavailable):
            await kernel.command("acme", make)
        assert asyncio.get_running_loop().time() - began < 8
        await proxy.accept()
        await settled(kernel)
        assert await echo.echoes.get(kernel.view("acme"), "late") is None


async def test_a_server_that_is_away_for_long_dead_letters_nothing(settings, kafka, database, tmp_path):
    async def away(name, proxy, through, begin):
        """One replica on topics of its own, while what lies behind its proxy is away."""
        prefixes = {each: f"{getattr(settings, each)}{name}" for each in ("topic_prefix", "database_prefix")}
        own = settings.model_copy(update=prefixes)
        await create_topics(kafka.bootstrap, own.topic_prefix, TOPICS)
        async with behind(proxy, through.model_copy(update=prefixes), tmp_path / f"{name}.log") as service:
            loading = asyncio.create_task(load(own, range(1, 16), 0.4))
            await asyncio.sleep(1.5)
            await begin()
            # Longer than every time-out: operations (10 s), leases (3 and 4 s), the group's session (6 s).
            await asyncio.sleep(15)
            assert service.running
            await proxy.accept()
            # What was held back arrives now, a commit among it perhaps that everybody has given up on.
            proxy.heal()
            books = await balanced(own, await loading)
            assert books.balanced, (name, books)
            assert await rows(own, "dead_letters") == {}
            assert await rows(own, "halts") == {}
            assert service.running

    async def swallow(proxy):
        proxy.blackhole()

    refusing, swallowing = Proxy(database.port), Proxy(database.port)
    broker = Proxy(kafka.proxied_port, kafka.proxy_port)
    proxied = settings.model_copy(update={"kafka_bootstrap": kafka.proxied_bootstrap})
    await asyncio.gather(
        away("refused", refusing, past(settings, refusing), refusing.refuse),
        away("swallowed", swallowing, past(settings, swallowing), partial(swallow, swallowing)),
        away("broker", broker, proxied, partial(swallow, broker)),
    )


async def test_records_handed_out_before_the_claim_have_no_effect(settings, monkeypatch):
    async with running(echo.kernel(settings)) as kernel:
        newest = await load(settings, range(1, 4), 0.0)
        assert (await balanced(settings, newest)).balanced
        await settled(kernel)
    before = await rows(settings, "participants")
    # As if nothing held them back: the consumer is not paused while the claim is slow, and starts at the beginning.
    early = []
    handle, claim_once = Subscriber._handle, Subscriber._claim_once

    async def seen(self, message: KafkaMessage):
        early.extend(record for record in message.raw_message if not self.claims)
        await handle(self, message)

    async def slow(self, consumer, tp):
        consumer.seek(tp, 0)
        await asyncio.sleep(2.0)
        await claim_once(self, consumer, tp)

    monkeypatch.setattr(Subscriber, "_handle", seen)
    monkeypatch.setattr(Subscriber, "_claim_once", slow)
    monkeypatch.setattr(NumberedConsumer, "pause", lambda self, *partitions: None)
    async with running(echo.kernel(settings)) as kernel:
        await settled(kernel)
        assert len(early) >= 3 * PEOPLE
        assert await rows(settings, "participants") == before
        books = await balanced(settings, newest | await load(settings, range(4, 6), 0.0))
        assert books.balanced, books
