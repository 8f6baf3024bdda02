"""`sessions.sessions`: the facts of one meeting, never its notes."""

from enum import StrEnum

from pydantic import Field

from shared.contracts.common import Contract, Id, Moment, Role, known


class State(StrEnum):
    """Known states of a session."""

    PLANNED = "planned"
    HELD = "held"
    CANCELLED = "cancelled"
    MISSED = "missed"
    RESCHEDULED = "rescheduled"


class Confirmation(StrEnum):
    """What the other side says about a held session; a disputed one is as if not reported."""

    REPORTED = "reported"
    CONFIRMED = "confirmed"
    DISPUTED = "disputed"


class Attendance(Contract):
    """Whether a member was there; None: nobody said."""

    participant: Id
    role: str = Field(json_schema_extra=known(Role))
    attended: bool | None = None


class SessionFact(Contract):
    """One session as it is known now. `revision` counts corrections; a correction replaces the facts before
    it.

    `start` and `end` are the meeting's own times (planned until it is held), `time_zone` the one whose local
    day counts. `planned_start` is the time it was first planned for.
    """

    id: Id
    pair: Id
    program: Id
    state: str = Field(json_schema_extra=known(State))
    start: Moment
    end: Moment | None = None
    time_zone: str
    revision: int = Field(default=1, ge=1)
    planned_start: Moment | None = None
    planned_at: Moment | None = None
    cancelled_at: Moment | None = None
    cancelled_by: Id | None = None
    missed_by: tuple[Id, ...] = ()
    rescheduled_to: Id | None = None
    attendance: tuple[Attendance, ...] = ()
    reported_by: Id | None = None
    reported_at: Moment | None = None
    confirmation: str = Field(default=Confirmation.REPORTED.value, json_schema_extra=known(Confirmation))
    origin: str = Field(default="person", description="person, answer (a one-tap answer) or import")


TYPES = {
    "session.planned": "A meeting is planned.",
    "session.held": "A meeting took place.",
    "session.cancelled": "A planned meeting was called off.",
    "session.missed": "A planned meeting did not take place because somebody was not there.",
    "session.rescheduled": "A planned meeting was moved to another one.",
    "session.corrected": "The facts of a session were corrected.",
    "session.confirmed": "The other side confirmed a held session.",
    "session.disputed": "The other side disputed a held session.",
}
