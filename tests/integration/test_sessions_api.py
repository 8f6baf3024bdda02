"""The HTTP of sessions on the real database: who may say and read what, and how it is refused."""

from datetime import timedelta

from shared.contracts import HEALTH, SESSIONS
from shared.http.testing import unscoped
from tests.integration.test_sessions import settings, stage  # noqa: F401
from tests.support.sessions import kinds

LOG = "/v1/pairs/pair/sessions"


def in_hours(stage, hours):  # noqa: F811
    return (stage.now + timedelta(hours=hours)).isoformat()


REFUSED = [
    ({"state": "held", "start": 5}, "/start"),
    ({"state": "planned", "start": -5}, "/start"),
    ({"state": "held", "start": -5, "notes": "we spoke about"}, "/notes"),
    ({"state": "dreamt", "start": -5}, "/state"),
    ({"state": "missed", "start": -5, "missed_by": ["eve"]}, "/missed_by"),
    ({"state": "cancelled", "start": 5, "cancelled_by": "eve"}, "/cancelled_by"),
    ({"state": "held", "start": -5, "time_zone": "Mars/Olympus"}, "/time_zone"),
]


async def test_what_cannot_be_true_names_the_field_and_the_fix(stage):  # noqa: F811
    async with stage.client("participant", participant="bo") as member:
        for said, field in REFUSED:
            answer = await member.post(LOG, json={**said, "start": in_hours(stage, said["start"])})
            assert answer.status_code == 422
            (error,) = answer.json()["errors"]
            assert error["field"] == field
            assert error["fix"]
            assert "we spoke about" not in answer.text
        assert (await member.get(LOG)).json()["items"] == []


async def test_a_planned_session_from_plan_to_confirmation(stage):  # noqa: F811
    async with (
        stage.client("participant", participant="bo") as bo,
        stage.client("participant", participant="ada") as ada,
    ):
        plan = {"state": "planned", "start": in_hours(stage, 48)}
        planned = await bo.post(LOG, json=plan, headers={"Idempotency-Key": "one"})
        again = await bo.post(LOG, json=plan, headers={"Idempotency-Key": "one"})
        assert (planned.status_code, again.content) == (201, planned.content)
        place, tag = planned.headers["location"], planned.headers["etag"]
        moved = await ada.post(f"{place}/reschedule", json={"start": in_hours(stage, 72)})
        assert moved.status_code == 201
        old = (await bo.get(place)).json()
        assert (old["state"], old["rescheduled_to"]) == ("rescheduled", moved.json()["id"])
        place = moved.headers["location"]
        await stage.settle()
        expected = (stage.now + timedelta(hours=72)).date().isoformat()
        assert (await stage.health())["next_planned_on"] == expected
        await stage.days(4)
        assert (await bo.patch(place, json={"state": "held"})).status_code == 428
        stale = await bo.patch(place, json={"state": "held"}, headers={"If-Match": '"7"'})
        assert stale.status_code == 412
        held = await bo.patch(place, json={"state": "held"}, headers={"If-Match": moved.headers["etag"]})
        assert (held.status_code, held.json()["confirmation"]) == (200, "reported")
        own = await bo.post(f"{place}/confirm")
        assert (own.status_code, own.json()["type"]) == (409, "/problems/own-report")
        assert (await ada.post(f"{place}/dispute")).json()["confirmation"] == "disputed"
        await stage.settle()
        assert (await stage.health())["last_held_on"] is None
        assert (await ada.post(f"{place}/confirm")).json()["confirmation"] == "confirmed"
        await stage.settle()
        assert (await stage.health())["last_held_on"] == expected
        listed = (await ada.get(LOG)).json()
    assert {one["state"] for one in listed["items"]} == {"rescheduled", "held"}
    assert tag == '"1"'
    types = [type for type, _ in await stage.published(SESSIONS)]
    assert sorted(types) == [
        "session.confirmed",
        "session.disputed",
        "session.held",
        "session.planned",
        "session.planned",
        "session.rescheduled",
    ]


async def test_who_cancelled_owes_the_next_step(stage):  # noqa: F811
    await stage.reported(by="ada", state="cancelled", start=in_hours(stage, 2))
    owes = (await stage.health())["owes"]
    assert (owes["participant"], owes["role"], owes["fact"]) == ("ada", "mentor", "session.cancelled")


async def test_members_read_shared_facts_and_no_score_band_or_total(stage):  # noqa: F811
    await stage.held(0)
    async with (
        stage.client("participant", participant="bo") as bo,
        stage.client("coordinator", "participant", participant="ada") as both,
    ):
        for member in (bo, both):
            facts = (await member.get("/v1/pairs/pair/health")).json()
            assert set(facts) == {"pair", "cadence_days", "last_held_on", "next_planned_on"}
        assert (await bo.get("/v1/programs/program/health")).status_code == 403
        assert (await both.get("/v1/programs/program/health")).json()["items"] == []


async def test_a_pair_whose_time_has_not_begun_has_no_health_and_says_why(stage):  # noqa: F811
    await stage.pair("early", state="proposed", mentee="cy")
    async with stage.client("participant", participant="cy") as cy:
        early = await cy.get("/v1/pairs/early/health")
        assert (early.status_code, early.json()["type"]) == (404, "/problems/not-begun")
        assert "has not begun" in early.json()["detail"]
        wrong = await cy.post(
            "/v1/pairs/early/sessions", json={"state": "held", "start": in_hours(stage, -3)}
        )
        assert (wrong.status_code, wrong.json()["type"]) == (409, "/problems/not-a-pair")


async def test_nobody_else_learns_that_the_pair_exists(stage):  # noqa: F811
    await stage.held(0)
    others = [
        (("participant",), {"participant": "eve"}),
        (("coordinator",), {"programs": ["another"]}),
        (("coordinator",), {"organization": "globex"}),
        (("participant",), {"participant": "bo", "organization": "globex"}),
    ]
    for roles, claims in others:
        async with stage.client(*roles, **claims) as other:
            body = {"state": "held", "start": in_hours(stage, -3)}
            statuses = [
                (await other.get(LOG)).status_code,
                (await other.get("/v1/pairs/pair/health")).status_code,
                (await other.post(LOG, json=body)).status_code,
            ]
            assert statuses == [404, 404, 404]
    async with stage.client("hr") as hr:
        assert (await hr.get(LOG)).status_code == 403
    assert unscoped(stage.service.app) == []


async def test_a_program_is_filtered_by_shown_band_and_by_signal(stage):  # noqa: F811
    await stage.pair("quiet", mentee="cy")
    await stage.days(12)
    await stage.held(0)
    async with stage.client("coordinator") as coordinator:

        async def listed(query):
            answer = await coordinator.get(f"/v1/programs/program/health?{query}")
            assert answer.status_code == 200, answer.text
            return [one["pair"] for one in answer.json()["items"]]

        assert await listed("band=failing") == ["quiet"]
        assert await listed("band=steady") == ["pair"]
        assert await listed("signal=nudge.nothing_planned") == ["quiet"]
        await stage.pair("quiet", state="ended", mentee="cy", ended_at=stage.now, outcome="ended")
        assert await listed("band=failing") == []
        assert await listed("band=failing&ended=true") == ["quiet"]
        assert (await coordinator.get("/v1/programs/program/health?band=superb")).status_code == 422
        assert (await coordinator.get("/v1/programs/another/health")).status_code == 404
    assert (kinds(await stage.health("quiet")), (await stage.health("quiet"))["ended"]) == ([], True)


async def test_past_sessions_come_in_any_order_and_by_a_coordinator_too(stage):  # noqa: F811
    await stage.days(30)
    for days in (1, 22, 8, 15):
        await stage.held(days)
    async with stage.client("coordinator") as coordinator:
        body = {"state": "held", "start": in_hours(stage, -24 * 29)}
        assert (await coordinator.post(LOG, json=body)).status_code == 201
    await stage.settle()
    health = await stage.health()
    assert health["components"][-1]["value"] is None
    assert [one["value"] for one in health["components"] if one["name"] == "commitment"] == [100]
    last = [body for _, body in await stage.published(HEALTH)][-1]
    assert last["score"] == health["score"]
