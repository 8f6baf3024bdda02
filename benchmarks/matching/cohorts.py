"""Whole cohorts, scoring included: candidates, exact solve and proof, and repairs afterwards."""

import math
import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from benchmarks.matching import peers
from benchmarks.matching.clock import Time, against, line, timed
from benchmarks.matching.every import everything
from benchmarks.matching.population import population
from services.matching.engine.exact import exact
from services.matching.engine.match import match
from services.matching.engine.proved import Proved
from services.matching.engine.repair import MenteeChange
from services.matching.engine.sources import OfCohort, sums_of

T = TypeVar("T")


def tight(mentees: int, mentors: int, places: int, seed: int) -> None:
    """Scoring included, against scipy on expanded places (assignment alone), and OR-tools on the candidates."""
    cohort = population(mentees, mentors, places, seed)
    mine, found = timed(lambda: match(cohort, "score"))
    sums = sums_of(None, cohort, np.arange(mentees, dtype=np.int32))
    table = np.maximum(0, sums.astype(np.int64) // cohort.columns.unit)
    theirs, other = timed(lambda: peers.scipy_places(table, places), most=1)
    name = f"{mentees:,} x {mentors:,} x {places} tight, stars"
    against(name, mine, "scipy", theirs, 40, gap=found.gap, same=found.welfare == other, seed=seed)
    graph = found.graph
    own, (edges, _) = timed(lambda: exact(graph, participation=False))
    flow, best = timed(lambda: peers.ortools(graph))
    same = int(graph.scores[edges].sum()) == best
    against(f"{name}, assignment alone", own, "OR-tools", flow, 1.3, same=same, seed=seed)


def apart(run: Callable[..., T], *given: Any) -> T:
    """One case in a process of its own, so that its peak of memory is its own; kernels are loaded before it runs."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(run, *given).result()


def gib() -> float:
    """The most memory that this process has had so far. Not `ru_maxrss`: a child begins with its parent's there."""
    for each in Path("/proc/self/status").read_text().splitlines():
        if each.startswith("VmHWM:"):
            return int(each.split()[1]) / 2**20
    return math.nan


def large(
    mentees: int, mentors: int, places: int, seed: int, aim: float, threads: int, most: float = math.inf
) -> Time:
    """One large cohort on this many threads; at most so many GiB in all."""
    cohort = population(mentees, mentors, places, seed)
    before = gib()
    mine, found = timed(lambda: match(cohort, "score", threads=threads))
    line(
        f"{mentees:,} x {mentors:,} x {places} tight, stars",
        ours_s=mine.wall,
        ours_cpu_s=mine.cpu,
        threads=threads,
        aim_s=aim,
        aim_gib=None if most == math.inf else most,
        met=mine.wall <= aim and found.gap <= 1e-6 and gib() <= most,
        gap=found.gap,
        passes=found.looked / mentees,
        peak_gib=gib(),
        input_gib=before,
        seed=seed,
    )
    return mine


def all_terms(mentees: int, mentors: int, places: int, seed: int) -> None:
    """What it costs that all twelve terms and a boost count, beside the six of the other cases."""
    six, all_twelve = population(mentees, mentors, places, seed), everything(mentees, mentors, places, seed)
    base, _ = timed(lambda: match(six, "score"))
    mine, found = timed(lambda: match(all_twelve, "score"))
    line(
        f"{mentees:,} x {mentors:,} x {places} tight, stars, every term",
        ours_s=mine.wall,
        ours_cpu_s=mine.cpu,
        six_terms_cpu_s=base.cpu,
        gap=found.gap,
        seed=seed,
    )


def exponent(small: tuple[int, Time], big: tuple[int, Time]) -> None:
    """By which power of the people the cost grows, in processor time."""
    value = math.log(big[1].cpu / small[1].cpu) / math.log(big[0] / small[0])
    line(f"cost exponent {small[0]:,} -> {big[0]:,}", exponent=value, aim=1.85, met=value <= 1.85)


def programs(count: int, mentees: int, mentors: int, seed: int, processes: int) -> None:
    """Many programs, one after the other in each of a few processes, on one thread each."""
    parts = [range(seed + at, seed + count, processes) for at in range(processes)]
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        told = list(pool.map(_some, [mentees] * processes, [mentors] * processes, parts))
    wall = max(each[0] for each in told)
    gap, peak, input_gib = (
        max(each[1] for each in told),
        sum(each[2] for each in told),
        sum(each[3] for each in told),
    )
    line(
        f"{count * mentees:,} x {count * mentors:,} in {count} programs",
        ours_s=wall,
        ours_cpu_s=sum(each[4] for each in told),
        aim_s=150,
        aim_gib=2,
        met=wall <= 150 and gap <= 1e-6 and peak - input_gib <= 2,
        gap=gap,
        peak_gib=peak,
        input_gib=input_gib,
        processes=processes,
        seed=seed,
    )


def _some(mentees: int, mentors: int, seeds: Sequence[int]) -> tuple[float, float, float, float, float]:
    """(seconds, largest gap, peak in GiB, with the first input alone, processor seconds) of some programs."""
    wall = cpu = gap = before = 0.0
    for seed in seeds:
        cohort = population(mentees, mentors, 3, seed)
        before = before or gib()
        mine, found = timed(lambda cohort=cohort: match(cohort, "score"), most=1)  # type: ignore[misc]
        wall, cpu, gap = wall + mine.wall, cpu + mine.cpu, max(gap, found.gap)
    return wall, gap, gib(), before, cpu


def repair(mentees: int, mentors: int, places: int, seed: int, aim: float, changes: int = 300) -> None:
    """One profile after another changes: fresh candidates at today's prices, then the repair.

    Standing pairs are drafts and carry their bonus, as in the service.
    """
    cohort = population(mentees, mentors, places, seed)
    found = match(cohort, "score")
    standing = Proved(found.graph, found.found, "score", bonus=cohort.columns.bonus)
    changed = population(mentees, mentors, places, seed + 1)
    # The new profile of a person is somebody's of another population, with the mentors of this one.
    own = {name: getattr(changed.columns, name) for name in OF_MENTEES}
    source = OfCohort(cohort._replace(columns=cohort.columns._replace(**own)))
    rng = np.random.default_rng(seed)
    walls, moved, looked = [], [], []
    for mentee in rng.permutation(mentees)[: changes + 20].tolist():

        def one(mentee: int = mentee) -> int:
            got = source.best(np.array([mentee], np.int32), standing.shown, 24)
            count, rest = int(got.counts[0]), int(got.rest[0])
            change = MenteeChange(mentee, got.mentors[0, :count], got.scores[0, :count], rest=rest)
            result = standing.change(change)
            looked.append(result.looked)
            return result.moved

        time, moves = timed(one, most=1)
        walls.append(time.cpu * 1000)
        moved.append(moves)
    walls, moved, looked = walls[20:], moved[20:], looked[20:]
    _, bound = standing.bound()
    proof = standing.proof()
    line(
        f"repair, {mentees:,} x {mentors:,} x {places}",
        p50_cpu_ms=float(np.percentile(walls, 50)),
        p99_cpu_ms=float(np.percentile(walls, 99)),
        aim_p99_ms=aim,
        met=float(np.percentile(walls, 99)) <= aim and float(np.mean(moved)) <= 7,
        moved_mean=float(np.mean(moved)),
        aim_moved=7,
        looked_mean=float(np.mean(looked)),
        optimal_on_candidates=bound == standing.welfare + cohort.columns.bonus * len(standing.pairs),
        whole_pool_gap=proof.gap,
        rows_unproved=proof.unproved,
        changes=changes,
        seed=seed,
    )


OF_MENTEES = (
    *("skill_at", "skill", "skill_level", "goal_at", "goal", "goal_level", "tongue", "first_tongue", "hours"),
    *("seniority", "band", "choice_at", "choice", "choice_place", "ranked", "barred_at", "barred"),
)
"""The columns of a mentee's own."""
