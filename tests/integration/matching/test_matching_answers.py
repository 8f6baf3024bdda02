"""Answers to proposals: by the facts of now, and without telling one of the two what the other said."""

from typing import Any

import pytest

from shared.contracts import ASSESSMENTS, PROGRAMS
from shared.http.testing import client, token


async def proposed(world: Any) -> dict[str, Any]:
    await world.person("m1", "e1", "boss")
    await world.enroll("mentor", "m1")
    await world.enroll("mentee", "e1")
    await world.program(reporting_line={"rule": "levels", "levels": 2})
    await world.settled()
    found: dict[str, Any] = await world.pair_of("e1", "proposed")
    return found


async def tag(world: Any, method: str, path: str, who: str, **sent: Any) -> str:
    """The ETag that a participant reads."""
    async with client(
        world.service.app, token(world.settings.data_dir, "participant", participant=who)
    ) as http:
        answer = await http.request(method, f"/v1{path}", **sent)
    assert answer.status_code == 200, answer.text
    return str(answer.headers["etag"])


@pytest.mark.parametrize(
    "fact",
    [
        {"state.manager": "m1"},
        {"state.status": "left"},
        {"state.leaves": [{"first": "2020-01-01", "last": None}]},
        {"state.leaving_on": "2020-01-01"},
    ],
)
async def test_a_yes_is_judged_by_facts_on_which_nothing_was_decided_yet(
    world: Any, fact: dict[str, Any]
) -> None:
    pair = await proposed(world)
    path = f"/pairs/{pair['id']}"
    await world.call("POST", f"{path}/accept", as_="m1")
    # As the inbox leaves it: the fact is there, the decision that follows from it is not.
    done = await world.kernel.database["participants"].update_one({"id": "e1"}, {"$set": fact})
    assert done.modified_count == 1
    refused = await world.call("POST", f"{path}/accept", as_="e1", status=409)
    assert (refused["type"], refused["title"]) == ("/problems/not_available", "Not available")
    assert "manager" not in str(refused)
    assert (await world.call("GET", path))["accepted_at"] is None


async def test_a_member_reads_neither_the_others_yes_nor_that_an_end_was_asked_for(world: Any) -> None:
    pair = await proposed(world)
    path = f"/pairs/{pair['id']}"
    before = await tag(world, "GET", path, "e1")
    await world.call("POST", f"{path}/accept", as_="m1")
    assert await tag(world, "GET", path, "e1") == before
    await world.call("POST", f"{path}/accept", as_="e1", headers={"If-Match": before})
    await world.settled()
    before = await tag(world, "GET", path, "e1")
    await world.call("POST", f"{path}/end", as_="m1", json={"reason": "mismatch"})
    assert await tag(world, "GET", path, "e1") == before
    assert await tag(world, "POST", f"{path}/resume", "e1") == before
    await world.call("POST", f"{path}/resume", as_="e1", status=412, headers={"If-Match": '"99"'})


async def test_the_other_reads_a_decline_like_a_proposal_that_is_not_possible_any_more(world: Any) -> None:
    pair = await proposed(world)
    path = f"/pairs/{pair['id']}"
    mine = await world.call("POST", f"{path}/decline", as_="e1")
    assert mine["state"] == "declined"
    await world.settled()
    assert (await world.call("GET", path))["state"] == "declined"
    assert (await world.call("GET", path, as_="e1"))["state"] == "declined"
    assert (await world.call("GET", path, as_="m1"))["state"] == "withdrawn"
    places = {}
    for who in ("e1", "m1"):
        for state in ("declined", "withdrawn"):
            found = await world.call("GET", "/programs/p/pairs", as_=who, params={"state": state})
            places[who, state] = [each["id"] for each in found["items"]]
    assert places == {
        ("e1", "declined"): [pair["id"]],
        ("e1", "withdrawn"): [],
        ("m1", "declined"): [],
        ("m1", "withdrawn"): [pair["id"]],
    }
    late = await world.call("POST", f"{path}/accept", as_="m1", status=409)
    assert late["detail"] == "This proposal is over."


async def test_a_rematch_in_the_last_cadence_is_refused_and_the_pair_goes_on(world: Any) -> None:
    today = world.kernel.clock.now().date()
    await world.person("m1", "m2", "e1")
    await world.enroll("mentor", "m1", "m2")
    await world.enroll("mentee", "e1")
    ends = today.replace(year=today.year + 1)
    await world.program(cohort={"ends": ends}, cadence_days=14)
    await world.settled()
    pair = await world.accept(await world.pair_of("e1", "proposed"))
    await world.advance(days=(ends - today).days - 10)
    body = {"pair": pair["id"]}
    refused = await world.call("POST", "/programs/p/rematch", json=body, status=409)
    assert refused["type"] == "/problems/last_cadence"
    await world.advance(days=8)
    assert (await world.call("GET", f"/pairs/{pair['id']}"))["state"] == "active"


async def test_a_program_that_is_closed_withdraws_what_nobody_answered_and_leaves_pairs_alone(
    world: Any,
) -> None:
    pair = await proposed(world)
    living = await world.accept(pair)
    await world.person("m2", "e2")
    await world.enroll("mentor", "m2")
    await world.enroll("mentee", "e2")
    await world.settled()
    assert (await world.pair_of("e2"))["state"] == "proposed"
    closed = world.states["p"].model_copy(update={"state": "closed"})
    await world.publish(PROGRAMS, "program.closed", closed)
    await world.settled()
    assert (await world.pair_of("e2"))["state"] == "withdrawn"
    assert (await world.call("GET", f"/pairs/{living['id']}"))["state"] == "active"


@pytest.mark.parametrize("fact", ["exclusion", "promotion_pool"])
async def test_what_comes_after_a_proposal_withdraws_it_alone_and_is_told_nobody_by_name(
    world: Any, fact: str
) -> None:
    await world.person("m1", "m2", "m3", "e1", "e2")
    await world.enroll("mentor", "m1", skills_offered={"a": 5})
    await world.enroll("mentor", "m2", skills_offered={"b": 5})
    await world.enroll("mentor", "m3", skills_offered={"c": 5})
    await world.enroll("mentee", "e1", skills_sought={"a": 5})
    await world.enroll("mentee", "e2", skills_sought={"b": 5})
    await world.program()
    await world.settled()
    assert await world.partners("proposed") == {"e1": "m1", "e2": "m2"}
    living = await world.accept(await world.pair_of("e1"))
    if fact == "exclusion":
        await world.enroll("mentee", "e1", skills_sought={"a": 5}, excluded=["m1"])
        await world.enroll("mentor", "m2", skills_offered={"b": 5}, excluded=["e2"])
    else:
        for id in ("m1", "e1", "m2", "e2"):
            await world.change(id, promotion_pool=f"pool {id[1]}")
    await world.settled()
    assert await world.partners("active") == {"e1": "m1"}
    assert await world.partners("withdrawn") == {"e2": "m2"}
    assert await world.partners("proposed") == {"e2": "m3"}
    seen = await world.call("GET", f"/pairs/{living['id']}")
    assert [each["gate"] for each in seen["assessment"]["failing"]] == ["restricted"]
    asked = {"mentee": "mentee-e2", "mentor": "mentor-m2"}
    why = await world.call("GET", "/programs/p/cohorts/c/why-not", params=asked)
    left = await world.call("GET", "/programs/p/unmatched")
    told = str(
        [seen, why, left, await world.pairs(), await world.published(), await world.published(ASSESSMENTS)]
    )
    assert "restricted" in str(why)
    assert "exclu" not in told
    assert "promotion" not in told
