"""The matching service on a real broker and database: from a profile change to its draft, and `/live` meanwhile."""

import asyncio
import gc
import multiprocessing
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx

from benchmarks.matching.clock import line
from benchmarks.pipeline.ground import ORGANIZATION, Ground
from deploy.local.database import DatabaseNode
from deploy.local.kafka import KafkaNode
from services.matching.app import build
from services.matching.settings import Settings
from shared.contracts import (
    ASSESSMENTS,
    CASES,
    DEAD_LETTERS,
    ENROLLMENTS,
    PAIRS,
    PARTICIPANTS,
    PROGRAMS,
    Enrollment,
    Participant,
    Program,
)
from shared.contracts.envelope import Event, event_of
from shared.contracts.topics import Topic
from shared.http import Service
from shared.settings import load

MINE = (PARTICIPANTS, PROGRAMS, ENROLLMENTS, CASES, PAIRS, ASSESSMENTS, DEAD_LETTERS["matching"])
ZONES = ("Europe/Berlin", "Europe/Lisbon", "America/New_York", "America/Sao_Paulo", "Asia/Kolkata")
SKILLS = [f"skill-{n}" for n in range(300)]
GOALS = [f"goal-{n}" for n in range(24)]
LANGUAGES = ("en", "de", "fr", "es", "pt", "hi")
DEBOUNCE = 2.0
MANAGERS = 200
"""The first people, to whom everybody reports."""


KINDS = ("wishes", "level", "manager", "newcomer")


class People:
    """A made-up cohort, as profiles would tell of it; the same for the same seed."""

    def __init__(self, mentees: int, mentors: int, places: int, seed: int) -> None:
        self.chance = random.Random(seed)
        self.versions: dict[str, int] = {}
        self.participants = [self.participant(f"p{n}") for n in range(mentees + mentors)]
        roles = ["mentee"] * mentees + ["mentor"] * mentors
        self.enrollments = [
            self.enrollment(f"p{n}", role, places if role == "mentor" else 1) for n, role in enumerate(roles)
        ]

    def participant(self, id: str) -> Participant:
        return Participant(
            id=id,
            status="active",
            time_zone=self.chance.choice(ZONES),
            seniority=self.chance.randrange(10),
            manager=f"p{self.chance.randrange(MANAGERS)}",
        )

    def enrollment(self, participant: str, role: str, capacity: int) -> Enrollment:
        chance = self.chance
        skills = {
            SKILLS[int(chance.paretovariate(0.6)) % 300]: chance.randint(1, 5)
            for _ in range(chance.randint(3, 8))
        }
        day = chance.randrange(5) * 1440
        wants = {
            "skills_offered" if role == "mentor" else "skills_sought": skills,
            "goals": chance.sample(GOALS, chance.randint(1, 4)),
            "languages": ["en", *chance.sample(LANGUAGES[1:], chance.randint(0, 2))],
            "availability": [{"start": day + 60 * h, "end": day + 60 * h + 180} for h in (9, 13)],
        }
        return Enrollment.model_validate(
            {
                "id": f"e-{participant}",
                "participant": participant,
                "program": "p",
                "cohort": "c",
                "role": role,
                "state": "open",
                "capacity": capacity,
                "consent": {"on": date(2020, 1, 1), "source": "bench"},
                "preferences": wants,
            }
        )

    def change(self, number: int) -> list[Event]:
        """The events of one change: one of `KINDS` in turn. No edit is without weight."""
        at = self.chance.randrange(len(self.participants))
        one, enrollment = self.participants[at], self.enrollments[at]
        match number % 4:
            case 0:
                again = self.enrollment(enrollment.participant, enrollment.role, enrollment.capacity)
                return [self.event(ENROLLMENTS, "enrollment.changed", again)]
            case 1:
                level = ((one.seniority or 0) + self.chance.randint(1, 9)) % 10
                one = one.model_copy(update={"seniority": level})
            case 2:
                # One of those who manage nobody: the usual move.
                at = self.chance.randrange(MANAGERS, len(self.participants))
                above = int((self.participants[at].manager or "p0")[1:])
                other = f"p{(above + self.chance.randint(1, MANAGERS - 1)) % MANAGERS}"
                one = self.participants[at].model_copy(update={"manager": other})
            case _:
                one = self.participant(f"p{len(self.participants)}")
                self.participants.append(one)
                self.enrollments.append(self.enrollment(one.id, "mentee", 1))
                return [
                    self.event(PARTICIPANTS, "participant.added", one),
                    self.event(ENROLLMENTS, "enrollment.opened", self.enrollments[-1]),
                ]
        self.participants[at] = one
        return [self.event(PARTICIPANTS, "participant.changed", one)]

    def event(self, topic: Topic, type: str, body: Any) -> Event:
        version = self.versions[body.id] = self.versions.get(body.id, 0) + 1
        return event_of(
            topic, type, organization=ORGANIZATION, id=body.id, version=version, body=body, time_ms=0
        )


@asynccontextmanager
async def serving(ground: Ground, folder: Path) -> AsyncIterator[tuple[Service, str]]:
    """The service, ready, on topics of its own."""
    prefix = await ground.topic(*(topic.name for topic in MINE))
    settings = load(
        Settings,
        profile="embedded",
        data_dir=folder,
        kafka_bootstrap=ground.bootstrap,
        topic_prefix=prefix,
        mongo_uri=ground.uri,
        database_prefix=ground.name("bench"),
    )
    service = build(settings)
    async with service.app.router.lifespan_context(service.app):
        while not (await service.kernel.readiness()).ready:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        yield service, prefix


class Watched:
    """How long `/live` takes to answer, asked for all the time."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.slowest = 0.0

    async def ask(self) -> None:
        transport = httpx.ASGITransport(app=self.service.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://matching") as http:
            while True:
                began = time.perf_counter()
                await asyncio.sleep(0.005)
                (await http.get("/live")).raise_for_status()
                self.slowest = max(self.slowest, time.perf_counter() - began - 0.005)


def _worker_peak() -> float:
    """GiB that the worker process has used at most."""
    statuses = (Path(f"/proc/{each.pid}/status").read_text() for each in multiprocessing.active_children())
    return max(int(each.split("VmHWM:")[1].split()[0]) for each in statuses) / 2**20


async def _planned(service: Service, epoch: int, seconds: float = 600) -> int:
    """Wait until a plan after `epoch` has been carried out whole; its epoch. Raises TimeoutError."""
    database = service.kernel.database
    end = time.monotonic() + seconds
    while True:
        if time.monotonic() > end:
            raise TimeoutError("no plan was carried out")
        cohort = await database["cohorts"].find_one({"_id": f"{ORGANIZATION}/p/c"})
        if cohort is not None and cohort["state"]["epoch"] > epoch:
            names = ["page", "cohort", "changed"]
            soon = service.kernel.clock.now() + timedelta(seconds=5)
            rows = await database["work"].find({"kind": {"$in": names}, "due_at": {"$lte": soon}}).to_list(1)
            if not rows:
                return int(cohort["state"]["epoch"])
        await asyncio.sleep(0.02)


async def measure(mentees: int, mentors: int, places: int, seed: int, changes: int) -> None:
    """Fill a cohort, then change one profile after another."""
    with tempfile.TemporaryDirectory(prefix="rapport-bench-") as folder:
        kafka, database = KafkaNode(Path(folder) / "kafka"), DatabaseNode(Path(folder) / "database")
        with kafka, database:
            ground = Ground(kafka.bootstrap, database.uri, database.pid, seed)
            people = People(mentees, mentors, places, seed)
            gc.freeze()  # the made-up people are no part of the service, whose pauses are measured
            async with serving(ground, Path(folder)) as (service, prefix):
                events = [people.event(PARTICIPANTS, "participant.added", one) for one in people.participants]
                events += [people.event(ENROLLMENTS, "enrollment.opened", one) for one in people.enrollments]
                await ground.publish(prefix, events)
                copies = service.kernel.database["enrollments"]
                while len(await copies.find({}, {"_id": 1}).to_list(None)) < len(people.enrollments):  # noqa: ASYNC110
                    await asyncio.sleep(1)
                far = {"first": date(2020, 1, 1), "last": date(2099, 1, 1)}
                program = Program.model_validate(
                    {
                        "id": "p",
                        "state": "open",
                        "rules": {"debounce_seconds": DEBOUNCE, "objective": "participation"},
                        "cohorts": [{"id": "c", "starts": date(2020, 1, 1), "window": far}],
                        "coordinators": ["boss"],
                    }
                )
                live = Watched(service)
                asking = asyncio.create_task(live.ask())
                began = time.perf_counter()
                await ground.publish(prefix, [people.event(PROGRAMS, "program.opened", program)])
                epoch = await _planned(service, 0)
                first = time.perf_counter() - began
                took = []
                for number in range(changes):
                    events = people.change(number)
                    began = time.perf_counter()
                    await ground.publish(prefix, events)
                    epoch = await _planned(service, epoch, 60)
                    took.append(time.perf_counter() - began)
                asking.cancel()
                peak = _worker_peak()
    # The first change finds the thousands of writes of the plan before it to be read again, see `OVERLAP_MS`.
    burst, *took = took
    ordered = sorted(took)
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    line(
        f"service, profile change -> draft, {mentees + mentors:,} people",
        p50_s=statistics.median(took),
        p99_s=p99,
        debounce_s=DEBOUNCE,
        aim_s=DEBOUNCE + 1,
        met=p99 < DEBOUNCE + 1,
        after_burst_s=burst,
        first_plan_s=first,
        p50_s_of=dict(
            zip(KINDS, (statistics.median(took[(kind - 1) % 4 :: 4]) for kind in range(4)), strict=True)
        ),
        live_slowest_ms=live.slowest * 1000,
        worker_peak_gib=peak,
        changes=changes,
        seed=seed,
    )


def service(mentees: int, mentors: int, places: int, seed: int, changes: int) -> None:
    """As `measure`, in an event loop of its own."""
    asyncio.run(measure(mentees, mentors, places, seed, changes))


if __name__ == "__main__":
    import sys

    sizes = [int(each) for each in sys.argv[1:]] or [7_500, 2_500, 3, 1, 20]
    service(*sizes)
