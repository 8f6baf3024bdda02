"""What people do on the real cluster: one-tap answers, words in confidence, a coordinator's acts."""

from datetime import timedelta

from shared.contracts import ANSWERS, CASES, DELIVERIES
from tests.support.notifications import links, scene


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
        another = await person.post(met, data={"day": (stage.now - timedelta(days=1)).date().isoformat()})
        assert (another.status_code, "used before" in another.text) == (409, True)
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
    assert (await stage.cases())[-1]["state"] == "on_hold"
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
        assert (await stage.cases())[-1]["state"] == "on_hold"
        gone = await coordinator.post("/v1/cases/pair/dismiss", json={"reason": "they work side by side"})
        assert gone.json()["state"] == "dismissed"
        await stage.days(30)
    assert "side by side" not in str(await stage.published(CASES))
    assert mailbox.kinds() == ["rung.owing", "word"]


async def test_what_cannot_be_taken_names_its_field(stage):
    await stage.health("stalled")
    await stage.settle()
    async with stage.client("coordinator") as coordinator:
        refused = [
            ("snooze", {"until": (stage.now + timedelta(days=40)).isoformat()}, "/until"),
            ("snooze", {"until": (stage.now - timedelta(days=1)).isoformat()}, "/until"),
            ("dismiss", {"raeson": "they work side by side"}, "/raeson"),
            ("act", {"action": "end"}, "/action"),
        ]
        for what, body, field in refused:
            answer = await coordinator.post(f"/v1/cases/pair/{what}", json=body)
            assert answer.status_code == 422
            (error,) = answer.json()["errors"]
            assert error["field"] == field
            assert error["fix"]
        assert (await coordinator.get("/v1/cases/pair")).json()["state"] == "open"


async def test_the_end_of_a_pair_is_told_to_those_who_stay(settings, mailbox):
    """Also before its time began; and a link of its mails takes no day from before the two were brought together."""
    async with scene(settings, mailbox) as stage:
        await stage.people()
        await stage.program()
        await stage.settle()
        accepted = stage.now - timedelta(days=12)
        known = {"accepted_at": accepted, "expires_at": stage.now + timedelta(days=3), "enrolled": True}
        await stage.pair("proposed", **known)
        await stage.settle()
        assert mailbox.kinds() == ["proposal", "proposal"]
        assert f"by {stage.now + timedelta(days=3):%d %B %Y}" in mailbox.last("proposal").get_content()
        await stage.pair("active", **known, active_from=accepted.date())
        await stage.health("nudge.nothing_planned", owes=None)
        await stage.settle()
        met = links(mailbox.last("nudge"))[0]
        async with stage.client() as person:
            early = await person.post(met, data={"day": (accepted - timedelta(days=2)).date().isoformat()})
            assert (early.status_code, "back to" in early.text) == (422, True)
        await stage.enrolled("mentor", "withdrawn")
        await stage.settle()
        await stage.pair("ended", **known, active_from=accepted.date())
        await stage.settle()
        ended = [mail["To"] for mail in mailbox.mails if mail["X-Rapport-Kind"] == "ended"]
        assert len(ended) == 1
        assert "mentee@example.org" in ended[0]
