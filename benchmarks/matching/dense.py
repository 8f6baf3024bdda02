"""Dense tables: `solve` against Munkres and scipy."""

import numpy as np

from benchmarks.matching import peers
from benchmarks.matching.clock import against, timed
from benchmarks.matching.peers import Ints
from benchmarks.matching.population import population
from services.matching.engine.assign import solve
from services.matching.engine.sources import sums_of


def table_of(size: int, seed: int) -> Ints:
    """Population scores of size × size people; what a gate forbids counts 0 for ours and for the peers."""
    cohort = population(size, size, 1, seed)
    sums = sums_of(None, cohort, np.arange(size, dtype=np.int32))
    return np.maximum(0, sums.astype(np.int64) // cohort.columns.unit)


def arrays(table: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """A dense table as `solve` takes it."""
    mentees, mentors = table.shape
    starts: Ints = np.arange(mentees + 1) * mentors
    columns: Ints = np.tile(np.arange(mentors), mentees)
    return starts, columns, table.reshape(-1), np.ones(mentors, np.int64)


def ours(table: Ints) -> tuple[int, float]:
    """(welfare, gap) of a dense table, from the table to the proof."""
    found = solve(*arrays(table))
    return found.welfare, found.gap


def coarse(size: int, seed: int, aim: float) -> None:
    """mentor-match's kind of scores: a few points for one profession, a grade one or two above, one location."""
    rng = np.random.default_rng(seed)
    profession, grade, location = (
        (rng.integers(0, kinds, (size, 1)), rng.integers(0, kinds, size)) for kinds in (12, 9, 6)
    )
    ahead = grade[1] - grade[0]
    table = (
        4 * (profession[0] == profession[1])
        + 3 * ((ahead > 0) & (ahead < 3))
        + 2 * (location[0] == location[1])
    )
    table = table.astype(np.int64)
    ours(table[:64, :64])
    mine, (welfare, gap) = timed(lambda: ours(table))
    theirs, other = timed(lambda: peers.munkres(table))
    against(
        f"{size:,} x {size:,} coarse", mine, "munkres", theirs, aim, gap=gap, same=welfare == other, seed=seed
    )


def dense(size: int, seed: int, aim: float, others: float | None = None) -> None:
    """Population scores with an aim; many ties and uniform with another, or none."""
    rng = np.random.default_rng(seed)
    tables = {
        "population": table_of(size, seed),
        "many ties": rng.integers(0, 30, (size, size)) * 33_333,
        "uniform": rng.integers(0, 1_000_001, (size, size)),
    }
    for name, table in tables.items():
        mine, (welfare, gap) = timed(lambda table=table: ours(table))  # type: ignore[misc]
        built, _ = timed(lambda table=table: arrays(table))  # type: ignore[misc]
        theirs, other = timed(lambda table=table: peers.scipy(table))  # type: ignore[misc]
        against(
            f"{size:,} dense, {name}",
            mine,
            "scipy",
            theirs,
            aim if name == "population" else others,
            arrays_cpu_s=built.cpu,  # of ours: what the table costs before `solve` has it
            gap=gap,
            same=welfare == other,
            seed=seed,
        )
