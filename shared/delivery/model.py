"""What a service author hands to the kernel: plain values and pure functions, one registration line each."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shared.delivery.copies import Copies
    from shared.delivery.transaction import Reader, Transaction, View

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wake:
    """A subject that may need a decision of this kind.

    `due` is program time (None: at once); `delay` is added to now when `due` is None. A subject that already
    waits keeps the earlier of the two times, so a burst of facts is decided once, `delay` after the first.
    """

    kind: str
    subject: str
    due: datetime | None = None
    delay: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Change:
    """What one fact did to this service's copy of an aggregate.

    `before` is None when nothing was known, `after` is None when the aggregate was erased; both are the kept part
    of the state in JSON form. Versions in between may never have been seen.
    """

    organization: str
    id: str
    type: str
    before: Document | None
    after: Document | None


def no_wakes(_change: Change) -> Iterable[Wake]:
    """For copies that are only read, never reacted to."""
    return ()


@dataclass(frozen=True, slots=True)
class Projection:
    """Facts in: a copy of another service's aggregates, and the subjects that a change of one concerns."""

    copies: "Copies[Any]"
    wakes: Callable[[Change], Iterable[Wake]] = no_wakes


@dataclass(frozen=True, slots=True)
class Work:
    """Decisions of one kind: `handle` loads, decides and saves in one transaction and says when it is due again.

    It runs at least once for every wake and must come to the same end when it runs again: it looks at what is
    there, not at what happened last. `prepare`, when given, runs before and outside the transaction for what takes
    long (a solve in a worker process); its result is handed to `handle`, which must check it against what is there
    by then. `ahead`, when given, reads at once what `handle` will ask for one by one: several subjects of one
    organization are decided on in one transaction, which remembers what was read.
    """

    kind: str
    handle: Callable[..., Awaitable[datetime | None]]
    prepare: "Callable[[View, str], Awaitable[Any]] | None" = None
    ahead: "Callable[[Transaction, list[str]], Awaitable[None]] | None" = None


@dataclass(frozen=True, slots=True)
class Fanout:
    """One fact about many subjects: `page(reader, subject, after, limit)` gives the next ids in ascending order."""

    kind: str
    page: "Callable[[Reader, str, str | None, int], Awaitable[list[str]]]"
    then: str


@dataclass(frozen=True, slots=True)
class EffectRow:
    """One effect outside the database; `id` is stable over every attempt, so a receiver can drop a repetition."""

    kind: str
    organization: str
    id: str
    body: Mapping[str, Any]
    attempts: int


@dataclass(frozen=True, slots=True)
class Effect:
    """Effects of one kind (mail, webhook): claimed by a lease, sent at least once.

    `send(row)` talks to the outside and returns an outcome; whatever it raises is tried again with growing delays.
    `done(tx, row, outcome)` records the outcome in the transaction that removes the row.
    """

    kind: str
    send: Callable[[EffectRow], Awaitable[Any]]
    done: "Callable[[Transaction, EffectRow, Any], Awaitable[None]] | None" = None


@dataclass(frozen=True, slots=True)
class Index:
    """An index of a collection; `organization` is put in front of every key list."""

    keys: tuple[tuple[str, int], ...]
    unique: bool = False
    partial: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes and times of the delivery kernel.

    Times are seconds. The failure limits are the design's (more than 10 in a row or 20 of the last 400).
    """

    batch_records: int = 500
    work_batch: int = 20
    work_tasks: int = 2
    work_seconds: float = 1.5
    gather: float = 0.05
    page: int = 500
    relay_events: int = 500
    slots: int = 8
    slot_lease: float = 6.0
    work_lease: float = 8.0
    effect_lease: float = 30.0
    effect_tasks: int = 4
    poll: float = 0.5
    command_deadline: float = 5.0
    transaction_timeout_ms: int = 10_000
    session_timeout_ms: int = 10_000
    failures_in_a_row: int = 10
    failures_of_last: int = 20
    failures_window: int = 400
    attempts: int = 5
    dead_letter_days: int = 30
    backoff_least: float = 0.1
    backoff_most: float = 30.0
    stop_batch: float = 10.0


@dataclass(frozen=True, slots=True)
class Parts:
    """All that a service registers with its kernel."""

    projections: tuple[Projection, ...] = ()
    work: tuple[Work, ...] = ()
    fanouts: tuple[Fanout, ...] = ()
    effects: tuple[Effect, ...] = ()
    aggregates: tuple[Any, ...] = field(default=())
