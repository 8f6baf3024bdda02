"""`profiles.programs`: the rules that everybody else works by, as data."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from shared.contracts.common import Contract, Days, Id, Score, SeniorityGap, known


class State(StrEnum):
    """Known states of a program."""

    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"


class Reporting(StrEnum):
    """Known rules about pairs in one reporting line (domain.md, Matching)."""

    ALLOW = "allow"
    DIRECT = "direct"
    LEVELS = "levels"
    ANY = "any"


class Objective(StrEnum):
    """Known objectives: most people first, or most benefit alone."""

    PARTICIPATION = "participation"
    SCORE = "score"


class Horizon(StrEnum):
    """Mentoring is long and open, coaching short and goal-bound."""

    LONG = "long"
    SHORT = "short"


class Direction(StrEnum):
    """Who may teach whom: the more senior, or (reverse mentoring) whoever has the skill."""

    MENTOR_IS_SENIOR = "mentor_is_senior"
    BY_SKILL = "by_skill"


class Audience(StrEnum):
    """Whom a rung asks."""

    OWES = "owes"
    BOTH = "both"
    COORDINATOR = "coordinator"


class Message(StrEnum):
    """What a rung says."""

    ASK = "ask"
    RESET = "reset"
    HISTORY = "history"
    REMATCH = "rematch"


Weight = Annotated[int, Field(ge=0, le=10)]


class ReportingLine(Contract):
    """Pairs in one line of the manager tree that are refused; `levels` counts for the rule of that name."""

    rule: str = Field(default=Reporting.LEVELS.value, json_schema_extra=known(Reporting))
    levels: int | None = Field(default=None, ge=1)


class Boost(Contract):
    """Points that a program adds to pairs it wants to see: where both sides are as it says.

    `mentee`, `mentor`: fact → values of which one must hold; empty: anybody. A fact that a reader does not know
    never holds.
    """

    points: Score
    label: str | None = None
    mentee: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    mentor: dict[str, tuple[str, ...]] = Field(default_factory=dict)


class Rung(Contract):
    """One step of the ladder. `after_days`: days the case was open, before stretching by the cadence."""

    number: int = Field(ge=1)
    after_days: float = Field(ge=0)
    to: str = Field(json_schema_extra=known(Audience))
    message: str = Field(json_schema_extra=known(Message))


class ChangeTime(Contract):
    """When ends that a person or the last rung decided take effect, weekly, in the program's zone."""

    day: str = Field(default="mon", description="mon … sun")
    at: str = Field(default="09:00", description="HH:MM")


class QuietHours(Contract):
    """Local hours of the receiver in which nothing is sent, HH:MM; equal: none."""

    start: str = "20:00"
    end: str = "08:00"


class Cohort(Contract):
    """One round. `window`: enrollment days; `ends` None: evergreen. Whole days in the program's zone.

    `ends` is the first day that no longer belongs to the cohort.
    """

    id: Id
    name: str | None = None
    window: Days | None = None
    starts: date
    midpoint: date | None = None
    ends: date | None = None


class Rules(Contract):
    """How a program matches, meets and escalates. Scores on 0 … 1,000,000, weights 0–10, days and minutes as
    named.

    `gates` names the optional gates that are on; those that hold everywhere (self, role, places …) are not
    listed.
    """

    template: str = "professional"
    horizon: str = Field(default=Horizon.LONG.value, json_schema_extra=known(Horizon))
    direction: str = Field(default=Direction.MENTOR_IS_SENIOR.value, json_schema_extra=known(Direction))
    reporting_line: ReportingLine = ReportingLine()
    gates: tuple[str, ...] = ()
    weights: dict[str, Weight] = Field(default_factory=dict, description="Term → weight")
    boosts: tuple[Boost, ...] = ()
    seniority_gap: SeniorityGap | None = None
    overlap_wanted_minutes: int = Field(default=120, ge=0)
    objective: str = Field(default=Objective.PARTICIPATION.value, json_schema_extra=known(Objective))
    minimum_score: Score = 0
    draft_bonus: Score = 30_000
    debounce_seconds: float = Field(default=2.0, ge=0)
    exclude_past_pairs: bool = True
    coordinator_accepts: bool = False
    needs_approval: bool = False
    proposal_days: int = Field(default=7, ge=1)
    cadence_days: int = Field(default=14, ge=1)
    ladder: tuple[Rung, ...] = ()
    automatic_rematch: bool = False
    open_cases_per_coordinator: int = Field(default=25, ge=1)
    messages_per_week: int = Field(default=2, ge=0)
    quiet_hours: QuietHours = QuietHours()
    change_time: ChangeTime = ChangeTime()
    time_zone: str = "UTC"
    mentor_capacity: int = Field(
        default=1, ge=0, description="Mentees a mentor has unless they say otherwise"
    )
    first_time_capacity: int | None = Field(default=None, ge=0, description="Binding for first-time mentors")
    max_active_pairs: int | None = Field(default=None, ge=1, description="Of one person in one cohort")


class Program(Contract):
    """A program. People are listed by id: whom to write to, which is no right to read anything."""

    id: Id
    name: str | None = None
    state: str = Field(json_schema_extra=known(State))
    rules: Rules
    cohorts: tuple[Cohort, ...] = ()
    breaks: tuple[Days, ...] = ()
    coordinators: tuple[Id, ...] = ()
    stand_ins: tuple[Id, ...] = ()
    safeguarding_leads: tuple[Id, ...] = ()
    deputies: tuple[Id, ...] = ()


TYPES = {
    "program.created": "A program was set up from a template.",
    "program.changed": "Rules, cohorts, breaks or the people in charge changed.",
    "program.opened": "The program works: enrollments open, pairs are proposed.",
    "program.closed": "The program is over.",
}
