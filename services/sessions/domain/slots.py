"""Due sessions: the slots of the cadence and which report fills each (health.md, *Slots*)."""

from collections.abc import Iterable
from dataclasses import dataclass

from .facts import Outcome, Rules
from .reports import Report, Reports

WINDOW = 12
"""The last twelve due slots, and the last twelve reports (health.md, Slots)."""


@dataclass(frozen=True, slots=True)
class Slot:
    """Slot `number` (from 1) with the report that fills it, and the counted day from which it is due."""

    number: int
    due: int
    report: Report | None

    @property
    def held(self) -> bool:
        """Whether a session was held in it."""
        return self.report is not None and self.report.outcome is Outcome.HELD

    @property
    def cancelled(self) -> bool:
        """Whether all that is known of it is a cancellation."""
        return self.report is not None and self.report.outcome is Outcome.CANCELLED


@dataclass(frozen=True, slots=True)
class Slots:
    """The due slots in order, those reported before they are due, and the next counted day one falls due."""

    due: tuple[Slot, ...]
    early: tuple[Slot, ...]
    next_due: int

    @property
    def window(self) -> tuple[Slot, ...]:
        """W: the last twelve due."""
        return self.due[-WINDOW:]


def slots(reports: Reports, rules: Rules, today: int) -> Slots:
    """Give every report its slot. Held sessions choose first, so no cancellation can take a held one's place.

    Slot k is counted days [(k−1)c, kc); a report on day d may take it while (k−1)c − g ≤ d < kc + g, and takes
    the earliest such slot that is empty. Slots fall due in order: a held session takes a later slot only when
    every earlier one is filled by another or its time is over.
    """
    c, g = rules.cadence, rules.grace
    filled: dict[int, Report] = {}
    for report in _in_turn(reports):
        first, last = (report.day - g) // c + 1, (report.day + g) // c + 1
        for number in range(max(1, first), last + 1):
            if number not in filled:
                filled[number] = report
                break
    passed = max(0, (today - g) // c)
    held = max((number for number, report in filled.items() if report.outcome is Outcome.HELD), default=0)
    count = max(passed, held)
    due = tuple(_slot(number, filled.get(number), rules) for number in range(1, count + 1))
    early = tuple(_slot(number, filled[number], rules) for number in sorted(filled) if number > count)
    return Slots(due, early, (count + 1) * c + g)


def _in_turn(reports: Reports) -> Iterable[Report]:
    yield from reports.held
    yield from reports.other


def _slot(number: int, report: Report | None, rules: Rules) -> Slot:
    end = number * rules.cadence + rules.grace
    held = report is not None and report.outcome is Outcome.HELD
    return Slot(number, min(end, report.day) if held and report is not None else end, report)
