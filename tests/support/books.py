"""Lost and doubled, found by reading the topics and the database from outside."""

import asyncio
import time
from collections import defaultdict
from dataclasses import dataclass, field

from shared.contracts import HEALTH, PARTICIPANTS
from shared.mongo import Mongo
from tests.support.echo import EchoSettings
from tests.support.kafka import read_all


@dataclass
class Books:
    """What was found; every entry names the aggregate and what is wrong with it."""

    events: int = 0
    facts: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)

    @property
    def balanced(self) -> bool:
        return not (self.lost or self.doubled or self.waiting)


async def balance(settings: EchoSettings, expected: dict[str, int]) -> Books:
    """Compare what went in (`expected`: participant → newest version sent) with copies, decisions and the topic."""
    books = Books()
    mongo = Mongo(settings.mongo_uri, driver=settings.mongo_driver)
    try:
        database = mongo.database(settings.database_of("sessions"))
        copies = {row["id"]: row["version"] for row in await database["participants"].find({}).to_list(None)}
        echoes = {row["id"]: row for row in await database["echoes"].find({}).to_list(None)}
        if waiting := await database["outbox"].count_documents({}):
            books.waiting.append(f"outbox: {waiting}")
        if waiting := await database["dead_letters"].count_documents({}):
            books.waiting.append(f"dead letters: {waiting}")
    finally:
        await mongo.close()
    facts = await read_all(settings.kafka_bootstrap, settings.topic_prefix + PARTICIPANTS.name)
    books.facts = len({dict(record.headers)["ce_id"] for record in facts})
    for id, version in expected.items():
        if copies.get(id) != version:
            books.lost.append(f"{id}: copy {copies.get(id)}, sent {version}")
        if id not in echoes or echoes[id]["state"]["seen"] != version:
            books.lost.append(f"{id}: not decided on {version}")
    await _topic(settings, echoes, books)
    return books


async def _topic(settings: EchoSettings, echoes: dict[str, dict[str, object]], books: Books) -> None:
    """The topic holds every published version of every aggregate, one content a version, each fact once."""
    bodies: dict[str, dict[int, bytes]] = defaultdict(dict)
    order: dict[str, list[int]] = defaultdict(list)
    for record in await read_all(settings.kafka_bootstrap, settings.topic_prefix + HEALTH.name):
        books.events += 1
        id, version = record.key.decode().split("/", 1)[1], int(dict(record.headers)["ce_sequence"])
        if bodies[id].setdefault(version, record.value) != record.value:
            books.doubled.append(f"{id}: two contents of version {version}")
        order[id].append(version)
    for id, row in echoes.items():
        versions = int(str(row["version"]))
        if set(bodies[id]) != set(range(1, versions + 1)):
            books.lost.append(f"{id}: topic has {sorted(bodies[id])}, outbox had 1 to {versions}")
        if order[id] and order[id][-1] != versions:
            books.lost.append(f"{id}: an older version stands last in the topic")
        if len(set(bodies[id].values())) != len(bodies[id]):
            books.doubled.append(f"{id}: one decision published under two versions")


async def balanced(settings: EchoSettings, expected: dict[str, int], seconds: float = 120.0) -> Books:
    """Wait until the books balance; what is left at the time-out is returned as it is."""
    end = time.monotonic() + seconds
    while True:
        books = await balance(settings, expected)
        if books.balanced or books.doubled or time.monotonic() > end:
            return books
        await asyncio.sleep(0.5)
