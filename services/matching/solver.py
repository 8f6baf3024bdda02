"""Plans in a worker process: the solver holds the interpreter lock, and a thread would stop the heartbeats."""

import asyncio
import logging
import multiprocessing
import os
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from multiprocessing.connection import wait
from typing import Any
from uuid import uuid4

from services.matching.domain.people import Person
from services.matching.domain.plan import Chosen, Cohort, Ends, Part, Plan, Quality, Refusal
from services.matching.domain.reasons import Left

log = logging.getLogger(__name__)

ATTEMPTS = 3
FED = 250
"""People in one message to the worker: packing them holds the event loop up for a few milliseconds."""


class WorkerLost(OSError):
    """The worker process was killed again and again; an outage to the kernel, which tries later."""


@dataclass
class Mirror:
    """What the service knows of a plan that its worker keeps."""

    token: str
    chosen: dict[Ends, Chosen] = field(default_factory=dict)
    left: dict[str, Left] = field(default_factory=dict)
    quality: Quality | None = None

    @property
    def plan(self) -> Plan:
        """All of it."""
        quality = self.quality
        assert quality is not None
        chosen = tuple(each for _, each in sorted(self.chosen.items()))
        return Plan(chosen, tuple(self.left.values()), quality.gap, quality.proved, quality.blocking)

    def take(self, part: Part) -> None:
        """Follow the worker's plan by its differences."""
        self.chosen |= {(each.mentee, each.mentor): each for each in part.made}
        self.left |= {each.enrollment: each for each in part.left}
        for ends in part.broken:
            del self.chosen[ends]
        for enrollment in part.found:
            del self.left[enrollment]
        self.quality = part.quality


def _end_with_parent() -> None:
    """A worker whose service was killed must not stay: nothing would ever ask it again, or end it."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(0)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def _do(what: str, *given: Any) -> Any:
    # Imported in the worker alone: the service itself has no use for the solver's libraries.
    from services.matching import shelf

    return getattr(shelf, what)(*given)


def _ready() -> int:
    import services.matching.shelf  # noqa: F401  (the engine's compiled parts load before the first cohort)

    return os.getpid()


class Solver:
    """One worker process, replaced when it is lost."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    def _current(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                max_workers=1,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_end_with_parent,
            )
        return self._pool

    async def warm(self) -> int:
        """Start the worker and load the solver; returns its process id."""
        return await asyncio.get_running_loop().run_in_executor(self._current(), _ready)

    async def begin(self, cohort: Cohort) -> Mirror:
        """The cohort's plan, which the worker keeps. A killed worker is replaced and the cohort solved again;
        raises WorkerLost when that happens three times in a row, ValueError where the weights are too large."""
        for _ in range(ATTEMPTS):
            mirror = Mirror(uuid4().hex)
            try:
                everybody = [*cohort.mentors, *cohort.mentees]
                for at in range(0, len(everybody), FED):
                    await self._ask("feed", mirror.token, everybody[at : at + FED])
                await self._ask("begin", mirror.token, replace(cohort, mentors=(), mentees=()))
                if await self._told(mirror):
                    return mirror
            except BrokenProcessPool:
                log.warning("the solver's process was lost; a new one solves the cohort again")
                self.close()
        raise WorkerLost("the solver's process was lost three times in a row")

    async def follow(
        self,
        mirror: Mirror,
        changed: Sequence[Person],
        gone: Sequence[str],
        now: datetime,
        managers: Mapping[str, str | None],
        *,
        renew: bool = False,
    ) -> bool:
        """Let a kept plan follow people who changed, and enrollments that can be matched no longer; prove it anew
        where that was asked for.

        False: the worker keeps the plan no longer (it was replaced, or had to make room), so begin again.
        """
        try:
            kept = await self._ask("follow", mirror.token, changed, gone, now, managers, renew)
            return bool(kept) and await self._told(mirror)
        except BrokenProcessPool:
            log.warning("the solver's process was lost; a new one begins the cohort's plan again")
            self.close()
            return False

    async def why_not(self, mirror: Mirror, mentee: str, mentor: str) -> Refusal | None:
        """Why two enrollments are no pair; None where the plan is lost, or does not know one of them."""
        try:
            found: Refusal | None = await self._ask("why_not", mirror.token, mentee, mentor)
        except BrokenProcessPool:
            self.close()
            return None
        return found

    async def forget(self, mirror: Mirror) -> None:
        """Have the worker drop a plan that is of no use any more."""
        with suppress(BrokenProcessPool):
            await self._ask("forget", mirror.token)

    async def _told(self, mirror: Mirror) -> bool:
        while (part := await self._ask("part", mirror.token)) is not None:
            mirror.take(part)
            if part.quality is not None:
                return True
        return False

    async def _ask(self, what: str, *given: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._current(), _do, what, *given)

    def close(self) -> None:
        """End the worker at once: what it was solving is solved again by whoever comes next."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        workers = list((pool._processes or {}).values())
        pool.shutdown(wait=False, cancel_futures=True)
        for worker in workers:
            worker.kill()
