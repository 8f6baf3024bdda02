"""Mail on the real cluster: a server that is away, refuses or kills; receivers without an address."""

from datetime import timedelta

from shared.contracts import ANSWERS, CASES, DELIVERIES
from tests.integration.delivery.conftest import until
from tests.support.kafka import Sender
from tests.support.notifications import Scene, Serving, eventually, scene


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


async def test_a_reminder_that_waited_is_not_sent_to_two_who_have_planned_or_met(stage, mailbox):
    await mailbox.stop()
    await stage.health("nudge.nothing_planned", owes=None)
    await stage.settle()
    await stage.plan(stage.now + timedelta(days=40))
    await stage.settle()
    await mailbox.start()
    await stage.days(0.1)
    assert mailbox.mails == []
    await mailbox.stop()
    await stage.health("nudge.cancellations", owes=None)
    await stage.settle()
    await stage.health(held=stage.now.date())
    await stage.settle()
    await mailbox.start()
    await stage.days(0.1)
    assert mailbox.mails == []
    outcomes = [body["outcome"] for body in await stage.published(DELIVERIES) if body["kind"] == "nudge"]
    assert outcomes == ["suppressed"] * 4


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
