"""How often and when a person may be written to: the weekly limit, quiet hours, and who goes first.

The limit is per person across all programs, so all of a person's messages meet in one `Inbox`. Two programs
that write at once change the same document and one of them looks again.
"""

from datetime import UTC, datetime, time, timedelta
from enum import IntEnum
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

WEEK = timedelta(days=7)
LAST = datetime.max.replace(tzinfo=UTC)
"""The turn of a message that holds none yet."""
PATIENCE = timedelta(days=1)
"""A reservation nobody came for is given up after this, or a recovered case would block a place for ever."""


class Precedence(IntEnum):
    """Lower goes first (domain.md, Escalation)."""

    SAFEGUARDING = 0
    SESSION = 1
    CASE = 2
    PULSE = 3
    OTHER = 4


class Quiet(BaseModel):
    """Local hours in which nobody is written to. Equal hours: none."""

    model_config = ConfigDict(frozen=True)

    start: time = time(20)
    end: time = time(8)


class Pace(BaseModel):
    """A program's rule: non-essential messages a week and quiet hours (domain.md, Escalation, p)."""

    model_config = ConfigDict(frozen=True)

    a_week: int = Field(default=2, ge=1)
    quiet: Quiet = Quiet()


DEFAULT_PACE = Pace()


class Slot(BaseModel):
    """One message of a person: a stable id and the time it goes, or went, out."""

    model_config = ConfigDict(frozen=True)

    id: str
    at: datetime
    precedence: Precedence


class Inbox(BaseModel):
    """One person's counted messages. `reserved` are messages put off, holding their turn."""

    model_config = ConfigDict(frozen=True)

    sent: tuple[Slot, ...] = ()
    reserved: tuple[Slot, ...] = ()


class Placement(BaseModel):
    """When a message may go. `full`: the weekly limit, not the hour, is what it waits for."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    full: bool


def awake(at: datetime, zone: str, quiet: Quiet) -> datetime:
    """The first moment at or after `at` (aware) outside the quiet hours of `zone`, in UTC.

    An unknown zone counts as UTC: a message at a bad hour is better than none.
    """
    try:
        place_of_life = ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        place_of_life = ZoneInfo("UTC")
    local = at.astimezone(place_of_life)
    clock = local.time()
    if quiet.start <= quiet.end:
        hushed = quiet.start <= clock < quiet.end
        days = 0
    else:
        hushed = clock >= quiet.start or clock < quiet.end
        days = 1 if clock >= quiet.start else 0
    if not hushed:
        return at.astimezone(UTC)
    day = local.date() + timedelta(days=days)
    morning = datetime.combine(day, quiet.end, place_of_life).astimezone(UTC)
    # In the hour that a change of clocks repeats or leaves out, "the morning" can lie just before `at`.
    return max(morning, at.astimezone(UTC))


def _free(inbox: Inbox, id: str, precedence: Precedence, at: datetime, a_week: int) -> datetime:
    """The first moment at or after `at` with fewer than `a_week` messages in the week before it.

    Messages that wait for a morning lie ahead of `at` and count too, and so does the turn held by whoever
    goes first: a higher precedence, or the same and an earlier turn. So no week ever holds more than the
    limit, and of two programs that wait for one place the later cannot push the earlier back for ever.
    """
    own = next((slot.at for slot in inbox.reserved if slot.id == id), LAST)
    turn = (precedence, own)
    first = [slot.at for slot in inbox.reserved if slot.id != id and (slot.precedence, slot.at) < turn]
    latest = sorted([slot.at for slot in inbox.sent if slot.id != id] + first, reverse=True)
    return at if len(latest) < a_week else max(at, latest[a_week - 1] + WEEK)


def place(
    inbox: Inbox,
    id: str,
    precedence: Precedence,
    now: datetime,
    zone: str,
    pace: Pace,
    *,
    essential: bool = False,
) -> Placement:
    """When message `id` may go to this person.

    Essential messages are never counted and never limited; quiet hours hold for all but safeguarding.
    """
    if precedence is Precedence.SAFEGUARDING:
        return Placement(at=now, full=False)
    at = awake(now, zone, pace.quiet)
    if essential:
        return Placement(at=at, full=False)
    full = False
    while (free := _free(inbox, id, precedence, at, pace.a_week)) > at:
        full = True
        at = awake(free, zone, pace.quiet)
    return Placement(at=at, full=full)


def take(inbox: Inbox, slot: Slot) -> Inbox:
    """The inbox once the message of `slot` is decided; the same message twice counts once."""
    sent = (*(other for other in inbox.sent if other.id != slot.id), slot)
    return release(Inbox(sent=sent, reserved=inbox.reserved), slot.id)


def reserve(inbox: Inbox, slot: Slot) -> Inbox:
    """Hold the turn of a message that was put off, so that nothing of lower precedence takes its place."""
    return Inbox(sent=inbox.sent, reserved=(*release(inbox, slot.id).reserved, slot))


def release(inbox: Inbox, id: str) -> Inbox:
    """Give up the turn of message `id`, if it holds one."""
    return Inbox(sent=inbox.sent, reserved=tuple(slot for slot in inbox.reserved if slot.id != id))


def pruned(inbox: Inbox, now: datetime) -> Inbox:
    """Without what no longer counts: messages older than a week, reservations nobody came for."""
    return Inbox(
        sent=tuple(slot for slot in inbox.sent if slot.at > now - WEEK),
        reserved=tuple(slot for slot in inbox.reserved if slot.at > now - PATIENCE),
    )
