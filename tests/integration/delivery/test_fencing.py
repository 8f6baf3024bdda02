"""Who may send: one relay a slot, fenced by the broker; and in which order."""

import asyncio
from collections import Counter

import pytest
from aiokafka import AIOKafkaProducer

from shared.contracts import HEALTH
from shared.delivery.leases import SlotsChanged
from tests.integration.delivery.conftest import running, settled, until
from tests.support import echo
from tests.support.kafka import read_all

PAIRS = 40


async def test_a_relay_that_was_replaced_while_sending_publishes_nothing(settings, kafka, monkeypatch):
    """The first relay stands still with everything sent and nothing committed, as one that is frozen there."""
    commit, held, go_on, ends = AIOKafkaProducer.commit_transaction, set(), asyncio.Event(), []

    async def hold(self):
        slot = self._txn_manager.transactional_id
        if slot in held:
            return await commit(self)
        held.add(slot)
        await go_on.wait()
        try:
            await commit(self)
        except Exception as error:
            ends.append(type(error).__name__)
            raise
        ends.append("committed")
        return None

    monkeypatch.setattr(AIOKafkaProducer, "commit_transaction", hold)
    async with running(echo.kernel(settings)) as frozen:

        async def make(tx):
            for n in range(PAIRS):
                await echo.echoes.add(tx, f"x{n}", echo.Echo(seen=1, decided=1), "health.changed")

        await frozen.command("acme", make)

        async def all_held():
            return len(held) == frozen.limits.slots

        await until("every slot is held", all_held)
        # A frozen process renews nothing.
        frozen.leases._task.cancel()
        async with running(echo.kernel(settings)) as other:

            async def replaced():
                return await other.database["outbox"].count_documents({}) == 0

            await until("the other has sent everything", replaced, 30)
            go_on.set()

            async def ended():
                return len(ends) == frozen.limits.slots

            await until("the first has tried to go on", ended, 30)
            assert "committed" not in ends
            await settled(other)
            out = await read_all(kafka.bootstrap, settings.topic_prefix + HEALTH.name)
            assert Counter(record.key.decode() for record in out) == {f"acme/x{n}": 1 for n in range(PAIRS)}


async def test_another_number_of_slots_refuses_to_start(settings):
    async with running(echo.kernel(settings)):
        pass
    other = echo.kernel(settings, echo.Limits(slots=4))
    try:
        with pytest.raises(SlotsChanged):
            await other.start()
    finally:
        await other.stop()


async def test_an_event_sorts_after_all_that_its_transaction_relied_on(settings):
    async with running(echo.kernel(settings)) as kernel:

        async def cause(tx):
            return await echo.echoes.add(tx, "cause", echo.Echo(seen=1, decided=1))

        await kernel.command("acme", cause)
        # Written under a clock that was an hour ahead.
        ahead = kernel.clock.wall_ms() + 3_600_000
        await kernel.database["echoes"].update_one({"id": "cause"}, {"$set": {"order": ahead}})

        async def effect(tx):
            await echo.echoes.touch(tx, await echo.echoes.get(tx, "cause"))
            return await echo.echoes.add(tx, "effect", echo.Echo(seen=1, decided=1), "health.changed")

        assert (await kernel.command("acme", effect)).order > ahead
