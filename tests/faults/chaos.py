"""Random faults under load: kills and freezes of replicas, broker and database, by a seed that can be repeated."""

import asyncio
import random
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from aiokafka.errors import KafkaError
from pymongo.errors import PyMongoError

from shared.contracts import PARTICIPANTS
from tests.support import echo
from tests.support.books import Books, balance
from tests.support.cluster import Server
from tests.support.echo import EchoSettings
from tests.support.kafka import Sender, event
from tests.support.process import EchoProcess

# Freezes in seconds. The long ones end after the group session (6 s) and the leases (3 and 4 s) of the replicas under
# test; the longest also after the lifetimes of a Kafka transaction (10 s) and of a database operation (10 s).
SHORT = (0.05, 1.5)
LONG = (7.0, 9.0)
LONGEST = (11.0, 13.0)
PEOPLE = 200


@dataclass(frozen=True)
class Fault:
    """One fault: `pause` seconds after the one before, `victim` is killed or frozen for `seconds`."""

    pause: float
    victim: str
    kind: str
    seconds: float

    def __str__(self) -> str:
        return f"{self.kind:6} {self.victim:9} {self.seconds:5.2f} s"


def plan(seed: int, faults: int, replicas: int) -> list[Fault]:
    """The choice of all faults, the same for the same seed. Pure."""
    chance = random.Random(seed)
    victims = [f"replica {n}" for n in range(replicas)]
    made = []
    for _ in range(faults):
        victim = chance.choices([*victims, "kafka", "database"], [*[6 / replicas] * replicas, 2, 2])[0]
        kind = chance.choice(["kill", "freeze"])
        spans = [SHORT, LONG, LONGEST]
        # A dead process has no time-out to outlive: how long it stays away only tells how much piles up.
        span = SHORT if kind == "kill" else chance.choices(spans, [6, 3, 1])[0]
        made.append(Fault(round(chance.uniform(0.0, 2.5), 2), victim, kind, round(chance.uniform(*span), 2)))
    return made


@dataclass
class Load:
    """Sends changes of people without end, in bursts of changing size; knows the newest version of each."""

    settings: EchoSettings
    rate: float
    chance: random.Random
    newest: dict[str, int] = field(default_factory=dict)
    sent: int = 0
    wanted: int = 0
    stopping: bool = False

    async def run(self) -> None:
        """Until `stopping` is set and at least `wanted` events are acknowledged."""
        while not (self.stopping and self.sent >= self.wanted):
            with suppress(KafkaError, OSError, TimeoutError):
                async with Sender(self.settings.kafka_bootstrap, self.settings.topic_prefix) as sender:
                    await self._send(sender)
            await asyncio.sleep(0.2)

    async def _send(self, sender: Sender) -> None:
        while not (self.stopping and self.sent >= self.wanted):
            size = self.chance.choice((1, 5, 20, 60))
            ids = [f"p{n}" for n in self.chance.sample(range(PEOPLE), size)]
            changes = {id: self.newest.get(id, 0) + 1 for id in ids}
            events = [
                event(PARTICIPANTS, "participant.changed", echo.participant(id, version), version)
                for id, version in changes.items()
            ]
            while True:
                # A burst is repeated until it is acknowledged: what is expected has been sent for certain.
                try:
                    async with asyncio.timeout(30):
                        await sender.events(events)
                    break
                except (KafkaError, TimeoutError):
                    await asyncio.sleep(0.5)
            self.newest.update(changes)
            self.sent += size
            if not self.stopping:
                await asyncio.sleep(size / self.rate * self.chance.uniform(0.3, 1.7))


@dataclass
class Chaos:
    """One run. `say` hears a line of progress now and then."""

    settings: EchoSettings
    replicas: Sequence[EchoProcess]
    servers: Mapping[str, Server]
    faults: Sequence[Fault]
    load: Load
    say: Callable[[str], None]
    done: int = 0
    _locks: dict[str, asyncio.Lock] = field(default_factory=dict)

    async def run(self, settle_seconds: float) -> Books:
        """Start, hurt, let everything run again, and wait until the books balance."""
        for replica in self.replicas:
            await replica.start()
        loading = asyncio.create_task(self.load.run())
        hurting: set[asyncio.Task[None]] = set()
        try:
            for fault in self.faults:
                await asyncio.sleep(fault.pause)
                lock = self._locks.setdefault(fault.victim, asyncio.Lock())
                # One fault of one victim at a time, but several victims may be hurt at once.
                async with lock:
                    pass
                task = asyncio.create_task(self._hurt(fault, lock))
                hurting.add(task)
                for ended in [each for each in hurting if each.done()]:
                    hurting.discard(ended)
                    ended.result()
                await asyncio.sleep(0)
            await asyncio.gather(*hurting)
            self.load.stopping = True
            self.say(f"{self.done} faults done, {self.load.sent} events sent; everything runs again")
            await loading
        finally:
            loading.cancel()
            for task in hurting:
                task.cancel()
        return await self._settle(settle_seconds)

    async def _hurt(self, fault: Fault, lock: asyncio.Lock) -> None:
        async with lock:
            if fault.victim in self.servers:
                await self._hurt_server(self.servers[fault.victim], fault)
            else:
                await self._hurt_replica(self.replicas[int(fault.victim.split()[1])], fault)
        self.done += 1
        if self.done % 10 == 0 or len(self.faults) < 20:
            self.say(
                f"{self.done:4}/{len(self.faults)} faults, {self.load.sent:6} events sent; last: {fault}"
            )

    async def _hurt_server(self, server: Server, fault: Fault) -> None:
        if fault.kind == "kill":
            await asyncio.to_thread(server.kill)
            await asyncio.sleep(fault.seconds)
            await asyncio.to_thread(server.start)
        else:
            await asyncio.to_thread(server.freeze)
            await asyncio.sleep(fault.seconds)
            server.thaw()

    async def _hurt_replica(self, replica: EchoProcess, fault: Fault) -> None:
        assert replica.running, f"{fault.victim} ended by itself:\n{replica.log.read_text()[-3000:]}"
        if fault.kind == "kill":
            await asyncio.to_thread(replica.kill)
            await asyncio.sleep(fault.seconds)
            # Without waiting: the database it needs at its start may be the next victim.
            await replica.start(wait=False)
        else:
            await replica.freeze()
            await asyncio.sleep(fault.seconds)
            replica.thaw()

    async def _settle(self, seconds: float) -> Books:
        end = time.monotonic() + seconds
        books, calm, rounds = Books(), 0, 0
        while time.monotonic() < end and calm < 2:
            await asyncio.sleep(1.0)
            try:
                books = await balance(self.settings, self.load.newest)
            except (PyMongoError, KafkaError, OSError) as error:
                self.say(f"the books cannot be read yet: {type(error).__name__}")
                continue
            # Twice, some seconds apart: what was frozen must not have an effect afterwards either.
            calm = calm + 1 if books.balanced else 0
            if calm:
                await asyncio.sleep(4.0)
            elif (rounds := rounds + 1) % 5 == 0:
                self.say(f"open: {len(books.lost)} lost, {len(books.doubled)} doubled, {books.waiting}")
        for number, replica in enumerate(self.replicas):
            assert replica.running, f"replica {number} ended by itself:\n{replica.log.read_text()[-3000:]}"
        return books


def verdict(faults: int, books: Books) -> str:
    """The last line of a run. What still waits at its end has not arrived: it counts as lost."""
    lost = len(books.lost) + len(books.waiting)
    return f"faults {faults} events {books.facts} lost {lost} doubled {len(books.doubled)}"


def chaos(
    settings: EchoSettings,
    replicas: Sequence[EchoProcess],
    servers: Mapping[str, Any],
    *,
    seed: int,
    faults: int,
    events: int,
    rate: float,
    say: Callable[[str], None],
) -> Chaos:
    """A run that is ready to start; `rate` is in events a second."""
    load = Load(settings, rate, random.Random(seed + 1), wanted=events)
    return Chaos(settings, replicas, servers, plan(seed, faults, len(replicas)), load, say)
