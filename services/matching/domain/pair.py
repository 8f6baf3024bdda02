"""The private state of a pair, and the outcomes a decision about it can have."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from services.matching.domain.people import MENTEE, MENTOR

DRAFT = "draft"
DROPPED = "dropped"
PROPOSED = "proposed"
ACCEPTED = "accepted"
ACTIVE = "active"
PAUSED = "paused"
COMPLETED = "completed"
ENDED = "ended"
DECLINED = "declined"
EXPIRED = "expired"
WITHDRAWN = "withdrawn"

LIVING = frozenset({ACCEPTED, ACTIVE, PAUSED})
SHOWN = LIVING | {PROPOSED}
"""What people were shown: fixed, and its places are taken."""
PRIVATE = frozenset({DRAFT, DROPPED})
"""Never published."""
OPEN = frozenset({PROPOSED, ACCEPTED, ACTIVE, PAUSED, DRAFT})

ENGINE, COORDINATOR, IMPORT = "engine", "coordinator", "import"

REASONS = frozenset(
    {
        "goals_met",
        "no_response",
        "never_started",
        "no_time",
        "mismatch",
        "conflict_of_interest",
        "safeguarding",
        "rematched",
        "left",
        "withdrew",
        "cohort_ended",
    }
)
"""Why a pair ended: internal. The world reads completed, ended or left (domain.md, Vocabulary)."""


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Member(Frozen):
    participant: str
    role: str
    enrollment: str
    accepted_at: datetime | None = None
    declined_at: datetime | None = None
    """Never published: the other does not learn who said no."""


class Told(Frozen):
    """One reason as it was when the pair was made (see `score.Reason`)."""

    term: str
    weight: int
    share: int | None
    points: int
    sentence: str
    told: str | None = None


REQUESTED, ON_LEAVE = "requested", "leave"


class Span(Frozen):
    """One pause; `until` None: as long as the leave lasts."""

    kind: str
    since: datetime
    until: datetime | None = None

    def covers(self, now: datetime) -> bool:
        return self.since <= now and (self.until is None or now < self.until)


class Ending(Frozen):
    """An end that was decided and waits for the program's change time; nobody but coordinators sees it."""

    at: datetime
    reason: str
    by: str


class Pair(Frozen):
    """One mentor and one mentee of one cohort. Times are UTC."""

    program: str
    cohort: str
    state: str
    members: tuple[Member, ...]
    origin: str = ENGINE
    external_id: str | None = None
    score: int | None = None
    reasons: tuple[Told, ...] = ()
    rank: int | None = None
    """Place of the mentor among all who were possible for the mentee when the two were paired, 1 = best."""
    possible: int | None = None
    approval: bool = False
    approved_at: datetime | None = None
    drafted_at: datetime | None = None
    proposed_at: datetime | None = None
    expires_at: datetime | None = None
    accepted_at: datetime | None = None
    active_at: datetime | None = None
    pauses: tuple[Span, ...] = ()
    """All there ever were; while a member is on leave the pair pauses, and the place is kept."""
    zone: str = "UTC"
    """The program's zone when the pair was made: its days are days there."""
    ending: Ending | None = None
    ended_at: datetime | None = None
    outcome: str | None = None
    reason: str | None = None
    """Sealed: never published."""
    gates: tuple[tuple[str, datetime], ...] = ()
    """Gate classes that a living pair fails now, and since when."""

    def member(self, participant: str) -> Member | None:
        """The membership of a participant; None for anyone else."""
        return next((each for each in self.members if each.participant == participant), None)

    def in_role(self, role: str) -> Member:
        return next(each for each in self.members if each.role == role)

    def pause(self, kind: str, now: datetime) -> Span | None:
        """The pause of this kind that covers the moment."""
        return next((span for span in self.pauses if span.kind == kind and span.covers(now)), None)

    @property
    def on_leave(self) -> bool:
        """Paused for a leave whose end is not known yet."""
        return any(span.kind == ON_LEAVE and span.until is None for span in self.pauses)

    @property
    def mentor(self) -> Member:
        return self.in_role(MENTOR)

    @property
    def mentee(self) -> Member:
        return self.in_role(MENTEE)


@dataclass(frozen=True, slots=True)
class Changed:
    """The pair's new state; `event` is the type to publish, None for a change that stays private."""

    pair: Pair
    event: str | None


@dataclass(frozen=True, slots=True)
class Unchanged:
    """It is so already: the command is done, and nothing is written."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The command cannot be carried out; `code` for programs, `sentence` for people."""

    code: str
    sentence: str


Outcome = Changed | Unchanged | Refused
UNCHANGED = Unchanged()
