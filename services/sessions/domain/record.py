"""One session as it is kept, what may be reported of it, and what the world and the health see of it. Pure."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AwareDatetime, BaseModel, ConfigDict

from shared.contracts.sessions import Attendance, Confirmation, SessionFact, State

from .facts import Outcome, Plan, Role, Session

REPORTED = frozenset({State.HELD.value, State.CANCELLED.value, State.MISSED.value})
"""States that say what became of a meeting; the others are a date that is still to come or was moved."""


class Frozen(BaseModel):
    """Private states are replaced, never changed."""

    model_config = ConfigDict(frozen=True)


class Record(Frozen):
    """The private state of a session. It has no room for notes: they are sealed, and nobody asked for them yet.

    `planned_start` is the date it was planned for and stays as it was when another start is reported, since
    the plan held the clock until then. `closed_at` is when it was moved or cancelled.
    """

    pair: str
    program: str
    state: str
    start: AwareDatetime
    end: AwareDatetime | None = None
    zone: str
    planned_start: AwareDatetime | None = None
    planned_at: AwareDatetime | None = None
    cancelled_at: AwareDatetime | None = None
    cancelled_by: str | None = None
    missed_by: tuple[str, ...] = ()
    moved_at: AwareDatetime | None = None
    moved_to: str | None = None
    attended: tuple[str, ...] | None = None
    reported_by: str | None = None
    reported_at: AwareDatetime | None = None
    confirmation: str = Confirmation.REPORTED.value
    origin: Literal["person", "answer"] = "person"
    revision: int = 1
    members: tuple[tuple[str, str], ...] = ()


class Busy(Frozen):
    """Days on which a member cannot meet, both included: they do not count for the pair."""

    pair: str
    participant: str
    first: date
    last: date


def zone_of(name: str | None) -> ZoneInfo | None:
    """The zone of an IANA name; None for a name that is not one."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def body(id: str, record: Record) -> SessionFact:
    """The published facts."""
    attendance = (
        ()
        if record.attended is None
        else tuple(
            Attendance(participant=participant, role=role, attended=participant in record.attended)
            for participant, role in record.members
        )
    )
    return SessionFact(
        id=id,
        pair=record.pair,
        program=record.program,
        state=record.state,
        start=record.start,
        end=record.end,
        time_zone=record.zone,
        revision=record.revision,
        planned_start=record.planned_start,
        planned_at=record.planned_at,
        cancelled_at=record.cancelled_at,
        cancelled_by=record.cancelled_by,
        missed_by=record.missed_by,
        rescheduled_to=record.moved_to,
        attendance=attendance,
        reported_by=record.reported_by,
        reported_at=record.reported_at,
        confirmation=record.confirmation,
        origin=record.origin,
    )


def fact(id: str, version: int, record: Record, roles: Mapping[str, Role]) -> Session:
    """What the health of the pair sees of it. Whoever is no member of the pair (any longer) is nobody's fault."""
    zone = zone_of(record.zone) or ZoneInfo("UTC")
    start_day = record.start.astimezone(zone).date()
    plans: tuple[Plan, ...] = ()
    if record.planned_at is not None and record.planned_start is not None:
        plans = (Plan(record.planned_start.astimezone(zone).date(), record.planned_at, record.moved_at),)
    outcome = Outcome(record.state) if record.state in REPORTED else Outcome.PLANNED
    at, by = record.start, record.missed_by if outcome is Outcome.MISSED else ()
    if outcome is Outcome.CANCELLED:
        at = record.cancelled_at or record.start
        by = () if record.cancelled_by is None else (record.cancelled_by,)
    return Session(
        id=id,
        version=version,
        outcome=outcome,
        day=start_day,
        at=at,
        by=frozenset(roles[one] for one in by if one in roles),
        plans=plans,
        confirmed=record.confirmation == Confirmation.CONFIRMED,
        disputed=record.confirmation == Confirmation.DISPUTED,
    )


LONGEST = timedelta(hours=24)
FARTHEST_BACK = timedelta(days=3653)
FARTHEST_AHEAD = timedelta(days=731)
BUSY_MOST = timedelta(days=28)
"""Busy until, at most four weeks (architecture.md, Who keeps what stops the clock)."""


class Refusal(Exception):
    """A report that cannot be true or cannot be taken: the field, what is wrong with it, and what to do."""

    def __init__(self, field: str, detail: str, fix: str) -> None:
        super().__init__(detail)
        self.field, self.detail, self.fix = field, detail, fix


def check(record: Record, now: datetime, since: date | None, over: datetime | None) -> None:
    """Refuse what cannot be true. `since` is the day the two were brought together, `over` when their pair
    came to an end, None while it lives.

    Raises Refusal. Past sessions are welcome in any order; nothing but a plan may lie in the future. Every
    moment is bounded: one that no zone can turn into a day would fail every decision about the pair.
    """
    ids = {participant for participant, _ in record.members}
    zone = zone_of(record.zone)
    if zone is None:
        raise Refusal("/time_zone", "This is no time zone.", "Send an IANA name such as Europe/Berlin.")
    if not now - FARTHEST_BACK <= record.start <= now + FARTHEST_AHEAD:
        raise Refusal("/start", "This lies ten years back or two years ahead, or more.", "Check the year.")
    if since is not None and record.start.astimezone(zone).date() < since:
        raise Refusal(
            "/start",
            f"The two were brought together on {since}; this lies before it.",
            "Report only sessions from that day on.",
        )
    if record.end is not None and not record.start < record.end <= record.start + LONGEST:
        raise Refusal("/end", "A session ends after its start and within 24 hours.", "Correct start or end.")
    if record.state in (State.HELD, State.MISSED) and record.start > now:
        raise Refusal(
            "/start",
            f"A session that lies in the future cannot be {record.state} yet.",
            "Report it as planned, or correct the start.",
        )
    if record.state == State.PLANNED and record.start < now:
        raise Refusal(
            "/start", "A plan lies in the future.", "Report a past session as held, cancelled or missed."
        )
    if over is not None and (record.start > over or record.state == State.PLANNED):
        raise Refusal(
            "/start", "The pair had come to an end by then.", "Report only sessions from before its end."
        )
    if record.state == State.CANCELLED:
        if record.cancelled_by not in ids:
            raise Refusal(
                "/cancelled_by", "This is no member of the pair.", "Send a member's participant id."
            )
        if record.cancelled_at is None or record.cancelled_at > now:
            raise Refusal(
                "/cancelled_at", "It cannot be cancelled in the future.", "Leave it out: it is now."
            )
        if record.cancelled_at < now - FARTHEST_BACK:
            raise Refusal("/cancelled_at", "This lies more than ten years back.", "Check the year.")
    if record.state == State.MISSED and not (record.missed_by and set(record.missed_by) <= ids):
        raise Refusal(
            "/missed_by",
            "A missed session names the members who did not come.",
            "Send their participant ids.",
        )
    if record.attended is not None:
        _check_attended(record, ids, set(record.attended))


def _check_attended(record: Record, ids: set[str], attended: set[str]) -> None:
    if not attended <= ids:
        raise Refusal("/attended", "There is somebody who is no member.", "Send participant ids of members.")
    if record.state == State.HELD and len(attended) < 2:
        raise Refusal(
            "/attended",
            "A session is held when at least two were there.",
            "Report it as missed, with who did not come, or leave this out.",
        )
    if attended & set(record.missed_by):
        raise Refusal(
            "/attended", "Somebody who did not come cannot have been there.", "Correct this or missed_by."
        )
    if record.state not in (State.HELD, State.MISSED) and attended:
        raise Refusal("/attended", f"Nobody was there: it is {record.state}.", "Leave this out.")
