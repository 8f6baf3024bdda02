"""`make up` and `make clean`: the platform in the foreground until Ctrl-C, its data kept between runs.

`python -m deploy.local.supervisor up|clean`. The data's place is the setting RAPPORT_DATA_DIR, `.rapport`
unless set. Exit codes: 0 stopped as asked, 1 something ended by itself or did not start, 2 a port or the
data is in use.
"""

import contextlib
import ctypes
import fcntl
import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from deploy.local.ensemble import Platform, Ports
from deploy.local.node import NodeError
from deploy.local.tether import PR_SET_PDEATHSIG

ORGANIZATION, PROGRAM, PARTICIPANT = "acme", "mentoring", "me"
WATCH_SECONDS = 0.3
STOP_SECONDS = 60.0


class Busy(Exception):
    """Something that is needed is in use; the message says what and by whom."""


def folder() -> Path:
    """Where the data is."""
    return Path(os.environ.get("RAPPORT_DATA_DIR") or ".rapport").absolute()


@contextlib.contextmanager
def alone(place: Path) -> Iterator[None]:
    """Hold the data; `Busy` if another process does. The system lets go when we end, however we end."""
    place.mkdir(parents=True, exist_ok=True)
    with (place / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise Busy(
                f"the platform is already up (process {file.read().strip() or 'unknown'}) on the data in {place}:"
                " stop it with Ctrl-C there, or set RAPPORT_DATA_DIR to another folder"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


class Tail(threading.Thread):
    """Prints what the processes log, each line after the process's name."""

    def __init__(self, platform: Platform) -> None:
        super().__init__(daemon=True)
        self._places = {node.name: node.log_path for node in platform.nodes.values()}
        self._read = dict.fromkeys(self._places, 0)
        self._width = max(len(name) for name in self._places)
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(WATCH_SECONDS):
            self._print()

    def end(self) -> None:
        """Print the rest and end."""
        self._ended.set()
        self.join()
        self._print()

    def _print(self) -> None:
        for name, path in self._places.items():
            with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
                file.seek(self._read[name])
                whole = file.read().rpartition(b"\n")[0]
                if whole:
                    self._read[name] += len(whole) + 1
                    for line in whole.decode(errors="replace").splitlines():
                        print(f"{name:{self._width}} | {line}", flush=True)


def tokens(place: Path) -> dict[str, str]:
    """One development token per role."""
    from shared.http.identity import OF_PROGRAMS, ROLES
    from shared.http.keys import DevelopmentIssuer

    issuer = DevelopmentIssuer(place)
    made = {}
    for role in sorted(ROLES):
        grant = {"role": role, "programs": [PROGRAM] if role in OF_PROGRAMS else []}
        participant = PARTICIPANT if role == "participant" else None
        made[role] = issuer.token(organization=ORGANIZATION, grants=[grant], participant=participant)
    return made


def welcome(platform: Platform) -> str:
    """What a newcomer needs to know once it is up."""
    lines = [
        "",
        "Rapport is up. Ctrl-C stops it; `make up` goes on with the same data; `make clean` forgets it.",
        "",
    ]
    lines += [f"  {name:14} {url}   API: {url}/docs" for name, url in platform.urls.items()]
    lines += [f"  {'mailbox':14} {platform.mailbox}   (every mail as .txt to read and as .eml)"]
    lines += [f"  {'logs':14} {platform.folder / 'logs'}", ""]
    lines += [f"Development tokens for organization {ORGANIZATION}, program {PROGRAM}, valid for a day:"]
    lines += [f"  {role:18} {token}" for role, token in tokens(platform.folder).items()]
    lines += ["Others: `.venv/bin/rapport token --help`. Use: curl -H 'Authorization: Bearer TOKEN' …", ""]
    return "\n".join(lines)


def _stop_on_signals() -> threading.Event:
    """An event that is set when a signal asks to stop, or when whoever started us is gone.

    An event, not an exception: one raised anywhere would leave half-started processes that nobody knows of.
    """
    asked = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        asked.set()

    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, stop)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    return asked


def up() -> int:
    """Start, print where everything is, and watch until a signal or until something ends by itself."""
    asked = _stop_on_signals()
    place = folder()
    try:
        with alone(place):
            platform = Platform(place, Ports.chosen(), say=_say)
            taken = platform.ports.taken()
            if taken:
                raise Busy("\n".join(taken))
            return _run(platform, asked)
    except (Busy, ValueError) as error:
        return _failed(str(error), 2)


def _run(platform: Platform, asked: threading.Event) -> int:
    failures: list[NodeError] = []

    def start() -> None:
        try:
            platform.start()
        except NodeError as error:
            failures.append(error)

    # A daemon: fetching jars cannot be cancelled, and must not keep Ctrl-C waiting. Nothing runs yet then.
    starting = threading.Thread(target=start, daemon=True)
    starting.start()
    while starting.is_alive() and not asked.wait(WATCH_SECONDS):
        pass
    if asked.is_set():
        platform.cancel()
        starting.join(STOP_SECONDS if platform.started else 0)
    if failures and not asked.is_set():
        return _failed(str(failures[0]), 1)
    if asked.is_set():
        return _stop(platform, None)
    print(welcome(platform), flush=True)
    tail = Tail(platform)
    tail.start()
    while not (ended := platform.ended()):
        if asked.wait(WATCH_SECONDS):
            return _stop(platform, tail)
    for node in ended:
        _failed(f"{node.name} ended by itself:\n{node.last_words()}", 1)
    _stop(platform, tail)
    return 1


def _stop(platform: Platform, tail: Tail | None) -> int:
    _say("stopping")
    platform.stop()
    if tail is not None:
        tail.end()
    _say("stopped")
    return 0


def _failed(why: str, code: int) -> int:
    print(f"make up: {why}", file=sys.stderr, flush=True)
    return code


def clean() -> int:
    """Remove the data."""
    place = folder()
    try:
        if place.exists():
            with alone(place):
                shutil.rmtree(place)
    except Busy as error:
        print(f"make clean: {error}", file=sys.stderr)
        return 2
    print(f"{place} is forgotten")
    return 0


def _say(line: str) -> None:
    print(f"· {line}", flush=True)


if __name__ == "__main__":
    sys.exit({"up": up, "clean": clean}[sys.argv[1]]())
