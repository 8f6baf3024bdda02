"""What the command reads and writes in the databases itself: the clock's offset."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TypeVar

from pymongo.errors import PyMongoError

from shared import clock
from shared.console.out import UNREACHABLE, Failed
from shared.console.settings import ConsoleSettings
from shared.mongo import Mongo

T = TypeVar("T")


def read_clock(settings: ConsoleSettings) -> tuple[timedelta, str]:
    """How far program time is ahead, and what it is (ISO 8601)."""

    async def read(mongo: Mongo) -> tuple[timedelta, str]:
        found = await clock.offset(mongo, settings.clock_database)
        return found, (await mongo.server_time() + found).isoformat(timespec="seconds")

    return with_mongo(settings, read)


def advance_clock(settings: ConsoleSettings, span: timedelta) -> timedelta:
    """Move program time forward; the new offset."""

    async def write(mongo: Mongo) -> timedelta:
        return await clock.advance(mongo, span, settings.clock_database)

    return with_mongo(settings, write)


def with_mongo(settings: ConsoleSettings, run: Callable[[Mongo], Awaitable[T]]) -> T:
    """Run with a client of its own. Raises Failed if the database cannot be reached."""

    async def go() -> T:
        mongo = Mongo(settings.mongo_uri, driver=settings.mongo_driver)
        try:
            return await run(mongo)
        finally:
            await mongo.close()

    with reaching():
        return asyncio.run(go())


@contextmanager
def reaching() -> Iterator[None]:
    """Turns whatever the driver raises into Failed with exit code 3."""
    try:
        yield
    except PyMongoError as error:
        text = f"the database cannot be reached ({type(error).__name__}); see RAPPORT_MONGO_URI"
        raise Failed(text, UNREACHABLE) from None
