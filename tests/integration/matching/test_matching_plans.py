"""Plans on the real cluster: private drafts, publication in pages, a killed solver, what people may do to a pair."""

import asyncio
import multiprocessing
import os
import signal
from datetime import timedelta

from services.matching.work import cohorts, pages
from shared.contracts import ASSESSMENTS, PARTICIPANTS
from tests.integration.matching.conftest import until


async def test_drafts_are_private_until_the_window_is_over_and_then_shown_in_pages(world, monkeypatch):
    monkeypatch.setattr(cohorts, "PAIRS_A_PAGE", 3)
    # A database so slow that one pair uses up a page's time: the rest of the page goes on in the next transaction.
    monkeypatch.setattr(pages, "SECONDS_A_PAGE", 0.0)
    today = world.kernel.clock.now().date()
    window = {"first": today - timedelta(days=9), "last": today + timedelta(days=3)}
    mentors, mentees = [f"m{n}" for n in range(7)], [f"e{n}" for n in range(7)]
    await world.person(*mentors, *mentees)
    for n in range(7):
        await world.enroll("mentor", mentors[n], skills_offered={f"s{n}": 5})
        await world.enroll("mentee", mentees[n], skills_sought={f"s{n}": 5})
    await world.program(cohort={"window": window})
    await world.settled()
    expected = {f"e{n}": f"m{n}" for n in range(7)}
    assert await world.partners("draft") == expected
    assert await world.published() == {}
    assert await world.published(ASSESSMENTS) == {}
    assert (await world.call("GET", "/programs/p/pairs", as_="e1"))["items"] == []
    draft = await world.pair_of("e1")
    await world.call("GET", f"/pairs/{draft['id']}", as_="e1", status=404)

    # A draft whose mentor leaves is dropped, and nobody ever hears of it.
    await world.change("m3", status="left")
    await world.settled()
    assert "m3" not in (await world.partners("draft")).values()
    assert await world.published() == {}

    await world.advance(days=5)
    shown = await world.partners("proposed")
    assert {mentee: mentor for mentee, mentor in shown.items() if mentee != "e3"} == {
        mentee: mentor for mentee, mentor in expected.items() if mentee != "e3"
    }
    assert await world.partners("draft") == {}
    assert {type for each in (await world.published()).values() for type, _ in each} == {"pair.proposed"}


async def test_a_coordinator_may_publish_early_and_approves_where_the_program_asks(world):
    today = world.kernel.clock.now().date()
    window = {"first": today, "last": today + timedelta(days=30)}
    await world.person("m1", "e1")
    await world.enroll("mentor", "m1")
    await world.enroll("mentee", "e1")
    await world.program(cohort={"window": window}, coordinator_accepts=True)
    await world.settled()
    assert await world.partners("proposed") == {}
    await world.call("POST", "/programs/p/cohorts/c/publish", as_="e1", status=403)
    await world.call("POST", "/programs/p/cohorts/other/publish", status=404)
    await world.call("POST", "/programs/p/cohorts/c/publish", status=202)
    await world.settled()
    pair = await world.accept(await world.pair_of("e1"))
    assert pair["state"] == "proposed"
    await world.call("POST", f"/pairs/{pair['id']}/approve", as_="e1", status=403)
    assert (await world.call("POST", f"/pairs/{pair['id']}/approve"))["state"] == "active"


async def test_a_killed_solver_is_replaced_and_the_cohort_planned(world):
    await world.person("m1", "e1")
    await world.enroll("mentor", "m1")
    await world.program()
    await world.settled()
    (worker,) = multiprocessing.active_children()
    os.kill(worker.pid, signal.SIGKILL)
    await world.enroll("mentee", "e1")
    await world.settled()
    assert await world.partners("proposed") == {"e1": "m1"}
    (another,) = multiprocessing.active_children()
    assert another.pid != worker.pid


async def test_people_pause_resume_and_end_with_one_wording_at_the_change_time(world):
    await world.person("m1", "e1")
    await world.enroll("mentor", "m1")
    await world.enroll("mentee", "e1")
    await world.program()
    await world.settled()
    pair = await world.accept(await world.pair_of("e1"))
    path = f"/pairs/{pair['id']}"
    today = world.kernel.clock.now().date()
    far = {"until": (today + timedelta(weeks=13)).isoformat()}
    await world.call("POST", f"{path}/pause", as_="e1", json=far, status=409)
    soon = {"until": (today + timedelta(days=3)).isoformat()}
    paused = await world.call("POST", f"{path}/pause", as_="e1", json=soon)
    assert (paused["state"], paused["pauses"][0]["last"]) == ("paused", soon["until"])
    await world.advance(days=5)
    assert (await world.call("GET", path))["state"] == "active"
    await world.call("POST", f"{path}/pause", json={"until": (today + timedelta(days=20)).isoformat()})
    assert (await world.call("POST", f"{path}/resume", as_="m1"))["state"] == "active"

    before = await world.call("GET", path, as_="m1")
    ended = await world.call("POST", f"{path}/end", as_="e1", json={"reason": "mismatch"})
    assert ended["state"] == "active"
    # The other one learns nothing before the change time, and nothing of who or why at it.
    assert await world.call("GET", path, as_="m1") == before
    await world.advance(days=7)
    seen = await world.call("GET", path, as_="m1")
    assert (seen["state"], seen["outcome"]) == ("ended", "ended")
    await world.settled()
    assert "mismatch" not in str(await world.published())
    await world.call("POST", f"{path}/end", as_="e1", json={"reason": "mismatch"}, status=409)


async def test_two_answers_at_once_are_both_heard(world):
    await world.person("m1", "e1")
    await world.enroll("mentor", "m1")
    await world.enroll("mentee", "e1")
    await world.program()
    await world.settled()
    pair = await world.pair_of("e1")
    path = f"/pairs/{pair['id']}/accept"
    answers = await asyncio.gather(world.call("POST", path, as_="m1"), world.call("POST", path, as_="e1"))
    assert {each["state"] for each in answers} == {"proposed", "active"}


async def test_the_coordinator_rematches_and_another_programs_coordinator_cannot(world):
    await world.person("m1", "m2", "e1")
    await world.enroll("mentor", "m1", skills_offered={"a": 5})
    await world.enroll("mentor", "m2", skills_offered={"a": 2})
    await world.enroll("mentee", "e1", skills_sought={"a": 5})
    await world.program()
    await world.settled()
    pair = await world.accept(await world.pair_of("e1"))
    await world.call("POST", "/programs/q/rematch", json={"pair": pair["id"]}, status=404)
    await world.call("POST", "/programs/p/rematch", json={"pair": "nobody"}, status=404)
    answer = await world.call("POST", "/programs/p/rematch", json={"pair": pair["id"]}, status=202)
    assert answer["state"] == "active"
    await world.advance(days=7)
    assert await world.partners("proposed") == {"e1": "m2"}


async def test_a_plan_waits_for_people_who_come_after_their_enrollment_and_then_goes_on_without_them(world):
    await world.person("m1", "m2", "e1")
    await world.enroll("mentor", "m1", skills_offered={"a": 1})
    await world.enroll("mentor", "m2", skills_offered={"a": 1})
    await world.enroll("mentor", "late", skills_offered={"a": 5})
    await world.enroll("mentee", "e1", skills_sought={"a": 5})
    await world.enroll("mentee", "never", skills_sought={"a": 5})
    await world.program()
    await until(lambda: waited(world, 1))
    assert await world.pairs() == []
    await world.person("late")
    await world.advance(minutes=2)
    assert await world.partners("proposed") == {"e1": "late"}


async def waited(world, times):
    return await world.kernel.database["cohorts"].count_documents({"state.waits": {"$gte": times}}) == 1


async def test_an_erased_person_leaves_nothing_open(world):
    await world.person("m1", "m2", "e1")
    await world.enroll("mentor", "m1", skills_offered={"a": 5})
    await world.enroll("mentor", "m2", skills_offered={"a": 1})
    await world.enroll("mentee", "e1", skills_sought={"a": 5})
    await world.program()
    await world.settled()
    pair = await world.accept(await world.pair_of("e1"))
    await world.sender.events(PARTICIPANTS.erasure("acme", "m1", 2))
    await world.settled()
    ended = await world.call("GET", f"/pairs/{pair['id']}")
    assert (ended["state"], ended["outcome"]) == ("ended", "left")
    assert await world.partners("proposed") == {"e1": "m2"}
