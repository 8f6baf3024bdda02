"""The solver's process: apart from the event loop, replaced when killed, gone with its parent."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from people_for_tests import NOW, mentee, mentor

from services.matching.domain.people import Rules
from services.matching.domain.plan import Cohort
from services.matching.planning import make_plan
from services.matching.solver import Solver, WorkerLost


def cohort(size=3):
    goals = [frozenset({f"g{n % 7}", f"h{n % 5}"}) for n in range(size)]
    return Cohort(
        Rules(),
        NOW,
        [mentor(f"m{n:04d}", goals=goals[n], zone="UTC", availability=((n, n + 300),)) for n in range(size)],
        [mentee(f"e{n:04d}", goals=goals[-n], zone="UTC", availability=((n, n + 200),)) for n in range(size)],
    )


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def solver():
    made = Solver()
    yield made
    made.close()


async def test_the_worker_makes_the_same_plan_in_a_process_of_its_own(solver):
    pid = await solver.warm()
    assert pid != os.getpid()
    assert (await solver.begin(cohort())).plan == make_plan(cohort())


async def test_a_killed_worker_is_replaced_and_the_cohort_solved_again(solver):
    pid = await solver.warm()
    # Frozen first, so that it cannot have finished before it is killed.
    os.kill(pid, signal.SIGSTOP)
    solving = asyncio.create_task(solver.begin(cohort()))
    await asyncio.sleep(0.2)
    assert not solving.done()
    os.kill(pid, signal.SIGKILL)
    assert len((await solving).chosen) == 3
    assert not alive(pid)
    assert await solver.warm() != pid


async def test_a_worker_killed_again_and_again_is_an_outage_that_is_tried_later(solver, monkeypatch):
    monkeypatch.setattr("services.matching.solver._do", _die)
    with pytest.raises(WorkerLost):
        await solver.begin(cohort())
    assert issubclass(WorkerLost, OSError)


def _die(*given):
    os._exit(1)


async def test_a_kept_plan_follows_its_people_as_a_new_one_would(solver):
    given = cohort(40)
    mirror = await solver.begin(given)
    changed = [mentor("m0003", goals=frozenset(), held=1), mentee("e9999", goals=frozenset({"g1"}))]
    assert await solver.follow(mirror, changed, ["mentee-e0020", "nobody"], NOW, {}, renew=True)
    people = {each.enrollment: each for each in (*given.mentors, *given.mentees, *changed)}
    del people["mentee-e0020"]
    after = replace(
        given,
        mentors=[each for each in people.values() if each.role == "mentor"],
        mentees=[each for each in people.values() if each.role == "mentee"],
    )
    fresh = make_plan(after)
    assert len(mirror.plan.chosen) == len(fresh.chosen) == 39
    assert len(mirror.plan.left) == len(fresh.left)
    assert "mentor-m0003" not in {each.mentor for each in mirror.plan.chosen}
    assert (mirror.plan.gap, mirror.plan.proved) == (0.0, True)


async def test_a_plan_that_was_lost_with_its_worker_says_so(solver):
    mirror = await solver.begin(cohort())
    solver.close()
    assert not await solver.follow(mirror, [mentee("e0001")], [], NOW, {})
    again = await solver.begin(cohort())
    await solver.forget(again)
    assert not await solver.follow(again, [mentee("e0001")], [], NOW, {})


async def test_the_event_loop_goes_on_during_a_solve(solver):
    await solver.warm()
    longest, last = 0.0, time.monotonic()
    solving = asyncio.create_task(solver.begin(cohort(700)))
    while not solving.done():
        await asyncio.sleep(0.005)
        now = time.monotonic()
        longest, last = max(longest, now - last), now
    assert len((await solving).chosen) == 700
    assert longest < 0.5


async def test_closing_ends_the_worker_at_once(solver):
    pid = await solver.warm()
    solver.close()
    await gone(pid)


async def test_a_worker_does_not_outlive_a_killed_service():
    code = "import asyncio, time; from services.matching.solver import Solver; s = Solver();\n"
    code += "print(asyncio.run(s.warm()), flush=True); time.sleep(60)"
    with subprocess.Popen(  # noqa: ASYNC220
        [sys.executable, "-c", f"if __name__ == '__main__':\n exec({code!r})"],
        stdout=subprocess.PIPE,
        text=True,
    ) as service:
        assert service.stdout is not None
        pid = int(service.stdout.readline())
        service.kill()
    await gone(pid)


async def gone(pid):
    end = time.monotonic() + 5
    while time.monotonic() < end:
        if not alive(pid) or _zombie(pid):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the worker is still there")


def _zombie(pid):
    import psutil

    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
