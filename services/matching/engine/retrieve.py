"""Rows of scores for many mentees: all of them, or the best at given prices."""

import numpy as np

from services.matching.engine.columns import Columns
from services.matching.engine.compile import Ints32, Longs, Rows32, kernel
from services.matching.engine.heap import keep_best
from services.matching.engine.rows import common_hours, row


@kernel
def all_rows(c: Columns, mentees: Ints32, largest: int, extra: Rows32, out: Rows32) -> None:
    """The sums of some mentees with every mentor, one row each: for tests, reasons and small cohorts."""
    mentors = len(c.kind)
    hours = np.empty(c.their_hours.shape[1] + 1, np.int32)
    by_kind = np.empty(len(c.kind_level), np.int32)
    speeches = np.empty(len(c.speech_first), np.int32)
    levels = np.empty(len(c.levels), np.int32)
    seen = np.zeros(mentors, np.uint32)
    code = np.zeros(mentors, np.uint8)
    lut = np.empty(largest, np.int32)
    for x in range(len(mentees)):
        common_hours(c, c.hours[mentees[x]], hours)
        row(
            c,
            mentees[x],
            hours,
            by_kind,
            speeches,
            levels,
            seen,
            code,
            lut,
            extra[x] if len(extra) else extra[:0].reshape(-1),
            out[x],
        )


@kernel
def retrieve(
    c: Columns,
    order: Ints32,
    largest: int,
    extra: Rows32,
    places: Longs,
    prices: Ints32,
    keep: int,
    mentors: Rows32,
    sums: Rows32,
    counts: Ints32,
    rest: Ints32,
) -> None:
    """For mentees order[x]: the `keep` mentors with the most sum − price, of those with a place.

    order: neighbors with the same free hours stand together, which saves their table. prices: in units of sums.
    mentors, sums (len(order), keep): what was found, unsorted; counts: how many; rest: no mentor outside has a
    larger sum − price than this.
    """
    size = len(c.kind)
    hours = np.empty(c.their_hours.shape[1] + 1, np.int32)
    by_kind = np.empty(len(c.kind_level), np.int32)
    speeches = np.empty(len(c.speech_first), np.int32)
    levels = np.empty(len(c.levels), np.int32)
    seen = np.zeros(size, np.uint32)
    code = np.zeros(size, np.uint8)
    lut = np.empty(largest, np.int32)
    out = np.empty(size, np.int32)
    cut = np.empty(size, np.int32)
    for j in range(size):
        cut[j] = prices[j] if places[j] > 0 else 2**29
    pattern = -2
    least = max(0, c.minimum * c.unit)
    value = np.empty(keep, np.int64)
    for x in range(len(order)):
        i = order[x]
        if c.hours[i] != pattern:
            pattern = c.hours[i]
            common_hours(c, pattern, hours)
        row(
            c,
            i,
            hours,
            by_kind,
            speeches,
            levels,
            seen,
            code,
            lut,
            extra[x] if len(extra) else extra[:0].reshape(-1),
            out,
        )
        count = 0
        floor = np.int64(-(2**31))
        begin = 0
        while begin < size:
            end = min(size, begin + 64)
            top = np.int32(-(2**31) + 1)
            for j in range(begin, end):
                top = max(top, np.int32(out[j] - cut[j]))
            if top > floor:
                for j in range(begin, end):
                    gain = np.int64(out[j]) - cut[j]
                    if out[j] < least or gain <= floor or places[j] == 0:
                        continue
                    count = keep_best(value, mentors[x], count, gain, j)
                    if count == keep:
                        floor = value[0]
            begin = end
        for k in range(count):
            sums[x, k] = out[mentors[x, k]]
        counts[x] = count
        rest[x] = floor if count == keep else -(2**31) + 1
