"""`make demo`: ACME's first weeks with Rapport. `python -m examples.acme.story [--people N] [--seed N] [--keep]`.

Starts Kafka, the database, the mailbox and the four services on free ports with data in a temporary folder, plays
the story, stops everything. The last line is one JSON object. Exit codes: 0 the story went as it must, 1 it did
not, or something did not start, 130 interrupted.
"""

import argparse
import asyncio
import contextlib
import ctypes
import json
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from deploy.local.ensemble import Platform, Ports
from deploy.local.node import NodeError
from deploy.local.tether import PR_SET_PDEATHSIG
from examples.acme.story import changes, pairing, weeks
from examples.acme.story.acme import Acme
from examples.acme.story.stage import Stage
from examples.acme.story.telling import Telling, Unexpected

STOP_SECONDS = 60.0


async def play(acme: Acme) -> dict[str, object]:
    """All chapters; the numbers of the last line but for `seconds`."""
    await pairing.prepare(acme)
    await pairing.import_people(acme)
    await pairing.propose(acme)
    await weeks.first_weeks(acme)
    await weeks.stalled(acme)
    await changes.next_file(acme)
    await changes.last_rung(acme)
    return await changes.books(acme)


async def start(platform: Platform) -> None:
    """Start everything; when cancelled meanwhile, wait until what was started is stopped again."""
    starting = asyncio.ensure_future(asyncio.to_thread(platform.start))
    try:
        await asyncio.shield(starting)
    except asyncio.CancelledError:
        platform.cancel()
        if platform.started:
            await asyncio.wait([starting], timeout=STOP_SECONDS)
        raise


async def run(platform: Platform, files: Path, people: int, seed: int) -> dict[str, object]:
    """From nothing running to nothing running."""
    tell = Telling()
    stage = Stage(platform)
    try:
        await start(platform)
        tell.say("All of Rapport runs on this machine.")
        numbers = await play(Acme(stage, tell, files, people, seed))
    finally:
        await stage.close()
        await asyncio.to_thread(platform.stop)
    return numbers | {"seconds": round(tell.seconds, 1)}


async def interruptible(
    platform: Platform, files: Path, people: int, seed: int, asked: list[str]
) -> dict[str, object]:
    """`run`, cancelled by Ctrl-C, SIGTERM, a closed terminal, and by the end of whoever started us.

    The signals' names are added to `asked`.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None

    def stop(name: str) -> None:
        asked.append(name)
        task.cancel()

    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(each, stop, each.name)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    return await run(platform, files, people, seed)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m examples.acme.story", description=__doc__)
    parser.add_argument(
        "--people", type=int, default=300, help="employees of ACME, at least 50 (default 300)"
    )
    parser.add_argument("--seed", type=int, default=7, help="the same seed gives the same people (default 7)")
    parser.add_argument("--keep", action="store_true", help="keep logs, files and mailbox also after success")
    given = parser.parse_args()
    if given.people < 50:
        parser.error("--people is at least 50")
    folder = Path(tempfile.mkdtemp(prefix="rapport-demo-"))
    keep = True
    asked: list[str] = []
    try:
        platform = Platform(folder / "data", Ports.free(), say=lambda line: print(f"· {line}", flush=True))
        numbers = asyncio.run(interruptible(platform, folder / "files", given.people, given.seed, asked))
        keep = given.keep
    except asyncio.CancelledError:
        if not asked:
            raise
        keep = False
        print(f"\nmake demo: interrupted by {asked[0]}; everything is stopped", file=sys.stderr, flush=True)
        _forget(folder)
        # Not a plain return: a thread that fetches jars cannot be cancelled and would keep us waiting.
        os._exit(130)
    except (Unexpected, NodeError) as error:
        print(f"\nmake demo: the story went wrong: {error}", file=sys.stderr)
        return 1
    finally:
        if keep:
            print(f"\nLogs, files and mailbox: {folder}", file=sys.stderr, flush=True)
        else:
            _forget(folder)
    print(json.dumps(numbers), flush=True)
    return 0


def _forget(folder: Path) -> None:
    with contextlib.suppress(OSError):
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
