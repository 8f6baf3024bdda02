"""The example of a fifth service on the real cluster: docs/fifth-service.md promises that it runs as it stands."""

import json
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from examples.fifth_service.app import build
from examples.fifth_service.settings import Settings
from shared import clock
from shared.contracts import DEAD_LETTERS, PAIRS
from shared.contracts.pairs import Member, Pair, Pause
from shared.http.testing import client, token, unscoped
from tests.integration.delivery.conftest import settled, until
from tests.support.kafka import Sender, create_topics, event, read_all
from tests.support.settings import settings_of

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "fifth_service"
LIST = "/v1/programs/spring/milestones"


@pytest.fixture
async def settings(kafka, database, names, mongo_driver, tmp_path):
    topics = [PAIRS, DEAD_LETTERS[Settings.service]]
    await create_topics(kafka.bootstrap, names.topic_prefix, topics)
    return settings_of(Settings, kafka, database, names, mongo_driver, tmp_path)


@asynccontextmanager
async def running(settings):
    service = build(settings)
    await service.kernel.start()
    try:
        yield service
    finally:
        await service.kernel.stop()


@pytest.fixture
async def sender(settings):
    async with Sender(settings.kafka_bootstrap, settings.topic_prefix) as sender:
        yield sender


def pair(id, began, **facts):
    members = (Member(participant=f"{id}-ada", role="mentor"), Member(participant=f"{id}-bo", role="mentee"))
    return Pair(
        id=id, program="spring", cohort="one", members=members, state="active", active_from=began, **facts
    )


def told(body, version):
    return event(PAIRS, "pair.changed", body, version)


async def listed(service, settings, program="spring"):
    """What the program's coordinator reads: pair → days of each milestone."""
    async with client(service.app, token(settings.data_dir, "coordinator", programs=[program])) as caller:
        answer = await caller.get(f"/v1/programs/{program}/milestones")
    assert answer.status_code == 200, answer.text
    return {one["pair"]: [each["days"] for each in one["reached"]] for one in answer.json()["items"]}


async def advance(service, settings, days):
    kernel = service.kernel
    before = kernel.clock.offset
    await clock.advance(kernel.mongo, timedelta(days=days), settings.clock_database)

    async def moved():
        return kernel.clock.offset > before

    await until("the clock has moved", moved)
    await settled(kernel)


async def test_milestones_come_by_facts_and_by_time_and_survive_a_restart(settings, sender):
    async with running(settings) as service:
        today = service.kernel.clock.now().date()
        began = today - timedelta(days=95)
        paused = Pause(first=began, last=began + timedelta(days=69))
        await sender.events(
            [
                told(pair("long", began), 2),
                told(pair("long", today), 1),  # late: the higher version stands
                told(pair("paused", began, pauses=(paused,)), 1),
                told(pair("young", today - timedelta(days=25)), 1),
            ]
        )
        await settled(service.kernel)
        assert await listed(service, settings) == {"long": [30, 90], "paused": [], "young": []}
        await advance(service, settings, 6)
        assert await listed(service, settings) == {"long": [30, 90], "paused": [30], "young": [30]}
    async with running(settings) as service:
        await advance(service, settings, 400)
        every = [30, 90, 180]
        assert await listed(service, settings) == {"long": every, "paused": every, "young": every}
        assert await listed(service, settings, "autumn") == {}


async def test_an_ended_pair_stays_as_it_is_and_an_erased_one_is_forgotten(settings, sender):
    async with running(settings) as service:
        now = service.kernel.clock.now()
        body = pair("gone", now.date() - timedelta(days=40))
        over = pair("over", now.date() - timedelta(days=40)).model_copy(
            update={"state": "ended", "ended_at": now}
        )
        await sender.events([told(body, 1), told(over, 1)])
        await settled(service.kernel)
        assert await listed(service, settings) == {"gone": [30], "over": [30]}
        await sender.events(PAIRS.erasure("acme", "gone", 2))
        await settled(service.kernel)
        await advance(service, settings, 100)
        assert await listed(service, settings) == {"over": [30]}


async def test_a_bad_record_goes_to_the_services_own_dead_letters_and_its_neighbors_are_applied(
    settings, sender
):
    async with running(settings) as service:
        began = service.kernel.clock.now().date() - timedelta(days=31)
        good = told(pair("good", began), 1)
        await sender.raw(PAIRS, b"acme/bad", b"{")
        await sender.events([good])
        await settled(service.kernel)
        assert await listed(service, settings) == {"good": [30]}
        assert (await service.kernel.readiness()).dead_letters == 1
    letters = await read_all(settings.kafka_bootstrap, f"{settings.topic_prefix}milestones.dead-letters")
    (notice,) = [json.loads(each.value) for each in letters]
    assert notice["topic"] == f"{settings.topic_prefix}matching.pairs"


async def test_only_coordinators_of_the_program_may_read(settings, sender):
    async with running(settings) as service:
        assert unscoped(service.app) == []
        for roles, programs, status in (
            ((), [], 401),
            (("participant",), [], 403),
            (("coordinator",), ["autumn"], 404),
            (("coordinator",), ["spring"], 200),
        ):
            key = token(settings.data_dir, *roles, participant="ada", programs=programs) if roles else None
            async with client(service.app, key) as caller:
                assert (await caller.get(LIST)).status_code == status
        other = token(settings.data_dir, "coordinator", organization="other", programs=["spring"])
        await sender.events([told(pair("ours", service.kernel.clock.now().date()), 1)])
        await settled(service.kernel)
        async with client(service.app, other) as caller:
            assert (await caller.get(LIST)).json()["items"] == []
