"""Decisions: takes due subjects, a few to a transaction, and lets each kind's handler load, decide and save."""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pymongo import DeleteOne, UpdateOne

from shared import metrics
from shared.delivery.failure import (
    Backoff,
    Breaker,
    describe,
    is_conflict,
    is_for_good,
    is_outage,
    is_too_large,
)
from shared.delivery.halts import Halts
from shared.delivery.holds import Holds
from shared.delivery.model import Document, Fanout, Limits, Work
from shared.delivery.transaction import WORK, Transaction
from shared.delivery.transactions import Transactions

log = logging.getLogger(__name__)

# Conflicts of one group of rows before each is tried alone: the others should not wait for a contended one.
_CONFLICTS = 3


@dataclass(slots=True)
class Failure(Exception):
    """A handler raised for good; the row that it concerns."""

    row: str
    error: Exception


@dataclass(slots=True)
class Worker:
    """The workers of one process."""

    transactions: Transactions
    work: Mapping[str, Work]
    fanouts: Mapping[str, Fanout]
    halts: Halts
    breaker: Breaker
    limits: Limits
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _stopping: bool = False
    _asked: float = 0.0
    _halt: bool = False
    _resumed: int = 0
    _holds: Holds = field(init=False)

    def __post_init__(self) -> None:
        self._holds = Holds(self.transactions, self.limits)

    async def start(self) -> None:
        """Run the workers."""
        self._tasks = [
            asyncio.create_task(self._run(n), name=f"worker-{n}") for n in range(self.limits.work_tasks)
        ]

    def wake(self) -> None:
        """Something may be due."""
        self._wake.set()

    async def stop(self) -> None:
        """Finish the transactions in hand for a moment."""
        self._stopping = True
        self._wake.set()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=self.limits.stop_batch / 2)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=2.0)

    async def _run(self, number: int) -> None:
        backoff = Backoff(self.limits.backoff_least, self.limits.backoff_most)
        # One task looks for what falls due by time, when it does; the others help when a wake says that there is work.
        idle = self.limits.poll * (1 if number == 0 else 8)
        while not self._stopping:
            try:
                if await self._halted():
                    self._wake.clear()
                    await self._sleep(1.0)
                    continue
                # Before the look, so that no wake of the time between the look and the sleep is lost.
                self._wake.clear()
                rows = await self._holds.take(self._is_long)
                backoff.reset()
                if rows is None:
                    continue
                if rows:
                    await self._do(rows)
                elif await self._sleep(await self._holds.until_due(idle) if number == 0 else idle):
                    # What wakes one subject mostly wakes others too: decided together they cost far less.
                    await asyncio.sleep(self.limits.gather)
            except asyncio.CancelledError:
                raise
            except Exception as error:
                if not (is_outage(error) or is_conflict(error)):
                    log.error("worker: %s", describe(error))
                await asyncio.sleep(backoff.next())

    async def _halted(self) -> bool:
        """Asked at most once a second: a halt of another replica may reach this one that much later."""
        if time.monotonic() - self._asked > 1.0 or self._halt:
            found = await self.halts.read("work")
            self._halt = found.reason is not None
            self._asked = time.monotonic()
            self._follow(found.resumed)
        return self._halt

    def _follow(self, resumed: int) -> None:
        """An operator said to go on: counted from nothing, however short the halt was that this process saw."""
        if resumed > self._resumed:
            self._resumed = resumed
            self.breaker.reset()

    async def _sleep(self, seconds: float) -> bool:
        """Whether something woke it before the time was over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                return await self._wake.wait()
        return False

    def _is_long(self, kind: str) -> bool:
        return kind in self.work and self.work[kind].prepare is not None

    async def _do(self, rows: Sequence[Document]) -> None:
        """All rows in one transaction; one by one where that fails, so that a bad one costs its neighbors nothing."""
        prepared: Any = None
        resumed = self._resumed
        if len(rows) == 1 and self._is_long(rows[0]["kind"]):
            try:
                prepared = await self._prepare(rows[0])
            except Exception as error:
                if not is_for_good(error):
                    raise
                await self._failed(rows[0], error, resumed)
                return
        conflicts = 0

        def give_up(error: BaseException) -> bool:
            nonlocal conflicts
            conflicts += is_conflict(error)
            return len(rows) > 1 and (conflicts >= _CONFLICTS or is_too_large(error))

        async def run(tx: Transaction) -> list[str]:
            return await self._decide(tx, {row["_id"]: row["seq"] for row in rows}, prepared)

        began = time.monotonic()
        try:
            done = await self.transactions.patiently("", run, give_up)
        except Failure as failure:
            if len(rows) == 1:
                await self._failed(rows[0], failure.error, resumed)
                return
            log.info("a decision failed; its %s neighbors go on without it", len(rows) - 1)
        except Exception as error:
            if len(rows) == 1:
                if is_too_large(error) or is_for_good(error):
                    await self._failed(rows[0], error, resumed)
                    return
                raise
        else:
            for kind in done:
                metrics.WORK_DONE.labels(kind=kind, outcome="done").inc()
            for kind in set(done):
                metrics.WORK_SECONDS.labels(kind=kind).observe(time.monotonic() - began)
            self.breaker.succeeded(len(done))
            return
        for number, row in enumerate(rows):
            if self._stopping:
                return
            if self._halt:
                # Tried now, each would fail and be counted like the last; held, they would wait after the resume.
                await self._holds.give_back(rows[number:])
                return
            await self._do([row])

    async def _prepare(self, row: Document) -> Any:
        """The long part, outside any transaction, with the hold renewed meanwhile."""
        work = self.work[row["kind"]]
        assert work.prepare is not None
        renewing = asyncio.create_task(self._holds.renew(row))
        try:
            return await work.prepare(self.transactions.view(row["organization"]), row["subject"])
        finally:
            renewing.cancel()

    async def _decide(self, tx: Transaction, taken: Mapping[str, int], prepared: Any) -> list[str]:
        """Every row that is still due, in this transaction's snapshot; raises Failure for the first bad one."""
        rows = await tx.database[WORK].find({"_id": {"$in": list(taken)}}, session=tx.session).to_list(None)
        await self._ahead(tx, rows)
        done: list[str] = []
        end = time.monotonic() + self.limits.work_seconds
        for number, row in enumerate(rows):
            if done and time.monotonic() > end:
                # What is decided commits well inside a transaction's lifetime; the rest is free for the next one.
                await self._holds.release(tx, rows[number:])
                break
            if row["due_at"] > tx.now:
                continue
            try:
                again = await self._handle(tx.of(row["organization"]), row, prepared)
            except Exception as error:
                if is_for_good(error):
                    raise Failure(row["_id"], error) from error
                raise
            if self._is_long(row["kind"]) and row["seq"] != taken[row["_id"]]:
                # A fact came after it was prepared: what was prepared has not seen it, so the row stays due.
                again = tx.now
            self._finish(tx, row, again)
            done.append(row["kind"])
        return done

    async def _ahead(self, tx: Transaction, rows: Sequence[Document]) -> None:
        """Read together what several decisions of one kind need."""
        subjects: dict[tuple[str, str], list[str]] = {}
        for row in rows:
            subjects.setdefault((row["kind"], row["organization"]), []).append(row["subject"])
        for (kind, organization), several in subjects.items():
            work = self.work.get(kind)
            if work is not None and work.ahead is not None and len(several) > 1:
                await work.ahead(tx.of(organization), several)

    async def _handle(self, tx: Transaction, row: Document, prepared: Any) -> datetime | None:
        if (fanout := self.fanouts.get(row["kind"])) is not None:
            return await self._fan_out(tx, row, fanout)
        work = self.work[row["kind"]]
        if work.prepare is not None:
            return await work.handle(tx, row["subject"], prepared)
        return await work.handle(tx, row["subject"])

    async def _fan_out(self, tx: Transaction, row: Document, fanout: Fanout) -> datetime | None:
        """One page of the subjects that a fact concerns; from the start again when the fact came anew meanwhile."""
        cursor = row["cursor"] if row.get("cursor_seq") == row["seq"] else None
        subjects = await fanout.page(tx, row["subject"], cursor, self.limits.page)
        for subject in subjects:
            tx.wake(fanout.then, subject)
        if len(subjects) < self.limits.page:
            return None
        await tx.database[WORK].update_one(
            {"_id": row["_id"]},
            {"$set": {"cursor": subjects[-1], "cursor_seq": row["seq"]}},
            session=tx.session,
        )
        # Due a little later than what it has just woken, so that others go on between its pages.
        return tx.now + timedelta(milliseconds=1)

    def _finish(self, tx: Transaction, row: Document, again: datetime | None) -> None:
        """Remove the row, or say when it is due again; a wake by the handler itself counts too."""
        key = (row["kind"], row["organization"], row["subject"])
        woken = tx.unit.wakes.pop(key, None)
        times = [each for each in (again, woken) if each is not None]
        if times:
            change = {"$set": {"due_at": min(times), "attempts": 0}, "$unset": {"held": "", "holder": ""}}
            tx.unit.done.append(UpdateOne({"_id": row["_id"]}, change))
        else:
            tx.unit.done.append(DeleteOne({"_id": row["_id"]}))

    async def _failed(self, row: Document, error: Exception, resumed: int) -> None:
        """Count it; keep the row for a later attempt; past the limit stop everything, loudly.

        What was begun before an operator's resume is no failure of the time after it: it is kept, never counted.
        """
        why = describe(error)
        counts = resumed == self._resumed
        trips = counts and self.breaker.would_trip()
        if counts:
            self.breaker.failed()
        metrics.WORK_DONE.labels(kind=row["kind"], outcome="failed").inc()
        attempts = int(row.get("attempts", 0)) + 1
        again = self.transactions.clock.now() + timedelta(seconds=min(300.0, 2.0**attempts))
        log.error("decision %s failed (attempt %s): %s", row["kind"], attempts, why)
        await self.transactions.database[WORK].update_one(
            {"_id": row["_id"], "seq": row["seq"]},
            {
                "$set": {"due_at": again, "attempts": attempts, "failed": why},
                "$unset": {"held": "", "holder": ""},
            },
        )
        if trips:
            reason = f"too many decisions failed, the last one: {row['kind']}: {why}"
            self._halt = await self.halts.halt("work", reason, resumed)
            if not self._halt:
                self._follow((await self.halts.read("work")).resumed)
