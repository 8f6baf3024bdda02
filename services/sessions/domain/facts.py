"""What is known about one pair: the session log and the rules it is judged by, as plain data."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from enum import StrEnum

from shared.calendar import Calendar


class Role(StrEnum):
    """The two sides of a pair; who cancelled or missed is a role here and a participant outside."""

    MENTOR = "mentor"
    MENTEE = "mentee"


class Outcome(StrEnum):
    """What became of a session. `PLANNED` is a session nobody has reported on."""

    PLANNED = "planned"
    HELD = "held"
    CANCELLED = "cancelled"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Plan:
    """One date a session was planned for: the local `day`, when that was `made`, and when it was moved away.

    Every date a session ever had is kept, since a plan holds the clock of *Not meeting* while it is live, and
    what it held yesterday must still be seen when the pair is judged again today.
    """

    day: date
    made: datetime
    moved: datetime | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """One session as last reported. `version` decides between two reports of one id.

    `day` is the local day, in the session's own zone, on which it was held, or else for which it was last
    planned. `at` is the moment from which the outcome is a fact: the start of a held or missed session, the
    moment of cancelling; it plays no part for a planned one. `by` is who cancelled or did not come.
    """

    id: str
    version: int
    outcome: Outcome
    day: date
    at: datetime
    by: frozenset[Role] = frozenset()
    plans: tuple[Plan, ...] = ()
    confirmed: bool = False
    disputed: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """What the program expects: the `cadence` in days and the program's length, None when evergreen."""

    cadence: int
    length: int | None = None

    def __post_init__(self) -> None:
        """A cadence under a day has no slots; the service refuses it before it comes here."""
        if self.cadence < 1:
            raise ValueError("cadence must be at least one day")

    @property
    def grace(self) -> int:
        """g = ⌈c/2⌉ (health.md, Reports)."""
        return -(-self.cadence // 2)


@dataclass(frozen=True, slots=True)
class Clock:
    """One moment as the pair sees it: instants become days in the pair's zone, days become counted days."""

    now: datetime
    zone: tzinfo
    calendar: Calendar

    @property
    def today(self) -> int:
        """The number of the present day."""
        return self.index(self.now)

    def index(self, moment: datetime) -> int:
        """The number of the day an instant falls on."""
        return self.calendar.index(moment.astimezone(self.zone).date())


@dataclass(frozen=True, slots=True)
class Pair:
    """Everything the health of a pair follows from.

    The calendar of the clock starts where the pair does: on the later of acceptance and cohort start.
    `under_review` says whether a review or a case is open, which changes only the band that is shown.
    """

    rules: Rules
    log: tuple[Session, ...] = ()
    under_review: bool = False


def latest(log: Iterable[Session]) -> tuple[Session, ...]:
    """One session per id, the highest version of each, by id: the order of arrival leaves no trace."""
    chosen: dict[str, Session] = {}
    for session in log:
        known = chosen.get(session.id)
        if known is None or session.version > known.version:
            chosen[session.id] = session
    return tuple(chosen[id] for id in sorted(chosen))
