"""Weekly hours across time zones as bits, a quarter of an hour each, for four weeks of the year."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from services.matching.domain.people import WEEK_MINUTES

QUARTER = 15
QUARTERS = WEEK_MINUTES // QUARTER
WORDS = -(-QUARTERS // 64)

Bits = NDArray[np.uint64]


def reference_weeks(now: datetime) -> tuple[datetime, ...]:
    """The middle of January, April, July and October of that year: every combination of summer times that
    lasts longer than a few weeks is among them, on both hemispheres. A pair is judged by the worst, so that
    nobody is matched on hours that vanish when one side's clocks change."""
    return tuple(datetime(now.year, month, 15, 12, tzinfo=UTC) for month in (1, 4, 7, 10))


@lru_cache(maxsize=4096)
def offset_minutes(zone: str, at: datetime) -> int | None:
    """Minutes that a zone's clocks are ahead of UTC at that moment; None for a zone that nobody knows."""
    try:
        offset = at.astimezone(ZoneInfo(zone)).utcoffset() or timedelta()
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
    return round(offset.total_seconds() / 60)


@lru_cache(maxsize=65536)
def week_bits(intervals: tuple[tuple[int, int], ...], zone: str, weeks: tuple[datetime, ...]) -> Bits | None:
    """Bits of shape (weeks, WORDS): the quarters of the UTC week that lie wholly inside an interval.

    An interval may run over the end of the week. None when the zone is unknown: the hours then say nothing.
    """
    result = np.zeros((len(weeks), WORDS), dtype=np.uint64)
    for row, week in enumerate(weeks):
        offset = offset_minutes(zone, week)
        if offset is None:
            return None
        quarters = np.zeros(WORDS * 64, dtype=bool)
        for start, end in intervals:
            length = min(end - start, WEEK_MINUTES)
            first = -(-(start - offset) // QUARTER)
            last = (start + length - offset) // QUARTER
            quarters[np.arange(first, last) % QUARTERS] = True
        result[row] = np.packbits(quarters, bitorder="little").view(np.uint64)
    result.setflags(write=False)
    return result


def common_minutes(one: Bits, others: Bits) -> NDArray[np.int64]:
    """Minutes a week in common with each of `others` (n, weeks, WORDS), in the worst of the weeks: (n,)."""
    counts = np.bitwise_count(others & one).sum(axis=2, dtype=np.int64)
    least: NDArray[np.int64] = counts.min(axis=1) * QUARTER
    return least
