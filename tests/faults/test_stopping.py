"""SIGTERM: exit 0 in time, also without a broker; started again, nothing is lost."""

import asyncio

from tests.faults.test_kills import load
from tests.support.books import balanced


async def test_sigterm_ends_with_zero_and_loses_nothing(settings, replicas):
    (service,) = replicas()
    await service.start()
    loading = asyncio.create_task(load(settings, range(1, 8)))
    await asyncio.sleep(0.8)
    code, seconds = await service.terminate()
    assert code == 0
    assert seconds < 25
    await service.start()
    books = await balanced(settings, await loading)
    assert books.balanced, books


async def test_sigterm_ends_with_zero_while_the_broker_is_away(settings, replicas, kafka):
    (service,) = replicas()
    await service.start()
    expected = await load(settings, range(1, 4))
    await asyncio.to_thread(kafka.kill)
    await asyncio.sleep(0.5)
    code, seconds = await service.terminate()
    assert code == 0
    assert seconds < 25
    await asyncio.to_thread(kafka.start)
    await service.start()
    books = await balanced(settings, expected)
    assert books.balanced, books
