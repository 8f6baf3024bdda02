"""The HTTP kit on the real kernel and cluster: idempotent answers, the ops API, readiness, and the audit's books."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fastapi import APIRouter, Depends, FastAPI, Response
from pydantic import BaseModel, ConfigDict

from shared.console.audit import gather
from shared.console.ledger import Report
from shared.console.ledger import audit as compare
from shared.console.store.books import ServiceBooks
from shared.contracts import DEAD_LETTERS, HEALTH, PARTICIPANTS, Participant
from shared.delivery import Aggregates, Kernel
from shared.http import Caller, Idempotent, Reply, create_app, require
from shared.http.store import COLLECTION
from shared.http.testing import client, token
from tests.support import echo
from tests.support.kafka import create_topics, read_all

TRACE = "a" * 32


class Person(BaseModel):
    model_config = ConfigDict(frozen=True)

    n: int


people = Aggregates(
    "people",
    Person,
    topic=PARTICIPANTS,
    event=lambda id, state: Participant(id=id, status="active", field=f"f{state.n}"),
)


def routes() -> APIRouter:
    router = APIRouter(prefix="/v1/people")

    @router.post("", status_code=201)
    async def add(once: Idempotent, caller: Caller = Depends(require("hr"))) -> Response:
        async def run(tx: Any) -> Reply:
            id = uuid4().hex
            await people.add(tx, id, Person(n=1), "participant.added")
            return Reply({"id": id}, 201, revision=1)

        return await once(caller, run)

    return router


@pytest.fixture
async def setting(kafka, database, names, mongo_driver, tmp_path: Path) -> AsyncIterator[Any]:
    """profiles (writes people over HTTP) and the echo service (reads them), on topics of their own."""
    await create_topics(
        kafka.bootstrap,
        names.topic_prefix,
        [PARTICIPANTS, HEALTH, DEAD_LETTERS["sessions"], DEAD_LETTERS["profiles"]],
    )
    settings = echo.settings(kafka.bootstrap, database.uri, names, mongo_driver)
    settings = settings.model_copy(update={"profile": "embedded", "data_dir": tmp_path})
    writer = Kernel("profiles", settings, aggregates=[people], limits=echo.FAST)
    reader = echo.kernel(settings)
    app = create_app("profiles", settings, writer, [routes()])
    async with app.router.lifespan_context(app):
        await reader.start()
        try:
            yield app, writer, reader, settings
        finally:
            await reader.stop()


async def ready(app: FastAPI, http: Any) -> None:
    for _ in range(300):
        if (await http.get("/ready")).status_code == 200:
            return
        await asyncio.sleep(0.1)
    raise AssertionError((await http.get("/ready")).text)


async def calm(*kernels: Any) -> None:
    quiet = 0
    for _ in range(600):
        states = [await kernel.readiness() for kernel in kernels]
        quiet = quiet + 1 if all(s.ready and not (s.lag or s.due or s.outbox) for s in states) else 0
        if quiet == 2:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(states)


async def books_of(setting: Any) -> Report:
    _, writer, reader, settings = setting
    shelves = {
        "profiles": ServiceBooks(writer, settings.topic_prefix),
        "sessions": ServiceBooks(reader, settings.topic_prefix),
    }
    return compare(await gather(settings.kafka_bootstrap, settings.topic_prefix, shelves))


async def test_answers_are_stored_with_the_change_also_when_two_processes_race(
    setting: Any, tmp_path: Path
) -> None:
    app, writer, reader, settings = setting
    # Another process: its own set of requests in flight, the same database.
    second = Kernel("profiles", settings, aggregates=[people], limits=echo.FAST)
    await second.start()
    other = create_app("profiles", settings, second, [routes()])
    made = token(tmp_path, "hr")
    try:
        async with client(app, made) as one, client(other, made) as two:
            await ready(app, one)
            for n in range(10):
                headers = {"Idempotency-Key": f"key-{n}", "traceparent": f"00-{TRACE}-{'b' * 16}-01"}
                answers = await asyncio.gather(
                    *(http.post("/v1/people", headers=headers) for http in (one, two))
                )
                assert [each.status_code for each in answers] == [201, 201]
                assert answers[0].content == answers[1].content
                replayed = ["idempotency-replayed" in each.headers for each in answers]
                assert sorted(replayed) == [False, True]
    finally:
        await second.stop()
    assert await writer.database["people"].count_documents({}) == 10
    assert await writer.database[COLLECTION].count_documents({}) == 10
    indexes = await writer.database[COLLECTION].index_information()
    assert any(each.get("expireAfterSeconds") == 0 for each in indexes.values())

    await calm(writer, reader)
    report = await books_of(setting)
    # Ten people and ten echoes; only the people have a reader here.
    assert (report.events, report.applied, report.lost, report.doubled, report.waiting) == (20, 10, 0, 0, 0)

    sent = await read_all(settings.kafka_bootstrap, settings.topic_prefix + PARTICIPANTS.name)
    assert {dict(each.headers)["traceparent"].split(b"-")[1] for each in sent} == {TRACE.encode()}

    await _damage(reader)
    broken = await books_of(setting)
    assert broken.lost == 2
    assert broken.doubled == 1


async def _damage(reader: Any) -> None:
    """A copy that missed its event, one with another content, and one ahead of all that was ever sent."""
    copies = [row async for row in reader.database["participants"].find({}).sort("_id", 1)]
    for row, change in zip(copies, ({"version": 0}, {"state.field": "x"}, {"version": 9}), strict=False):
        await reader.database["participants"].update_one({"_id": row["_id"]}, {"$set": change})


async def test_the_ops_api_reads_the_real_kernel(setting: Any, tmp_path: Path) -> None:
    app, writer, *_ = setting
    async with client(app, token(tmp_path, "ops")) as http:
        await ready(app, http)
        consumers = (await http.get("/v1/ops/consumers")).json()
        assert {each["consumer"] for each in consumers} == {"inbox", "work"}
        assert (await http.get("/v1/ops/positions")).json() == []
        assert (await http.get("/v1/ops/dead-letters")).json() == {"items": [], "next": None}
        redriven = await http.post("/v1/ops/dead-letters/redrive", json={"topic": "x"})
        assert redriven.json()["counts"] == {}
        await writer.halts.halt("work", "eleven in a row", 0)
        stuck = await http.get("/ready")
        assert (stuck.status_code, stuck.json()["halted"]) == (503, ["work: eleven in a row"])
        assert (await http.post("/v1/ops/consumers/work/resume")).status_code == 204
        assert (await http.get("/ready")).status_code == 200
