"""`make bench-matching` (under two minutes on an idle machine), `make bench-matching FULL=1` for every case.

One line of JSON for each case; ours and the peer in the same process, on the same numbers, one thread each. Large
cohorts run in a process of their own each, so that the peak of memory is their own.
"""

import os
import subprocess
import sys
import time

from benchmarks.matching.clock import line
from benchmarks.matching.cohorts import all_terms, apart, exponent, large, programs, repair, tight
from benchmarks.matching.dense import coarse, dense
from benchmarks.matching.service import service

SEED = 1
FRESH = """
import time
from benchmarks.matching.population import population
from services.matching.engine.match import match
found = match(population(1000, 400, 3, 1), "participation")
assert len(found.pairs)
"""


def fresh() -> None:
    """Imports, kernels from their cache, and the first pair of 1,000 people."""
    for _ in range(2):  # the first fills the cache, as an image's build does
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", FRESH], check=True)
        seconds = time.perf_counter() - start
    line("first solve in a fresh process, 1,000", ours_s=seconds, aim_s=3, met=seconds < 3)


def quick() -> None:
    coarse(500, SEED, 300)
    dense(1000, SEED, 3)
    dense(2000, SEED, 3)
    tight(3_000, 1_000, 3, SEED)
    all_terms(3_000, 1_000, 3, SEED)
    small = apart(large, 5_000, 1_667, 3, SEED, 2, 1)
    big = apart(large, 15_000, 5_000, 3, SEED, 10, 1)
    exponent((5_000, small), (15_000, big))
    apart(repair, 5_000, 1_667, 3, SEED, 3)
    programs(4, 2_000, 800, SEED, 2)
    fresh()
    service(750, 250, 3, SEED, 8)


def full() -> None:
    threads = min(2, os.cpu_count() or 1)
    coarse(1_000, SEED, 800)
    dense(1_000, SEED, 3)
    dense(5_000, SEED, 8, 8)
    tight(10_000, 3_333, 3, SEED)
    all_terms(10_000, 3_333, 3, SEED)
    small = apart(large, 10_000, 3_333, 3, SEED, 2, threads)
    apart(large, 50_000, 16_667, 3, SEED, 12, threads)
    big = apart(large, 100_000, 33_333, 3, SEED, 45, threads, 1.5)
    exponent((10_000, small), (100_000, big))
    programs(25, 40_000, 16_000, SEED, threads)
    apart(repair, 10_000, 3_333, 3, SEED, 3)
    apart(repair, 50_000, 16_667, 3, SEED, 15)
    apart(repair, 100_000, 33_333, 3, SEED, 50)
    apart(repair, 100_000, 40_000, 3, SEED, 2)
    fresh()
    service(7_500, 2_500, 3, SEED, 100)


if __name__ == "__main__":
    line("machine", cores=os.cpu_count(), load=os.getloadavg()[0], seed=SEED)
    full() if os.environ.get("FULL") == "1" else quick()
