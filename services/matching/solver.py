"""Plans in a worker process: the solver holds the interpreter lock, and a thread would stop the heartbeats."""

import asyncio
import logging
import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait

from services.matching.domain.plan import Cohort, Plan

log = logging.getLogger(__name__)

ATTEMPTS = 3


class WorkerLost(OSError):
    """The worker process was killed again and again; an outage to the kernel, which tries later."""


def _plan(cohort: Cohort) -> Plan:
    from services.matching.planning import make_plan

    return make_plan(cohort)


def _end_with_parent() -> None:
    """A worker whose service was killed must not stay: nothing would ever ask it again, or end it."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(0)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def _ready() -> int:
    import services.matching.planning  # noqa: F401  (the engine's compiled parts load before the first cohort)

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

    async def plan(self, cohort: Cohort) -> Plan:
        """The cohort's plan. A killed worker is replaced and the cohort solved again; raises WorkerLost when
        that happens three times in a row."""
        for _ in range(ATTEMPTS):
            try:
                return await asyncio.get_running_loop().run_in_executor(self._current(), _plan, cohort)
            except BrokenProcessPool:
                log.warning("the solver's process was lost; a new one solves the cohort again")
                self.close()
        raise WorkerLost("the solver's process was lost three times in a row")

    def close(self) -> None:
        """End the worker at once: what it was solving is solved again by whoever comes next."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        workers = list((pool._processes or {}).values())
        pool.shutdown(wait=False, cancel_futures=True)
        for worker in workers:
            worker.kill()
