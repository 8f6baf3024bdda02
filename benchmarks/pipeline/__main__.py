"""`python -m benchmarks.pipeline`: the five measurements of docs/speed.md, one JSON line or more each."""

import argparse
import asyncio
import logging
import platform
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.pipeline import measures
from benchmarks.pipeline.ground import Ground
from benchmarks.pipeline.meter import tell
from deploy.local.database import DatabaseNode
from deploy.local.kafka import KafkaNode


def main() -> int:
    """Start a broker and a database, measure, stop them."""
    options = argparse.ArgumentParser(prog="benchmarks.pipeline", description=__doc__)
    options.add_argument("--only", default="abcde", help="letters of the measurements, e.g. `ac`")
    options.add_argument("--runs", type=int, default=3, help="alternated runs; medians are told")
    options.add_argument("--scale", type=float, default=1.0, help="times as many events")
    options.add_argument("--seed", type=int, default=20261122)
    options.add_argument("--driver", choices=("motor", "pymongo"), default="motor")
    chosen = options.parse_args()
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="rapport-bench-") as folder:
        kafka, database = KafkaNode(Path(folder) / "kafka"), DatabaseNode(Path(folder) / "database")
        with kafka, database:
            ground = Ground(kafka.bootstrap, database.uri, database.pid, chosen.seed, chosen.driver)
            asyncio.run(measures.all(ground, chosen.only, chosen.runs, chosen.scale))
    tell(
        "run",
        "all of the above",
        seed=chosen.seed,
        runs=chosen.runs,
        scale=chosen.scale,
        driver=chosen.driver,
        python=platform.python_version(),
        seconds=time.perf_counter() - began,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
