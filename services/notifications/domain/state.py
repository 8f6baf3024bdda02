"""What the service keeps: the attention a pair gets, and what was posted to a person."""

from datetime import date, datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from shared.ladder import Inbox, Track


class Frozen(BaseModel):
    """States are replaced, never changed."""

    model_config = ConfigDict(frozen=True)


class Status(StrEnum):
    """Where a case stands. Only the first three are live."""

    OPEN = "open"
    ON_HOLD = "on_hold"
    SUSPENDED = "suspended"
    RECOVERED = "recovered"
    DISMISSED = "dismissed"
    CLOSED = "closed"


LIVE = frozenset({Status.OPEN, Status.ON_HOLD, Status.SUSPENDED})


class Rematch(StrEnum):
    """What was said about pairing the two anew."""

    NONE = "none"
    RECOMMENDED = "recommended"
    CONFIRMED = "confirmed"


class Entry(Frozen):
    """A line of a case's history, in ids and codes; never recomputed (health.md, Ladder)."""

    at: datetime
    what: str
    rung: int | None = None
    to: tuple[str, ...] = ()
    by: str | None = None
    why: str | None = None


class Case(Frozen):
    """The escalation of one pair. `number` counts the cases of the pair; `since` is the day the cause began.

    `recovered_on` is the last held session when it recovered: a new silence within two cadences of it reopens
    the same case. `busy` holds the one-tap *busy until* of a member.
    """

    number: int
    status: Status
    cause: str
    since: date
    opened_at: datetime
    track: Track
    closed_at: datetime | None = None
    confirmed_at: datetime | None = None
    rematch: Rematch = Rematch.NONE
    held_until: datetime | None = None
    held_why: str | None = None
    snoozed_until: datetime | None = None
    deferred_until: datetime | None = None
    recovered_on: date | None = None
    refused: date | None = None
    history: tuple[Entry, ...] = ()

    @property
    def live(self) -> bool:
        """Open, on hold or suspended."""
        return self.status in LIVE


LIVE_REVIEWS = frozenset({"open", "snoozed"})


class Review(Frozen):
    """A task of the coordinator; the pair is told nothing. `by` only for a confidential word."""

    id: str
    kind: str
    since: date
    state: str = "open"
    by: str | None = None
    snoozed_until: datetime | None = None


class Nudged(Frozen):
    """The last nudge of a kind, decided `on` a day: sent again only for what began later."""

    kind: str
    since: date
    on: date | None = None


class Busy(Frozen):
    """A member said *busy until* with one tap; nobody is asked before that day."""

    participant: str
    until: datetime


class Attention(Frozen):
    """All that a pair asks of people: at most one case, any reviews, and the nudges sent."""

    program: str = ""
    cohort: str = ""
    members: tuple[str, ...] = ()
    case: Case | None = None
    reviews: tuple[Review, ...] = ()
    nudged: tuple[Nudged, ...] = ()
    busy: tuple[Busy, ...] = ()
    announced: tuple[str, ...] = ()


class Post(Frozen):
    """One message to one person, in ids: names and addresses are looked up when it is sent.

    `id` follows from what it is about, so a decision taken twice posts it once. `details` are codes the
    letter is made of.
    """

    id: str
    kind: str
    person: str
    pair: str
    program: str
    at: datetime
    case: int | None = None
    rung: int | None = None
    details: tuple[str, ...] = ()


class Mailing(Frozen):
    """One mail: a single post, or those of a digest. `id` is the stable Message-ID of all its attempts."""

    id: str
    kind: str
    person: str
    program: str
    at: datetime
    posts: tuple[Post, ...]


class Postbox(Frozen):
    """What a person was sent, and what waits for the digest because the week is full."""

    inbox: Inbox = Inbox()
    waiting: tuple[Post, ...] = ()
    digest_at: datetime | None = None
