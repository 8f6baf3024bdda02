"""Starting and stopping a process: signals, a kernel that hangs or refuses, a port that is taken."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[3]
PROGRAM = """
import asyncio, sys, time
from types import SimpleNamespace
from shared.http import create_app, serve
from shared.settings import Settings, load

class Kernel:
    ops = None
    async def start(self):
        if sys.argv[1] == "refuses": raise RuntimeError("another number of slots")
        if sys.argv[1] == "never": await asyncio.Event().wait()
    async def stop(self):
        print("kernel stopped", flush=True)
        if sys.argv[1] == "hangs": await asyncio.Event().wait()
        if sys.argv[1] == "blocks": time.sleep(60)
    def view(self, organization): return SimpleNamespace(database={"http_answers": self})
    async def create_index(self, *_, **__): ...
    async def readiness(self):
        return SimpleNamespace(ready=True, missing=[], halted=[], lag=0, outbox=0, due=0, failing=0,
            dead_letters=0, late_seconds=0.0, clock_offset_seconds=0.0)

settings = load(Settings)
import shared.http.server
shared.http.server.LAST_RESORT_SECONDS = 3.0
sys.exit(serve(create_app("sessions", settings, Kernel()), settings))
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


Start = Callable[..., "tuple[subprocess.Popen[str], str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts the program; gives the process and its URL, once it answers."""
    started: list[subprocess.Popen[str]] = []

    def begin(how: str, port: int | None = None, wait: bool = True) -> tuple[subprocess.Popen[str], str]:
        port = port or free_port()
        variables = {name: value for name, value in os.environ.items() if not name.startswith("RAPPORT_")}
        variables |= {
            "RAPPORT_PROFILE": "embedded",
            "RAPPORT_DATA_DIR": str(tmp_path),
            "RAPPORT_PORT": str(port),
        }
        variables |= {"RAPPORT_STOP_SECONDS": "1", "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, how],
            env=variables,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        url = f"http://127.0.0.1:{port}"
        while wait and process.poll() is None:
            try:
                httpx.get(f"{url}/live")
                break
            except httpx.TransportError:
                time.sleep(0.05)
        return process, url

    yield begin
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("how", "number"),
    [("well", signal.SIGTERM), ("well", signal.SIGINT), ("hangs", signal.SIGTERM), ("never", signal.SIGTERM)],
)
def test_a_signal_ends_it_with_0_even_if_the_kernel_hangs(start: Start, how: str, number: int) -> None:
    process, url = start(how)
    assert httpx.get(f"{url}/ready").status_code == 200
    began = time.monotonic()
    process.send_signal(number)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "kernel stopped" in out
    assert time.monotonic() - began < 10


def test_an_event_loop_that_is_blocked_is_ended_too(start: Start) -> None:
    process, _ = start("blocks")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_a_kernel_that_refuses_to_start_ends_the_process_with_1(start: Start) -> None:
    process, _ = start("refuses", wait=False)
    process.communicate(timeout=60)
    assert process.returncode == 1


def test_a_port_that_is_taken_is_named_with_its_setting(start: Start) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = int(taken.getsockname()[1])
        process, _ = start("well", port=port, wait=False)
        _, err = process.communicate(timeout=60)
    assert process.returncode != 0
    assert str(port) in err
    assert "RAPPORT_PORT" in err
