"""The sessions service in this process on the real cluster, spoken to by HTTP and topics alone."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from typing import Any

import httpx

from services.sessions.app import build
from services.sessions.settings import Settings
from shared import clock
from shared.contracts import CASES, ENROLLMENTS, HEALTH, PAIRS, PARTICIPANTS, PROGRAMS, Topic
from shared.contracts.cases import Case, Escalation
from shared.contracts.common import Days
from shared.contracts.enrollments import Enrollment
from shared.contracts.pairs import Member, Pair
from shared.contracts.participants import Participant
from shared.contracts.programs import Cohort, Program, Rules
from shared.http import Service
from shared.http.testing import client, token
from tests.integration.delivery.conftest import settled, until
from tests.support.kafka import Sender, event, read_all

SPRING = "spring"


class Scene:
    """One organization with one program; every fact is published with the next version of its aggregate."""

    def __init__(self, service: Service, settings: Settings, sender: Sender) -> None:
        self.service, self.settings, self.sender = service, settings, sender
        self.kernel: Any = service.kernel
        self.versions: dict[tuple[str, str], int] = {}
        self.begin = self.now.date()
        self.waiting = False

    @property
    def now(self) -> datetime:
        """Program time."""
        found: datetime = self.kernel.clock.now()
        return found

    async def days(self, days: float) -> None:
        """Move program time and wait until everything that became due is done."""
        before = self.kernel.clock.offset
        await clock.advance(self.kernel.mongo, timedelta(days=days), self.settings.clock_database)

        async def moved() -> bool:
            return bool(self.kernel.clock.offset > before)

        await until("the clock has moved", moved)
        await self.settle()

    async def settle(self) -> None:
        """Nothing lags, waits or is to be relayed."""
        await settled(self.kernel)

    async def tell(self, topic: Topic, type: str, body: Any) -> None:
        """Publish a fact as the service that owns it would, and wait until it has had its effect."""
        key = (topic.name, body.id)
        self.versions[key] = self.versions.get(key, 0) + 1
        await self.sender.events([event(topic, type, body, self.versions[key])])
        if not self.waiting:
            await self.settle()

    @asynccontextmanager
    async def at_once(self) -> AsyncIterator[None]:
        """All facts told in here have their effect together, in whatever order they arrive."""
        self.waiting = True
        yield
        self.waiting = False
        await self.settle()

    async def program(self, *, cadence: int = 7, breaks: tuple[Days, ...] = ()) -> None:
        """The program `program` with one cohort of half a year."""
        cohort = Cohort(id=SPRING, starts=self.begin, ends=self.begin + timedelta(days=182))
        rules = Rules(cadence_days=cadence, time_zone="UTC")
        body = Program(id="program", state="open", rules=rules, cohorts=(cohort,), breaks=breaks)
        await self.tell(PROGRAMS, "program.changed", body)

    async def person(self, id: str, **facts: Any) -> None:
        """A participant."""
        await self.tell(PARTICIPANTS, "participant.changed", Participant(id=id, **facts))

    async def enrolled(self, id: str, participant: str, role: str, away: tuple[Days, ...] = ()) -> None:
        """An enrollment."""
        body = Enrollment(
            id=id,
            participant=participant,
            program="program",
            cohort=SPRING,
            role=role,
            state="open",
            away=away,
        )
        await self.tell(ENROLLMENTS, "enrollment.changed", body)

    async def pair(self, id: str = "pair", state: str = "active", mentee: str = "bo", **facts: Any) -> None:
        """A pair of `ada`, the mentor, and a mentee, from the first day of the scene."""
        body = Pair(
            id=id,
            program="program",
            cohort=SPRING,
            members=(
                Member(participant="ada", role="mentor", enrollment="ada-enrolled"),
                Member(participant=mentee, role="mentee", enrollment=f"{mentee}-enrolled"),
            ),
            state=state,
            accepted_at=self.now,
            active_from=self.begin,
            **facts,
        )
        await self.tell(PAIRS, "pair.changed", body)

    async def case(self, state: str, pair: str = "pair") -> None:
        """An escalation of a pair."""
        body = Case(id=pair, program="program", cohort=SPRING, case=Escalation(state=state))
        await self.tell(CASES, "case.changed", body)

    @asynccontextmanager
    async def client(self, *roles: str, **claims: Any) -> AsyncIterator[httpx.AsyncClient]:
        """Speaks as somebody with these roles; a coordinator of `program` unless programs are named."""
        claims.setdefault("programs", ["program"])
        claims.setdefault("subject", "somebody")
        async with client(self.service.app, token(self.settings.data_dir, *roles, **claims)) as found:
            yield found

    async def health(self, pair: str = "pair") -> dict[str, Any]:
        """The health as a coordinator reads it."""
        async with self.client("coordinator") as coordinator:
            found = await coordinator.get(f"/v1/pairs/{pair}/health")
        assert found.status_code == 200, found.text
        body: dict[str, Any] = found.json()
        return body

    async def held(self, day: float, pair: str = "pair", by: str = "bo") -> dict[str, Any]:
        """A session that was held some days ago (0: an hour ago), reported by a member."""
        start = self.now - timedelta(days=day, hours=1)
        return await self.reported(pair, by, state="held", start=start.isoformat())

    async def reported(self, pair: str = "pair", by: str = "bo", **body: Any) -> dict[str, Any]:
        """Any report by a member, taken."""
        async with self.client("participant", participant=by) as member:
            answer = await member.post(f"/v1/pairs/{pair}/sessions", json=body)
        assert answer.status_code == 201, answer.text
        await self.settle()
        found: dict[str, Any] = answer.json()
        return found

    async def published(self, topic: Topic = HEALTH) -> list[tuple[str, dict[str, Any]]]:
        """(type, body) of everything on a topic, oldest first for each key."""
        records = await read_all(self.settings.kafka_bootstrap, self.settings.topic_prefix + topic.name)
        return [
            (dict(each.headers)["ce_type"].decode(), json.loads(each.value)) for each in records if each.value
        ]


@asynccontextmanager
async def scene(settings: Settings) -> AsyncIterator[Scene]:
    """The running service, with people, a program and an active pair."""
    service = build(settings)
    kernel: Any = service.kernel
    await kernel.start()
    try:
        async with Sender(settings.kafka_bootstrap, settings.topic_prefix) as sender:
            yield Scene(service, settings, sender)
    finally:
        await kernel.stop()


def kinds(health: dict[str, Any]) -> list[str]:
    """The signals of a health."""
    return [one["kind"] for one in health["signals"]]


def since(health: dict[str, Any], kind: str) -> date:
    """The day since which a signal holds."""
    (found,) = [one["since"] for one in health["signals"] if one["kind"] == kind]
    return date.fromisoformat(found)
