"""What each row proves about those outside it: its last place in line, and the prices of that moment.

A row that keeps its k best by score − price knows that nobody outside brings more than the k-th did. Prices that
rise since then change nothing of that; prices that fall let an outsider bring at most the largest fall more. So most
rows go on proving themselves without being looked at.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from services.matching.engine.compile import Flags as Flags_
from services.matching.engine.compile import LongRows, Longs, kernel
from services.matching.engine.graph import Ints

Flags = npt.NDArray[np.bool_]

OUTSIDE = np.int64(-(2**61))
"""What a mentor outside a row can bring where nobody is outside."""
MOMENTS = 16
"""Prices remembered; after more, the rows of the rarest moment count from now on, with what has fallen added."""


@dataclass
class Thresholds:
    """Over (mentees,) rows and (mentors,) prices. Rows that nobody looked at prove nothing."""

    mentees: int
    mentors: int
    rest: Ints = field(init=False)
    """(mentees,) no mentor outside the row brought more than this by score − price."""
    fetched_at: Ints = field(init=False)
    """(mentees,) at which of the moments."""
    moments: Ints = field(init=False)
    """(MOMENTS, mentors) prices, the first `count` of them."""
    count: int = field(init=False)
    counts: Ints = field(init=False)
    """(MOMENTS,) rows of each."""

    def __post_init__(self) -> None:
        self.rest = np.full(self.mentees, -OUTSIDE if self.mentors else OUTSIDE, np.int64)
        self.fetched_at = np.zeros(self.mentees, np.int64)
        self.moments = np.zeros((MOMENTS, self.mentors), np.int64)  # memory only where one is written
        self.count = 1
        self.counts = np.bincount(self.fetched_at, minlength=MOMENTS)

    def moment(self, prices: Ints) -> int:
        """Remember prices at which rows are fetched now: the number to give to `row`."""
        number = self.count
        if number < MOMENTS:
            self.count += 1
        else:  # the moment of fewest rows becomes this one: what they know is brought to today's prices
            number = int(self.counts.argmin())
            moved = np.flatnonzero(self.fetched_at == number)
            moved = moved[self.rest[moved] != OUTSIDE]
            self.rest[moved] += (self.moments[number] - prices).max(initial=0)
        self.moments[number] = prices
        return number

    def row(self, mentees: Ints, rest: Ints, moment: int) -> None:
        """These rows were fetched at that moment and leave nobody outside who brings more than `rest`."""
        if len(mentees) == 1:
            self.counts[self.fetched_at[mentees]] -= 1
            self.counts[moment] += 1
        self.rest[mentees] = rest
        self.fetched_at[mentees] = moment
        if len(mentees) > 1:
            self.counts = np.bincount(self.fetched_at, minlength=MOMENTS)

    def column(self, mentor: int, price: int, scores: Ints) -> None:
        """A mentor's scores anew: (mentees,) with everybody who does not have them in their row, −1 where they do
        or the pair is impossible. Costs O(mentees)."""
        self.moments[: self.count, mentor] = price
        np.maximum(self.rest, np.where(scores >= 0, scores - price, OUTSIDE), out=self.rest)

    def unknown(self) -> None:
        """Something changed that nobody looked at: no row proves anything until it is fetched."""
        self.rest[:] = -OUTSIDE

    def outside(self, prices: Ints, open_: Flags | None = None) -> Ints:
        """(mentees,) no mentor outside a row brings more than this by score − price at these prices.

        open_: (mentors,) who has a place at all; the prices of others do not count. O(mentees + moments · mentors).
        """
        return np.where(self.complete, OUTSIDE, self.rest + self._fell(prices, open_)[self.fetched_at])

    def outside_of(self, mentee: int, prices: Ints, open_: Flags) -> int:
        """`outside` of one row, in O(mentors)."""
        if self.rest[mentee] == OUTSIDE:
            return int(OUTSIDE)
        then = self.moments[self.fetched_at[mentee]]
        fell: Ints = np.where(open_, then - prices, 0)
        return int(self.rest[mentee] + fell.max(initial=0))

    @property
    def complete(self) -> Flags:
        """(mentees,) rows that hold everyone possible."""
        whole: Flags = self.rest == OUTSIDE
        return whole

    def widened(self, mentees: int, mentors: int) -> "Thresholds":
        """A copy for so many more rows, in which nobody is wanted yet, and mentors without a place yet."""
        wide = Thresholds(self.mentees + mentees, self.mentors + mentors)
        wide.rest = np.concatenate([self.rest, np.full(mentees, OUTSIDE, np.int64)])
        wide.fetched_at = np.concatenate([self.fetched_at, np.zeros(mentees, np.int64)])
        wide.moments = np.pad(self.moments, ((0, 0), (0, mentors)))
        wide.count = self.count
        wide.counts = np.bincount(wide.fetched_at, minlength=MOMENTS)
        return wide

    def _fell(self, prices: Ints, open_: Flags | None = None) -> Ints:
        """(moments,) by how much the price fell that fell most."""
        most = np.zeros(self.count, np.int64)
        everyone = np.ones(self.mentors, np.bool_) if open_ is None else open_
        _falls(self.moments, np.ascontiguousarray(prices), everyone, most)
        return most


@kernel
def _falls(moments: LongRows, prices: Longs, counted: Flags_, most: Longs) -> None:
    """Into most: by how much the price fell that fell most since each of the first moments, never less than 0."""
    for k in range(len(most)):
        then = moments[k]
        largest = 0
        for j in range(len(prices)):
            fall = then[j] - prices[j] if counted[j] else 0
            largest = max(largest, fall)
        most[k] = largest
