"""notifications on the real cluster: a pair and its facts sent from outside, a mail server, a person's taps."""

import asyncio
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from typing import Any

import httpx
from aiosmtpd.smtp import SMTP, Envelope

from deploy.local.node import spawn
from services.notifications.app import build
from services.notifications.settings import Settings
from shared.clock import advance
from shared.contracts import (
    CASES,
    CONTACTS,
    ENROLLMENTS,
    HEALTH,
    PAIRS,
    PARTICIPANTS,
    PROGRAMS,
    SESSIONS,
    Contact,
    Health,
    Pair,
    Participant,
    Program,
    SessionFact,
)
from shared.contracts.enrollments import Enrollment
from shared.contracts.health import Owes, Signal
from shared.contracts.pairs import Member
from shared.contracts.programs import Cohort, QuietHours, Rules
from shared.http import Service
from shared.http.testing import token
from shared.mongo import Mongo
from tests.integration.delivery.conftest import settled, until
from tests.support.kafka import Sender, event, read_all

NAMES = {"mentor": "Müller", "mentee": "O'Brien", "carla": "Čapek", "stan": "Stand-In"}


class Mailbox:
    """A mail server that keeps what it gets. `on_mail` runs before it answers: the place to kill a sender."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.refuse: str | None = None
        self.on_mail: Callable[[], None] = lambda: None
        self.port = 0
        self._server: asyncio.Server | None = None

    async def handle_DATA(self, _server: SMTP, _session: Any, envelope: Envelope) -> str:
        if self.refuse:
            return self.refuse
        self.mails.append(BytesParser(policy=default).parsebytes(envelope.content))  # type: ignore[arg-type]
        self.on_mail()
        return "250 OK"

    async def start(self) -> "Mailbox":
        """Listen, on the port of the last time if there was one."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: SMTP(self), "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self) -> None:
        """Refuse connections."""
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    def kinds(self, person: str | None = None) -> list[str]:
        """What was sent, in order, to everybody or to one."""
        return [mail["X-Rapport-Kind"] for mail in self.mails if person is None or person in mail["To"]]

    def last(self, kind: str) -> EmailMessage:
        """The newest mail of a kind."""
        return next(mail for mail in reversed(self.mails) if mail["X-Rapport-Kind"] == kind)


def links(mail: EmailMessage) -> list[str]:
    """The paths of the links in a mail, in order: met, planned, busy, help, finish."""
    return [f"/v1{path}" for path in re.findall(r"/v1(/answers/\S+)", mail.get_content())]


@dataclass
class Scene:
    """One pair of one program, the service under test, and what the other services would say."""

    service: Service
    sender: Sender
    mailbox: Mailbox
    settings: Settings
    mongo: Mongo
    versions: dict[tuple[str, str], int] = field(default_factory=dict)

    async def say(self, topic: Any, type: str, body: Any) -> None:
        """Publish the next version of an aggregate."""
        key = (topic.name, body.id)
        self.versions[key] = self.versions.get(key, 0) + 1
        await self.sender.events([event(topic, type, body, self.versions[key])])

    async def people(self, without: tuple[str, ...] = ()) -> None:
        """Profiles and contacts of everybody; `without` an address for some."""
        for id, family in NAMES.items():
            await self.say(PARTICIPANTS, "participant.added", Participant(id=id, time_zone="Europe/Berlin"))
            address = None if id in without else f"{id}@example.org"
            contact = Contact(id=id, given_name=id.title(), family_name=family, email=address)
            await self.say(CONTACTS, "contact.added", contact)

    async def program(self, **rules: Any) -> None:
        """A program whose people may be written to at any hour, so that a test may run at any hour."""
        always = QuietHours(start="00:00", end="00:00")
        await self.say(
            PROGRAMS,
            "program.opened",
            Program(
                id="program",
                name="Acme mentoring",
                state="open",
                rules=Rules(quiet_hours=always, **rules),
                cohorts=(Cohort(id="cohort", starts=date(2026, 1, 1)),),
                coordinators=("carla",),
                stand_ins=("stan",),
            ),
        )

    async def contact(self, id: str, family: str) -> None:
        """How to write to somebody else."""
        body = Contact(id=id, given_name=id.title(), family_name=family, email=f"{id}@example.org")
        await self.say(CONTACTS, "contact.added", body)

    async def pair(
        self,
        state: str = "active",
        id: str = "pair",
        mentor: str = "mentor",
        mentee: str = "mentee",
        enrolled: bool = False,
        **more: Any,
    ) -> None:
        """The pair, in a state."""
        members = tuple(
            Member(participant=person, role=role, enrollment=f"{person}-enrolled" if enrolled else None)
            for person, role in ((mentor, "mentor"), (mentee, "mentee"))
        )
        body = Pair(id=id, program="program", cohort="cohort", members=members, state=state, **more)
        await self.say(PAIRS, "pair.activated", body)

    async def enrolled(self, person: str, state: str) -> None:
        """The enrollment of a member."""
        body = Enrollment(
            id=f"{person}-enrolled",
            participant=person,
            program="program",
            cohort="cohort",
            role=person,
            state=state,
        )
        await self.say(ENROLLMENTS, "enrollment.changed", body)

    async def health(
        self, *signals: str, held: date | None = None, owes: str | None = "mentee", id: str = "pair"
    ) -> None:
        """What sessions judged today."""
        since = self.now.date()
        body = Health(
            id=id,
            program="program",
            cohort="cohort",
            cadence_days=14,
            signals=tuple(Signal(kind=kind, since=since) for kind in signals),
            owes=Owes(participant=owes, fact="cancelled") if owes else None,
            last_held_on=held,
        )
        await self.say(HEALTH, "health.signals_changed", body)

    async def plan(self, starts: datetime, state: str = "planned") -> None:
        """A session of the pair."""
        body = SessionFact(
            id="session", pair="pair", program="program", state=state, start=starts, time_zone="Europe/Berlin"
        )
        await self.say(SESSIONS, f"session.{state}", body)

    @property
    def kernel(self) -> Any:
        return self.service.kernel

    @property
    def now(self) -> datetime:
        """Program time."""
        found: datetime = self.kernel.clock.now()
        return found

    async def settle(self) -> None:
        """Until everything that came has been decided on and sent."""
        await settled(self.kernel)

    async def days(self, count: float) -> None:
        """Move program time, and wait until all that became due is done."""
        offset = await advance(self.mongo, timedelta(days=count), self.settings.clock_database)

        async def moved() -> bool:
            return bool(self.kernel.clock.offset == offset)

        await until("the clock has moved", moved)
        await self.settle()

    @asynccontextmanager
    async def client(self, *roles: str, participant: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
        """A client that speaks as somebody, or as nobody without roles."""
        headers = {}
        if roles:
            given = token(self.settings.data_dir, *roles, participant=participant, programs=["program"])
            headers["Authorization"] = f"Bearer {given}"
        transport = httpx.ASGITransport(app=self.service.app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://service", headers=headers
        ) as found:
            yield found

    async def published(self, topic: Any) -> list[dict[str, Any]]:
        """Every body on a topic, in order for each key, as a subscriber reads them."""
        records = await read_all(self.settings.kafka_bootstrap, self.settings.topic_prefix + topic.name)
        return [json.loads(record.value) for record in records if record.value]

    async def cases(self) -> list[Any]:
        """The case in every event about a pair's, in order."""
        return [body["case"] for body in await self.published(CASES)]


@asynccontextmanager
async def scene(settings: Settings, mailbox: Mailbox) -> AsyncIterator[Scene]:
    """The service, started in this process, and somebody to talk to it."""
    service = build(settings)
    mongo = Mongo(settings.mongo_uri, driver=settings.mongo_driver)
    async with Sender(settings.kafka_bootstrap, settings.topic_prefix) as sender:
        await service.kernel.start()
        try:
            yield Scene(service, sender, mailbox, settings, mongo)
        finally:
            await service.kernel.stop()
            await mongo.close()


async def eventually(what: str, check: Callable[[], bool], seconds: float = 150.0) -> None:
    """Wait for something that is seen from outside."""

    async def seen() -> Awaitable[Any] | bool:
        return check()

    await until(what, seen, seconds)


class Serving:
    """The service as a process of its own, as `rapport serve` starts it."""

    def __init__(self, settings: Settings) -> None:
        given = settings.model_dump(mode="json", exclude_defaults=True)
        self._environment = {
            **os.environ,
            **{f"RAPPORT_{name.upper()}": str(value) for name, value in given.items()},
        }
        self._environment["RAPPORT_PORT"] = str(free_port())
        self._process: subprocess.Popen[bytes] | None = None
        self.killed = False

    def start(self) -> None:
        """Start; returns at once."""
        command = [
            sys.executable,
            "-c",
            "from shared.console.main import main; main()",
            "serve",
            "notifications",
        ]
        self._process = spawn(command, env=self._environment, cwd=Path(__file__).parents[2])

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill_once(self) -> None:
        """kill -9, the first time only."""
        if not self.killed and self._process is not None:
            self.killed = True
            self._process.kill()
            self._process.wait(timeout=60)

    def end(self) -> None:
        """Gone, whatever its state."""
        if self._process is not None and self.running:
            self._process.kill()
            self._process.wait(timeout=60)


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
