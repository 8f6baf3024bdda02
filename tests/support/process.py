"""The echo service as processes that a test may kill, freeze, thaw and stop, with proof that it happened."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from deploy.local.node import spawn, states
from tests.support.echo import EchoSettings

_ROOT = Path(__file__).parents[2]


class EchoProcess:
    """One replica of the echo service."""

    def __init__(self, settings: EchoSettings, log: Path, **environment: str) -> None:
        self.log = log
        self._environment = {
            **os.environ,
            "RAPPORT_PROFILE": settings.profile,
            "RAPPORT_KAFKA_BOOTSTRAP": settings.kafka_bootstrap,
            "RAPPORT_MONGO_URI": settings.mongo_uri,
            "RAPPORT_MONGO_DRIVER": settings.mongo_driver,
            "RAPPORT_TOPIC_PREFIX": settings.topic_prefix,
            "RAPPORT_DATABASE_PREFIX": settings.database_prefix,
            "PYTHONUNBUFFERED": "1",
            **environment,
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._ready = 0

    async def start(self, *, wait: bool = True, module: str = "tests.support.echo") -> "EchoProcess":
        """Start, and wait until the kernel has started."""
        with self.log.open("ab") as log:
            self._process = spawn(
                [sys.executable, "-m", module], env=self._environment, cwd=_ROOT, stdout=log, stderr=log
            )
        if wait:
            self._ready += 1
            end = time.monotonic() + 60
            while self.log.read_bytes().count(b"ready\n") < self._ready:
                assert self.process.poll() is None, f"ended while starting:\n{self.log.read_text()[-3000:]}"
                assert time.monotonic() < end, f"not ready:\n{self.log.read_text()[-3000:]}"
                await asyncio.sleep(0.05)
        return self

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "not started"
        return self._process

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """kill -9, proved: the pid is gone."""
        pid = self.process.pid
        self.process.kill()
        self.process.wait(timeout=60)
        assert not Path(f"/proc/{pid}").exists()

    async def freeze(self) -> None:
        """SIGSTOP, proved: every thread is stopped."""
        self.process.send_signal(signal.SIGSTOP)
        end = time.monotonic() + 60
        while states(self.process.pid) != {"T"}:
            assert time.monotonic() < end, "did not freeze"
            await asyncio.sleep(0.01)

    def thaw(self) -> None:
        """Go on."""
        self.process.send_signal(signal.SIGCONT)

    async def terminate(self) -> tuple[int, float]:
        """SIGTERM; the exit code and how many seconds it took."""
        began = time.monotonic()
        self.process.terminate()
        code = await asyncio.to_thread(self.process.wait, 40)
        return code, time.monotonic() - began

    def end(self) -> None:
        """Whatever its state, gone."""
        if self.running:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait(timeout=60)
