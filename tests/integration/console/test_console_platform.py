"""The whole platform by its command alone: topics, four services, tokens, clock, settling, ops, audit, stopping."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.console.settings import SERVICES

ROOT = Path(__file__).parents[3]
RAPPORT = [sys.executable, "-c", "from shared.console.main import main; main()"]


def free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


@dataclass
class Platform:
    """Four services as processes, and the command that looks after them."""

    environment: dict[str, str]
    ports: dict[str, int]
    folder: Path
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def rapport(self, *words: str, code: int = 0) -> Any:
        done = subprocess.run(
            [*RAPPORT, *words],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout) if "--json" in words and code == 0 else done.stdout + done.stderr

    def start(self, services: Sequence[str] = SERVICES) -> None:
        for name in services:
            with (self.folder / f"{name}.log").open("ab") as log:
                self.running[name] = subprocess.Popen(
                    [*RAPPORT, "serve", name],
                    env={**self.environment, "RAPPORT_PORT": str(self.ports[name])},
                    cwd=self.folder,
                    stdout=log,
                    stderr=log,
                )

    def stop(self) -> dict[str, int]:
        for process in self.running.values():
            process.send_signal(signal.SIGTERM)
        return {name: process.wait(timeout=25) for name, process in self.running.items()}

    def logs(self, name: str) -> list[str]:
        return (self.folder / f"{name}.log").read_text(encoding="utf-8").splitlines()


@pytest.fixture
def platform(kafka: Any, database: Any, names: Any, mongo_driver: str, tmp_path: Path) -> Iterator[Platform]:
    ports = dict(zip(SERVICES, free_ports(len(SERVICES)), strict=True))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAPPORT_")}
    environment |= {
        "PYTHONPATH": str(ROOT),
        "RAPPORT_PROFILE": "embedded",
        "RAPPORT_DATA_DIR": str(tmp_path / "data"),
        "RAPPORT_KAFKA_BOOTSTRAP": kafka.bootstrap,
        "RAPPORT_MONGO_URI": database.uri,
        "RAPPORT_MONGO_DRIVER": mongo_driver,
        "RAPPORT_TOPIC_PREFIX": names.topic_prefix,
        "RAPPORT_DATABASE_PREFIX": names.database_prefix,
    }
    environment |= {f"RAPPORT_{name.upper()}_URL": f"http://127.0.0.1:{port}" for name, port in ports.items()}
    made = Platform(environment, ports, tmp_path)
    yield made
    for process in made.running.values():
        process.kill()
        process.wait()


def test_the_platform_is_looked_after_by_its_command(platform: Platform) -> None:
    steps = platform.rapport("topics", "check", "--json", code=1)
    assert "create" in steps
    assert len(platform.rapport("topics", "apply", "--json")) == 16
    assert platform.rapport("topics", "check", "--json") == []

    platform.start()
    assert platform.rapport("settle", "--timeout", "90", "--json")["settled"] is True

    for name in SERVICES:
        token = platform.rapport("token", "--role", "hr").strip()
        answer = httpx.get(
            f"http://127.0.0.1:{platform.ports[name]}/v1/ops/consumers",
            headers={"Authorization": f"Bearer {token}"},
        )
        assert answer.status_code == 403

    before = platform.rapport("clock", "show", "--json")["offset_seconds"]
    assert platform.rapport("clock", "advance", "7d", "--json")["offset_seconds"] == before + 7 * 86_400
    platform.rapport("settle", "--timeout", "60")

    consumers = platform.rapport("consumers", "list", "--json")
    assert {each["service"] for each in consumers} == set(SERVICES)
    assert not any(each["halted"] for each in consumers)
    assert {each["service"] for each in platform.rapport("positions", "show", "--json")} == set(SERVICES)
    assert platform.rapport("dead-letters", "list", "--json") == []
    assert platform.rapport("dead-letters", "redrive", "matching", "--all", "--json")["counts"] == {}

    report = platform.rapport("audit", "--json")
    assert (report["lost"], report["doubled"], report["dead_letters"]) == (0, 0, 0)

    began = time.monotonic()
    assert platform.stop() == dict.fromkeys(SERVICES, 0)
    assert time.monotonic() - began < 25
    for name in SERVICES:
        # What services say is JSON, line by line.
        assert all(isinstance(json.loads(line), dict) for line in platform.logs(name))
    platform.rapport("settle", "--timeout", "0.1", code=3)


def test_a_port_in_use_and_a_wrong_setting_are_2(platform: Platform) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", platform.ports["sessions"]))
        taken.listen()
        platform.environment["RAPPORT_PORT"] = str(platform.ports["sessions"])
        assert "RAPPORT_PORT" in platform.rapport("serve", "sessions", code=2)
    platform.environment["RAPPORT_MONGO_DRIVER"] = "sync"
    assert "RAPPORT_MONGO_DRIVER" in platform.rapport("serve", "sessions", code=2)
