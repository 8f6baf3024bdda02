"""One suite for the real kernel and the one that lives in memory: what HTTP relies on holds for both."""

import asyncio

import pytest

from shared.contracts import DEAD_LETTERS, HEALTH, PARTICIPANTS
from shared.delivery import Unavailable
from shared.http.idempotency import Answer
from shared.http.ports import Filters
from shared.http.store import StoredAnswers
from tests.integration.delivery.conftest import running, settled
from tests.support import echo
from tests.support.kafka import Sender, create_topics
from tests.support.memory import MemoryAnswers, MemoryKernel


@pytest.fixture(params=["memory", "real"])
async def both(request, kafka, database, names, mongo_driver):
    """(kernel, answers, make it unavailable) of each kind; the real one has five dead letters."""
    if request.param == "memory":
        kernel = MemoryKernel()

        async def leave():
            kernel.away = True

        yield kernel, MemoryAnswers(), leave
        return
    topics = [PARTICIPANTS, HEALTH, DEAD_LETTERS["sessions"]]
    await create_topics(kafka.bootstrap, names.topic_prefix, topics)
    settings = echo.settings(kafka.bootstrap, database.uri, names, mongo_driver)
    async with running(echo.kernel(settings)) as real, Sender(kafka.bootstrap, names.topic_prefix) as sender:
        for n in range(5):
            await sender.raw(PARTICIPANTS, f"acme/x{n}".encode(), b"{", [])
        await settled(real)
        answers = StoredAnswers()
        await answers.prepare(real.view("acme"))

        async def leave():
            await asyncio.to_thread(database.kill)

        yield real, answers, leave


def answer(text):
    return Answer(fingerprint="f", status=200, content=text, headers={})


async def test_a_command_keeps_what_it_wrote_and_returns_its_result(both):
    kernel, answers, _ = both

    async def write(tx):
        assert await answers.get(tx, "a") is None
        await answers.add(tx, "a", answer("one"))
        return "done"

    async def read(tx):
        return await answers.get(tx, "a")

    assert await kernel.command("acme", write) == "done"
    assert (await kernel.command("acme", read)).content == "one"
    assert await kernel.command("other", read) is None
    assert kernel.view("acme").organization == "acme"


async def test_answers_about_somebody_who_is_erased_are_emptied_and_keep_their_keys(both):
    kernel, answers, _ = both

    async def write(tx):
        for id, about in (("x1", "ana"), ("x2", "ben"), ("x3", None)):
            await answers.add(tx, id, answer(id).model_copy(update={"about": about}))

    async def erase(tx):
        await answers.erase(tx, "ana")

    async def read(tx):
        return [await answers.get(tx, id) for id in ("x1", "x2", "x3")]

    await kernel.command("acme", write)
    await kernel.command("other", erase)
    assert [each.content for each in await kernel.command("acme", read)] == ["x1", "x2", "x3"]
    await kernel.command("acme", erase)
    found = await kernel.command("acme", read)
    assert [each.content for each in found] == [None, "x2", "x3"]
    assert found[0].fingerprint == "f"


async def test_a_command_that_raises_leaves_nothing(both):
    kernel, answers, _ = both

    async def half(tx):
        await answers.add(tx, "b", answer("half"))
        raise KeyError("half way")

    async def read(tx):
        return await answers.get(tx, "b")

    with pytest.raises(KeyError):
        await kernel.command("acme", half)
    assert await kernel.command("acme", read) is None


async def test_a_command_without_a_database_is_unavailable(both):
    kernel, answers, leave = both
    await leave()

    async def write(tx):
        await answers.add(tx, "c", answer("never"))

    with pytest.raises(Unavailable):
        await kernel.command("acme", write)


async def test_an_operator_is_told_what_there_is_and_what_is_not(both):
    kernel, _, _ = both
    assert "inbox" in {each["consumer"] for each in await kernel.ops.consumers()}
    assert all(isinstance(each["halted"], bool) for each in await kernel.ops.consumers())
    assert await kernel.ops.resume("inbox", "me") is True
    assert await kernel.ops.resume("nobody", "me") is False
    assert {"topic", "partition", "next"} <= set((await kernel.ops.positions())[0])
    assert await kernel.ops.rebuild("no such topic", 0, None, "me") is None
    assert await kernel.ops.dead_letter("no such letter", False, "me") is None


async def test_dead_letters_come_in_pages_and_without_their_content(both):
    kernel, _, _ = both
    seen, cursor = [], None
    while True:
        page, cursor = await kernel.ops.dead_letters(Filters(), cursor, 2)
        assert len(page) <= 2
        seen += [each["id"] for each in page]
        assert all("value" not in each for each in page)
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 5
    assert seen == sorted(seen)
    told = await kernel.ops.redrive(Filters(), True, "me")
    assert told["dry_run"] is True
    assert sum(told["counts"].values()) >= 1


async def test_readiness_has_what_the_ready_page_shows(both):
    kernel, _, _ = both
    state = await kernel.readiness()
    assert state.ready is (not state.missing and not state.halted)
    for name in ("lag", "outbox", "due", "failing", "dead_letters", "late_seconds", "clock_offset_seconds"):
        assert getattr(state, name) >= 0
