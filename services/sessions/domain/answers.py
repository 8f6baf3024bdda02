"""One-tap answers as facts: a session that was held or is planned, or days on which somebody is busy. Pure."""

from datetime import UTC, datetime, time, timedelta
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from shared.contracts.answers import Answer, Kind
from shared.contracts.sessions import State

from .record import BUSY_MOST, Busy, Record, zone_of

_NAMESPACE = UUID("6f6e0c0e-54a4-5d39-8b6f-1f7b8e3a3c41")

NOON = time(12)


def made_id(answer: str) -> str:
    """The id of what follows from an answer: the same however often the answer is read."""
    return uuid5(_NAMESPACE, answer).hex


def made_of(answer: Answer, members: tuple[tuple[str, str], ...]) -> Record | Busy | None:
    """What follows from an answer; None for one that says nothing we can keep.

    A day without a time of day means noon of that day, or the moment of the answer where noon would make a
    meeting that was held lie in the future, or a plan in the past. `members` are (participant, role).
    """
    zone = zone_of(answer.time_zone) or ZoneInfo("UTC")
    start = (answer.start or datetime.combine(answer.day, NOON, zone)).astimezone(UTC)
    said = answer.answered_at
    today = said.astimezone(zone).date()
    match answer.kind:
        case Kind.MET_ON if answer.day <= today:
            return _session(answer, members, State.HELD, min(start, said))
        case Kind.PLANNED_FOR if answer.day >= today:
            return _session(answer, members, State.PLANNED, max(start, said))
        case Kind.BUSY_UNTIL if answer.day >= today:
            last = min(answer.day, today + BUSY_MOST - timedelta(days=1))
            return Busy(pair=answer.pair, participant=answer.by, first=today, last=last)
        case _:
            return None


def _session(answer: Answer, members: tuple[tuple[str, str], ...], state: State, start: datetime) -> Record:
    planned = state is State.PLANNED
    return Record(
        pair=answer.pair,
        program=answer.program,
        state=state.value,
        start=start,
        zone=answer.time_zone if zone_of(answer.time_zone) else "UTC",
        planned_start=start if planned else None,
        planned_at=answer.answered_at if planned else None,
        reported_by=answer.by,
        reported_at=answer.answered_at,
        origin="answer",
        members=members,
    )
