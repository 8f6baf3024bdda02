"""The profiles service in this process or in one of its own, spoken to over HTTP as its clients do."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from services.profiles.app import build
from services.profiles.settings import Settings
from shared import clock
from shared.contracts import CONTACTS, DEAD_LETTERS, ENROLLMENTS, PAIRS, PARTICIPANTS, PROGRAMS
from shared.delivery import Kernel
from shared.http.testing import client, token
from tests.support.kafka import create_topics, read_all
from tests.support.settings import settings_of

ANA = {"given_name": "Ana", "family_name": "Roth", "email": "ana@example.org", "time_zone": "Europe/Paris"}
BEN = {"given_name": "Ben", "family_name": "D'Angelo", "email": "ben@example.org"}

TOPICS = (PARTICIPANTS, CONTACTS, PROGRAMS, ENROLLMENTS, PAIRS, DEAD_LETTERS["profiles"])


def settings(kafka: Any, database: Any, names: Any, driver: str, folder: Path, **more: Any) -> Settings:
    """Settings of one test."""
    return settings_of(Settings, kafka, database, names, driver, folder, **more)


class Api:
    """Requests as somebody; whatever is not expected fails the test with the answer's text."""

    def __init__(self, http: httpx.AsyncClient, folder: Path) -> None:
        self.http = http
        self.folder = folder

    async def call(
        self,
        method: str,
        path: str,
        *,
        role: str = "admin",
        expect: int = 200,
        participant: str | None = None,
        programs: tuple[str, ...] = (),
        organization: str = "acme",
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> httpx.Response:
        bearer = token(
            self.folder,
            role,
            organization=organization,
            participant=participant,
            programs=programs,
            subject="tester",
        )
        sent = {"Authorization": f"Bearer {bearer}", **(headers or {})}
        answer = await self.http.request(method, path, headers=sent, **more)
        assert answer.status_code == expect, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer

    async def get(self, path: str, **more: Any) -> Any:
        return (await self.call("GET", path, **more)).json()

    async def post(self, path: str, body: Any = None, **more: Any) -> Any:
        answer = await self.call("POST", path, json=body, **more)
        return answer.json() if answer.content else None

    async def send_csv(self, text: str | bytes, source: str = "hr", **more: Any) -> Any:
        """Start an import; its answer."""
        headers = {"Content-Type": "text/csv", **more.pop("headers", {})}
        data = text.encode() if isinstance(text, str) else text
        path = f"/v1/imports?source={source}"
        expect = more.pop("expect", 202)
        return (
            await self.call("POST", path, role="hr", expect=expect, content=data, headers=headers, **more)
        ).json()

    async def finished(self, id: str, seconds: float = 150.0) -> Any:
        """The import once it is done."""

        async def done() -> Any:
            found = await self.get(f"/v1/imports/{id}", role="hr")
            return found if found["state"] == "done" else None

        return await until(f"import {id} is done", done, seconds)

    async def rows(self, id: str, query: str = "") -> list[dict[str, Any]]:
        """The whole report."""
        found: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = await self.get(f"/v1/imports/{id}/rows?limit=200{query}{cursor}", role="hr")
            found += page["items"]
            if page["next"] is None:
                return found
            cursor = f"&cursor={page['next']}"

    async def program(self, id: str = "spring", **changes: Any) -> str:
        """An open program with one evergreen cohort and a coordinator; the coordinator's id."""
        carla = await self.post(
            "/v1/participants",
            {"given_name": "Carla", "family_name": "Ödegård", "email": "carla@example.org"},
            expect=201,
        )
        body = {
            "id": id,
            "name": "Spring",
            "coordinators": [carla["id"]],
            "cohorts": [{"id": "2026", "name": "Round", "starts": "2026-01-01"}],
        }
        await self.post("/v1/programs", body | changes, expect=201)
        await self.post(f"/v1/programs/{id}/open")
        return str(carla["id"])


async def until(what: str, check: Callable[[], Awaitable[Any]], seconds: float = 150.0) -> Any:
    """Wait until a check holds; the time-out is only there to end a broken test."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = await check()
        if found:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(f"not within {seconds:.0f} s: {what}")


async def settled(kernel: Kernel) -> None:
    """Wait until nothing lags, is due or is to be relayed, twice in a row."""
    calm = 0

    async def check() -> bool:
        nonlocal calm
        state = await kernel.readiness()
        calm = calm + 1 if state.ready and not (state.lag or state.due or state.outbox) else 0
        return calm >= 2

    await until("profiles is settled", check)


async def advance(kernel: Kernel, chosen: Settings, by: timedelta) -> None:
    """Move program time, and wait until the service has seen it."""
    ahead = await clock.advance(kernel.mongo, by, chosen.clock_database)

    async def seen() -> bool:
        await kernel.clock.measure()
        return kernel.clock.offset >= ahead

    await until("the clock has moved", seen)
    kernel.worker.wake()


@asynccontextmanager
async def here(chosen: Settings) -> AsyncIterator[tuple[Api, Kernel]]:
    """The service in this process, with its topics made."""
    await create_topics(chosen.kafka_bootstrap, chosen.topic_prefix, TOPICS)
    service = build(chosen)
    kernel = service.kernel
    assert isinstance(kernel, Kernel)
    await kernel.start()
    try:
        async with client(service.app) as http:
            yield Api(http, chosen.data_dir), kernel
    finally:
        await kernel.stop()


class Process:
    """The service in a process of its own, to be killed."""

    def __init__(self, chosen: Settings) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        named = {"profile", "data_dir", "kafka_bootstrap", "mongo_uri", "mongo_driver", "topic_prefix"}
        named |= {"database_prefix", "import_wait_seconds"}
        self.environment = {
            **os.environ,
            **{f"RAPPORT_{name.upper()}": str(getattr(chosen, name)) for name in named},
            "RAPPORT_PORT": str(self.port),
        }
        self.running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-c", "from shared.console.main import main; main()", "serve", "profiles"]
        self.running = subprocess.Popen(command, env=self.environment, stdout=subprocess.DEVNULL)

    def kill(self) -> None:
        """kill -9, and proof of it: the process is gone and its port closed."""
        assert self.running is not None
        self.running.send_signal(signal.SIGKILL)
        assert self.running.wait(10) == -signal.SIGKILL
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", self.port)) != 0

    def end(self) -> None:
        if self.running is not None and self.running.poll() is None:
            self.running.terminate()
            try:
                self.running.wait(25)
            except subprocess.TimeoutExpired:
                self.running.kill()
                self.running.wait(10)


@asynccontextmanager
async def apart(chosen: Settings) -> AsyncIterator[tuple[Api, Process]]:
    """The service in a process of its own, ready."""
    await create_topics(chosen.kafka_bootstrap, chosen.topic_prefix, TOPICS)
    process = Process(chosen)
    process.start()
    try:
        async with httpx.AsyncClient(base_url=process.url, timeout=30) as http:
            await ready(http)
            yield Api(http, chosen.data_dir), process
    finally:
        process.end()


async def ready(http: httpx.AsyncClient) -> None:
    """Wait until the service says that it is ready."""

    async def check() -> bool:
        try:
            return (await http.get("/ready")).status_code == 200
        except httpx.TransportError:
            return False

    await until("profiles is ready", check, 60)


async def published(chosen: Settings, topic: Any) -> list[tuple[str, str, int, dict[str, Any] | None]]:
    """Every event of a topic in order: (type, id, version, body)."""
    found = []
    records = await read_all(chosen.kafka_bootstrap, chosen.topic_prefix + topic.name)
    for record in sorted(records, key=lambda each: (each.timestamp, each.partition, each.offset)):
        headers = {name: value.decode() for name, value in record.headers}
        body = None if record.value is None else json.loads(record.value)
        found.append((headers["ce_type"], headers["ce_subject"], int(headers["ce_sequence"]), body))
    return found
