"""kill -9 and freezes under load: no event lost, no effect doubled, found by reading from outside."""

import asyncio

import pytest

from shared.contracts import PARTICIPANTS
from tests.support import echo
from tests.support.books import balanced
from tests.support.kafka import Sender, event

PEOPLE = 60


async def load(settings, versions=range(1, 11), pause=0.15):
    """Every person changes once a version; the newest version of each."""
    async with Sender(settings.kafka_bootstrap, settings.topic_prefix) as sender:
        for version in versions:
            await sender.events(
                event(PARTICIPANTS, "participant.changed", echo.participant(f"p{n}", version), version)
                for n in range(PEOPLE)
            )
            await asyncio.sleep(pause)
    return {f"p{n}": max(versions) for n in range(PEOPLE)}


async def test_a_service_that_is_killed_again_and_again_loses_and_doubles_nothing(settings, replicas):
    (service,) = replicas()
    await service.start()
    loading = asyncio.create_task(load(settings))
    for pause in (0.3, 0.7, 0.2, 0.5):
        await asyncio.sleep(pause)
        service.kill()
        await service.start()
    books = await balanced(settings, await loading)
    assert books.balanced, books


@pytest.mark.parametrize("victim", ["database", "kafka"])
async def test_a_server_that_is_killed_under_load_loses_and_doubles_nothing(
    victim, settings, replicas, kafka, database
):
    (service,) = replicas()
    await service.start()
    first = await load(settings, range(1, 4), 0.1)
    server = {"database": database, "kafka": kafka}[victim]
    await asyncio.to_thread(server.kill)
    await asyncio.sleep(1.0)
    assert service.running
    await asyncio.to_thread(server.start)
    books = await balanced(settings, first | await load(settings, range(4, 8), 0.1))
    assert books.balanced, books
    assert service.running


async def test_a_replica_that_was_frozen_past_its_time_outs_changes_and_publishes_nothing(settings, replicas):
    frozen, other = replicas(2)
    await frozen.start()
    loading = asyncio.create_task(load(settings, range(1, 6)))
    await asyncio.sleep(0.4)
    await frozen.freeze()
    # Longer than session, lease and transaction lifetime: the other takes over all that it held.
    await other.start()
    books = await balanced(settings, await loading)
    assert books.balanced, books
    await asyncio.sleep(4.0)
    frozen.thaw()
    books = await balanced(settings, await load(settings, range(6, 9)))
    assert books.balanced, books
    assert frozen.running
