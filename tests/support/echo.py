"""The smallest service on the kernel: it learns participants, decides one thing about each, and publishes it.

Every participant gets one health event per version that was decided on, so what went in can be compared with what
came out from outside. Runs in a process of its own (`python -m tests.support.echo`), configured by the service
settings' variables, or inside a test.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict

from shared.contracts import HEALTH, PARTICIPANTS, Health, Participant
from shared.delivery import (
    Aggregates,
    Change,
    Copies,
    Fanout,
    Kernel,
    Limits,
    Projection,
    Reader,
    Transaction,
    Wake,
    Work,
)
from shared.settings import Settings, load

FAST = Limits(session_timeout_ms=6_000, slot_lease=3.0, work_lease=4.0, backoff_most=1.0)


class EchoSettings(Settings):
    """The service settings, under a service name that has topics of its own."""

    service = "sessions"


class Echo(BaseModel):
    """What was decided: the newest version of the participant that was seen, and how often it was decided on."""

    model_config = ConfigDict(frozen=True)

    seen: int
    decided: int
    fired: int = 0
    word: str = ""


participants = Copies("participants", PARTICIPANTS)
echoes = Aggregates(
    "echoes",
    Echo,
    topic=HEALTH,
    event=lambda id, state: health(id, f"{state.seen}"),
)


def health(id: str, band: str) -> Health:
    """A valid body of the health topic that carries one word."""
    return Health(id=id, program="p", cohort="c", band=band, cadence_days=14)


def wakes(change: Change) -> Iterable[Wake]:
    """A participant needs its echo, but for one whose field says `quiet`; `poison-projection` fails here."""
    if change.after is not None and change.after.get("field") == "poison-projection":
        raise ValueError("a projection that fails for good")
    if change.after is None or change.after.get("field") != "quiet":
        yield Wake("echo", change.id)
    if change.after is not None and change.after.get("field") == "everybody":
        yield Wake("everybody", change.id)


async def echo(tx: Transaction, subject: str) -> datetime | None:
    """Load, decide, save."""
    copy = await participants.get(tx, subject)
    stored = await echoes.get(tx, subject)
    if copy is None:
        if stored is not None:
            await echoes.erase(tx, stored)
        return None
    fixed = os.environ.get("ECHO_FIXED", "")
    if copy.state.get("field") in ("poison-decision", "poison-longer") and copy.state["field"] not in fixed:
        raise ValueError("a decision that fails for good")
    if stored is None:
        await echoes.add(tx, subject, Echo(seen=copy.version, decided=1), "health.changed")
    elif stored.state.seen < copy.version:
        state = Echo(seen=copy.version, decided=stored.state.decided + 1, fired=stored.state.fired)
        await echoes.save(tx, stored, state, "health.changed")
    return None


async def ahead(tx: Transaction, subjects: list[str]) -> None:
    """What `echo` reads, for several at once."""
    await participants.get_many(tx, subjects)
    await echoes.get_many(tx, subjects)


async def timer(tx: Transaction, subject: str) -> datetime | None:
    """Something that is due by time: counts how often it was done."""
    stored = await echoes.get(tx, subject)
    if stored is None:
        await echoes.add(tx, subject, Echo(seen=0, decided=0, fired=1), "health.changed")
    else:
        state = stored.state.model_copy(update={"fired": stored.state.fired + 1})
        await echoes.save(tx, stored, state, "health.changed")
    return None


async def everybody(at: Reader, _subject: str, after: str | None, limit: int) -> list[str]:
    """All participants, page by page."""
    return [each.id for each in await participants.find(at, {}, limit=limit, after=after)]


def kernel(settings: Settings, limits: Limits = FAST) -> Kernel:
    """The echo service."""
    return Kernel(
        "sessions",
        settings,
        aggregates=[echoes],
        projections=[Projection(participants, wakes)],
        work=[Work("echo", echo, ahead=ahead), Work("timer", timer)],
        fanouts=[Fanout("everybody", everybody, "timer")],
        limits=limits,
    )


def settings(bootstrap: str, uri: str, names: Any, driver: str = "motor") -> EchoSettings:
    """Settings of one test."""
    return EchoSettings(
        profile="embedded",
        kafka_bootstrap=bootstrap,
        mongo_uri=uri,
        mongo_driver=driver,
        topic_prefix=names.topic_prefix,
        database_prefix=names.database_prefix,
    )


def skew(seconds: float) -> None:
    """Set this process's wall clock off, for a replica whose machine has the wrong time."""
    real = time.time
    time.time = lambda: real() + seconds


async def main() -> None:
    """Run until SIGTERM; print `ready` once everything runs."""
    if ahead := os.environ.get("ECHO_SKEW"):
        skew(float(ahead))
    service = kernel(load(EchoSettings))
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    await service.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await stopping.wait()
    await service.stop()


def participant(id: str, version: int, **fields: Any) -> Participant:
    """A participant as profiles would publish it."""
    return Participant(id=id, status="active", seniority=version % 10, **fields)


def in_days(now: datetime, days: float) -> datetime:
    """Some days later."""
    return now + timedelta(days=days)


if __name__ == "__main__":
    asyncio.run(main())
