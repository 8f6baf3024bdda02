"""All that this service keeps: a copy of the pairs, and the milestones it owns. Alone names MongoDB's filters."""

from shared.contracts import PAIRS, Pair
from shared.delivery import Aggregates, Copies, Index, Reader, Stored

from .domain import Milestones


class Store:
    """Two collections of the database `rapport_milestones`; the kernel makes them and their indexes."""

    pairs: Copies[Pair] = Copies("pairs", PAIRS)
    milestones: Aggregates[Milestones] = Aggregates(
        "milestones", Milestones, indexes=(Index((("state.program", 1), ("id", 1))),)
    )

    async def page_of_program(
        self, at: Reader, program: str, *, limit: int, after: str | None
    ) -> list[Stored[Milestones]]:
        """A page of a program's milestones, by pair."""
        return await self.milestones.find(at, {"state.program": program}, limit=limit, after=after)
