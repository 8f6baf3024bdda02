"""Plans that stand follow what was written since, on the real cluster, and answer what coordinators ask of them."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta

from services.matching.app import build
from services.matching.work import cohorts
from services.matching.work.loading import Loader
from shared.contracts import ENROLLMENTS
from shared.contracts.common import Days
from tests.integration.matching.conftest import until


def window(world):
    """Drafts stay private: nobody is proposed before this is over."""
    today = world.kernel.clock.now().date()
    return {"window": {"first": today - timedelta(days=9), "last": today + timedelta(days=90)}}


async def four(world, **rules):
    """Four mentees and four mentors, each of whom offers what one of them seeks."""
    mentors, mentees = [f"m{n}" for n in range(4)], [f"e{n}" for n in range(4)]
    await world.person(*mentors, *mentees)
    for n in range(4):
        await world.enroll("mentor", mentors[n], skills_offered={f"s{n}": 5})
        await world.enroll("mentee", mentees[n], skills_sought={f"s{n}": 5})
    await world.program(cohort=window(world), **rules)
    await world.settled()


async def test_a_plan_follows_changes_newcomers_and_leavers_without_loading_everybody_again(
    world, monkeypatch
):
    await four(world, draft_bonus=0)
    assert await world.partners("draft") == {f"e{n}": f"m{n}" for n in range(4)}

    async def never(*_):
        raise AssertionError("everybody was loaded again")

    monkeypatch.setattr(Loader, "everybody", never)
    await world.enroll("mentee", "e0", skills_sought={"s1": 5})
    await world.enroll("mentee", "e1", skills_sought={"s0": 5})
    await world.settled()
    assert await world.partners("draft") == {"e0": "m1", "e1": "m0", "e2": "m2", "e3": "m3"}

    await world.person("e4", "m4")
    await world.enroll("mentee", "e4", skills_sought={"s4": 5})
    await world.enroll("mentor", "m4", skills_offered={"s4": 5})
    await world.settled()
    assert (await world.partners("draft"))["e4"] == "m4"

    await world.change("m4", status="left")
    await world.enroll("mentee", "e3", state="withdrawn", skills_sought={"s3": 5})
    await world.settled()
    assert await world.partners("draft") == {"e0": "m1", "e1": "m0", "e2": "m2", "e4": "m3"}
    left = (await world.call("GET", "/programs/p/unmatched"))["items"]
    assert left == []

    # Away for some days, and back when they are over: nobody tells the service, the calendar does.
    today = world.kernel.clock.now().date()
    away = {"first": today, "last": today + timedelta(days=2)}
    mentor = world.states["mentor-m0"].model_copy(update={"away": (Days(**away),)})
    await world.publish(ENROLLMENTS, "enrollment.away", mentor)
    await world.settled()
    assert "m0" not in (await world.partners("draft")).values()
    monkeypatch.undo()  # a plan is loaded again once a day
    await world.advance(days=4)
    assert (await world.partners("draft"))["e1"] == "m0"

    plan = await world.call("GET", "/programs/p/cohorts/c/plan")
    assert (plan["pairs"], plan["gap"], plan["proved"], plan["left_mentees"]) == (4, 0.0, True, 0)


def every_whole_load_counts(monkeypatch):
    """A list that grows when a cohort is loaded whole."""
    loads, everybody = [], Loader.everybody

    async def counted(self, *given):
        loads.append(given)
        return await everybody(self, *given)

    monkeypatch.setattr(Loader, "everybody", counted)
    return loads


async def test_a_plan_follows_whoever_gets_another_manager_with_all_below_them(world, monkeypatch):
    loads = every_whole_load_counts(monkeypatch)
    await world.person("top", "middle")
    await world.change("middle", manager="top")
    await four(world, reporting_line={"rule": "any"}, draft_bonus=0)
    straight = {f"e{n}": f"m{n}" for n in range(4)}
    assert await world.partners("draft") == straight
    begun = len(loads)

    # Their own mentor is now the manager of the manager of their manager.
    await world.change("e0", manager="middle")
    await world.change("top", manager="m0")
    await world.settled()
    crossed = await world.partners("draft")
    assert crossed["e0"] != "m0"
    assert crossed.keys() == straight.keys()

    await world.change("middle", manager=None)
    await world.settled()
    assert await world.partners("draft") == straight

    # A newcomer with a manager, and a mentor who reports to a mentee.
    await world.person("e4", manager="m0")
    await world.enroll("mentee", "e4", skills_sought={"s0": 5})
    await world.change("m1", manager="e1")
    await world.settled()
    partners = await world.partners("draft")
    assert partners.get("e4") != "m0"
    assert partners["e1"] != "m1"
    assert len(loads) == begun


async def test_a_manager_who_arrives_after_those_below_them_is_found(world, monkeypatch):
    monkeypatch.setattr(cohorts, "FIRST_WAIT", timedelta(milliseconds=50))
    loads = every_whole_load_counts(monkeypatch)
    await world.person("m0", "m1")
    await world.person("e0", manager="boss")
    await world.enroll("mentor", "m0", skills_offered={"a": 5})
    await world.enroll("mentor", "m1", skills_offered={"b": 5})
    await world.enroll("mentee", "e0", skills_sought={"a": 5})
    await world.program(cohort=window(world), reporting_line={"rule": "any"})
    # The plan waits for the manager, and then does without.
    await until(lambda: _drafted(world, {"e0": "m0"}))
    begun = len(loads)
    await world.person("boss", manager="m0")
    await world.settled()
    await world.advance(hours=1, minutes=1)
    assert await world.partners("draft") == {"e0": "m1"}
    assert len(loads) == begun


async def test_a_shown_pair_meets_a_manager_who_arrives_later(world, monkeypatch):
    monkeypatch.setattr(cohorts, "FIRST_WAIT", timedelta(milliseconds=50))
    await world.person("m0")
    await world.person("e0", manager="boss")
    await world.enroll("mentor", "m0", skills_offered={"a": 5})
    await world.enroll("mentee", "e0", skills_sought={"a": 5})
    await world.program(reporting_line={"rule": "any"})
    await until(lambda: _drafted(world, {"e0": "m0"}, "proposed"))
    await world.person("boss", manager="m0")
    await world.settled()
    await world.advance(hours=1, minutes=1)
    assert (await world.pair_of("e0"))["state"] == "withdrawn"


async def _drafted(world, partners, state="draft"):
    return await world.partners(state) == partners


async def test_a_program_that_changes_its_rules_is_planned_from_the_start(world):
    await four(world)
    await world.program(cohort=window(world), weights={"goals": 1}, minimum_score=600_000)
    await world.settled()
    assert await world.partners("draft") == {}
    assert {each["reason"] for each in (await world.call("GET", "/programs/p/unmatched"))["items"]} == {
        "score",
        "spare",
    }


async def test_coordinators_ask_why_not_and_read_rank_and_price(world):
    await four(world)
    await world.person("x1")
    await world.enroll("mentor", "x1", languages=["fr"])
    await world.enroll("mentee", "e0", skills_sought={"s0": 5}, languages=["de"])
    await world.settled()
    path = "/programs/p/cohorts/c/why-not"
    two = {"mentee": "mentee-e0", "mentor": "mentor-m1"}
    answer = await world.call("GET", path, params=two)
    assert answer["gates"] == []
    assert answer["score"] <= answer["needed"]
    assert str(answer["needed"]) in answer["sentence"]
    barred = await world.call("GET", path, params={"mentee": "mentee-e0", "mentor": "mentor-x1"})
    assert (barred["gates"], barred["score"]) == (["language"], None)
    # A participant learns nothing about another, and of themselves no number.
    own = await world.call("GET", path, as_="e0", params=two)
    assert own["sentence"] == "Not available in this program now"
    assert (own["gates"], own["score"], own["price"]) == (None, None, None)
    await world.call("GET", path, as_="e2", params=two, status=404)
    await world.call("GET", path, params={"mentee": "nobody", "mentor": "mentor-m1"}, status=404)
    await world.call("GET", "/programs/p/cohorts/c/plan", as_="e0", status=403)

    # As it was when they were paired: one more has come since.
    draft = (await world.pair_of("e2"))["assessment"]
    assert (draft["rank"], draft["possible"]) == (1, 4)
    assert draft["sentence"] == "The best of 4 possible mentors"


async def test_replicas_that_plan_in_turn_follow_each_others_writes(world):
    await four(world, draft_bonus=0)
    another = build(world.settings)
    async with another.app.router.lifespan_context(another.app):
        kernels = (world.kernel, another.kernel)
        for turn in range(6):
            # Whoever is quicker plans; the other's plan is out of date then, and has to catch up next time.
            shift = 1 + turn % 3
            await world.enroll("mentee", "e0", skills_sought={f"s{shift}": 5})
            await world.enroll("mentee", f"e{shift}", skills_sought={"s0": 5})
            for kernel in kernels:
                await settled(kernel)
            wanted = {"e0": f"m{shift}", f"e{shift}": "m0"}
            assert (await world.partners("draft")).items() >= wanted.items()
            await world.enroll("mentee", "e0", skills_sought={"s0": 5})
            await world.enroll("mentee", f"e{shift}", skills_sought={f"s{shift}": 5})
            for kernel in kernels:
                await settled(kernel)
            assert await world.partners("draft") == {f"e{n}": f"m{n}" for n in range(4)}


async def test_the_next_owner_takes_over_when_a_replica_is_gone(world):
    await four(world, draft_bonus=0)
    await world.stack.aclose()
    async with AsyncExitStack() as stack:
        world.stack = stack
        await world.start()
        await world.enroll("mentee", "e0", skills_sought={"s1": 5})
        await world.enroll("mentee", "e1", skills_sought={"s0": 5})
        await world.settled()
        assert await world.partners("draft") == {"e0": "m1", "e1": "m0", "e2": "m2", "e3": "m3"}
        assert await world.published() == {}


async def settled(kernel):
    """Nothing is due at once or within moments, as this replica sees it."""

    async def quiet():
        soon = {"due_at": {"$lte": kernel.clock.now() + timedelta(seconds=20)}}
        state = await kernel.readiness()
        waiting = await kernel.database["work"].count_documents(soon)
        return state.ready and not (state.lag or state.due or state.outbox or waiting)

    for _ in range(3):
        await until(quiet, 60)
        await asyncio.sleep(0.2)
