"""What each row proves about those outside it: its last place in line, and the prices of that moment.

A row that keeps its k best by score − price knows that nobody outside brings more than the k-th did. Prices that
rise since then change nothing of that; prices that fall let an outsider bring at most the largest fall more. So most
rows go on proving themselves without being looked at.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from services.matching.engine.graph import Ints

Flags = npt.NDArray[np.bool_]

OUTSIDE = np.int64(-(2**61))
"""What a mentor outside a row can bring where nobody is outside."""
MOMENTS = 16
"""Prices remembered; after more, rows of rare moments count from now on, with what has fallen added."""


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
    """(moments, mentors) prices."""

    def __post_init__(self) -> None:
        self.rest = np.full(self.mentees, -OUTSIDE if self.mentors else OUTSIDE, np.int64)
        self.fetched_at = np.zeros(self.mentees, np.int64)
        self.moments = np.zeros((1, self.mentors), np.int64)

    def moment(self, prices: Ints) -> int:
        """Remember prices at which rows are fetched now: the number to give to `row`."""
        if len(self.moments) >= MOMENTS:
            self._forget(prices)
        self.moments = np.concatenate([self.moments, prices[None]])
        return len(self.moments) - 1

    def row(self, mentees: Ints, rest: Ints, moment: int) -> None:
        """These rows were fetched at that moment and leave nobody outside who brings more than `rest`."""
        self.rest[mentees] = rest
        self.fetched_at[mentees] = moment

    def column(self, mentor: int, price: int, scores: Ints) -> None:
        """A mentor's scores anew: (mentees,) with everybody who does not have them in their row, −1 where they do
        or the pair is impossible. Costs O(mentees)."""
        self.moments[:, mentor] = price
        np.maximum(self.rest, np.where(scores >= 0, scores - price, OUTSIDE), out=self.rest)

    def unknown(self) -> None:
        """Something changed that nobody looked at: no row proves anything until it is fetched."""
        self.rest[:] = -OUTSIDE

    def outside(self, prices: Ints, open_: Flags | None = None) -> Ints:
        """(mentees,) no mentor outside a row brings more than this by score − price at these prices.

        open_: (mentors,) who has a place at all; the prices of others do not count. O(mentees + moments · mentors).
        """
        return np.where(self.complete, OUTSIDE, self.rest + self._fell(prices, open_)[self.fetched_at])

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
        return wide

    def _fell(self, prices: Ints, open_: Flags | None = None) -> Ints:
        """(moments,) by how much the price fell that fell most."""
        falls = self.moments - prices
        if open_ is not None:
            falls[:, ~open_] = 0
        most: Ints = falls.max(axis=1, initial=0)
        return most

    def _forget(self, prices: Ints) -> None:
        """Keep the moments of most rows; what the others know is brought to today's prices."""
        counts = np.bincount(self.fetched_at, minlength=len(self.moments))
        kept = np.sort(np.argsort(-counts, kind="stable")[: MOMENTS // 2])
        kept = kept[counts[kept] > 0]
        number = np.full(len(self.moments), len(kept))
        number[kept] = np.arange(len(kept))
        moved = (number[self.fetched_at] == len(kept)) & ~self.complete
        self.rest[moved] += self._fell(prices)[self.fetched_at[moved]]
        self.fetched_at = number[self.fetched_at]
        self.moments = np.concatenate([self.moments[kept], prices[None]])
