"""One process of the local cluster: start it, stop it, and, for tests, kill or freeze it and prove it."""

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

from deploy.local import tether

HOST = "127.0.0.1"
# Below the range from which systems take ports for outgoing connections. A client that keeps connecting to a
# killed server's port inside that range ends up connected to itself now and then, and the port is taken.
PORTS = range(20000, 30000)
_spawner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")


class NodeError(RuntimeError):
    """A process of the cluster did not do what was asked; the message says which and shows its last words."""


def is_open(port: int, host: str = HOST) -> bool:
    """Whether something accepts connections on the port."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex((host, port)) == 0


def is_bindable(port: int, host: str = HOST) -> bool:
    """Whether a server could take the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """A port of `PORTS` that nobody has at this moment."""
    for _ in range(200):
        port = random.SystemRandom().choice(PORTS)
        if is_bindable(port):
            return port
    raise NodeError(f"no free port between {PORTS.start} and {PORTS.stop}")


def spawn(
    command: Sequence[str], *, env: Mapping[str, str] | None = None, cwd: Path | None = None, **streams: Any
) -> subprocess.Popen[bytes]:
    """Start a command in a session of its own that is killed when this process ends, however it ends.

    The system ties a child to the *thread* that started it. So one thread starts them all and lives as long
    as the process; started from a passing worker thread, a broker would die with it in the middle of a test.
    """
    full = [sys.executable, "-I", "-S", tether.__file__, str(os.getpid()), *command]

    def start() -> subprocess.Popen[bytes]:
        own = None if env is None else dict(env)
        return subprocess.Popen(
            full, env=own, cwd=cwd, stdin=subprocess.DEVNULL, start_new_session=True, **streams
        )

    return _spawner.submit(start).result()


def states(pid: int) -> set[str]:
    """The scheduler's state letters of a process's threads (`T` is stopped), from `/proc`."""
    found = set()
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found.add((task / "stat").read_text().rpartition(")")[2].split()[0])
    return found


class Node(ABC):
    """A server process with one data directory and one port, which both survive a restart.

    Calls block; from a coroutine use `await asyncio.to_thread(node.start)`. They may come from any thread,
    one at a time.
    """

    name: str
    start_seconds = 60.0
    stop_seconds = 20.0
    poll_seconds = 0.02

    def __init__(self, data_dir: Path, port: int = 0) -> None:
        self.data_dir = Path(data_dir)
        self.port = port or free_port()
        self.log_path = self.data_dir / f"{self.name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def _command(self) -> Sequence[str]:
        """What to run. Called at every start; may prepare files."""

    @abstractmethod
    def _ready(self) -> bool:
        """Whether it does its work now, not merely listens."""

    def _environment(self) -> Mapping[str, str]:
        return os.environ

    @property
    def pid(self) -> int:
        """Process id; `NodeError` when it does not run."""
        if self._process is None:
            raise NodeError(f"{self.name} is not running")
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether the process exists (a frozen one does)."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> Self:
        """Start and wait until it works. `NodeError`: its port is taken, it ended, or it took too long."""
        if self.running:
            raise NodeError(f"{self.name} is running already")
        if not is_bindable(self.port):
            raise NodeError(f"port {self.port}, wanted by {self.name}, is in use")
        self.data_dir.mkdir(parents=True, exist_ok=True)
        command = self._command()
        with self.log_path.open("ab") as log:
            process = spawn(command, env=self._environment(), stdout=log, stderr=subprocess.STDOUT)
        self._process = process
        deadline = time.monotonic() + self.start_seconds
        while not (is_open(self.port) and self._ready()):
            if process.poll() is not None:  # also when another thread stops it meanwhile
                self._process = None
                told = f"{self.name} ended with code {process.returncode} while starting"
                raise NodeError(f"{told}:\n{self.last_words()}")
            if time.monotonic() > deadline:
                self.kill()
                raise NodeError(f"{self.name} not ready after {self.start_seconds} s:\n{self.last_words()}")
            time.sleep(self.poll_seconds)
        return self

    def stop(self) -> int | None:
        """End it by SIGTERM, by force when that takes too long. Exit code; None: it did not run."""
        process = self._process
        if process is None:
            return None
        self.thaw()
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            process.wait(self.stop_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._sweep(process.pid)
        return process.returncode

    def kill(self) -> None:
        """`kill -9`. Returns when it is proved: the process id is gone and the port refuses."""
        pid = self.pid
        os.kill(pid, signal.SIGKILL)
        assert self._process is not None
        self._process.wait(10)
        self._sweep(pid)
        deadline = time.monotonic() + 5
        while self._exists(pid) or is_open(self.port):
            if time.monotonic() > deadline:
                raise NodeError(f"{self.name}: process {pid} or port {self.port} survived kill -9")
            time.sleep(0.005)

    def freeze(self) -> None:
        """SIGSTOP. Returns when it is proved: every thread is stopped."""
        os.kill(self.pid, signal.SIGSTOP)
        deadline = time.monotonic() + 5
        while states(self.pid) != {"T"}:
            if time.monotonic() > deadline:
                raise NodeError(f"{self.name}: not frozen, its threads are {states(self.pid)}")
            time.sleep(0.002)

    def thaw(self) -> None:
        """SIGCONT: go on after `freeze`. Harmless otherwise."""
        if self.running:
            os.kill(self.pid, signal.SIGCONT)

    def last_words(self, lines: int = 30) -> str:
        """The end of its log."""
        if not self.log_path.exists():
            return ""
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])

    def forget(self) -> None:
        """Stop it and remove its data."""
        self.stop()
        shutil.rmtree(self.data_dir, ignore_errors=True)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _sweep(self, pid: int) -> None:
        """Whatever the process had started itself goes with it."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
        self._process = None

    @staticmethod
    def _exists(pid: int) -> bool:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return True
