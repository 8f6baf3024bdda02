"""What people do with a session: report it, correct it, move it, confirm or dispute it. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime

from shared.contracts.pairs import LIVING, Pair
from shared.contracts.sessions import Confirmation
from shared.contracts.sessions import State as SessionState

from .judge import OVER
from .record import Record, Refusal, check, zone_of


class NotNow(Exception):
    """Well formed, but not in this state: a name for the kind of conflict, what is wrong, what to do."""

    def __init__(self, kind: str, detail: str, fix: str) -> None:
        super().__init__(detail)
        self.kind, self.detail, self.fix = kind, detail, fix


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody reports. `by` is their participant id, None for a coordinator who is no participant.

    What is None was not said: a report of a session that is known keeps what it had.
    """

    state: str
    by: str | None
    start: datetime | None = None
    end: datetime | None = None
    zone: str | None = None
    cancelled_by: str | None = None
    cancelled_at: datetime | None = None
    missed_by: tuple[str, ...] | None = None
    attended: tuple[str, ...] | None = None


def report(pair: Pair, told: Told, zone: str, now: datetime) -> Record:
    """A session that was not known before. Raises Refusal or NotNow."""
    if told.start is None:
        raise Refusal("/start", "A session needs its start.", "Send it as 2026-03-01T09:00:00Z.")
    _consistent(told)
    plain = Record(
        pair=pair.id,
        program=pair.program,
        state=SessionState.PLANNED.value,
        start=told.start,
        zone=told.zone or zone,
        members=tuple((one.participant, one.role) for one in pair.members),
        revision=0,
    )
    record = _told(plain, told, now)
    if told.state == SessionState.PLANNED:
        record = record.model_copy(update={"planned_start": told.start, "planned_at": now})
    check(record, now, pair.together_since(zone_of(record.zone) or UTC), end_of(pair))
    return record


def correct(pair: Pair, before: Record, told: Told, now: datetime) -> Record:
    """What became of a planned session, or a correction of what was reported. Raises Refusal or NotNow.

    A correction is a report again: the other side has not confirmed it.
    """
    _is_current(before)
    _consistent(told)
    record = _told(before, told, now)
    check(record, now, pair.together_since(zone_of(record.zone) or UTC), end_of(pair))
    return record


def move(pair: Pair, before: Record, to: str, told: Told, now: datetime) -> tuple[Record, Record]:
    """A planned session and the one it is moved to: the old plan ends in the moment the new one begins.

    Raises Refusal or NotNow.
    """
    _is_current(before)
    if before.state != SessionState.PLANNED:
        raise NotNow(
            "not-planned",
            f"Only a planned session can be moved; this one is {before.state}.",
            "Correct it with PATCH, or plan another one.",
        )
    after = report(pair, told, before.zone, now)
    return (
        before.model_copy(
            update={
                "state": SessionState.RESCHEDULED.value,
                "moved_at": now,
                "moved_to": to,
                "reported_by": told.by,
                "reported_at": now,
                "revision": before.revision + 1,
            }
        ),
        after,
    )


def _is_current(before: Record) -> None:
    if before.state == SessionState.RESCHEDULED:
        raise NotNow(
            "rescheduled",
            "This session was moved to another one.",
            "Use the session it was moved to: `rescheduled_to` names it.",
        )


def answer(before: Record, by: str | None, confirmation: Confirmation, now: datetime) -> Record:
    """The other side's word on a report. Raises NotNow."""
    if before.state not in (SessionState.HELD, SessionState.CANCELLED, SessionState.MISSED):
        raise NotNow("not-reported", "Nobody has reported on this session yet.", "Report it with PATCH.")
    if by is None or by not in {participant for participant, _ in before.members}:
        raise NotNow(
            "not-a-member",
            "Only the two who meet can say so.",
            "Correct the report with PATCH where it is wrong.",
        )
    if by == before.reported_by:
        raise NotNow(
            "own-report",
            "Whoever reported a session cannot confirm or dispute it.",
            "Correct it with PATCH, or ask the other side.",
        )
    return before.model_copy(update={"confirmation": confirmation.value, "revision": before.revision + 1})


def end_of(pair: Pair) -> datetime | None:
    """When the pair came to an end, None while it lives. Raises NotNow for one that never began."""
    if pair.state in LIVING:
        return None
    if pair.state in OVER and pair.ended_at is not None and pair.accepted_at is not None:
        return pair.ended_at
    raise NotNow(
        "not-a-pair", f"This pair is {pair.state}: there is nothing to report.", "Wait until both said yes."
    )


def _consistent(told: Told) -> None:
    """What was said beside a state it does not fit would be lost in silence. Raises Refusal."""
    cancelled = told.cancelled_by is not None or told.cancelled_at is not None
    if cancelled and told.state != SessionState.CANCELLED:
        raise Refusal(
            "/cancelled_by" if told.cancelled_by is not None else "/cancelled_at",
            f"This session is reported as {told.state}.",
            "Leave it out, or send the state cancelled.",
        )
    if told.missed_by and told.state != SessionState.MISSED:
        raise Refusal(
            "/missed_by",
            f"This session is reported as {told.state}.",
            "Leave it out, or send the state missed.",
        )


def _told(before: Record, told: Told, now: datetime) -> Record:
    cancelled, missed = told.state == SessionState.CANCELLED, told.state == SessionState.MISSED
    kept = before.state == told.state
    return before.model_copy(
        update={
            "state": told.state,
            "start": told.start or before.start,
            "end": told.end or (before.end if told.start is None else None),
            "zone": told.zone or before.zone,
            "cancelled_by": (told.cancelled_by or (before.cancelled_by if kept else told.by))
            if cancelled
            else None,
            "cancelled_at": (told.cancelled_at or (before.cancelled_at if kept else now))
            if cancelled
            else None,
            "missed_by": (told.missed_by if told.missed_by is not None else before.missed_by)
            if missed
            else (),
            "attended": told.attended if told.attended is not None else (before.attended if kept else None),
            "reported_by": told.by,
            "reported_at": now,
            "confirmation": Confirmation.REPORTED.value,
            "revision": before.revision + 1,
        }
    )
