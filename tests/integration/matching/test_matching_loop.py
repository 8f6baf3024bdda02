"""The loop of matching through HTTP and topics: proposals with reasons, answers, leavers, rematch."""

from shared.contracts import ASSESSMENTS
from shared.contracts.common import Days
from shared.contracts.participants import Link


async def test_a_whole_cohort_is_proposed_at_once_with_reasons(world):
    await world.person("m1", "m2", "e1", "e2", "e3", seniority=3)
    await world.enroll("mentor", "m1", skills_offered={"python": 4}, languages=["en"])
    await world.enroll("mentor", "m2", skills_offered={"sales": 4}, languages=["en"])
    await world.enroll("mentee", "e1", skills_sought={"sales": 4}, languages=["en"])
    await world.enroll("mentee", "e2", skills_sought={"python": 4}, languages=["en"])
    await world.enroll("mentee", "e3", languages=["fr"])
    await world.program()
    await world.settled()
    assert await world.partners("proposed") == {"e1": "m2", "e2": "m1"}

    # Members read shared facts and no number; the coordinator reads every term's share.
    pair = await world.pair_of("e1")
    assert pair["assessment"]["score"] > 0
    assert {each["term"] for each in pair["assessment"]["terms"]} >= {"skills", "languages", "choice"}
    seen = await world.call("GET", f"/pairs/{pair['id']}", as_="e1")
    assert seen["assessment"] is None
    assert "What is sought is offered: sales" in seen["why"]
    await world.call("GET", f"/pairs/{pair['id']}", as_="e2", status=404)

    # The one left over is told why: the coordinator by class, the person in words of their own.
    (left,) = (await world.call("GET", "/programs/p/unmatched", params={"role": "mentee"}))["items"]
    assert (left["participant"], left["reason"], left["possible"]) == ("e3", "language", 0)
    assert left["hint"] == "one language in common with a mentor"
    (own,) = (await world.call("GET", "/programs/p/unmatched", as_="e3"))["items"]
    assert own["reason"] is None
    assert "language" in own["sentence"]
    assert (await world.call("GET", "/programs/p/unmatched", as_="e1"))["items"] == []

    # Topics: one proposal each with its assessment, never a draft.
    published = await world.published()
    assert [[type for type, _ in each] for each in published.values()] == [["pair.proposed"]] * 2
    assessed = await world.published(ASSESSMENTS)
    assert set(assessed) == set(published)


async def test_both_accept_and_the_pair_is_active_or_waits_for_the_start(world):
    await world.person("m1", "e1")
    await world.enroll("mentor", "m1")
    await world.enroll("mentee", "e1")
    await world.program()
    await world.settled()
    pair = await world.pair_of("e1")
    once = {"Idempotency-Key": "yes"}
    first = await world.call("POST", f"/pairs/{pair['id']}/accept", as_="e1", headers=once)
    again = await world.call("POST", f"/pairs/{pair['id']}/accept", as_="e1", headers=once)
    assert first == again
    assert first["state"] == "proposed"
    assert {each["participant"]: each["accepted"] for each in first["members"]} == {"m1": None, "e1": True}
    done = await world.call("POST", f"/pairs/{pair['id']}/accept", as_="m1")
    assert done["state"] == "active"
    await world.call("POST", f"/pairs/{pair['id']}/accept", as_="x1", status=404)
    await world.settled()
    (history,) = (await world.published()).values()
    assert [type for type, _ in history] == ["pair.proposed", "pair.activated"]
    assert history[-1][1]["active_from"] is not None


async def test_a_decline_cascades_to_the_next_best_and_an_unanswered_proposal_expires(world):
    await world.person("m1", "m2", "e1")
    await world.enroll("mentor", "m1", skills_offered={"python": 5})
    await world.enroll("mentor", "m2", skills_offered={"python": 3})
    await world.enroll("mentee", "e1", skills_sought={"python": 5})
    await world.program()
    await world.settled()
    first = await world.pair_of("e1")
    body = {"reason": "we share a desk"}
    await world.call("POST", f"/pairs/{first['id']}/decline", as_="e1", json=body)
    await world.settled()
    assert await world.partners("proposed") == {"e1": "m2"}
    await world.advance(days=8)
    assert {pair["state"] for pair in await world.pairs()} == {"declined", "expired"}
    history = await world.published()
    assert "desk" not in str(history)
    assert [type for type, _ in history[first["id"]]] == ["pair.proposed", "pair.declined"]
    left = (await world.call("GET", "/programs/p/unmatched", params={"role": "mentee"}))["items"]
    assert [(each["participant"], each["reason"]) for each in left] == [("e1", "pair")]


async def test_a_leavers_mentee_gets_someone_new_and_only_they_move(world):
    await world.person("m1", "m2", "m3", "e1", "e2")
    await world.enroll("mentor", "m1", skills_offered={"a": 5})
    await world.enroll("mentor", "m2", skills_offered={"b": 5})
    await world.enroll("mentor", "m3", skills_offered={"c": 5})
    await world.enroll("mentee", "e1", skills_sought={"a": 5})
    await world.enroll("mentee", "e2", skills_sought={"b": 5})
    await world.program()
    await world.settled()
    before = await world.partners("proposed")
    assert before == {"e1": "m1", "e2": "m2"}
    one, other = await world.pair_of("e1"), await world.pair_of("e2")
    await world.accept(one)
    await world.accept(other)
    await world.change("m1", status="left")
    await world.settled()
    assert await world.partners("active") == {"e2": "m2"}
    assert await world.partners("proposed") == {"e1": "m3"}
    published = await world.published()
    assert published[one["id"]][-1][1]["outcome"] == "left"
    assert [type for type, _ in published[other["id"]]] == ["pair.proposed", "pair.activated"]


async def test_an_edit_of_no_weight_does_nothing_and_a_better_newcomer_moves_nobody(world):
    await world.person("m1", "e1")
    await world.enroll("mentor", "m1", skills_offered={"a": 1})
    await world.enroll("mentee", "e1", skills_sought={"a": 5})
    await world.program()
    await world.settled()
    before = await world.published()
    state = await world.kernel.database["cohorts"].find_one({})
    await world.change("m1", links=(Link(source="hr", external_id="77"),))
    await world.settled()
    assert await world.kernel.database["cohorts"].find_one({}) == state
    await world.person("m2")
    await world.enroll("mentor", "m2", skills_offered={"a": 5})
    await world.settled()
    assert await world.published() == before


async def test_leave_pauses_keeps_the_place_and_return_resumes(world):
    await world.person("m1", "e1", "e2")
    await world.enroll("mentor", "m1")
    await world.enroll("mentee", "e1")
    await world.program()
    await world.settled()
    pair = await world.accept(await world.pair_of("e1"))
    today = world.kernel.clock.now().date()
    await world.change("m1", leaves=(Days(first=today, last=None),), status="on_leave")
    await world.enroll("mentee", "e2")
    await world.settled()
    paused = await world.call("GET", f"/pairs/{pair['id']}")
    assert (paused["state"], paused["pauses"][0]["kind"]) == ("paused", "leave")
    await world.call("POST", f"/pairs/{pair['id']}/resume", as_="e1", status=409)
    assert await world.partners("proposed") == {}
    await world.advance(days=3)
    await world.change("m1", leaves=(Days(first=today, last=today),), status="active")
    await world.settled()
    assert (await world.call("GET", f"/pairs/{pair['id']}"))["state"] == "active"
    assert await world.partners("proposed") == {}
    (history,) = (await world.published()).values()
    assert [type for type, _ in history][-2:] == ["pair.paused", "pair.resumed"]


async def test_a_confirmed_rematch_ends_without_fault_at_the_change_time(world):
    await world.person("m1", "m2", "e1")
    await world.enroll("mentor", "m1", skills_offered={"a": 5})
    await world.enroll("mentor", "m2", skills_offered={"a": 4})
    await world.enroll("mentee", "e1", skills_sought={"a": 5})
    await world.program()
    await world.settled()
    pair = await world.accept(await world.pair_of("e1"))
    await world.case(pair["id"], "recommended")
    await world.settled()
    assert (await world.call("GET", f"/pairs/{pair['id']}"))["assessment"]["ends_at"] is None
    await world.case(pair["id"], "confirmed")
    await world.settled()
    waiting = await world.call("GET", f"/pairs/{pair['id']}")
    assert waiting["state"] == "active"
    assert waiting["assessment"]["ends_at"] is not None
    await world.advance(days=7)
    assert await world.partners("proposed") == {"e1": "m2"}
    history = (await world.published())[pair["id"]]
    assert (history[-1][0], history[-1][1]["outcome"]) == ("pair.ended", "ended")
    assert "rematch" not in str(history)


async def test_a_new_reporting_line_is_reported_for_a_living_pair_and_withdraws_a_proposal(world):
    await world.person("m1", "m2", "e1", "e2", "between")
    await world.enroll("mentor", "m1", skills_offered={"a": 5})
    await world.enroll("mentee", "e1", skills_sought={"a": 5})
    await world.program(reporting_line={"rule": "levels", "levels": 2})
    await world.settled()
    living = await world.accept(await world.pair_of("e1"))
    await world.enroll("mentor", "m2")
    await world.enroll("mentee", "e2")
    await world.settled()
    assert await world.partners("proposed") == {"e2": "m2"}
    await world.change("e1", manager="between")
    await world.change("between", manager="m1")
    await world.change("e2", manager="m2")
    await world.settled()
    seen = await world.call("GET", f"/pairs/{living['id']}")
    assert (seen["state"], [each["gate"] for each in seen["assessment"]["failing"]]) == (
        "active",
        ["reporting_line"],
    )
    last = (await world.published(ASSESSMENTS))[living["id"]][-1]
    assert (last[0], [each["gate"] for each in last[1]["failing"]]) == (
        "assessment.gates_changed",
        ["reporting_line"],
    )
    assert (await world.pair_of("e2"))["state"] == "withdrawn"
    await world.change("between", manager=None)
    await world.settled()
    assert (await world.published(ASSESSMENTS))[living["id"]][-1][1]["failing"] == []
