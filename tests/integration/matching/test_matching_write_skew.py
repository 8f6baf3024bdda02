"""A leaver and a new proposal, both interleavings forced: neither sees the other, and yet they never both win."""

import asyncio

import pytest

from services.matching.domain.pair import SHOWN
from shared.delivery import Work
from tests.integration.matching.conftest import until


class Gate:
    """Holds the first attempt of one kind of work open, inside its transaction, after its snapshot was taken."""

    def __init__(self, world, kind):
        self.reached, self.go = asyncio.Event(), asyncio.Event()
        self.attempts = 0
        works = world.kernel.worker.work
        self._real = works[kind]
        works[kind] = Work(kind, self._handle)
        self._store = world.kernel.database

    async def _handle(self, tx, subject):
        self.attempts += 1
        if not self.reached.is_set():
            # A read fixes the snapshot: what others commit from here on, this transaction does not see.
            await self._store["places"].find_one({}, session=tx.session)
            self.reached.set()
            await self.go.wait()
        return await self._real.handle(tx, subject)


async def live_with_leaver(world):
    found = await world.pairs(participant="m1")
    return [pair["state"] for pair in found if pair["state"] in SHOWN]


async def work_waits(world, kind):
    return await world.kernel.database["work"].count_documents({"kind": kind}) > 0


@pytest.fixture
async def two_people(world):
    """A mentor and a mentee whom only the next plan would pair; the solver has run once, so it is warm."""
    await world.program(debounce_seconds=0.1)
    await world.person("m1", "e1")
    await world.enroll("mentor", "m1")
    await world.settled()
    await world.program(debounce_seconds=600)
    await world.settled()
    await world.enroll("mentee", "e1")
    await world.settled()
    return world


async def test_the_proposal_read_first_and_the_leaver_committed_first(two_people):
    world = two_people
    gate = Gate(world, "page")
    await world.call("POST", "/programs/p/cohorts/c/publish", status=202)
    await asyncio.wait_for(gate.reached.wait(), 20)
    await world.change("m1", status="left")

    async def left():
        known = await world.kernel.database["participants"].find_one({"id": "m1", "state.status": "left"})
        return known is not None and not await work_waits(world, "participant")

    await until(left, 4)
    gate.go.set()
    await until(lambda: no_page(world), 20)
    assert gate.attempts >= 2
    assert await live_with_leaver(world) == []
    await world.settled()
    assert await world.published() == {}


async def test_the_leaver_read_first_and_the_proposal_committed_first(two_people):
    world = two_people
    gate = Gate(world, "participant")
    await world.change("m1", status="left")
    # The departure is known but its work has not been done: the plan is made as if nothing had happened.
    await asyncio.wait_for(gate.reached.wait(), 20)
    await world.kernel.database["participants"].update_one({"id": "m1"}, {"$set": {"state.status": "active"}})
    await world.call("POST", "/programs/p/cohorts/c/publish", status=202)

    async def proposed():
        return await live_with_leaver(world) == ["proposed"]

    await until(proposed, 4)
    await world.kernel.database["participants"].update_one({"id": "m1"}, {"$set": {"state.status": "left"}})
    gate.go.set()
    await until(lambda: no_participant(world), 20)
    assert gate.attempts >= 2
    assert await live_with_leaver(world) == []
    await world.settled()
    (history,) = (await world.published()).values()
    assert history[-1][0] == "pair.withdrawn"


async def no_page(world):
    return not await work_waits(world, "page")


async def no_participant(world):
    return not await work_waits(world, "participant") and await live_with_leaver(world) == []
