"""`make demo` with a small ACME: the story holds, and whatever happens to it, nothing is left running."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
KEYS = (
    "people", "rejected_rows", "proposed", "accepted", "declined", "active", "sessions", "stalled", "recovered",
    "mails", "cases", "rematched", "events", "lost", "doubled", "dead_letters", "kills", "seconds",
)  # fmt: skip


class Demo:
    """The story as a process of its own, with all it writes under one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "temporary"
        self.folder.mkdir()
        self.log = folder / "demo.out"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("RAPPORT_")}
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "examples.acme.story", "--people", "60"],
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env={**environment, "TMPDIR": str(self.folder)},
            )

    def wait_for(self, words: str) -> None:
        deadline = time.monotonic() + 300
        while words not in self.log.read_text(encoding="utf-8"):
            assert self.process.poll() is None, self.log.read_text(encoding="utf-8")
            assert time.monotonic() < deadline, self.log.read_text(encoding="utf-8")
            time.sleep(0.1)

    def running(self) -> list[str]:
        """Processes that were started by it, by the temporary folder in their environment."""
        found = []
        for place in Path("/proc").glob("[0-9]*"):
            try:
                if str(self.folder).encode() in (place / "environ").read_bytes():
                    found.append((place / "cmdline").read_bytes().replace(b"\0", b" ").decode())
            except OSError:
                continue
        return found

    def nothing_is_left(self) -> bool:
        """Whether that comes true in the seconds the system needs to end orphans."""
        deadline = time.monotonic() + 30
        while self.running():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.1)
        return True


@pytest.fixture
def demo(tmp_path: Path) -> Any:
    made = Demo(tmp_path)
    yield made
    made.process.kill()
    made.process.wait()


@pytest.mark.timeout(1500)
def test_the_story_holds_and_its_last_line_says_so(demo: Demo) -> None:
    assert demo.process.wait(1400) == 0, demo.log.read_text(encoding="utf-8")
    told = demo.log.read_text(encoding="utf-8").splitlines()
    last = json.loads(told[-1])
    assert tuple(last) == KEYS
    assert (last["people"], last["rejected_rows"], last["declined"], last["kills"]) == (60, 3, 2, 2)
    assert (last["lost"], last["doubled"], last["dead_letters"]) == (0, 0, 0)
    assert (last["stalled"], last["cases"], last["recovered"]) == (4, 4, 3)
    assert last["active"] <= last["accepted"] <= last["proposed"]
    assert last["accepted"] >= last["active"] + last["rematched"] - 1
    assert last["rematched"] >= 2
    assert last["sessions"] > last["active"]
    assert last["mails"] > 2 * last["active"]
    assert last["events"] > last["sessions"] + 2 * last["people"]
    assert demo.nothing_is_left()
    assert not list(demo.folder.glob("rapport-demo-*"))


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("moment", "how", "code"),
    [
        ("mailbox is ready", signal.SIGINT, 130),
        ("HR sends its file", signal.SIGINT, 130),
        ("HR sends its file", signal.SIGTERM, 130),
        ("HR sends its file", signal.SIGKILL, -signal.SIGKILL),
    ],
)
def test_interrupted_it_leaves_nothing_running(
    demo: Demo, moment: str, how: signal.Signals, code: int
) -> None:
    demo.wait_for(moment)
    assert len(demo.running()) > 1
    demo.process.send_signal(how)
    assert demo.process.wait(90) == code, demo.log.read_text(encoding="utf-8")
    assert demo.nothing_is_left(), demo.running()
