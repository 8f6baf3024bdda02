"""The kernel doing the work that is measured, driven and watched from outside as little as possible."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from benchmarks.pipeline.ground import PARTITIONS, Ground
from benchmarks.pipeline.meter import Took, until
from shared import metrics
from shared.contracts import PARTICIPANTS, Participant
from shared.delivery import Change, Copies, Kernel, Limits, Projection, Wake
from shared.delivery.outbox import OUTBOX
from shared.settings import Settings

participants: Copies[Participant] = Copies("participants", PARTICIPANTS)


def waking(change: Change) -> Iterable[Wake]:
    """A decision about every participant that changed; far off, so that only its row is measured here."""
    yield Wake("look", change.id)


@asynccontextmanager
async def running(kernel: Kernel) -> AsyncIterator[Kernel]:
    """A started kernel, stopped in any case."""
    await kernel.start()
    try:
        yield kernel
    finally:
        await kernel.stop()


def reader(
    ground: Ground,
    prefix: str,
    *,
    limits: Limits | None = None,
    wakes: bool = False,
    settings: Settings | None = None,
) -> Kernel:
    """A service that only keeps copies of participants; with `settings` one that goes on where another stopped."""
    projection = Projection(participants, waking) if wakes else Projection(participants)
    return Kernel(
        "sessions", settings or ground.settings(prefix), projections=[projection], limits=limits or Limits()
    )


async def apply(ground: Ground, prefix: str, events: int, *, wakes: bool = False) -> Took:
    """All records of a topic through the inbox into an empty database."""
    # Decisions are another measurement: with wakes their rows are written, and nobody takes them.
    kernel = reader(ground, prefix, limits=Limits(work_tasks=0) if wakes else Limits(), wakes=wakes)
    return await applied(ground, kernel, events)


async def applied(
    ground: Ground, kernel: Kernel, events: int, already: int = 0, partitions: int = PARTITIONS
) -> Took:
    """From all partitions claimed until `events` more than `already` are applied and committed.

    The inbox joins its group only when all else runs: starting eight transactional producers happens once in a
    process's life and is no cost of an event.
    """
    claims = kernel.subscriber.claims
    kernel.projections = ()
    await seed(kernel, [])
    async with running(kernel):
        await until(lambda: _held() == kernel.limits.slots)
        await kernel.subscriber.start()
        await until(lambda: len(claims) == partitions, 0.001)
        watch = ground.watch()
        await until(lambda: sum(claim.next for claim in claims.values()) >= already + events)
        return watch.took(events)


async def relay(ground: Ground, prefix: str, documents: list[dict[str, Any]]) -> Took:
    """All rows of an outbox through the relay, from the wake until the last row is gone."""
    # Nothing but the wake may begin a round: not the fallback poll, not the look after a third of a lease.
    kernel = Kernel("profiles", ground.settings(prefix), limits=Limits(poll=600.0, slot_lease=1800.0))
    rows = kernel.database[OUTBOX]
    async with running(kernel):
        await until(lambda: _held() == kernel.limits.slots)
        for at in range(0, len(documents), 500):
            await rows.insert_many(documents[at : at + 500])
        total, before = sum(each["count"] for each in documents), _sent()
        watch = ground.watch()
        kernel.relay.wake(set(range(kernel.limits.slots)))
        await until(lambda: _sent() - before >= total)
        while await rows.find_one({}, {"_id": 1}) is not None:
            pass
        return watch.took(total)


def _sent() -> float:
    return sum(
        sample.value
        for metric in metrics.RELAY_EVENTS.collect()
        for sample in metric.samples
        if sample.name.endswith("_total")
    )


def _held() -> float:
    return sum(sample.value for metric in metrics.RELAY_SLOTS.collect() for sample in metric.samples)


async def seed(kernel: Kernel, rows: list[dict[str, Any]]) -> None:
    """Put copies into a service's database as if they had been applied long ago."""
    collection = kernel.database[participants.collection]
    await collection.create_index([("organization", 1), ("id", 1)])
    for at in range(0, len(rows), 2000):
        await collection.insert_many(rows[at : at + 2000], ordered=False)
