"""What one transaction promises: no write skew, one effect when its reply is lost, nothing half done."""

import asyncio

import pytest

from shared.contracts import HEALTH
from shared.delivery import Conflict, Unavailable
from tests.integration.delivery.conftest import running, settled
from tests.support import echo
from tests.support.kafka import read_all


@pytest.mark.parametrize("first", ["leaver", "proposal"])
async def test_two_transactions_that_rely_on_what_the_other_changes_cannot_both_commit(settings, first):
    """A leaver's departure reads the pairs, a proposal reads the person; both meet in the person's document."""
    async with running(echo.kernel(settings)) as kernel:

        async def person(tx):
            await echo.echoes.add(tx, "person", echo.Echo(seen=0, decided=0))

        await kernel.command("acme", person)
        read, written = {"leaver": asyncio.Event(), "proposal": asyncio.Event()}, []

        async def leave(tx):
            stored = await echo.echoes.get(tx, "person")
            pairs = await echo.echoes.find(tx, {"state.seen": 77})
            await meet("leaver")
            await echo.echoes.save(tx, stored, echo.Echo(seen=1, decided=1))
            for pair in pairs:
                await echo.echoes.save(tx, pair, pair.state.model_copy(update={"fired": 1}))
            written.append("leaver")

        async def propose(tx):
            stored = await echo.echoes.get(tx, "person")
            await meet("proposal")
            if stored.state.seen == 0:
                await echo.echoes.touch(tx, stored)
                await echo.echoes.add(tx, "pair", echo.Echo(seen=77, decided=0))
            written.append("proposal")

        async def meet(who):
            """Both have read before either writes, and `first` writes first; a second attempt does not wait."""
            again = read[who].is_set()
            read[who].set()
            if again:
                return
            await asyncio.wait_for(asyncio.gather(*[each.wait() for each in read.values()]), 10)
            if who != first:
                await asyncio.sleep(0.3)

        await asyncio.gather(kernel.command("acme", leave), kernel.command("acme", propose))
        left = (await echo.echoes.get(kernel.view("acme"), "person")).state.seen == 1
        pair = await echo.echoes.get(kernel.view("acme"), "pair")
        assert left
        assert pair is None or pair.state.fired == 1, "a living pair with somebody who left"


async def test_a_change_of_what_was_read_since_is_a_conflict_and_is_run_again(settings):
    async with running(echo.kernel(settings)) as kernel:

        async def make(tx):
            return await echo.echoes.add(tx, "x", echo.Echo(seen=0, decided=0))

        stale = await kernel.command("acme", make)

        async def count(tx):
            stored = await echo.echoes.get(tx, "x")
            state = stored.state.model_copy(update={"decided": stored.state.decided + 1})
            return await echo.echoes.save(tx, stored, state, "health.changed")

        await asyncio.gather(*[kernel.command("acme", count) for _ in range(8)])
        stored = await echo.echoes.get(kernel.view("acme"), "x")
        assert (stored.state.decided, stored.version, stored.revision) == (8, 8, 9)

        async def with_stale(tx):
            await echo.echoes.save(tx, stale, stale.state)

        with pytest.raises((Conflict, Unavailable)):
            await kernel.command("acme", with_stale)


async def test_a_handler_that_raises_leaves_nothing_behind(settings, kafka):
    async with running(echo.kernel(settings)) as kernel:

        async def half(tx):
            await echo.echoes.add(tx, "half", echo.Echo(seen=1, decided=1), "health.changed")
            tx.wake("timer", "half")
            raise KeyError("half way")

        with pytest.raises(KeyError):
            await kernel.command("acme", half)
        await settled(kernel)
        assert await echo.echoes.get(kernel.view("acme"), "half") is None
        assert await read_all(kafka.bootstrap, settings.topic_prefix + HEALTH.name) == []


async def test_organizations_do_not_see_each_other(settings):
    async with running(echo.kernel(settings)) as kernel:

        async def make(tx):
            await echo.echoes.add(tx, "same", echo.Echo(seen=1, decided=1))

        await kernel.command("acme", make)
        assert await echo.echoes.get(kernel.view("other"), "same") is None
        assert await echo.echoes.find(kernel.view("other"), {}) == []
        await kernel.command("other", make)
        assert await echo.echoes.count(kernel.view("acme"), {}) == 1
