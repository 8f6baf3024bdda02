"""`make up` with everything real: it comes up, stops cleanly, and goes on with the same data."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from deploy.local.ensemble import Ports
from deploy.local.node import HOST, is_open

ROOT = Path(__file__).parents[2]


class Up:
    """The command as a person runs it, with its own data and ports."""

    def __init__(self, folder: Path, ports: Ports) -> None:
        self.ports = ports
        self.log = folder / f"up-{time.time()}.out"
        settings = {f"RAPPORT_{name.upper()}_PORT": str(port) for name, port in vars(ports).items()}
        self.environment = {**os.environ, **settings, "RAPPORT_DATA_DIR": str(folder / "data")}
        self.environment.pop("RAPPORT_PROFILE", None)
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "deploy.local.supervisor", "up"],
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env=self.environment,
            )

    def wait(self) -> None:
        deadline = time.monotonic() + 180
        while "Rapport is up" not in self.log.read_text():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.2)

    def client(self, role: str, service: str) -> httpx.Client:
        token = re.search(rf"^  {role} +(\S+)$", self.log.read_text(), re.M)
        assert token is not None
        headers = {"Authorization": f"Bearer {token[1]}"}
        return httpx.Client(base_url=f"http://{HOST}:{getattr(self.ports, service)}", headers=headers)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(90)


@pytest.mark.timeout(600)
def test_it_stays_up_and_goes_on_with_its_data(tmp_path: Path) -> None:
    ports = Ports.free()
    first = Up(tmp_path, ports)
    try:
        first.wait()
        for service in ("profiles", "matching", "sessions", "notifications"):
            with first.client("admin", service) as client:
                assert client.get("/docs").status_code == 200
                assert client.get("/ready").json()["ready"]
        program = {"id": "mentoring", "name": "Mentoring"}
        with first.client("admin", "profiles") as client:
            made = client.post("/v1/programs", json=program, headers={"Idempotency-Key": "once"})
            assert made.status_code == 201, made.text
        # The console finds the platform by the file that `make up` wrote.
        rapport = Path(sys.executable).with_name("rapport")
        settled = subprocess.run(
            [rapport, "settle", "--json"], env=first.environment, cwd=ROOT, capture_output=True, text=True
        )
        assert settled.returncode == 0, settled.stderr
        assert first.stop() == 0, first.log.read_text()
    finally:
        first.process.kill()
        first.process.wait()
    assert not [port for port in vars(ports).values() if is_open(port)]

    second = Up(tmp_path, ports)
    try:
        second.wait()
        with second.client("admin", "profiles") as client:
            assert client.get("/v1/programs/mentoring").json()["name"] == "Mentoring"
        assert second.stop() == 0, second.log.read_text()
    finally:
        second.process.kill()
        second.process.wait()
    assert not [port for port in vars(ports).values() if is_open(port)]
