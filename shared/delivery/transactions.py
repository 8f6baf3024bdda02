"""Runs units of work in MongoDB transactions: again on conflict, patiently through outages, and knows a lost reply."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar
from uuid import uuid4

from pymongo.errors import OperationFailure, PyMongoError

from shared import metrics
from shared.clock import Clock
from shared.delivery.failure import (
    Backoff,
    Unavailable,
    is_conflict,
    is_outage,
)
from shared.delivery.model import Limits
from shared.delivery.transaction import Transaction, Unit, View
from shared.mongo import Database, Mongo, Session

T = TypeVar("T")

COMMITS = "commits"
# A person's command that meets this many conflicts in a row is told so instead of being held.
_CONFLICTS = 20


@dataclass(slots=True)
class Transactions:
    """All transactions of one service's database; `committed(slots)` hears which outbox slots were written."""

    mongo: Mongo
    database: Database
    clock: Clock
    limits: Limits
    committed: Callable[[set[int]], None]
    woken: Callable[[], None]
    ordered: Callable[[], None] = lambda: None
    """Hears that effects were ordered."""
    _leaving: set[asyncio.Task[Any]] = field(default_factory=set)

    def view(self, organization: str) -> View:
        """Plain reads as of now."""
        view = View(self.mongo, self.database, organization, self.clock.now())
        view.wall_ms = self.clock.wall_ms()
        return view

    async def once(self, organization: str, run: Callable[[Transaction], Awaitable[T]]) -> T:
        """One attempt, with whatever it raises; nothing has changed when it raises before its commit."""
        async with self.mongo.session() as session:
            return await self._attempt(session, organization, run)

    async def command(self, organization: str, run: Callable[[Transaction], Awaitable[T]]) -> T:
        """A person's command: repeated on conflict and outage until the deadline, with one effect.

        A commit whose reply was lost may have happened: a marker written in the same transaction tells, so that a
        repetition never creates a second aggregate under another random id.
        Raises Unavailable after the deadline, and whatever `run` raises for good.
        """
        marker = uuid4().hex
        results: dict[str, T] = {}

        async def marked(tx: Transaction) -> T:
            await tx.database[COMMITS].insert_one(
                {"_id": marker, "at": self.clock.wall()}, session=tx.session
            )
            results[marker] = await run(tx)
            return results[marker]

        backoff = Backoff(0.02, 0.5)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.limits.command_deadline
        unknown, conflicts = False, 0
        while True:
            try:
                async with asyncio.timeout_at(deadline):
                    if unknown and marker in results and await self._is_committed(marker):
                        return results[marker]
                return await self._until(deadline, self.once(organization, marked))
            except Exception as error:
                if not (is_conflict(error) or is_outage(error)):
                    raise
                metrics.DATABASE_RETRIES.labels(reason="conflict" if is_conflict(error) else "outage").inc()
                conflicts += is_conflict(error)
                unknown = True
                if loop.time() >= deadline or conflicts > _CONFLICTS:
                    if isinstance(error, OperationFailure) and is_conflict(error) and not _is_race(error):
                        raise
                    raise Unavailable("the database did not confirm the change in time") from error
            await asyncio.sleep(min(backoff.next(), max(0.0, deadline - loop.time())))

    async def _until(self, deadline: float, attempt: Coroutine[Any, Any, T]) -> T:
        """The attempt's outcome; raises TimeoutError at the deadline (seconds of the event loop).

        What is cut off cleans up on its own: the abort of a transaction whose database is away takes as long as any
        operation, and the caller has been promised an answer before that.
        """
        task = asyncio.create_task(attempt, name="command")
        self._leaving.add(task)
        task.add_done_callback(self._left)
        try:
            async with asyncio.timeout_at(deadline):
                return await asyncio.shield(task)
        finally:
            task.cancel()

    def _left(self, task: asyncio.Task[Any]) -> None:
        self._leaving.discard(task)
        if not task.cancelled():
            task.exception()  # whoever still waits has it; nobody else is to be warned of it

    async def patiently(
        self,
        organization: str,
        run: Callable[[Transaction], Awaitable[T]],
        give_up: Callable[[BaseException], bool] = lambda _: False,
    ) -> T:
        """Repeat on conflict at once and through outages without limit; everything else is raised.

        `run` must recognise that an earlier attempt was committed (a position, a row that is gone). `give_up` lets
        the caller handle some errors itself.
        """
        backoff = Backoff(self.limits.backoff_least, self.limits.backoff_most)
        while True:
            try:
                return await self.once(organization, run)
            except Exception as error:
                if give_up(error) or not (is_conflict(error) or is_outage(error)):
                    raise
                metrics.DATABASE_RETRIES.labels(reason="conflict" if is_conflict(error) else "outage").inc()
                if is_conflict(error):
                    await asyncio.sleep(random.uniform(0.001, 0.02))
                    continue
            await asyncio.sleep(backoff.next())

    async def _attempt(
        self, session: Session, organization: str, run: Callable[[Transaction], Awaitable[T]]
    ) -> T:
        await self.mongo.begin(session)
        unit = Unit(self.clock.wall_ms(), self.limits.slots)
        tx = Transaction(self.mongo, self.database, organization, self.clock.now(), session, unit)
        try:
            result = await run(tx)
            slots = await tx.flush()
        except BaseException:
            # An open transaction would block every writer of the same documents until its lifetime ends.
            with suppress(PyMongoError, OSError):
                await session.abort_transaction()
            raise
        await session.commit_transaction()
        if slots:
            self.committed(slots)
        if unit.wakes:
            self.woken()
        if unit.effects:
            self.ordered()
        return result

    async def _is_committed(self, marker: str) -> bool:
        return await self.database[COMMITS].find_one({"_id": marker}) is not None

    async def indexes(self) -> None:
        """Markers outlive any retry of their command, then go."""
        await self.database[COMMITS].create_index(
            [("at", 1)], expireAfterSeconds=int(timedelta(hours=1).total_seconds())
        )


def _is_race(error: OperationFailure) -> bool:
    return error.code in {112, 251}
