"""Times that hold on a shared machine, and one line of JSON for each case."""

import json
import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")


class Time(NamedTuple):
    wall: float
    cpu: float
    """Processor seconds of this process, all threads: what a busy machine does not change."""


def timed(run: Callable[[], T], *, most: int = 3) -> tuple[Time, T]:
    """The median of three runs, fewer where one takes more than ten seconds."""
    times: list[Time] = []
    while True:
        wall, cpu = time.perf_counter(), time.process_time()
        result = run()
        times.append(Time(time.perf_counter() - wall, time.process_time() - cpu))
        if len(times) >= most or times[0].wall > 10:
            return Time(
                statistics.median(each.wall for each in times), statistics.median(each.cpu for each in times)
            ), result


def line(case: str, **values: Any) -> None:
    """Print one case."""
    clean = {name: round(value, 6) if isinstance(value, float) else value for name, value in values.items()}
    print(json.dumps({"case": case, **clean}), flush=True)


def against(case: str, ours: Time, peer: str, theirs: Time, aim: float | None, **values: Any) -> None:
    """One case with a peer. The ratio is of processor time: both run on one thread, on the same numbers."""
    ratio = theirs.cpu / max(1e-9, ours.cpu)
    line(
        case,
        ours_s=ours.wall,
        ours_cpu_s=ours.cpu,
        peer=peer,
        peer_s=theirs.wall,
        peer_cpu_s=theirs.cpu,
        times_faster=ratio,
        aim=aim,
        met=None if aim is None else ratio >= aim,
        **values,
    )
