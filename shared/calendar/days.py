"""Counting days with holes in them: pauses, leave, away, busy, breaks and public holidays left out."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from .public import Place, public_holidays

_FOREVER = date.max.toordinal() + 1


@dataclass(frozen=True, slots=True)
class Span:
    """Whole local days that do not count, from `first` to `last`, both included.

    `last` None is an interval whose end is not known yet (a leave without a return date).
    An interval whose last day lies before its first is empty, not an error: a pause that was taken back
    before it began reads like that.
    """

    first: date
    last: date | None = None


class Calendar:
    """An immutable union of days that do not count, asked in O(log n).

    Days are numbered by how many *counted* days lie between `start` and them: `index(start)` is 0, a day
    before the start is negative, and a day that does not count has the number of the next one that does. So
    an interval of pause put into a history, with all later facts moved by its length, changes no number.
    """

    __slots__ = ("_begins", "_ends", "_left_out", "_offset", "start")

    def __init__(
        self,
        start: date,
        off: Iterable[Span] = (),
        places: Iterable[Place] = (),
        *,
        through: date | None = None,
    ) -> None:
        """`through` is the last day anyone will ask about: public holidays are known up to the end of the
        year after it, and from the year before `start`. All other intervals hold without limit.
        """
        self.start = start
        years = range(start.year - 1, max(start.year, (through or start).year) + 2)
        raw = [
            (span.first.toordinal(), _FOREVER if span.last is None else span.last.toordinal() + 1)
            for span in off
        ]
        raw += [
            (day, day + 1) for place in set(places) for year in years for day in public_holidays(place, year)
        ]
        self._begins: list[int] = []
        self._ends: list[int] = []
        self._left_out: list[int] = [0]
        for begin, end in sorted(raw):
            if end <= begin:
                continue
            if self._ends and begin <= self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], end)
            else:
                self._begins.append(begin)
                self._ends.append(end)
        for begin, end in zip(self._begins, self._ends, strict=True):
            self._left_out.append(self._left_out[-1] + end - begin)
        self._offset = self._counted_before(start.toordinal())

    def counts(self, day: date) -> bool:
        """Whether the day itself counts."""
        at = bisect_right(self._begins, day.toordinal()) - 1
        return at < 0 or day.toordinal() >= self._ends[at]

    def index(self, day: date) -> int:
        """Counted days from `start` up to but not including `day`; negative before the start."""
        return self._counted_before(day.toordinal()) - self._offset

    def elapsed(self, since: date, until: date) -> int:
        """Counted days that have gone by from one day to another."""
        return self.index(until) - self.index(since)

    def reaches(self, index: int) -> date | None:
        """The first day whose number is at least `index`; None when an interval without an end is before it.

        The day may itself be one that does not count: what was due after n counted days is due as soon as n
        have gone by, also when a leave begins right then.
        """
        wanted = index + self._offset
        low, high = 0, len(self._begins)
        while low < high:
            middle = (low + high) // 2
            if self._begins[middle] - self._left_out[middle] < wanted:
                low = middle + 1
            else:
                high = middle
        ordinal = wanted + self._left_out[low]
        return date.fromordinal(ordinal) if 1 <= ordinal < _FOREVER else None

    def _counted_before(self, ordinal: int) -> int:
        """Counted days since year 1 before this one: the ordinal less the days left out before it."""
        at = bisect_right(self._begins, ordinal)
        left_out = self._left_out[at]
        if at and self._ends[at - 1] > ordinal:
            left_out -= self._ends[at - 1] - ordinal
        return ordinal - left_out
