"""The reporting tree: who is above whom, at which distance, whatever the data look like."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.matching.domain.people import Rules


def reach(rules: Rules) -> int | None:
    """How many steps up or down the program forbids: 0 for none, None for any number."""
    match rules.reporting_line:
        case "allow":
            return 0
        case "direct":
            return 1
        case "levels":
            return rules.reporting_levels
        case "any":
            return None


def above(managers: Mapping[str, str | None], participant: str, levels: int | None) -> tuple[str, ...]:
    """The managers above a participant, nearest first, up to `levels` steps (None: all).

    HR data contain cycles (two people who manage each other during a handover): the walk stops at the first
    person it has met already, so that a cycle costs nothing and judges everyone in it as above and below.
    """
    found: list[str] = []
    met = {participant}
    current = participant
    while levels is None or len(found) < levels:
        manager = managers.get(current)
        if manager is None or manager in met:
            break
        found.append(manager)
        met.add(manager)
        current = manager
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Tree:
    """What is known of who is above some people."""

    managers: Mapping[str, str | None] = field(default_factory=dict)
    """Participant → manager; None where there is nobody above, or nothing is known."""
    unknown: frozenset[str] = frozenset()
    """Managers of whom nothing has arrived, or who were erased: who is above them is not known."""

    def awaited(self, participant: str) -> str | None:
        """The manager of whom nothing has arrived, at the end of what is known above this participant."""
        if not self.unknown:
            return None
        line = above(self.managers, participant, None)
        return line[-1] if line and line[-1] in self.unknown else None
