"""A process of the local cluster starts, stops, dies and freezes as asked, and never outlives who started it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from deploy.local.ensemble import Platform, Ports
from deploy.local.node import Node, NodeError, free_port, is_open, spawn, states

SERVER = """
import socket, sys, threading
print("serving", flush=True)
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
threading.Thread(target=lambda: [None for _ in iter(server.accept, None)], daemon=True).start()
threading.Event().wait()
"""


class Fake(Node):
    name = "fake"
    stop_seconds = 2.0

    def _command(self) -> Sequence[str]:
        return [sys.executable, "-c", SERVER, str(self.port)]

    def _ready(self) -> bool:
        return True


class Failing(Fake):
    def _command(self) -> Sequence[str]:
        return [sys.executable, "-c", "print('no disk left'); raise SystemExit(3)"]


class Stubborn(Fake):
    def _command(self) -> Sequence[str]:
        ignore = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        return [sys.executable, "-c", ignore + SERVER, str(self.port)]


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Fake]:
    made = Fake(tmp_path / "fake")
    yield made
    made.stop()


def _gone(pid: int, seconds: float = 60.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if Path(f"/proc/{pid}/stat").exists() and states(pid) == {"Z"}:
            return True
        time.sleep(0.02)
    return False


def test_it_starts_and_stops_and_starts_again_on_the_same_port(node: Fake) -> None:
    port = node.start().port
    assert node.running
    assert is_open(port)
    node.stop()
    assert not node.running
    assert not is_open(port)
    assert node.start().port == port
    assert node.log_path.read_text() == "serving\n" * 2


def test_a_kill_leaves_no_process_and_no_port(node: Fake) -> None:
    pid = node.start().pid
    node.kill()
    assert _gone(pid, 0.1)
    assert not is_open(node.port)
    assert not node.running


def test_a_freeze_stops_every_thread_and_a_thaw_ends_it(node: Fake) -> None:
    node.start().freeze()
    assert states(node.pid) == {"T"}
    assert node.running
    node.thaw()
    assert "T" not in states(node.pid)


def test_a_frozen_one_can_be_stopped(node: Fake) -> None:
    pid = node.start().pid
    node.freeze()
    node.stop()
    assert _gone(pid, 0.1)


def test_one_that_ignores_the_request_is_ended_by_force(tmp_path: Path) -> None:
    node = Stubborn(tmp_path)
    pid = node.start().pid
    assert node.stop() == -signal.SIGKILL
    assert _gone(pid, 0.1)


def test_a_failing_start_tells_the_last_words(tmp_path: Path) -> None:
    with pytest.raises(NodeError, match=r"fake ended with code 3 while starting:\nno disk left"):
        Failing(tmp_path).start()


def test_a_port_in_use_is_named(node: Fake, tmp_path: Path) -> None:
    port = node.start().port
    with pytest.raises(NodeError, match=f"port {port}, wanted by fake, is in use"):
        Fake(tmp_path / "other", port).start()


def test_a_child_outlives_the_thread_that_asked_for_it(node: Fake) -> None:
    asking = threading.Thread(target=node.start)
    asking.start()
    asking.join()
    time.sleep(0.3)
    assert node.running


def test_nothing_outlives_a_parent_killed_with_9(tmp_path: Path) -> None:
    """The parent starts a child and is killed without a chance to say anything."""
    parent = f"""
import sys, time
from deploy.local.node import spawn
child = spawn([sys.executable, "-c", {SERVER!r}, "{free_port()}"])
print(child.pid, flush=True)
time.sleep(60)
"""
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        [sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True, cwd=root
    ) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        os.kill(child, 0)
        process.kill()
    assert _gone(child)


def test_where_the_system_offers_nothing_a_watcher_does_it(tmp_path: Path) -> None:
    """The same through the watcher that other systems than Linux get."""
    tether = Path(__file__).parents[3] / "deploy" / "local" / "tether.py"
    watched = f"""
import importlib.util, os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", '''
import importlib.util, os, sys, time
spec = importlib.util.spec_from_file_location("tether", {str(tether)!r})
tether = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tether)
tether._watch(os.getppid(), os.getpid())
print(os.getpid(), flush=True)
time.sleep(60)
'''])
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", watched], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        process.kill()
        process.wait()
        assert _gone(child)


def test_a_command_gets_its_own_session(tmp_path: Path) -> None:
    """Ctrl-C in a terminal must reach the supervisor alone: it stops the others in their order."""
    child = spawn([sys.executable, "-c", "import os; print(os.getsid(0))"], stdout=subprocess.PIPE)
    out, _ = child.communicate(timeout=60)
    assert int(out) == child.pid


def test_of_several_starts_the_one_that_failed_is_told_and_not_one_that_was_stopped_for_it(
    node: Fake, tmp_path: Path
) -> None:
    class Waiting(Fake):
        def _ready(self) -> bool:
            return False

    platform = Platform(tmp_path, Ports.free(), say=lambda _: None)
    platform.nodes |= {
        "profiles": Waiting(tmp_path / "a"),
        "sessions": Fake(tmp_path / "b", node.start().port),
    }
    with pytest.raises(NodeError, match=f"port {node.port}, wanted by fake, is in use"):
        platform._start_all(("profiles", "sessions"))
    assert not platform.started
