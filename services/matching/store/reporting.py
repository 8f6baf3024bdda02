"""The reporting tree as matching knows it: who is above some people, and who is below one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.matching.domain.people import Rules
from services.matching.domain.tree import Tree, reach
from shared.contracts.participants import Participant
from shared.delivery import Copies, Reader

LEVELS = 50
"""Steps of the manager tree after which the walk for the rule `any` ends, whatever the data say."""

PAGE = 250
"""Documents a read; between reads the event loop goes on, also while a large cohort is loaded."""


@dataclass(frozen=True)
class Reporting:
    """Reads of the copies of participants."""

    participants: Copies[Participant]

    async def people(self, at: Reader, ids: Sequence[str]) -> dict[str, Participant]:
        """Known participants, a page at a time."""
        found: dict[str, Participant] = {}
        for start in range(0, len(ids), PAGE):
            copies = await self.participants.get_many(at, ids[start : start + PAGE])
            found |= {id: Participant.model_validate(copy.state) for id, copy in copies.items()}
        return found

    async def above(self, at: Reader, people: Mapping[str, Participant], rules: Rules) -> Tree:
        """Who is above these people, as far up as the program's rule reaches."""
        levels = reach(rules)
        if levels == 0:
            return Tree()
        managers = {id: each.manager for id, each in people.items()}
        unknown: set[str] = set()
        for _ in range(min(levels if levels is not None else LEVELS, LEVELS)):
            missing = sorted({each for each in managers.values() if each is not None} - set(managers))
            if not missing:
                break
            found = await self.people(at, missing)
            unknown.update(id for id in missing if id not in found)
            managers |= {id: found[id].manager if id in found else None for id in missing}
        return Tree(managers, frozenset(unknown))

    async def below(self, at: Reader, participant: str) -> list[str]:
        """Everybody who reports to this participant, directly or through others, by id.

        A circle of managers ends where it began.
        """
        found: set[str] = set()
        level = [participant]
        for _ in range(LEVELS):
            reports: set[str] = set()
            for start in range(0, len(level), PAGE):
                copies = await self.participants.of_each(at, "state.manager", level[start : start + PAGE])
                reports |= {each.id for several in copies.values() for each in several}
            level = sorted(reports - found)
            if not level:
                break
            found |= reports
        return sorted(found)
