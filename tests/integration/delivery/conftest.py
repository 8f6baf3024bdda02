"""The echo service on the real cluster, in this process or in processes of its own."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from shared.contracts import DEAD_LETTERS, HEALTH, PARTICIPANTS
from shared.delivery import Kernel
from tests.support import echo
from tests.support.kafka import create_topics

DRIVERS = ("motor", "pymongo")


@asynccontextmanager
async def running(kernel: Kernel) -> AsyncIterator[Kernel]:
    """A started kernel that is stopped in any case."""
    await kernel.start()
    try:
        yield kernel
    finally:
        await kernel.stop()


async def until(what: str, check: Callable[[], Awaitable[Any]], seconds: float = 150.0) -> Any:
    """Wait until a check holds; the time-out is only there to end a broken test."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = await check()
        if found:
            return found
        await asyncio.sleep(0.1)
    raise AssertionError(f"not within {seconds:.0f} s: {what}")


async def settled(kernel: Kernel) -> None:
    """Wait until nothing lags, waits or is to be relayed, twice in a row."""
    calm = 0

    async def check() -> bool:
        nonlocal calm
        state = await kernel.readiness()
        calm = calm + 1 if state.ready and not (state.lag or state.due or state.outbox) else 0
        return calm >= 2

    await until("the service is settled", check)


@pytest.fixture(
    params=[os.environ["RAPPORT_MONGO_DRIVER"]] if os.environ.get("RAPPORT_MONGO_DRIVER") else DRIVERS
)
def mongo_driver(request: pytest.FixtureRequest) -> str:
    """The kernel holds with either driver; a setting chooses one."""
    return str(request.param)


@pytest.fixture
async def settings(kafka, database, names, mongo_driver):
    """Settings of the echo service with its topics made."""
    await create_topics(kafka.bootstrap, names.topic_prefix, [PARTICIPANTS, HEALTH, DEAD_LETTERS["sessions"]])
    return echo.settings(kafka.bootstrap, database.uri, names, mongo_driver)
