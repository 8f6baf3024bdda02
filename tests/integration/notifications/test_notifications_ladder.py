"""A silent pair on the real cluster: rungs, recovery, rematch, holds, digests, seen from outside."""

import random
from datetime import timedelta

from shared.contracts import CASES, DELIVERIES
from tests.support.kafka import read_all
from tests.support.notifications import scene


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
    assert "Mentee O'Brien was asked" in history
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
    published = await stage.cases()
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
    last = (await stage.cases())[-1]
    assert (last["state"], last["rung"]) == ("recovered", 2)
    async with stage.client("coordinator") as coordinator:
        assert (await coordinator.get("/v1/cases")).json()["items"] == []


async def test_a_month_at_once_fires_one_rung(stage, mailbox):
    await stage.health("stalled")
    await stage.settle()
    await stage.days(30)
    assert [case["rung"] for case in await stage.cases()] == [1, 2]


async def test_a_planned_session_holds_the_case(stage, mailbox):
    await stage.health("stalled")
    await stage.settle()
    await stage.plan(stage.now + timedelta(days=5))
    await stage.settle()
    await stage.days(4)
    assert [case["state"] for case in await stage.cases()] == ["open", "on_hold"]
    await stage.days(6)
    assert [(case["state"], case["rung"]) for case in await stage.cases()][2:] == [("open", 1)]
    await stage.days(4)
    assert (await stage.cases())[-1]["rung"] == 2


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
        assert {case["rung"] for case in await stage.cases()} == {1, 2, 3}
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
