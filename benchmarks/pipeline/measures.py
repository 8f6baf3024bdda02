"""The five measurements of docs/speed.md."""

from dataclasses import dataclass
from functools import partial

from benchmarks.pipeline import bare, latency, ours
from benchmarks.pipeline.ground import Ground, copy_of
from benchmarks.pipeline.meter import Took, alternate, cpu_us, database_us, rate, ratios, tell
from shared.contracts import PARTICIPANTS
from shared.contracts.envelope import Event
from shared.delivery import Limits
from shared.delivery.outbox import documents
from shared.settings import Settings

# Small enough that a chunk never meets the smallest population's aggregate twice.
GROWTH_CHUNK = 100


async def all(ground: Ground, only: str, runs: int, scale: float) -> None:
    """Those that `only` names, in order."""
    for letter, measure in (("a", inbox), ("b", single), ("c", relay), ("d", idle), ("e", growth)):
        if letter in only:
            await measure(ground, runs, scale)


async def inbox(ground: Ground, runs: int, scale: float) -> None:
    """(a) Through the inbox against a bare loop of consume, decode, bulk write."""
    events = int(8_000 * scale)
    prefix = await ground.topic(PARTICIPANTS.name)
    await ground.publish(prefix, ground.events(ground.ids(events)))
    await ours.apply(ground, prefix, events)
    mine, theirs, tied, waking = await alternate(
        runs,
        partial(ours.apply, ground, prefix, events),
        partial(bare.consume_and_write, ground, prefix, events),
        partial(bare.consume_and_write, ground, prefix, events, in_transaction=True),
        partial(ours.apply, ground, prefix, events, wakes=True),
    )
    wall, cpu = ratios(mine, theirs)
    tell(
        "a",
        "inbox against bare bulk writes",
        wall_ratio=wall,
        wall_aim=0.70,
        cpu_ratio=cpu,
        cpu_aim=0.60,
        events=events,
        events_per_second=rate(mine),
        bare_events_per_second=rate(theirs),
        cpu_us_per_event=cpu_us(mine),
        bare_cpu_us_per_event=cpu_us(theirs),
        database_us_per_event=database_us(mine),
        bare_database_us_per_event=database_us(theirs),
    )
    wall, cpu = ratios(mine, tied)
    tell(
        "a, harder",
        "the same against bulk writes in a transaction for each batch",
        wall_ratio=wall,
        cpu_ratio=cpu,
        bare_events_per_second=rate(tied),
        bare_database_us_per_event=database_us(tied),
    )
    wall, cpu = ratios(waking, theirs)
    tell(
        "a, with work",
        "the same with a work row for every event, which the bare loop does not write",
        wall_ratio=wall,
        cpu_ratio=cpu,
        events_per_second=rate(waking),
        database_us_per_event=database_us(waking),
    )


async def single(ground: Ground, runs: int, scale: float) -> None:
    """(b) Through the inbox against one transaction for each message."""
    events, few = int(4_000 * scale), int(400 * scale)
    prefix = await ground.topic(PARTICIPANTS.name)
    await ground.publish(prefix, ground.events(ground.ids(events)))
    mine, theirs = await alternate(
        runs,
        partial(ours.apply, ground, prefix, events),
        partial(bare.one_by_one, ground, prefix, few),
    )
    wall, cpu = ratios(mine, theirs)
    tell(
        "b",
        "inbox against one transaction for each message",
        wall_ratio=wall,
        wall_aim=4.0,
        cpu_ratio=cpu,
        events_per_second=rate(mine),
        single_events_per_second=rate(theirs),
        database_us_per_event=database_us(mine),
        single_database_us_per_event=database_us(theirs),
    )


async def relay(ground: Ground, runs: int, scale: float) -> None:
    """(c) The relay against bare read, send, delete of the same rows."""
    events = int(8_000 * scale)
    prefix = await ground.topic(PARTICIPANTS.name)
    made = ground.events(ground.ids(events))
    # As the kernel would have written them: a worker's transactions of 20 subjects, a person's of one.
    rows = [
        row
        for at in range(0, events, 20)
        for row in documents(made[at : at + 20], 1_700_000_000_000 + at, Limits().slots)
    ]
    mine, theirs = await alternate(
        runs, partial(ours.relay, ground, prefix, rows), partial(bare.relay, ground, prefix, rows)
    )
    wall, cpu = ratios(mine, theirs)
    tell(
        "c",
        "relay against bare read, send, delete",
        wall_ratio=wall,
        wall_aim=0.70,
        cpu_ratio=cpu,
        events=events,
        rows=len(rows),
        events_per_second=rate(mine),
        bare_events_per_second=rate(theirs),
        database_us_per_event=database_us(mine),
        bare_database_us_per_event=database_us(theirs),
    )


async def idle(ground: Ground, runs: int, scale: float) -> None:
    """(d) Idle: from a commit in one service to its projection in another, against bare produce and consume."""
    await latency.measure(ground, runs, int(40 * scale))


async def growth(ground: Ground, runs: int, scale: float) -> None:
    """(e) What one event costs while 10², 10⁴ and 10⁵ aggregates are known."""
    events = int(1_000 * scale)
    sizes = (100, 10_000, 100_000)
    populations = [await Population.made(ground, known) for known in sizes]
    results = await alternate(runs, *[partial(each.change, events) for each in populations])
    for known, took in zip(sizes, results, strict=True):
        wall, cpu = ratios(took, results[0])
        tell(
            "e",
            f"cost of an event with {known} aggregates",
            wall_against_smallest=1 / wall,
            cpu_against_smallest=1 / cpu,
            aim="flat",
            wall_ms_per_event=1000 / rate(took),
            cpu_us_per_event=cpu_us(took),
            database_us_per_event=database_us(took),
            events=events,
        )


@dataclass
class Population:
    """A service that has known so many aggregates for long."""

    ground: Ground
    prefix: str
    settings: Settings
    ids: list[str]
    version: int = 1
    turn: int = 0
    sent: int = 0

    @classmethod
    async def made(cls, ground: Ground, known: int) -> "Population":
        """With its copies in the database."""
        prefix = await ground.topic(PARTICIPANTS.name, partitions=1)
        found = cls(ground, prefix, ground.settings(prefix), ground.ids(known))
        state = ground.participant(found.ids[0]).model_dump(mode="json")
        kernel = ours.reader(ground, prefix, settings=found.settings)
        await ours.seed(
            kernel, [copy_of(id, 1, "participant.added", {**state, "id": id}) for id in found.ids]
        )
        await kernel.mongo.close()
        return found

    async def change(self, events: int) -> Took:
        """The next aggregates in turn, one partition: no chunk meets one twice, which would spare it a write."""
        batch: list[Event] = []
        while len(batch) < events:
            at = self.turn % len(self.ids)
            if at == 0:
                self.version += 1
            batch += self.ground.events(self.ids[at : at + GROWTH_CHUNK], self.version)
            self.turn += GROWTH_CHUNK
        await self.ground.publish(self.prefix, batch)
        limits = Limits(batch_records=GROWTH_CHUNK)
        kernel = ours.reader(self.ground, self.prefix, limits=limits, settings=self.settings)
        took = await ours.applied(self.ground, kernel, len(batch), self.sent, partitions=1)
        self.sent += len(batch)
        return took
