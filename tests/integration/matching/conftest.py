"""Matching on the real cluster: profiles' facts are published from outside, people act through HTTP."""

import asyncio
import inspect
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest

from services.matching.app import build
from services.matching.settings import Settings
from shared import clock
from shared.contracts import (
    ASSESSMENTS,
    CASES,
    DEAD_LETTERS,
    ENROLLMENTS,
    PAIRS,
    PARTICIPANTS,
    PROGRAMS,
    Case,
    Enrollment,
    Participant,
    Program,
)
from shared.http.testing import client, token
from tests.support.kafka import Sender, create_topics, event, read_all
from tests.support.settings import settings_of

MINE = [PARTICIPANTS, PROGRAMS, ENROLLMENTS, CASES, PAIRS, ASSESSMENTS, DEAD_LETTERS["matching"]]
SOON = timedelta(seconds=20)
STARTS = date(2020, 1, 1)


async def until(check: Callable[[], Any], seconds: float = 120.0) -> None:
    """Wait until something holds; a coroutine's answer is awaited."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = check()
        if await found if inspect.isawaitable(found) else found:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"not within {seconds:.0f} s")


@dataclass
class World:
    """One organization, one program `p` with the cohort `c`, as the topics tell it."""

    settings: Settings
    bootstrap: str
    stack: AsyncExitStack
    versions: dict[str, int] = field(default_factory=dict)
    states: dict[str, Any] = field(default_factory=dict)

    async def start(self) -> None:
        self.service = build(self.settings)
        self.kernel = self.service.kernel
        app = self.service.app
        await self.stack.enter_async_context(app.router.lifespan_context(app))

        async def ready() -> bool:
            return (await self.kernel.readiness()).ready

        await until(ready)
        sender = Sender(self.bootstrap, self.settings.topic_prefix)
        self.sender = await self.stack.enter_async_context(sender)

    async def publish(self, topic, type, *bodies):
        events = []
        for body in bodies:
            self.states[body.id] = body
            version = self.versions[body.id] = self.versions.get(body.id, 0) + 1
            events.append(event(topic, type, body, version))
        await self.sender.events(events)

    async def program(self, *, cohort: dict[str, Any] | None = None, **rules: Any) -> None:
        """Open the program, once everybody published so far has arrived: the first plan then sees them all,
        however slow the machine is."""
        await until(self._arrived)
        given = {"debounce_seconds": 0.3, "reporting_line": {"rule": "allow"}, **rules}
        round = {"id": "c", "starts": STARTS, **(cohort or {})}
        body = Program.model_validate(
            {"id": "p", "state": "open", "rules": given, "cohorts": [round], "coordinators": ["boss"]}
        )
        await self.publish(PROGRAMS, "program.opened", body)

    async def person(self, *ids: str, **facts: Any) -> None:
        bodies = [Participant(id=id, time_zone="Europe/Berlin", **facts) for id in ids]
        await self.publish(PARTICIPANTS, "participant.changed", *bodies)

    async def change(self, id: str, **facts: Any) -> None:
        """A newer version of a participant."""
        after = self.states[id].model_copy(update=facts)
        await self.publish(PARTICIPANTS, "participant.changed", after)

    async def enroll(
        self, role: str, *ids: str, capacity: int = 1, state: str = "open", boost: int = 0, **wants: Any
    ) -> None:
        bodies = [
            Enrollment.model_validate(
                {
                    "id": f"{role}-{id}",
                    "participant": id,
                    "program": "p",
                    "cohort": "c",
                    "role": role,
                    "state": state,
                    "capacity": capacity,
                    "boost": boost,
                    "consent": {"on": date(2020, 1, 1), "source": "test"},
                    "preferences": wants,
                }
            )
            for id in ids
        ]
        await self.publish(ENROLLMENTS, "enrollment.opened", *bodies)

    async def case(self, pair: str, rematch: str) -> None:
        body = Case.model_validate(
            {
                "id": pair,
                "program": "p",
                "cohort": "c",
                "case": {"state": "open", "rung": 4, "rematch": rematch},
            }
        )
        await self.publish(CASES, f"case.rematch_{rematch}", body)

    async def _arrived(self) -> bool:
        """Whether what was published has become copies."""
        for name, model in (("participants", Participant), ("enrollments", Enrollment)):
            expected = sum(1 for body in self.states.values() if isinstance(body, model))
            if await self.kernel.database[name].count_documents({}) < expected:
                return False
        return True

    async def settled(self, seconds: float = 150.0) -> None:
        """Nothing lags, nothing is due now or within moments (a debounce), nothing waits to be relayed."""
        calm, end = 0, time.monotonic() + seconds
        state: Any = None
        while calm < 2:
            if time.monotonic() > end:
                raise AssertionError(f"not settled: {state}")
            state = await self.kernel.readiness()
            soon = {"due_at": {"$lte": self.kernel.clock.now() + SOON}}
            waiting = await self.kernel.database["work"].count_documents(soon)
            quiet = state.ready and not (state.lag or state.due or state.outbox or waiting)
            calm = calm + 1 if quiet else 0
            await asyncio.sleep(0.15)

    async def advance(self, **by: float) -> None:
        """Move program time."""
        ahead = await clock.advance(self.kernel.mongo, timedelta(**by), self.settings.clock_database)
        await until(lambda: self.kernel.clock.offset == ahead)
        await self.settled()

    async def call(
        self, method: str, path: str, *, as_: str | None = None, status: int = 200, **request: Any
    ):
        """One request by a participant, or by the coordinator of `p`; the answer's body."""
        bearer = (
            token(self.settings.data_dir, "participant", participant=as_)
            if as_
            else token(self.settings.data_dir, "coordinator", programs=["p"], subject="boss")
        )
        async with client(self.service.app, bearer) as http:
            answer = await http.request(method, f"/v1{path}", **request)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def pairs(self, **query: Any) -> list[dict[str, Any]]:
        return (await self.call("GET", "/programs/p/pairs", params={"limit": 200, **query}))["items"]

    async def partners(self, *states: str) -> dict[str, str]:
        """Mentee → mentor of the pairs in these states."""
        found = await self.pairs(**({"state": list(states)} if states else {}))
        return {_of(pair, "mentee"): _of(pair, "mentor") for pair in found}

    async def pair_of(self, mentee: str, *states: str) -> dict[str, Any]:
        found = await self.pairs(participant=mentee, **({"state": list(states)} if states else {}))
        (pair,) = found
        return pair

    async def accept(self, pair: dict[str, Any]) -> dict[str, Any]:
        for member in pair["members"]:
            pair = await self.call("POST", f"/pairs/{pair['id']}/accept", as_=member["participant"])
        await self.settled()
        return pair

    async def published(self, topic=PAIRS) -> dict[str, list[tuple[str, dict[str, Any]]]]:
        """What stands on a topic: id → (type, state) in order."""
        found: dict[str, list[tuple[str, dict[str, Any]]]] = {}
        for record in await read_all(self.bootstrap, self.settings.topic_prefix + topic.name):
            headers = {name: value.decode() for name, value in record.headers}
            body = topic.read(record.value).model_dump(mode="json")
            found.setdefault(body["id"], []).append((headers["ce_type"], body))
        return found


def _of(pair: dict[str, Any], role: str) -> str:
    return next(each["participant"] for each in pair["members"] if each["role"] == role)


@pytest.fixture
async def world(kafka, database, names, mongo_driver, tmp_path):
    """Matching, started, with nothing known yet."""
    await create_topics(kafka.bootstrap, names.topic_prefix, MINE)
    settings = settings_of(Settings, kafka, database, names, mongo_driver, tmp_path)
    async with AsyncExitStack() as stack:
        found = World(settings, kafka.bootstrap, stack)
        await found.start()
        yield found
