"""The reporting tree: who is above whom, at which distance, whatever the data look like."""

from collections.abc import Mapping

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


def above(managers: Mapping[str, str], participant: str, levels: int | None) -> tuple[str, ...]:
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
