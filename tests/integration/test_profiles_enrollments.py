"""Enrollments through the API of profiles on the real cluster: from invitation to withdrawal, and who reads what."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from shared.contracts import ENROLLMENTS, PARTICIPANTS, PROGRAMS
from tests.support.profiles import ANA, BEN, advance, here, published, settings, settled


async def test_an_enrollment_goes_from_invitation_to_withdrawal(
    kafka: Any, database: Any, names: Any, mongo_driver: str, tmp_path: Path
) -> None:
    chosen = settings(kafka, database, names, mongo_driver, tmp_path)
    async with here(chosen) as (api, kernel):
        await api.program(rules={"needs_approval": True})
        ana = await api.post("/v1/participants", ANA, expect=201)
        own: dict[str, Any] = {"role": "participant", "participant": ana["id"]}
        staff: dict[str, Any] = {"role": "coordinator", "programs": ("spring",)}
        place = "/v1/programs/spring/enrollments"
        wish = {"participant": ana["id"], "role": "mentee"}
        await api.post(place, wish, role="participant", participant="other", expect=404)
        await api.post(place, wish, role="coordinator", programs=("autumn",), expect=404)
        invited = await api.post(place, wish, **staff, expect=201)
        path = f"/v1/enrollments/{invited['id']}"
        assert invited["enrollment"]["state"] == "invited"
        assert (await api.post(place, wish, **staff, expect=201))["id"] == invited["id"]

        await api.post(f"{path}/consent", **staff, expect=403)
        assert (await api.post(f"{path}/apply", **own))["enrollment"]["state"] == "applied"
        assert (await api.post(f"{path}/consent", **own))["enrollment"]["state"] == "applied"
        await api.post(f"{path}/approve", **own, expect=403)
        assert (await api.post(f"{path}/approve", **staff))["enrollment"]["state"] == "open"
        tag = {"If-Match": (await api.call("GET", path, **own)).headers["etag"]}
        wants = {"preferences": {"goals": ["lead a team"]}}
        await api.call("PATCH", path, headers=tag, json=wants, **own)
        today = kernel.view("acme").now.date()
        days = {"since": today.isoformat(), "until": (today + timedelta(days=2)).isoformat()}
        assert (await api.post(f"{path}/away", days, **own))["enrollment"]["state"] == "away"
        await settled(kernel)
        await advance(kernel, chosen, timedelta(days=4))
        await settled(kernel)
        assert (await api.get(path, **own))["enrollment"]["state"] == "open"
        await api.post(f"{path}/apply", **own, expect=409)
        assert (await api.post(f"{path}/withdraw", **own))["enrollment"]["state"] == "withdrawn"
        await api.call("GET", path, role="participant", participant="other", expect=404)
        await settled(kernel)
        assert [type.partition(".")[2] for type, *_ in await published(chosen, ENROLLMENTS)] == [
            "invited",
            "applied",
            "changed",
            "opened",
            "changed",
            "away",
            "opened",
            "withdrawn",
        ]


async def test_who_says_and_who_reads_what_of_an_enrollment(
    kafka: Any, database: Any, names: Any, mongo_driver: str, tmp_path: Path
) -> None:
    chosen = settings(kafka, database, names, mongo_driver, tmp_path)
    async with here(chosen) as (api, kernel):
        weights = {"affinity": 2, "location": 1}
        await api.program(rules={"affinity_groups": ["parents"], "weights": weights})
        ana = await api.post("/v1/participants", ANA | {"site": "Plant"}, expect=201)
        own: dict[str, Any] = {"role": "participant", "participant": ana["id"]}
        staff: dict[str, Any] = {"role": "coordinator", "programs": ("spring",)}
        invitation = {"participant": ana["id"], "role": "mentee", "preferences": {"excluded": ["somebody"]}}
        place = "/v1/programs/spring/enrollments"
        told = invitation | {"preferences": {"affinity": ["parents"]}}
        await api.post(place, told, **staff, expect=409)
        path = f"/v1/enrollments/{(await api.post(place, invitation, **staff, expect=201))['id']}"

        async def patch(body: dict[str, Any], **more: Any) -> Any:
            tag = {"If-Match": (await api.call("GET", path, **own)).headers["etag"]}
            return (await api.call("PATCH", path, headers=tag, json=body, **more)).json()

        await patch({"preferences": {"affinity": ["veterans"]}}, **own, expect=409)
        refused = await patch({"boost": 5}, **own, expect=403)
        assert refused["detail"] == "Only the staff of the program say: boost."
        mine = await patch({"preferences": {"affinity": ["parents"], "values": ["care"]}}, **own)
        assert mine["enrollment"]["preferences"]["affinity"] == ["parents"]
        theirs = await patch({"boost": 5, "preferences": {"values": ["care", "order"]}}, **staff)
        assert theirs["enrollment"]["boost"] == 5
        assert theirs["enrollment"]["preferences"]["affinity"] == []
        mine = await api.get(path, **own)
        assert mine["enrollment"]["boost"] == 0
        assert mine["enrollment"]["preferences"]["values"] == ["care", "order"]
        assert mine["enrollment"]["preferences"]["affinity"] == ["parents"]
        assert mine["enrollment"]["preferences"]["excluded"] == []
        assert (await api.get(place, **own))["items"][0] == mine

        # What is not sent stays; a word is worded as in a file; a typo is not taken for a wish.
        mine = await patch({"preferences": {"skills_sought": {"Python": 3}, "languages": ["EN"]}}, **own)
        kept = mine["enrollment"]["preferences"]
        assert (kept["skills_sought"], kept["languages"]) == ({"python": 3}, ["en"])
        assert (kept["values"], kept["affinity"]) == (["care", "order"], ["parents"])
        cleared = await patch({"preferences": {"languages": None}}, **own)
        assert cleared["enrollment"]["preferences"] == kept | {"languages": []}
        for wrong in ({"language": ["en"]}, {"languages": ["English"]}, {"style_wanted": ["bossy"]}):
            refused = await patch({"preferences": wrong}, **own, expect=422)
            assert refused["errors"][0]["field"].startswith(f"/preferences/{next(iter(wrong))}")
        await settled(kernel)
        body = (await published(chosen, ENROLLMENTS))[-1][3]
        (token,) = body["preferences"]["affinity"]
        assert (body["boost"], body["preferences"]["excluded"]) == (5, ["somebody"])
        everything = str(await published(chosen, ENROLLMENTS)) + str(await published(chosen, PROGRAMS))
        assert "parents" not in everything
        assert token not in str(await published(chosen, PROGRAMS))
        sites = {id: body["site"] for _, id, _, body in await published(chosen, PARTICIPANTS)}
        assert sites[ana["id"]] == "Plant"

        # An exclusion holds in every role, and whoever comes back still has it.
        other = await api.post(place, {"participant": ana["id"], "role": "mentor"}, **staff, expect=201)
        await patch({"preferences": {"excluded": ["somebody", "x"]}}, **own)
        await api.post(f"/v1/enrollments/{other['id']}/withdraw", **own)
        again = await api.post(place, {"participant": ana["id"], "role": "mentor"}, **staff, expect=201)
        assert (again["id"], again["enrollment"]["state"]) == (other["id"], "invited")
        await settled(kernel)
        latest = {id: body for _, id, _, body in await published(chosen, ENROLLMENTS)}
        assert [body["preferences"]["excluded"] for body in latest.values()] == [["somebody", "x"]] * 2

        # A program that stops asking forgets what was said.
        tag = {"If-Match": (await api.call("GET", "/v1/programs/spring")).headers["etag"]}
        carla = (await api.get("/v1/programs/spring"))["coordinators"]
        await api.call("PUT", "/v1/programs/spring", headers=tag, json={"name": "S", "coordinators": carla})
        await settled(kernel)
        assert (await published(chosen, ENROLLMENTS))[-1][3]["preferences"]["affinity"] == []


async def test_opening_a_program_opens_who_waits_and_the_end_of_a_cohort_completes(
    kafka: Any, database: Any, names: Any, mongo_driver: str, tmp_path: Path
) -> None:
    chosen = settings(kafka, database, names, mongo_driver, tmp_path)
    async with here(chosen) as (api, kernel):
        today = kernel.view("acme").now.date()
        carla = await api.post("/v1/participants", BEN, expect=201)
        ana = await api.post("/v1/participants", ANA, expect=201)
        ends = (today + timedelta(days=30)).isoformat()
        cohort = {"id": "c1", "name": "One", "starts": today.isoformat(), "ends": ends}
        body = {"id": "spring", "name": "Spring", "coordinators": [carla["id"]], "cohorts": [cohort]}
        await api.post("/v1/programs", body, expect=201)
        own: dict[str, Any] = {"role": "participant", "participant": ana["id"]}
        wish = {"participant": ana["id"], "role": "mentee"}
        made = await api.post("/v1/programs/spring/enrollments", wish, **own, expect=201)
        path = f"/v1/enrollments/{made['id']}"
        assert (await api.post(f"{path}/consent", **own))["enrollment"]["state"] == "waitlisted"
        await api.post("/v1/programs/spring/open")
        await settled(kernel)
        assert (await api.get(path, **own))["enrollment"]["state"] == "open"
        await advance(kernel, chosen, timedelta(days=31))
        await settled(kernel)
        assert (await api.get(path, **own))["enrollment"]["state"] == "completed"
