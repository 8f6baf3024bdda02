"""What a decision about one pair may see.

What is missing here is missing on purpose: no total, no component, no pulse, rubric, request or concern text.
A letter can only be made from these facts, so nothing a person receives can depend on the other's answers
(domain.md, Confidentiality).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from services.notifications.domain.state import Attention, Postbox
from shared.ladder import DEFAULT_LADDER, DEFAULT_PACE, Ladder, Pace

STALLED = "stalled"
FAILING = "failing_commitment"


@dataclass(frozen=True, slots=True)
class Person:
    """A participant as pacing needs them.

    `absent`: on leave or away now; `gone`: left the organization; `withdrawn`: takes part in the pair's cohort
    no longer, by their own word.
    """

    id: str
    zone: str = "UTC"
    absent: bool = False
    gone: bool = False
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """A pair's members as participant → role, and its state (domain.md, Pair states)."""

    id: str
    program: str
    cohort: str
    state: str
    members: Mapping[str, str]
    imported: bool = False
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """What sessions concluded, and the first day it held."""

    kind: str
    since: date


@dataclass(frozen=True, slots=True)
class Health:
    """What people may be told of a pair's health. `owes`: the member who owes the next step."""

    cadence_days: float
    signals: tuple[Signal, ...] = ()
    owes: str | None = None

    def signal(self, kind: str) -> Signal | None:
        """The signal of that kind, if it is up."""
        return next((signal for signal in self.signals if signal.kind == kind), None)


@dataclass(frozen=True, slots=True)
class Plan:
    """A live planned session: it holds from one cadence before its day until `until`, the day after it."""

    starts: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Rules:
    """A program's rules, as data. `ends`: the cohort's end; `rematch`: coordinator, automatic or never."""

    ladder: Ladder = DEFAULT_LADDER
    pace: Pace = DEFAULT_PACE
    coordinators: tuple[str, ...] = ()
    stand_ins: tuple[str, ...] = ()
    rematch: str = "coordinator"
    ends: datetime | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """All about one pair at one moment. `failing_gates`: gate classes that no longer hold."""

    pair: Pair | None
    attention: Attention
    health: Health | None = None
    rules: Rules = Rules()
    plans: tuple[Plan, ...] = ()
    last_held: date | None = None
    concern: bool = False
    rematch_refused: date | None = None
    failing_gates: tuple[Signal, ...] = ()
    people: Mapping[str, Person] = field(default_factory=dict)
    postboxes: Mapping[str, Postbox] = field(default_factory=dict)

    def person(self, id: str) -> Person:
        """A person whose profile has not arrived yet is written to at UTC hours."""
        return self.people.get(id, Person(id))

    def postbox(self, id: str) -> Postbox:
        """A person who was never written to has an empty one."""
        return self.postboxes.get(id, Postbox())
