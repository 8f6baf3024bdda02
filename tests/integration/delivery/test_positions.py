"""Positions: who may apply what, a lost reply, a log that is not the same, a way out for the operator."""

import asyncio

from shared.contracts import HEALTH, PARTICIPANTS
from tests.integration.delivery.conftest import running, settled, until
from tests.support import echo
from tests.support.kafka import Sender, create_topics, delete_topics, event, read_all


def facts(numbers, version=1):
    return [
        event(PARTICIPANTS, "participant.changed", echo.participant(f"p{n}", version), version)
        for n in numbers
    ]


async def test_a_topic_that_is_deleted_and_made_again_halts_and_is_not_silently_reset(settings, kafka):
    async with (
        Sender(kafka.bootstrap, settings.topic_prefix) as sender,
        running(echo.kernel(settings)) as kernel,
    ):
        await sender.events(facts(range(40)))
        await settled(kernel)
    name = settings.topic_prefix + PARTICIPANTS.name
    await delete_topics(kafka.bootstrap, [name])
    await asyncio.sleep(1.0)
    await create_topics(kafka.bootstrap, settings.topic_prefix, [PARTICIPANTS])
    async with Sender(kafka.bootstrap, settings.topic_prefix) as sender:
        await sender.events(facts(range(100, 160)))
        async with running(echo.kernel(settings)) as kernel:
            state = await until("it halts", lambda: _halted(kernel))
            assert any("another than the one" in each or "made again" in each for each in state.halted)
            assert not state.ready
            # The way out: read the new log from its beginning. Copies keep the highest version, nothing doubles.
            for position in await kernel.ops.positions():
                if position["topic"] == name:
                    assert await kernel.ops.rebuild(name, position["partition"], None, "test")
            await settled(kernel)
            rows = await echo.echoes.find(kernel.view("acme"), {})
            assert {row.id for row in rows} == {f"p{n}" for n in (*range(40), *range(100, 160))}
            assert all(row.state.decided == 1 for row in rows)


async def test_a_topic_that_is_made_again_under_a_running_service_halts(settings, kafka):
    name = settings.topic_prefix + PARTICIPANTS.name
    async with (
        Sender(kafka.bootstrap, settings.topic_prefix) as sender,
        running(echo.kernel(settings)) as kernel,
    ):
        await sender.events(facts(range(40)))
        await settled(kernel)
        await delete_topics(kafka.bootstrap, [name])
        await asyncio.sleep(1.0)
        await create_topics(kafka.bootstrap, settings.topic_prefix, [PARTICIPANTS])
        state = await until("it halts", lambda: _halted(kernel))
        assert "made again" in state.halted[0]


async def test_a_claim_of_another_epoch_is_fenced_out(settings, kafka):
    async with (
        Sender(kafka.bootstrap, settings.topic_prefix) as sender,
        running(echo.kernel(settings)) as kernel,
    ):
        await sender.events(facts(range(20)))
        await settled(kernel)
        for tp, claim in list(kernel.subscriber.claims.items()):
            await kernel.positions.claim(tp.topic, tp.partition, "a replica that took over")
            assert claim.epoch < (await kernel.positions.read(tp.topic, tp.partition)).epoch
        await sender.events(facts(range(20, 40)))
        # The group still assigns the partitions here, so it claims them again and goes on.
        await settled(kernel)
        rows = await echo.echoes.find(kernel.view("acme"), {})
        assert {row.id for row in rows} == {f"p{n}" for n in range(40)}
        assert all(row.state.decided == 1 for row in rows)


async def test_a_rebuilt_position_applies_nothing_twice(settings, kafka):
    async with (
        Sender(kafka.bootstrap, settings.topic_prefix) as sender,
        running(echo.kernel(settings)) as kernel,
    ):
        await sender.events(facts(range(30)))
        await settled(kernel)
        before = await kernel.database["participants"].find({}).sort("_id", 1).to_list(None)
        for position in await kernel.ops.positions():
            await kernel.ops.rebuild(position["topic"], position["partition"], 0, "test")
        await asyncio.sleep(1.5)
        await settled(kernel)
        assert await kernel.database["participants"].find({}).sort("_id", 1).to_list(None) == before
        rows = await echo.echoes.find(kernel.view("acme"), {})
        assert [row.state.decided for row in rows] == [1] * 30


class Meanwhile:
    """Positions under an operator who resumes once the first partition is seen halted."""

    def __init__(self, kernel):
        self.kernel, self.rows = kernel, kernel.positions._rows

    def __getattr__(self, name):
        return getattr(self.rows, name)

    async def update_one(self, *change):
        done = await self.rows.update_one(*change)
        self.kernel.positions._rows = self.rows
        assert await self.kernel.ops.resume("inbox", "test")
        return done


async def test_a_resume_in_the_middle_of_a_halt_is_not_undone_by_the_rest_of_it(settings, kafka):
    async with running(echo.kernel(settings)) as kernel:
        positions = kernel.positions
        for partition in range(4):
            await positions.claim("another", partition, "me")
        positions._rows = Meanwhile(kernel)
        await positions.halt_all("too many", kernel.clock.wall())
        assert {each.halted for each in await positions.all()} == {None}
        await positions.halt_all("too many again", kernel.clock.wall())
        assert {each.halted for each in await positions.all()} == {"too many again"}


async def test_an_event_that_the_broker_refuses_for_good_parks_alone(settings, kafka, names):
    small = settings.model_copy(update={"topic_prefix": settings.topic_prefix + "s."})
    await create_topics(kafka.bootstrap, small.topic_prefix, [PARTICIPANTS])
    await create_topics(kafka.bootstrap, small.topic_prefix, [HEALTH], **{"max.message.bytes": "1100"})
    async with running(echo.kernel(small)) as kernel:

        async def many(tx):
            for n in range(20):
                id = f"x{n}" if n != 9 else "x" * 190
                await echo.echoes.add(tx, id, echo.Echo(seen=n, decided=1), "health.changed")

        await kernel.command("acme", many)

        async def sent():
            return await kernel.database["outbox"].count_documents({}) == 0

        await until("the others are sent", sent)
        out = await read_all(kafka.bootstrap, small.topic_prefix + HEALTH.name)
        assert {record.key.decode() for record in out} == {f"acme/x{n}" for n in range(20) if n != 9}
        parked = await kernel.database["outbox_parked"].find({}).to_list(None)
        assert [each["event"]["id"] for each in parked] == ["x" * 190]


async def _halted(kernel):
    state = await kernel.readiness()
    return state if state.halted else None
