"""The API of profiles on the real cluster: rights, preconditions, repetitions, and what is published."""

from pathlib import Path
from typing import Any

from services.profiles.app import build
from shared.contracts import CONTACTS, PAIRS, PARTICIPANTS, PROGRAMS, Role
from shared.contracts.pairs import Member, Pair
from shared.http.testing import unscoped
from tests.support.kafka import Sender, event
from tests.support.profiles import ANA, BEN, here, published, settings, settled


def test_every_route_asks_for_a_role(tmp_path: Path) -> None:
    from services.profiles.settings import Settings

    assert unscoped(build(Settings(profile="embedded", data_dir=tmp_path)).app) == []


async def test_a_person_is_added_changed_and_erased(
    kafka: Any, database: Any, names: Any, mongo_driver: str, tmp_path: Path
) -> None:
    chosen = settings(kafka, database, names, mongo_driver, tmp_path)
    async with here(chosen) as (api, kernel):
        link = {"links": [{"source": "hr", "external_id": "1"}]}
        sent = {"headers": {"Idempotency-Key": "k1"}, "role": "hr", "expect": 201}
        made = await api.post("/v1/participants", ANA | link, **sent)
        assert await api.post("/v1/participants", ANA | link, **sent) == made
        assert (await api.post("/v1/participants", ANA | link, role="hr", expect=409))[
            "type"
        ] == "/problems/exists"
        path = f"/v1/participants/{made['id']}"

        answer = await api.call("GET", path, role="hr")
        tag = {"If-Match": answer.headers["etag"]}
        await api.call("PATCH", path, role="hr", expect=428, json={"field": "law"})
        for wrong in (
            {"time_zone": "Mars/Base"},
            {"locale": "english"},
            {"email": "x"},
            {"given_name": None},
        ):
            answer = await api.call("PATCH", path, role="hr", expect=422, headers=tag, json=wrong)
            assert [each["field"] for each in answer.json()["errors"]] == [f"/{next(iter(wrong))}"]
        changed = await api.call("PATCH", path, role="hr", headers=tag, json={"field": "law"})
        assert changed.json()["person"]["field"] == "law"
        await api.call("PATCH", path, role="hr", expect=412, headers=tag, json={"field": "art"})
        tag = {"If-Match": changed.headers["etag"]}
        # Participants see themselves and change little; others and other organizations see nothing.
        own = {"role": "participant", "participant": made["id"]}
        assert (await api.get(path, **own))["contact"]["given_name"] == "Ana"
        await api.call("PATCH", path, headers=tag, expect=403, json={"seniority": 12}, **own)
        await api.call("PATCH", path, headers=tag, json={"locale": "fr"}, **own)
        await api.call("GET", path, role="participant", participant="somebody", expect=404)
        await api.call("GET", path, role="hr", organization="other", expect=404)
        await api.call("GET", "/v1/participants", role="coordinator", programs=("spring",), expect=403)

        ben = await api.post("/v1/participants", BEN | {"manager": made["id"]}, role="hr", expect=201)
        tag = {"If-Match": (await api.call("GET", path, role="hr")).headers["etag"]}
        circle = await api.call(
            "PATCH", path, role="hr", expect=422, headers=tag, json={"manager": ben["id"]}
        )
        assert circle.json()["errors"][0]["field"] == "/manager"
        await settled(kernel)
        types = [type for type, id, _, _ in await published(chosen, PARTICIPANTS) if id == made["id"]]
        assert types == ["participant.added", "participant.changed"]
        assert [t for t, i, _, _ in await published(chosen, CONTACTS) if i == made["id"]][
            -1
        ] == "contact.changed"

        await api.call("DELETE", path, role="hr", expect=403)
        await api.call("DELETE", path, expect=204)
        await api.call("GET", path, expect=404)
        # Nor does the answer that a repetition would get keep anything, or make the person anew.
        repeated = await api.call("POST", "/v1/participants", json=ANA | link, **sent)
        assert repeated.content == b""
        everybody = (await api.get("/v1/participants", role="hr"))["items"]
        assert [each["id"] for each in everybody] == [ben["id"]]
        await settled(kernel)
        for topic in (PARTICIPANTS, CONTACTS):
            last = [body for _, id, _, body in await published(chosen, topic) if id == made["id"]][-2:]
            assert last == [{"id": made["id"]}, None]
        (left,) = [i for i in (await api.get("/v1/participants", role="hr"))["items"] if i["id"] == ben["id"]]
        assert left["person"]["manager"] is None
        again = await api.post("/v1/participants", ANA | link, role="hr", expect=201)
        assert again["id"] != made["id"]


async def test_a_program_opens_with_a_coordinator_only_and_tells_what_is_wrong_with_it(
    kafka: Any, database: Any, names: Any, mongo_driver: str, tmp_path: Path
) -> None:
    chosen = settings(kafka, database, names, mongo_driver, tmp_path)
    async with here(chosen) as (api, kernel):
        body = {"id": "spring", "name": "Spring", "rules": {"cadence_days": 30}}
        made = await api.post("/v1/programs", body, expect=201)
        assert made["state"] == "draft"
        assert made["rules"]["weights"]["choice"] == 8
        assert "no coordinator" in made["warnings"][0]
        await api.post("/v1/programs/spring/open", expect=409)
        cohort = {"id": "c1", "name": "One", "starts": "2026-01-01", "ends": "2026-02-15"}
        warned = await api.post("/v1/programs/spring/cohorts", cohort, expect=201)
        assert len(warned["warnings"]) == 4
        wrong = await api.post("/v1/programs", body | {"id": "x", "rules": {"cadence": 7}}, expect=422)
        assert wrong["errors"][0]["field"] == "/rules/cadence"
        misspelled = {"gates": ["trainign"], "weights": {"skils": 9}}
        wrong = await api.post("/v1/programs", body | {"id": "x", "rules": misspelled}, expect=422)
        assert {each["field"]: each["fix"] for each in wrong["errors"]} == {
            "/rules/weights": "Did you mean 'skills'?",
            "/rules/gates": "Did you mean 'training'?",
        }
        await api.post("/v1/programs", body, role="hr", expect=403)

        carla = await api.post("/v1/participants", BEN, expect=201)
        tag = {"If-Match": (await api.call("GET", "/v1/programs/spring")).headers["etag"]}
        edit = {"name": "Spring", "coordinators": [carla["id"]]}
        await api.call(
            "PUT", "/v1/programs/spring", headers=tag, expect=422, json=edit | {"coordinators": ["x"]}
        )
        wrong = await api.call(
            "PUT", "/v1/programs/spring", headers=tag, expect=422, json=edit | {"deputies": ["x"]}
        )
        assert [each["field"] for each in wrong.json()["errors"]] == ["/deputies"]
        await api.call("PUT", "/v1/programs/spring", headers=tag, json=edit)
        later = cohort | {"name": "The first"}
        await api.call("PUT", "/v1/programs/spring/cohorts/c1", expect=428, json=later)
        read = await api.call("GET", "/v1/programs/spring/cohorts")
        tag = {"If-Match": read.headers["etag"]}
        await api.call("PUT", "/v1/programs/spring/cohorts/c1", headers=tag, json=later)
        await api.call("PUT", "/v1/programs/spring/cohorts/c1", headers=tag, expect=412, json=cohort)
        opened = await api.post("/v1/programs/spring/open")
        assert (opened["state"], opened["rules"]["cadence_days"]) == ("open", 14)
        await settled(kernel)
        events = [(type, body["state"]) for type, _, _, body in await published(chosen, PROGRAMS) if body]
        place, wish = "/v1/programs/spring/enrollments", {"participant": carla["id"], "role": "mentor"}
        over = await api.post(place, wish | {"cohort": "c1"}, expect=409)
        assert over["detail"] == "This cohort is over."
        await api.post("/v1/programs/spring/close")
        closed = await api.post(place, wish | {"cohort": "c1"}, expect=409)
        assert closed["detail"] == "This program is closed."
        assert events == [
            ("program.created", "draft"),
            ("program.changed", "draft"),
            ("program.changed", "draft"),
            ("program.changed", "draft"),
            ("program.opened", "open"),
        ]


async def test_names_are_for_those_who_may_see_them(
    kafka: Any, database: Any, names: Any, mongo_driver: str, tmp_path: Path
) -> None:
    chosen = settings(kafka, database, names, mongo_driver, tmp_path)
    async with here(chosen) as (api, kernel):
        carla = await api.program()
        ana = (await api.post("/v1/participants", ANA, expect=201))["id"]
        ben = (await api.post("/v1/participants", BEN, expect=201))["id"]
        await api.post("/v1/programs/spring/enrollments", {"participant": ana, "role": "mentee"}, expect=201)

        async def seen(**who: Any) -> set[str]:
            return set(
                (await api.post("/v1/participants/names", {"ids": [ana, ben, carla, "x"]}, **who))["names"]
            )

        assert await seen(role="hr") == {ana, ben, carla}
        assert await seen(role="hr", organization="other") == set()
        assert await seen(role="coordinator", programs=("spring",)) == {ana, carla}
        assert await seen(role="coordinator", programs=("autumn",)) == set()
        assert await seen(role="participant", participant=ana) == {ana}
        pair = Pair(
            id="p1",
            program="spring",
            cohort="2026",
            members=(
                Member(participant=ben, role=Role.MENTOR.value),
                Member(participant=ana, role=Role.MENTEE.value),
            ),
            state="proposed",
        )
        async with Sender(kafka.bootstrap, names.topic_prefix) as sender:
            await sender.events([event(PAIRS, "pair.proposed", pair, 1)])
            await settled(kernel)
            assert await seen(role="participant", participant=ana) == {ana, ben}
            gone = pair.model_copy(update={"state": "declined"})
            await sender.events([event(PAIRS, "pair.declined", gone, 2)])
            await settled(kernel)
            assert await seen(role="participant", participant=ana) == {ana}


async def test_the_organization_is_the_callers_own(
    kafka: Any, database: Any, names: Any, mongo_driver: str, tmp_path: Path
) -> None:
    chosen = settings(kafka, database, names, mongo_driver, tmp_path)
    async with here(chosen) as (api, _):
        await api.call("PUT", "/v1/organizations/acme", json={"name": "ACME", "time_zone": "Europe/Paris"})
        assert (await api.get("/v1/organizations/acme", role="hr"))["name"] == "ACME"
        again = {"json": {"name": "ACME & Sons"}}
        await api.call("PUT", "/v1/organizations/acme", expect=428, **again)
        read = (await api.call("GET", "/v1/organizations/acme")).headers["etag"]
        await api.call("PUT", "/v1/organizations/acme", headers={"If-Match": read}, **again)
        await api.call("PUT", "/v1/organizations/acme", headers={"If-Match": read}, expect=412, **again)
        await api.call("PUT", "/v1/organizations/other", expect=404, json={"name": "Other"})
        await api.call("GET", "/v1/organizations/acme", organization="other", expect=404)
