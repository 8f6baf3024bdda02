"""The kernel of one service: facts in, decisions, events out, put together and started in the right order."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from uuid import uuid4

from shared import metrics
from shared.clock import Clock
from shared.contracts.topics import DEAD_LETTERS
from shared.delivery import indexes
from shared.delivery.aggregates import Aggregates
from shared.delivery.copies import Copies
from shared.delivery.dead_letters import DeadLetters
from shared.delivery.effects import Effects
from shared.delivery.failure import Backoff, Breaker, describe, is_outage
from shared.delivery.halts import Halts
from shared.delivery.inbox.apply import Applier
from shared.delivery.inbox.positions import Positions
from shared.delivery.inbox.subscriber import Subscriber
from shared.delivery.leases import Leases
from shared.delivery.model import Effect, Fanout, Limits, Projection, Work
from shared.delivery.ops import Operations
from shared.delivery.outbox import OUTBOX
from shared.delivery.relay import Relay
from shared.delivery.transaction import EFFECTS, WORK, Transaction, View
from shared.delivery.transactions import Transactions
from shared.delivery.worker import Worker
from shared.mongo import Mongo
from shared.settings import Settings

T = TypeVar("T")
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Readiness:
    """What `/ready` tells: what is missing or halted, and how much is still to be done."""

    missing: Sequence[str] = ()
    halted: Sequence[str] = ()
    lag: int = 0
    outbox: int = 0
    due: int = 0
    failing: int = 0
    dead_letters: int = 0
    late_seconds: float = 0.0
    clock_offset_seconds: float = 0.0

    @property
    def ready(self) -> bool:
        """Nothing is missing and nothing stands still."""
        return not self.missing and not self.halted


@dataclass
class Kernel:
    """All that runs in one service process besides its HTTP API.

    `kafka_options` go to every Kafka client (security settings). `limits` are the sizes and times of the design.
    """

    service: str
    settings: Settings
    aggregates: Sequence[Aggregates[Any]] = ()
    projections: Sequence[Projection] = ()
    work: Sequence[Work] = ()
    fanouts: Sequence[Fanout] = ()
    effects: Sequence[Effect] = ()
    limits: Limits = field(default_factory=Limits)
    kafka_options: dict[str, Any] = field(default_factory=dict)
    copies: Sequence[Copies[Any]] = ()
    _running: bool = False
    _stopping: bool = False
    _joining: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        if self.projections and self.service not in DEAD_LETTERS:
            raise ValueError(
                f"service {self.service!r} has no dead-letter topic: add it to SERVICES in shared/contracts/topics.py"
            )
        settings, service = self.settings, self.service
        if settings.kafka_session_seconds is not None:
            session = int(settings.kafka_session_seconds * 1000)
            self.limits = replace(self.limits, session_timeout_ms=session)
        self.owner = f"{service}-{uuid4().hex[:12]}"
        self.mongo = Mongo(settings.mongo_uri, driver=settings.mongo_driver)
        self.database = self.mongo.database(settings.database_of(service))
        self.clock = Clock(
            self.mongo,
            adjustable=settings.profile == "embedded",
            offset_database=settings.clock_database,
        )
        self.clock.moved = self._moved
        self.transactions = Transactions(
            self.mongo, self.database, self.clock, self.limits, self._committed, self._woken, self._ordered
        )
        self.halts = Halts(self.database, self.clock)
        prefix = settings.topic_prefix
        self.group = f"{prefix}{service}"
        by_topic = {prefix + each.copies.topic.name: each for each in self.projections}
        self.positions = Positions(self.database, self.group)
        self.applier = Applier(self.transactions, self.positions, by_topic, self._breaker(), service)
        self.subscriber = Subscriber(
            settings.kafka_bootstrap,
            sorted(by_topic),
            self.group,
            self.owner,
            self.positions,
            self.applier,
            self.limits,
            self.kafka_options,
        )
        self.leases = Leases(self.database, self.clock, self.owner, self.limits.slot_lease)
        self.relay = Relay(
            self.transactions,
            self.leases,
            settings.kafka_bootstrap,
            f"{prefix}{service}.relay",
            prefix,
            self.limits,
            self.kafka_options,
        )
        self.worker = Worker(
            self.transactions,
            {each.kind: each for each in self.work},
            {each.kind: each for each in self.fanouts},
            self.halts,
            self._breaker(),
            self.limits,
        )
        self.outside = Effects(self.transactions, {each.kind: each for each in self.effects}, self.limits)
        self.letters = DeadLetters(self.transactions, by_topic, self.group)
        self.ops = Operations(self.transactions, self.positions, self.halts, self.letters)

    # -- life ---------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Prepare the database, then run relay, workers, effects and inbox; waits for a database that is away.

        Raises SlotsChanged when the database was started with another number of outbox slots.
        """
        backoff = Backoff(0.2, 5.0)
        while not self._stopping:
            try:
                await self.clock.start()
                await self.leases.fix_slots(self.limits.slots)
                await self.transactions.indexes()
                await self.letters.indexes()
                await indexes.make(self.database, self.aggregates, self.projections)
                break
            except Exception as error:
                if not is_outage(error):
                    raise
                log.warning("database not there yet: %s", describe(error))
            await asyncio.sleep(backoff.next())
        await self.relay.start()
        await self.worker.start()
        await self.outside.start()
        self._running = True
        if self.projections:
            # In the background: without a broker the service still answers and takes commands.
            self._joining = asyncio.create_task(self.subscriber.start(), name="inbox-start")

    async def stop(self) -> None:
        """Stop fetching, finish what is in hand, close; every step has a deadline."""
        self._stopping = True
        if self._joining is not None:
            self._joining.cancel()
            await asyncio.wait([self._joining], timeout=1.0)
        # Facts and decisions first: their last events may still be relayed.
        await asyncio.gather(
            self.subscriber.stop(), self.worker.stop(), self.outside.stop(), return_exceptions=True
        )
        await asyncio.gather(self.relay.stop(), return_exceptions=True)
        await self.clock.stop()
        with suppress(Exception):
            async with asyncio.timeout(2.0):
                await self.mongo.close()

    # -- for the service's HTTP API -----------------------------------------------------------------------------

    async def command(self, organization: str, run: Callable[[Transaction], Awaitable[T]]) -> T:
        """A person's command in one transaction; raises Unavailable when the database does not answer in time."""
        return await self.transactions.command(organization, run)

    def view(self, organization: str) -> View:
        """Plain majority reads."""
        return self.transactions.view(organization)

    async def readiness(self) -> Readiness:
        """Asked by `/ready`; also refreshes the gauges that Prometheus reads."""
        # `rapport clock advance` asks until everybody reports it; so it need not wait for the next look.
        with suppress(Exception):
            async with asyncio.timeout(1.0):
                await self.clock.follow()
        missing, offset = [], self.clock.offset.total_seconds()
        if not self._running:
            return Readiness(
                missing=["start: the database has not answered yet"], clock_offset_seconds=offset
            )
        try:
            async with asyncio.timeout(4.0):
                halted = await self._halted()
                outbox, due, failing, letters, late = await self._depths()
        except Exception as error:
            return Readiness(missing=[f"database: {type(error).__name__}"], clock_offset_seconds=offset)
        if self.projections:
            consumer = self.subscriber.consumer
            assigned = (
                consumer.assignment() if consumer is not None and self.subscriber.started else frozenset()
            )
            if not self.subscriber.started:
                missing.append("kafka: the inbox has not joined its group")
            waiting = [
                tp for tp in assigned if tp not in self.subscriber.claims and tp not in self.subscriber.halted
            ]
            if waiting:
                missing.append(f"inbox: {len(waiting)} partitions not claimed yet")
        lag = 0
        if self.projections:
            try:
                lag = await self.subscriber.measure()
            except Exception as error:
                missing.append(f"kafka: {type(error).__name__}")
        return Readiness(
            missing=missing,
            halted=halted,
            lag=lag,
            outbox=outbox,
            due=due,
            failing=failing,
            dead_letters=letters,
            late_seconds=late,
            clock_offset_seconds=offset,
        )

    # -- inside -------------------------------------------------------------------------------------------------

    def _breaker(self) -> Breaker:
        return Breaker(
            self.limits.failures_in_a_row, self.limits.failures_of_last, self.limits.failures_window
        )

    def _committed(self, slots: set[int]) -> None:
        self.relay.wake(slots)

    def _woken(self) -> None:
        self.worker.wake()

    def _ordered(self) -> None:
        self.outside.wake()

    def _moved(self) -> None:
        self.worker.wake()
        self.outside.wake()

    async def _halted(self) -> list[str]:
        found = [
            f"{each['consumer']}: {reason}"
            for each in await self.ops.consumers()
            for reason in each["reasons"]
        ]
        for name in ("inbox", "work"):
            metrics.HALTED.labels(consumer=name).set(any(each.startswith(f"{name}:") for each in found))
        return found

    async def _depths(self) -> tuple[int, int, int, int, float]:
        now = self.clock.now()
        rows = self.database[WORK]
        where = {"due_at": {"$lte": now}}
        due = await self.database[EFFECTS].count_documents(where)
        failing = await rows.count_documents({"failed": {"$exists": True}})
        oldest = await rows.find_one(where, {"due_at": 1, "kind": 1}, sort=[("due_at", 1)])
        due += await rows.count_documents(where) if oldest else 0
        late = (now - oldest["due_at"]).total_seconds() if oldest else 0.0
        first = await self.database[OUTBOX].find_one({}, {"order": 1}, sort=[("order", 1)])
        outbox = await self.database[OUTBOX].count_documents({}) if first else 0
        letters = await self.letters.count()
        metrics.WORK_DUE.labels(kind="all").set(due)
        metrics.WORK_LATE_SECONDS.labels(kind="all").set(late)
        metrics.OUTBOX_ROWS.set(outbox)
        metrics.OUTBOX_AGE_SECONDS.set(
            max(0.0, (self.clock.wall_ms() - first["order"]) / 1000) if first else 0.0
        )
        metrics.DEAD_LETTERS.set(letters)
        metrics.CLOCK_OFFSET_SECONDS.set(self.clock.offset.total_seconds())
        return outbox, due, failing, letters, late
