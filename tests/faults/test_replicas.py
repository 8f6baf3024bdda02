"""Several replicas: each due item done once, no early start by a wrong clock, order kept while scaling."""

import asyncio
from datetime import timedelta

from shared.clock import Clock, advance
from shared.contracts import PARTICIPANTS
from shared.delivery.transaction import wake_row
from shared.mongo import Mongo
from tests.faults.test_kills import load
from tests.integration.delivery.conftest import until
from tests.support import echo
from tests.support.books import balanced
from tests.support.kafka import Sender, event


async def test_five_replicas_do_two_thousand_due_items_once_each(settings, replicas):
    several = replicas(4) + replicas(1, ECHO_SKEW="3600")
    await asyncio.gather(*[each.start() for each in several])
    mongo = Mongo(settings.mongo_uri, driver=settings.mongo_driver)
    clock = Clock(mongo)
    try:
        await clock.measure()
        database = mongo.database(settings.database_of("sessions"))
        now = clock.now()
        await database["work"].bulk_write(
            [wake_row("timer", "acme", f"t{n}", now) for n in range(2000)], ordered=False
        )
        soon = now + timedelta(minutes=30)
        await database["work"].bulk_write(
            [wake_row("timer", "acme", f"later{n}", soon) for n in range(50)], ordered=False
        )

        async def done():
            return await database["work"].count_documents({"due_at": {"$lte": now}}) == 0

        await until("all are done", done, 150)
        rows = await database["echoes"].find({}).to_list(None)
        assert {row["id"]: row["state"]["fired"] for row in rows} == {f"t{n}": 1 for n in range(2000)}
        # The replica whose clock is an hour ahead has done nothing that is due in half an hour.
        assert await database["work"].count_documents({}) == 50
        await advance(mongo, timedelta(hours=1), settings.clock_database)

        async def all_done():
            return await database["work"].count_documents({}) == 0

        await until("what is due by program time is done", all_done, 60)
        assert await database["echoes"].count_documents({"state.fired": 1}) == 2050
    finally:
        await mongo.close()


async def test_scaling_up_and_down_under_load_keeps_order_and_loses_nothing(settings, replicas):
    first, second, third = replicas(3)
    await first.start()
    loading = asyncio.create_task(load(settings, range(1, 40), 0.2))
    await asyncio.sleep(1.0)
    await asyncio.gather(second.start(), third.start())
    await asyncio.sleep(2.0)
    assert (await second.terminate())[0] == 0
    third.kill()
    books = await balanced(settings, await loading)
    # An older version that stands after a newer one, or last, is in `lost`.
    assert books.balanced, books


async def test_one_fact_about_five_thousand_is_worked_through_while_others_go_on(settings, replicas):
    async with Sender(settings.kafka_bootstrap, settings.topic_prefix) as sender:
        await sender.events(
            event(PARTICIPANTS, "participant.changed", echo.participant(f"p{n}", 1, field="quiet"), 1)
            for n in range(5000)
        )
        (service,) = replicas()
        await service.start()
        mongo = Mongo(settings.mongo_uri, driver=settings.mongo_driver)
        database = mongo.database(settings.database_of("sessions"))
        try:

            async def learned():
                return await database["participants"].count_documents({}) == 5000

            await until("all are known", learned, 200)
            everybody = echo.participant("everybody", 1, field="everybody")
            await sender.events([event(PARTICIPANTS, "participant.changed", everybody, 1)])

            async def begun():
                return await database["echoes"].count_documents({"state.fired": 1}) > 100

            await until("the fan-out has begun", begun)
            await sender.events([event(PARTICIPANTS, "participant.changed", echo.participant("new", 1), 1)])

            async def decided():
                return await database["echoes"].find_one({"id": "new", "state.decided": 1})

            await until("another fact is decided on", decided)
            left = 5001 - await database["echoes"].count_documents({"state.fired": 1})

            async def finished():
                return await database["work"].count_documents({}) == 0

            await until("the fan-out is through", finished, 200)
            assert await database["echoes"].count_documents({"state.fired": {"$gt": 1}}) == 0
            assert await database["echoes"].count_documents({"state.fired": 1}) >= 5001
            assert left > 0, "the other fact waited for the whole fan-out"
        finally:
            await mongo.close()
