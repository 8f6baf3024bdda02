"""A pair on the real cluster: a logged session moves its health and says why; silence stalls it; seen from
outside through HTTP and topics.
"""

from datetime import timedelta

import pytest

from services.sessions.settings import Settings
from shared.contracts import ANSWERS, CONCERNS, HEALTH, PAIRS, SESSIONS
from shared.contracts.answers import Answer
from shared.contracts.common import Days
from shared.contracts.pairs import Pause
from shared.contracts.topics import DEAD_LETTERS, read_by
from tests.support.kafka import Sender, create_topics, event
from tests.support.sessions import kinds, scene, since
from tests.support.settings import settings_of


@pytest.fixture
async def settings(kafka, database, names, mongo_driver, tmp_path):
    topics = [*read_by("sessions"), SESSIONS, HEALTH, CONCERNS, DEAD_LETTERS["sessions"]]
    await create_topics(kafka.bootstrap, names.topic_prefix, topics)
    return settings_of(Settings, kafka, database, names, mongo_driver, tmp_path)


@pytest.fixture
async def stage(settings):
    async with scene(settings) as stage:
        async with stage.at_once():
            await stage.pair()
            await stage.person("bo")
            await stage.person("ada")
            await stage.program()
        yield stage


async def test_a_logged_session_moves_health_and_says_why(stage):
    assert (await stage.health())["score"] is None
    await stage.days(11)
    silent = await stage.health()
    assert (silent["score"], silent["band"], kinds(silent)) == (0, "failing", ["nudge.nothing_planned"])
    assert silent["evidence"][0]["sentence"] == (
        "Of the one session due so far, 0 were held, 1 not reported."
    )
    session = await stage.held(0)
    met = await stage.health()
    assert met["score"] > 60
    assert kinds(met) == []
    assert met["last_held_on"] == stage.now.date().isoformat()
    types = [type for type, _ in await stage.published()]
    assert types[0] == "health.changed"
    assert "health.signals_changed" in types
    ((kind, fact),) = await stage.published(SESSIONS)
    assert (kind, fact["id"], fact["reported_by"]) == ("session.held", session["id"], "bo")


async def test_silence_is_watch_nudge_stalled_by_the_clock_alone_and_a_session_ends_it(stage):
    await stage.held(0)
    first = stage.now.date()
    for days, expected in ((8, []), (1, ["watch"]), (5, ["watch", "nudge.not_meeting"])):
        await stage.days(days)
        assert kinds(await stage.health()) == expected
    await stage.days(30)
    late = await stage.health()
    assert (since(late, "watch"), since(late, "stalled")) == (
        first + timedelta(days=9),
        first + timedelta(days=21),
    )
    await stage.held(0)
    assert "stalled" not in kinds(await stage.health())
    bodies = [body for _, body in await stage.published()]
    assert [kinds(body) for body in bodies].count([]) >= 2


async def test_nothing_is_published_while_nothing_a_reader_sees_changes(stage):
    await stage.held(0)
    before = await stage.published()
    await stage.days(3)
    await stage.pair()
    await stage.person("ada", seniority=4)
    await stage.case("open")
    assert await stage.published() == before


async def test_leave_away_pause_break_and_a_new_cadence_move_the_clock_of_the_pair(stage):
    await stage.held(0)
    await stage.days(16)
    assert "nudge.not_meeting" in kinds(await stage.health())
    today = stage.now.date()

    def off(first, last):
        return Days(first=today - timedelta(days=first), last=today - timedelta(days=last))

    await stage.person("ada", leaves=(off(15, 13),))
    assert kinds(await stage.health()) == ["watch"]
    await stage.person("ada")
    assert "nudge.not_meeting" in kinds(await stage.health())
    await stage.enrolled("bo-enrolled", "bo", "mentee", away=(off(15, 13),))
    assert kinds(await stage.health()) == ["watch"]
    await stage.program(breaks=(off(12, 8),))
    assert kinds(await stage.health()) == []
    await stage.program()
    await stage.enrolled("bo-enrolled", "bo", "mentee")
    paused = off(14, 8)
    await stage.pair(pauses=(Pause(first=paused.first, last=paused.last),))
    assert kinds(await stage.health()) == ["watch"]
    await stage.pair()
    assert "nudge.not_meeting" in kinds(await stage.health())
    await stage.program(cadence=14)
    slower = await stage.health()
    assert (kinds(slower), slower["cadence_days"]) == ([], 14)


async def test_one_fact_about_a_program_reaches_every_pair_of_it(stage):
    async with stage.at_once():
        for n in range(30):
            await stage.pair(f"pair-{n}", mentee=f"mentee-{n}")
    await stage.program(cadence=21)
    async with stage.client("coordinator") as coordinator:
        first = (await coordinator.get("/v1/programs/program/health?limit=20")).json()
        second = (
            await coordinator.get(f"/v1/programs/program/health?limit=20&cursor={first['next']}")
        ).json()
    found = first["items"] + second["items"]
    assert len({one["pair"] for one in found}) == 31
    assert {one["cadence_days"] for one in found} == {21}
    assert second["next"] is None


async def test_an_ended_pair_signals_nothing_and_an_erased_one_is_forgotten(stage):
    await stage.held(0)
    await stage.days(25)
    assert "stalled" in kinds(await stage.health())
    await stage.pair(state="ended", ended_at=stage.now, outcome="ended")
    assert kinds(await stage.health()) == []
    async with Sender(stage.settings.kafka_bootstrap, stage.settings.topic_prefix) as sender:
        await sender.events(PAIRS.erasure("acme", "pair", stage.versions[PAIRS.name, "pair"] + 1))
    await stage.settle()
    async with stage.client("coordinator") as coordinator:
        assert (await coordinator.get("/v1/pairs/pair/health")).status_code == 404
    assert [type for type, _ in await stage.published()][-1] == "health.erased"
    assert [type for type, _ in await stage.published(SESSIONS)][-1] == "session.erased"


async def test_one_tap_answers_become_facts_once_however_often_they_are_read(stage):
    await stage.days(20)
    today = stage.now.date()

    def said(id, kind, day):
        return Answer(
            id=id, pair="pair", program="program", kind=kind, day=day, by="bo", answered_at=stage.now
        )

    met = said("tap-1", "met_on", today - timedelta(days=2))
    for version in (1, 1, 2):
        await stage.sender.events([event(ANSWERS, "answer.given", met, version)])
    await stage.tell(ANSWERS, "answer.given", said("tap-2", "planned_for", today + timedelta(days=3)))
    health = await stage.health()
    assert health["last_held_on"] == (today - timedelta(days=2)).isoformat()
    assert health["next_planned_on"] == (today + timedelta(days=3)).isoformat()
    facts = await stage.published(SESSIONS)
    assert sorted((body["state"], body["origin"]) for _, body in facts) == [
        ("held", "answer"),
        ("planned", "answer"),
    ]


async def test_busy_days_do_not_count(stage):
    await stage.held(0)
    await stage.days(5)
    until = stage.now.date() + timedelta(days=9)
    busy = Answer(
        id="tap",
        pair="pair",
        program="program",
        kind="busy_until",
        day=until,
        by="ada",
        answered_at=stage.now,
    )
    await stage.tell(ANSWERS, "answer.given", busy)
    await stage.days(13)
    assert kinds(await stage.health()) == []
    await stage.days(1)
    assert kinds(await stage.health()) == ["watch"]
