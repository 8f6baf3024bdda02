"""A silent pair on the real cluster: rungs, recovery, rematch, mail and answers, seen from outside."""

import random
from datetime import timedelta

import pytest

from services.notifications.settings import Settings
from shared.contracts import ANSWERS, CASES, DELIVERIES
from shared.contracts.topics import DEAD_LETTERS, read_by
from tests.integration.delivery.conftest import until
from tests.support.kafka import Sender, create_topics, read_all
from tests.support.notifications import Mailbox, Scene, Serving, eventually, links, scene


@pytest.fixture
async def mailbox():
    box = await Mailbox().start()
    yield box
    await box.stop()


@pytest.fixture
async def settings(kafka, database, names, mongo_driver, mailbox, tmp_path):
    topics = [*read_by("notifications"), CASES, ANSWERS, DELIVERIES, DEAD_LETTERS["notifications"]]
    await create_topics(kafka.bootstrap, names.topic_prefix, topics)
    return Settings(
        profile="embedded",
        data_dir=tmp_path,
        kafka_bootstrap=kafka.bootstrap,
        mongo_uri=database.uri,
        mongo_driver=mongo_driver,
        topic_prefix=names.topic_prefix,
        database_prefix=names.database_prefix,
        smtp_port=mailbox.port,
        public_url="https://rapport.example",
    )


@pytest.fixture
async def stage(settings, mailbox):
    """An active pair that was welcomed a while ago, so that the week's messages are free again."""
    async with scene(settings, mailbox) as stage:
        await stage.people()
        await stage.program()
        await stage.pair()
        await stage.settle()
        await stage.days(8)
        mailbox.mails.clear()
        yield stage


async def cases(stage):
    return [body["case"] for body in await stage.published(CASES)]


async def test_four_rungs_then_a_rematch_after_the_coordinators_word(stage, mailbox):
    await stage.health("stalled")
    await stage.settle()
    assert mailbox.kinds() == ["rung.owing"]
    assert "mentee@example.org" in mailbox.mails[0]["To"]
    assert "Mentor Müller" in mailbox.mails[0].get_content()
    await stage.days(3)
    assert mailbox.kinds()[1:] == ["rung.both", "rung.both"]
    await stage.days(4)
    assert mailbox.kinds()[3:] == ["rung.coordinator"]
    history = mailbox.last("rung.coordinator").get_content()
    assert "carla@example.org" in mailbox.last("rung.coordinator")["To"]
    assert "Mentee O'Brien asked" in history
    assert history.count("\n- ") == 3 + 4
    async with stage.client("coordinator") as coordinator:
        early = await coordinator.post("/v1/cases/pair/act", json={"action": "rematch"})
        assert (early.status_code, early.json()["type"]) == (409, "/problems/not-now")
        await stage.days(7)
        assert mailbox.kinds()[4:] == ["rung.rematch"]
        (listed,) = (await coordinator.get("/v1/cases")).json()["items"]
        assert (listed["rung"], listed["rematch"], listed["state"]) == (4, "recommended", "open")
        word = await coordinator.post("/v1/cases/pair/act", json={"action": "rematch"})
        assert word.json()["rematch"] == "confirmed"
        await stage.settle()
        await stage.pair("ended", outcome="ended")
        await stage.settle()
        detail = (await coordinator.get("/v1/cases/pair")).json()
    assert detail["state"] == "closed"
    assert [entry["what"] for entry in detail["history"]] == [
        "opened",
        *["rung"] * 4,
        "rematch_confirmed",
        "closed",
    ]
    assert len(detail["suggestions"]) == 3
    assert mailbox.kinds()[5:] == ["ended", "ended"]
    assert "no longer available" in mailbox.mails[-1].get_content()
    published = await cases(stage)
    assert [(case["rung"], case["rematch"], case["state"]) for case in published] == [
        (1, "none", "open"),
        (2, "none", "open"),
        (3, "none", "open"),
        (4, "recommended", "open"),
        (4, "confirmed", "open"),
        (4, "confirmed", "closed"),
    ]


async def test_recovery_closes_the_case_without_a_mail_and_the_ladder_ends(stage, mailbox):
    await stage.health("stalled")
    await stage.settle()
    await stage.days(3)
    sent = len(mailbox.mails)
    await stage.health(held=stage.now.date())
    await stage.settle()
    await stage.days(30)
    assert len(mailbox.mails) == sent
    last = (await cases(stage))[-1]
    assert (last["state"], last["rung"]) == ("recovered", 2)
    async with stage.client("coordinator") as coordinator:
        assert (await coordinator.get("/v1/cases")).json()["items"] == []


async def test_a_month_at_once_fires_one_rung(stage, mailbox):
    await stage.health("stalled")
    await stage.settle()
    await stage.days(30)
    assert [case["rung"] for case in await cases(stage)] == [1, 2]


async def test_a_planned_session_holds_the_case(stage, mailbox):
    await stage.health("stalled")
    await stage.settle()
    await stage.plan(stage.now + timedelta(days=5))
    await stage.settle()
    await stage.days(4)
    assert [case["state"] for case in await cases(stage)] == ["open", "on_hold"]
    await stage.days(6)
    assert [(case["state"], case["rung"]) for case in await cases(stage)][2:] == [("open", 1)]
    await stage.days(4)
    assert (await cases(stage))[-1]["rung"] == 2


async def test_one_tap_answers_become_facts_once_and_words_stay_inside(stage, mailbox):
    await stage.health("stalled")
    await stage.settle()
    met, _, busy, need_help, _ = links(mailbox.mails[0])
    async with stage.client() as person:
        page = await person.get(met)
        assert (page.status_code, "On which day did you meet?" in page.text) == (200, True)
        assert (await person.get(met + "x")).status_code == 410
        future = (stage.now + timedelta(days=3)).date().isoformat()
        assert (await person.post(met, data={"day": future})).status_code == 422
        assert await stage.published(ANSWERS) == []
        today = stage.now.date().isoformat()
        for _ in range(2):
            assert "Thank you" in (await person.post(met, data={"day": today})).text
        until = (stage.now + timedelta(days=6)).date().isoformat()
        await person.post(busy, data={"day": until})
        for _ in range(2):
            assert "Nobody else knows" in (await person.post(need_help)).text
        await stage.settle()
    answers = await stage.published(ANSWERS)
    assert [(answer["kind"], answer["day"], answer["by"]) for answer in answers] == [
        ("met_on", today, "mentee"),
        ("busy_until", until, "mentee"),
    ]
    assert answers[0]["time_zone"] == "Europe/Berlin"
    assert (await cases(stage))[-1]["state"] == "on_hold"
    assert all("reviews" in body and body["reviews"] == [] for body in await stage.published(CASES))
    assert mailbox.kinds()[1:] == ["word"]
    assert "carla@example.org" in mailbox.last("word")["To"]
    async with stage.client("coordinator") as coordinator:
        (task,) = (await coordinator.get("/v1/reviews")).json()["items"][0]["reviews"]
        assert (task["kind"], task["by"]) == ("word.need_help", "mentee")
        done = await coordinator.post(f"/v1/reviews/{task['id']}/act", json={"state": "done"})
        assert done.json()["state"] == "done"
        assert (await coordinator.get("/v1/reviews")).json()["items"] == []
    assert "need_help" not in str(await stage.published(DELIVERIES))


async def test_a_broken_mail_server_loses_nothing_and_names_are_logged_nowhere(stage, mailbox, caplog):
    caplog.set_level("DEBUG", "services")
    caplog.set_level("DEBUG", "shared")
    await mailbox.stop()
    await stage.health("stalled")
    await stage.settle()
    assert mailbox.mails == []
    await mailbox.start()
    await stage.days(0.1)
    assert mailbox.kinds() == ["rung.owing"]
    (delivery,) = [body for body in await stage.published(DELIVERIES) if body["kind"] == "rung.owing"]
    assert delivery["outcome"] == "sent"
    assert delivery["attempts"] > 1
    assert delivery["message_id"] == mailbox.mails[0]["Message-ID"]
    assert "effect mail failed" in caplog.text
    said = [str(await stage.published(topic)) for topic in (CASES, ANSWERS, DELIVERIES)]
    ours = [
        record.getMessage() for record in caplog.records if record.name.startswith(("services", "shared"))
    ]
    assert not [line for line in (*said, *ours) if "O'Brien" in line or "example.org" in line]


async def test_a_mail_that_waited_is_not_sent_after_recovery(stage, mailbox):
    await mailbox.stop()
    await stage.health("stalled")
    await stage.settle()
    await stage.health(held=stage.now.date())
    await stage.settle()
    await mailbox.start()
    await stage.days(0.1)
    assert mailbox.mails == []
    outcomes = [body["outcome"] for body in await stage.published(DELIVERIES) if body["kind"] == "rung.owing"]
    assert outcomes == ["suppressed"]


async def test_a_refused_address_is_told_and_not_tried_for_ever(stage, mailbox):
    mailbox.refuse = "550 no such person"
    await stage.health("stalled")
    await stage.settle()
    async with stage.client("coordinator") as coordinator:
        failed = (await coordinator.get("/v1/deliveries", params={"outcome": "failed"})).json()["items"]
        assert [each["recipient"] for each in failed] == ["mentee"]
        detail = (await coordinator.get("/v1/cases/pair")).json()
        assert [each["outcome"] for each in detail["deliveries"] if each["kind"] == "rung.owing"] == [
            "failed"
        ]
    mailbox.refuse = None


async def test_killed_after_sending_and_before_the_commit_it_sends_the_same_mail_again(settings, mailbox):
    """The mail server itself kills the service, once it has the mail and before it says so."""
    process = Serving(settings)
    mailbox.on_mail = process.kill_once
    async with Sender(settings.kafka_bootstrap, settings.topic_prefix) as sender:
        stage = Scene(None, sender, mailbox, settings, None)
        try:
            process.start()
            await stage.people()
            await stage.program()
            await stage.pair("proposed")
            await eventually("the service is killed", lambda: process.killed and not process.running)
            ids = [mail["Message-ID"] for mail in mailbox.mails]
            process.start()

            def again():
                ids[:] = [mail["Message-ID"] for mail in mailbox.mails]
                return len(set(ids)) == 2 and ids.count(ids[0]) == 2

            # A few are sent at a time: the other may have been under way too, and is sent again then as well.
            await eventually("both proposals, the first of them twice", again, 90)
            assert len(ids) <= 4

            async def recorded():
                return len(await stage.published(DELIVERIES)) == 2

            await until("both deliveries are published", recorded)
            assert {each["message_id"] for each in await stage.published(DELIVERIES)} == set(ids)
        finally:
            process.end()


async def test_nobody_without_an_address_is_lost_from_sight(settings, mailbox):
    async with scene(settings, mailbox) as stage:
        await stage.people(without=("mentee",))
        await stage.program()
        await stage.settle()
        await stage.pair("proposed")
        await stage.settle()
        assert mailbox.kinds() == ["proposal"]
        async with stage.client("coordinator") as coordinator:
            found = (await coordinator.get("/v1/deliveries", params={"outcome": "no_address"})).json()[
                "items"
            ]
        assert [each["recipient"] for each in found] == ["mentee"]


async def test_thirty_pairs_at_once_are_two_mails_and_a_digest_for_their_coordinator(settings, mailbox):
    """All of them write to one person's postbox at the same time."""
    async with scene(settings, mailbox) as stage:
        await stage.people()
        await stage.program()
        await stage.settle()
        pairs = [f"pair{number:02}" for number in range(30)]
        for pair in pairs:
            await stage.pair(id=pair, origin="import", mentor=f"m-{pair}", mentee=f"n-{pair}")
            await stage.contact(f"m-{pair}", pair)
            await stage.contact(f"n-{pair}", pair)
            await stage.health("stalled", id=pair, owes=None)
        await stage.settle()
        await stage.days(0.1)
        assert mailbox.kinds() == ["rung.owing"] * 60
        await stage.days(3)
        await stage.days(4)
        assert {case["rung"] for case in await cases(stage)} == {1, 2, 3}
        assert mailbox.kinds("carla") == ["rung.coordinator"] * 2
        await stage.days(6)
        assert mailbox.kinds("carla") == ["rung.coordinator"] * 2
        await stage.days(1)
        # The two that were told in time are a rung further: one of them takes the week's other place.
        assert sorted(mailbox.kinds("carla")[2:]) == ["digest", "rung.rematch"]
        assert mailbox.last("digest").get_content().count("have not been meeting") == 28
        async with stage.client("coordinator") as coordinator:
            listed = (await coordinator.get("/v1/cases", params={"limit": 20})).json()
            rest = await coordinator.get("/v1/cases", params={"limit": 20, "cursor": listed["next"]})
        assert [each["id"] for each in listed["items"] + rest.json()["items"]] == pairs
        told = [body for body in await stage.published(DELIVERIES) if body["kind"] == "rung.coordinator"]
        outcomes = [body["outcome"] for body in told]
        assert (outcomes.count("sent"), outcomes.count("digested"), len(told)) == (2, 28, 30)
        assert len({mail["Message-ID"] for mail in mailbox.mails}) == len(mailbox.mails)


async def test_only_coordinators_of_the_program_see_and_act(stage, mailbox):
    await stage.health("stalled")
    await stage.settle()
    async with stage.client() as nobody:
        assert (await nobody.get("/v1/cases")).status_code == 401
    async with stage.client("participant", participant="mentee") as person:
        assert (await person.get("/v1/cases/pair")).status_code == 403
        asked = await person.post("/v1/pairs/pair/requests", json={"kind": "want_to_finish"})
        again = await person.post("/v1/pairs/pair/requests", json={"kind": "want_to_finish"})
        assert (asked.status_code, asked.json()) == (202, again.json())
        assert (await person.post("/v1/pairs/other/requests", json={"kind": "need_help"})).status_code == 404
    async with stage.client("coordinator", "participant", participant="mentor") as in_the_pair:
        assert (await in_the_pair.get("/v1/cases/pair")).status_code == 404
        assert (await in_the_pair.get("/v1/cases")).json()["items"] == []
        assert (await in_the_pair.get("/v1/reviews")).json()["items"] == []
    async with stage.client("coordinator") as coordinator:
        assert (await coordinator.get("/v1/cases", params={"program": "other"})).status_code == 404
        assert (await coordinator.get("/v1/cases/nothing")).status_code == 404
        until = (stage.now + timedelta(days=5)).isoformat()
        rests = await coordinator.post("/v1/cases/pair/snooze", json={"until": until})
        assert rests.status_code == 200
        await stage.days(4)
        assert (await cases(stage))[-1]["state"] == "on_hold"
        gone = await coordinator.post("/v1/cases/pair/dismiss", json={"reason": "they work side by side"})
        assert gone.json()["state"] == "dismissed"
        await stage.days(30)
    assert "side by side" not in str(await stage.published(CASES))
    assert mailbox.kinds() == ["rung.owing", "word"]


async def test_every_fact_three_times_and_shuffled_opens_one_case_for_each_silent_pair(
    settings, mailbox, monkeypatch
):
    seed = random.randrange(1 << 30)
    print("seed", seed)
    chance = random.Random(seed)
    facts = []

    async def collect(events):
        facts.extend(events)

    async with scene(settings, mailbox) as stage:
        send = stage.sender.events
        monkeypatch.setattr(stage.sender, "events", collect)
        await stage.people()
        await stage.program(messages_per_week=20)
        pairs = [f"pair{n}" for n in range(6)]
        for id in pairs:
            await stage.pair(id=id)
        for round in range(5):
            for id in pairs:
                # Silent, back, silent again …; at the end half of them are silent.
                silent = round % 2 == 0 and (round < 4 or id in pairs[:3])
                await stage.health(*(["stalled"] if silent else []), id=id)
        thrice = [each for each in facts for _ in range(3)]
        order = sorted(range(len(thrice)), key=lambda n: n + chance.uniform(0, 100))
        for start in range(0, len(order), 25):
            await send(thrice[n] for n in order[start : start + 25])
        await stage.settle()
        await stage.days(3)
        async with stage.client("coordinator") as coordinator:
            live = (await coordinator.get("/v1/cases")).json()["items"]
        assert sorted(case["id"] for case in live) == pairs[:3]
        assert {case["rung"] for case in live} == {2}
        sent = [mail["Message-ID"] for mail in mailbox.mails]
        assert len(sent) == len(set(sent)), "no mail went twice"
        said = {}
        for record in await read_all(settings.kafka_bootstrap, settings.topic_prefix + CASES.name):
            version = int(dict(record.headers)["ce_sequence"])
            assert version == said.get(record.key, 0) + 1, "each version once, in order"
            said[record.key] = version
        rows = await stage.kernel.database["attention"].find({"version": {"$gt": 0}}).to_list(None)
        assert {key.decode(): version for key, version in said.items()} == {
            row["_id"]: row["version"] for row in rows
        }
