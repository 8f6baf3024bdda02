"""A transaction sees what it has changed itself, and writes it once, at its end."""

import asyncio

import pytest

from shared.contracts import HEALTH
from shared.delivery import Conflict, Unavailable
from tests.integration.delivery.conftest import running, settled
from tests.support import echo
from tests.support.kafka import read_all


def state(seen: int, **more):
    return echo.Echo(seen=seen, decided=0, **more)


async def stored(kernel, id: str):
    return await echo.echoes.get(kernel.view("acme"), id)


async def test_it_sees_what_it_has_changed_itself(settings):
    async with running(echo.kernel(settings)) as kernel:

        async def run(tx):
            assert await echo.echoes.get(tx, "a") is None
            made = await echo.echoes.add(tx, "a", state(1))
            assert await echo.echoes.get(tx, "a") == made
            after = await echo.echoes.save(tx, made, state(2))
            assert (await echo.echoes.get_many(tx, ["a", "b"])) == {"a": after}
            # A search is answered by the database, so what waits is written before it.
            assert [each.state.seen for each in await echo.echoes.find(tx, {"state.seen": 2})] == [2]
            assert await echo.echoes.count(tx, {"state.seen": 1}) == 0
            again = await echo.echoes.save(tx, after, state(3))
            assert again.revision == 3
            with pytest.raises(Conflict):
                await echo.echoes.add(tx, "a", state(4))

        await kernel.command("acme", run)
        found = await stored(kernel, "a")
        assert (found.state.seen, found.revision) == (3, 3)


async def test_several_changes_of_one_document_are_published_in_order_and_kept_once(settings, kafka):
    async with running(echo.kernel(settings)) as kernel:

        async def run(tx):
            one = await echo.echoes.add(tx, "a", state(1), "health.changed")
            await echo.echoes.touch(tx, one)
            await echo.echoes.save(tx, one, state(2), "health.changed")

        await kernel.command("acme", run)
        found = await stored(kernel, "a")
        assert (found.state.seen, found.version, found.revision) == (2, 2, 2)
        await settled(kernel)
        sent = await read_all(kafka.bootstrap, settings.topic_prefix + HEALTH.name)
        assert [dict(each.headers)["ce_sequence"] for each in sent] == [b"1", b"2"]


async def test_a_change_under_an_old_revision_is_a_conflict_before_and_after_it_is_written(settings):
    async with running(echo.kernel(settings)) as kernel:
        first = await kernel.command("acme", lambda tx: echo.echoes.add(tx, "a", state(1)))
        attempts = []

        async def waiting(tx):
            attempts.append("waiting")
            await echo.echoes.save(tx, first, state(2))
            await echo.echoes.save(tx, first, state(3))

        async def written(tx):
            attempts.append("written")
            await echo.echoes.save(tx, first, state(2))
            await echo.echoes.count(tx, {})
            await echo.echoes.save(tx, first, state(3))

        async def relied_on(tx):
            attempts.append("relied_on")
            await echo.echoes.save(tx, first, state(2))
            await echo.echoes.touch(tx, first)

        for run in (waiting, written, relied_on):
            with pytest.raises((Conflict, Unavailable)):
                await kernel.command("acme", run)
            assert attempts.count(run.__name__) > 1
        assert (await stored(kernel, "a")).state.seen == 1


async def test_erased_and_made_again_in_one_transaction_goes_on_with_its_versions(settings):
    async with running(echo.kernel(settings)) as kernel:
        await kernel.command("acme", lambda tx: echo.echoes.add(tx, "a", state(1), "health.changed"))

        async def run(tx):
            await echo.echoes.erase(tx, await echo.echoes.get(tx, "a"))
            assert await echo.echoes.get(tx, "a") is None
            await echo.echoes.add(tx, "a", state(2), "health.changed")

        await kernel.command("acme", run)
        found = await stored(kernel, "a")
        assert (found.state.seen, found.version, found.revision) == (2, 3, 3)
        await kernel.command("acme", lambda tx: erase(tx, "a"))
        assert await stored(kernel, "a") is None
        assert await echo.echoes.find(kernel.view("acme"), {}) == []


async def test_two_who_make_the_same_document_make_one(settings):
    async with running(echo.kernel(settings)) as kernel:
        both = asyncio.Barrier(2)
        met = []

        async def run(tx, seen):
            if await echo.echoes.get(tx, "a") is not None:
                return
            if seen not in met:
                met.append(seen)
                await both.wait()
            await echo.echoes.add(tx, "a", state(seen))

        await asyncio.gather(*[kernel.command("acme", lambda tx, n=n: run(tx, n)) for n in (1, 2)])
        assert (await stored(kernel, "a")).revision == 1


async def erase(tx, id: str) -> None:
    found = await echo.echoes.get(tx, id)
    if found is not None:
        await echo.echoes.erase(tx, found)


async def test_lists_of_several_are_read_once_until_one_of_them_changes(settings):
    async with running(echo.kernel(settings)) as kernel:

        async def make(tx):
            for id, seen, word in (("a", 1, "x"), ("b", 1, "y"), ("c", 1, "y"), ("d", 2, "y")):
                await echo.echoes.add(tx, id, state(seen, word=word))

        async def look(tx):
            assert await echo.echoes.of_each(tx, "state.word", []) == {}
            lists = await echo.echoes.of_each(tx, "state.word", ["x", "y", "z"], {"state.seen": 1})
            assert {word: [each.id for each in found] for word, found in lists.items()} == {
                "x": ["a"],
                "y": ["b", "c"],
                "z": [],
            }
            # Somebody else's change is not seen by this snapshot, and neither by what it remembers.
            asked = len(tx.lists("echoes"))
            assert await echo.echoes.of_each(tx, "state.word", ["y"], {"state.seen": 1}) == {"y": lists["y"]}
            assert len(tx.lists("echoes")) == asked
            await echo.echoes.save(tx, lists["y"][0], state(1, word="z"))
            after = await echo.echoes.of_each(tx, "state.word", ["y", "z"], {"state.seen": 1})
            assert {word: [each.id for each in found] for word, found in after.items()} == {
                "y": ["c"],
                "z": ["b"],
            }
            other = await echo.echoes.of_each(tx.of("other"), "state.word", ["y"], {"state.seen": 1})
            assert other == {"y": []}

        await kernel.command("acme", make)
        await kernel.command("acme", look)


async def test_several_due_subjects_are_read_together_and_each_is_decided_on(settings, monkeypatch):
    together = []

    async def ahead(tx, subjects):
        together.append(subjects)

    monkeypatch.setattr(echo, "ahead", ahead)
    async with running(echo.kernel(settings)) as kernel:

        async def wake(tx):
            for n in range(30):
                tx.wake("timer", f"t{n}")
                tx.wake("echo", f"e{n}")

        await kernel.command("acme", wake)
        await settled(kernel)
        assert together, "subjects of one kind that are due at once are read one by one"
        assert all(len(some) > 1 and all(each.startswith("e") for each in some) for some in together)
        fired = await echo.echoes.find(kernel.view("acme"), {})
        assert sorted((each.id, each.state.fired) for each in fired) == sorted(
            (f"t{n}", 1) for n in range(30)
        )


async def test_a_brief_view_reads_a_document_once_and_another_view_each_time(settings):
    async with running(echo.kernel(settings)) as kernel:
        made = await kernel.command("acme", lambda tx: echo.echoes.add(tx, "a", state(1)))
        brief, plain = kernel.view("acme").briefly(), kernel.view("acme")
        for view in (brief, plain):
            assert (await echo.echoes.get(view, "a")).state.seen == 1
        await kernel.command("acme", lambda tx: echo.echoes.save(tx, made, state(2)))
        assert (await echo.echoes.get(brief, "a")).state.seen == 1
        assert (await echo.echoes.get(plain, "a")).state.seen == 2
