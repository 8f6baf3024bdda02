"""Wall time, CPU time of this process, and what is made of several runs."""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

import psutil  # type: ignore[import-untyped]


@dataclass(frozen=True, slots=True)
class Took:
    """What `events` events took, in seconds; `cpu` is this process's alone, `database` the database's CPU time."""

    events: int
    wall: float
    cpu: float
    database: float

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.wall


class Stopwatch:
    """Started when made; `database` is the process id of the database."""

    def __init__(self, database: int) -> None:
        self._database = psutil.Process(database)
        self._start = self._now()

    def took(self, events: int) -> Took:
        """Since the start."""
        wall, cpu, database = (now - then for now, then in zip(self._now(), self._start, strict=True))
        return Took(events, wall, cpu, database)

    def _now(self) -> tuple[float, float, float]:
        times = self._database.cpu_times()
        return time.perf_counter(), time.process_time(), times.user + times.system


async def until(reached: Callable[[], bool], every: float = 0.005) -> None:
    """Look every so many seconds: what is measured must not be made to announce itself."""
    while not reached():  # noqa: ASYNC110
        await asyncio.sleep(every)


Run = Callable[[], Awaitable[Took]]


async def alternate(runs: int, *ways: Run) -> list[list[Took]]:
    """Run the ways in turn, so that what else the machine does meets all alike; one list of results for each."""
    found: list[list[Took]] = [[] for _ in ways]
    for turn in range(runs):
        # Every other turn backwards, so that none always runs after the same neighbor.
        order = range(len(ways)) if turn % 2 == 0 else reversed(range(len(ways)))
        for way in order:
            found[way].append(await ways[way]())
    return found


def ratios(ours: list[Took], bare: list[Took]) -> tuple[float, float]:
    """How fast we are against the baseline, by wall time and by CPU time: medians over neighboring runs."""
    wall = [(b.wall / b.events) / (o.wall / o.events) for o, b in zip(ours, bare, strict=True)]
    cpu = [(b.cpu / b.events) / (o.cpu / o.events) for o, b in zip(ours, bare, strict=True)]
    return median(wall), median(cpu)


def rate(runs: list[Took]) -> int:
    """Median events a second."""
    return round(median(each.rate for each in runs))


def cpu_us(runs: list[Took]) -> int:
    """Median CPU microseconds of this process for one event."""
    return round(median(each.cpu / each.events for each in runs) * 1e6)


def database_us(runs: list[Took]) -> int:
    """Median CPU microseconds of the database for one event."""
    return round(median(each.database / each.events for each in runs) * 1e6)


def percentile(values: list[float], share: float) -> float:
    """The value that this share of all does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def tell(measure: str, about: str, **figures: Any) -> None:
    """One JSON line."""
    rounded = {key: round(value, 2) if isinstance(value, float) else value for key, value in figures.items()}
    sys.stdout.write(json.dumps({"measure": measure, "about": about, **rounded}) + "\n")
    sys.stdout.flush()
