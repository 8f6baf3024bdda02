"""What every measurement stands on: one broker, one database, seeded events, and names that are used once."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from benchmarks.pipeline.meter import Stopwatch
from shared.contracts import PARTICIPANTS, Participant
from shared.contracts.envelope import Event, event_of, to_headers
from shared.mongo import Mongo
from shared.settings import Settings

ORGANIZATION = "acme"
PARTITIONS = 4
_ZONES = ("Europe/Berlin", "America/Sao_Paulo", "Asia/Kolkata", "America/New_York", "Africa/Lagos")
_FIELDS = ("engineering", "finance", "people", "operations", "research", "sales")


class PipelineSettings(Settings):
    """Settings of the service under measurement; it has the name of one that has topics of its own."""

    service = "sessions"


@dataclass
class Ground:
    """The broker and the database of one run, and the seed that all chance follows from."""

    bootstrap: str
    uri: str
    database_pid: int
    seed: int
    driver: str = "motor"
    _used: int = 0
    chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def name(self, what: str) -> str:
        """A name that nothing else of this run has."""
        self._used += 1
        return f"{what}-{self._used}"

    def settings(self, topic_prefix: str) -> PipelineSettings:
        """Settings with a database of their own and the topics of this prefix."""
        return PipelineSettings(
            profile="embedded",
            kafka_bootstrap=self.bootstrap,
            mongo_uri=self.uri,
            mongo_driver=self.driver,
            topic_prefix=topic_prefix,
            database_prefix=self.name("bench"),
        )

    def watch(self) -> Stopwatch:
        """Start to measure."""
        return Stopwatch(self.database_pid)

    @asynccontextmanager
    async def mongo(self) -> AsyncIterator[Mongo]:
        """The same driver with the same guarantees as the kernel's."""
        client = Mongo(self.uri, driver=self.driver)  # type: ignore[arg-type]
        try:
            yield client
        finally:
            await client.close()

    async def topic(self, *names: str, partitions: int = PARTITIONS) -> str:
        """Make topics under a new prefix and return the prefix."""
        prefix = self.name("bench") + "."
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            await admin.create_topics([NewTopic(prefix + each, partitions, 1) for each in names])
        finally:
            await admin.close()
        return prefix

    async def publish(self, prefix: str, events: Iterable[Event]) -> None:
        """Put events on their topics; not part of any measurement."""
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, enable_idempotence=True, linger_ms=10)
        await producer.start()
        try:
            sent = [
                await producer.send(
                    prefix + each.topic, key=each.kafka_key, value=each.body, headers=to_headers(each)
                )
                for each in events
            ]
            await asyncio.gather(*sent)
        finally:
            await producer.stop()

    def ids(self, count: int) -> list[str]:
        """Random ids of participants, the same for the same seed."""
        chance = random.Random(self.seed)
        return [UUID(int=chance.getrandbits(128), version=4).hex for _ in range(count)]

    def participant(self, id: str) -> Participant:
        """A plausible participant."""
        chance = self.chance
        return Participant(
            id=id,
            status="active",
            time_zone=chance.choice(_ZONES),
            country="DE",
            field=chance.choice(_FIELDS),
            seniority=chance.randrange(10),
        )

    def events(self, ids: Sequence[str], version: int = 1) -> list[Event]:
        """One event of this version for each id."""
        return [
            event_of(
                PARTICIPANTS,
                "participant.changed",
                organization=ORGANIZATION,
                id=id,
                version=version,
                body=self.participant(id),
                time_ms=1_700_000_000_000,
            )
            for id in ids
        ]


def copy_of(id: str, version: int, type: str, state: Any) -> dict[str, Any]:
    """The document that the kernel stores of a fact: a baseline must write the same."""
    return {
        "_id": f"{ORGANIZATION}/{id}",
        "organization": ORGANIZATION,
        "id": id,
        "version": version,
        "type": type,
        "state": state,
        "erased": False,
    }
