"""The long form of the kernel's faults: `make faults`, or `python -m tests.faults.long`.

SEED repeats a choice of faults, FAULTS (100), EVENTS (5000) and REPLICAS (3) set the size. The last line is
`faults N events N lost N doubled N`; the exit code is 0 only when nothing is lost or doubled. KEEP=1 keeps the
replicas' logs.
"""

import asyncio
import logging
import os
import secrets
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from shared.contracts import DEAD_LETTERS, HEALTH, PARTICIPANTS
from tests.faults.chaos import chaos, verdict
from tests.support import echo
from tests.support.cluster import Cluster, Names, chosen_target
from tests.support.kafka import create_topics
from tests.support.process import EchoProcess

# How long everything may take to be worked through once nothing is hurt any more.
SETTLE_SECONDS = 300.0


def say(line: str) -> None:
    """Progress, at once even through a pipe."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def main(folder: Path) -> int:
    """Run it all on a cluster of its own; the exit code."""
    seed = int(os.environ.get("SEED") or secrets.randbelow(1_000_000))
    faults, events = int(os.environ.get("FAULTS") or 100), int(os.environ.get("EVENTS") or 5000)
    count = int(os.environ.get("REPLICAS") or 3)
    say(f"seed {seed}: {faults} faults, at least {events} events, {count} replicas (SEED={seed} repeats it)")
    cluster = Cluster(chosen_target(), folder)
    replicas: list[EchoProcess] = []
    began = time.monotonic()
    try:
        kafka, database = await asyncio.gather(
            asyncio.to_thread(cluster.kafka), asyncio.to_thread(cluster.database)
        )
        names = Names.of("faults")
        # Not compacted: the books compare every version that was ever published.
        await create_topics(
            kafka.bootstrap,
            names.topic_prefix,
            [PARTICIPANTS, HEALTH, DEAD_LETTERS["sessions"]],
            partitions=4,
            **{"cleanup.policy": "delete"},
        )
        driver = os.environ.get("RAPPORT_MONGO_DRIVER") or "motor"
        settings = echo.settings(kafka.bootstrap, database.uri, names, driver)
        replicas += [EchoProcess(settings, folder / f"replica-{n}.log") for n in range(count)]
        run = chaos(
            settings,
            replicas,
            {"kafka": kafka, "database": database},
            seed=seed,
            faults=faults,
            events=events,
            rate=40.0,
            say=lambda line: say(f"{time.monotonic() - began:5.0f} s  {line}"),
        )
        books = await run.run(SETTLE_SECONDS)
    finally:
        for each in replicas:
            each.end()
        await asyncio.to_thread(cluster.stop)
    for line in [*books.lost, *books.doubled, *books.waiting][:40]:
        say(f"  {line}")
    say(verdict(run.done, books))
    return 0 if books.balanced else 1


if __name__ == "__main__":
    # As Ctrl-C: what it has started and written goes with it.
    signal.signal(signal.SIGTERM, lambda *_: os.kill(os.getpid(), signal.SIGINT))
    # The load's own client would tell of every broker that is away.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    place = Path(tempfile.mkdtemp(prefix="rapport-faults-"))
    code = 1
    try:
        code = asyncio.run(main(place))
    except KeyboardInterrupt:
        code = 130
    finally:
        if os.environ.get("KEEP"):
            sys.stderr.write(f"logs are in {place}\n")
        else:
            shutil.rmtree(place, ignore_errors=True)
    sys.exit(code)
