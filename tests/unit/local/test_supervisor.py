"""`make up` with small commands in the place of servers: order, messages, and nothing left running."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import supervisor
from deploy.local.ensemble import Platform, Ports
from deploy.local.node import HOST, free_port, is_open

ROOT = Path(__file__).parents[3]
FAKE = """
import signal, socket, sys, time
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
def stop(*_):
    print("stopping at", time.monotonic(), flush=True)
    time.sleep(0.2)
    raise SystemExit(0)
signal.signal(signal.SIGTERM, stop)
print("hello", flush=True)
while True:
    time.sleep(1)
"""
UP = """
import sys
from pathlib import Path
from deploy.local import ensemble, supervisor

FAKE = {fake!r}

def command(self):
    return [sys.executable, "-c", FAKE, str(self.port)]

for kind in (ensemble.KafkaNode, ensemble.DatabaseNode, ensemble.MailboxNode, ensemble.ServiceNode):
    kind._command, kind._ready = command, lambda self: True
ensemble.install = lambda say: None
ensemble.Platform._make_topics = lambda self: None
sys.exit(supervisor.up())
"""


class Run:
    """A supervisor as a process, over fakes."""

    def __init__(self, folder: Path, ports: Ports) -> None:
        self.ports = ports
        settings = {f"RAPPORT_{name.upper()}_PORT": str(port) for name, port in vars(ports).items()}
        self.log = folder.with_suffix(f".{free_port()}.out")
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-c", UP.format(fake=FAKE)],
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env={**os.environ, **settings, "RAPPORT_DATA_DIR": str(folder)},
            )

    @property
    def text(self) -> str:
        return self.log.read_text()

    def until(self, words: str) -> None:
        deadline = time.monotonic() + 30
        while words not in self.text:
            assert self.process.poll() is None, self.text
            assert time.monotonic() < deadline, self.text
            time.sleep(0.02)

    def nothing_runs(self) -> bool:
        deadline = time.monotonic() + 5
        while any(is_open(port) for port in vars(self.ports).values()):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def run(folder: Path) -> Iterator[Run]:
    made = Run(folder, Ports.free())
    yield made
    made.process.kill()
    made.process.wait()


def test_ctrl_c_stops_the_services_before_what_they_rest_on(run: Run, folder: Path) -> None:
    run.until("Rapport is up")
    assert f"http://127.0.0.1:{run.ports.matching}/docs" in run.text
    assert set(re.findall(r"^  (\w+) +eyJ", run.text, re.M)) == {
        "admin",
        "coordinator",
        "hr",
        "ops",
        "participant",
        "safeguarding_lead",
    }
    assert str(folder / "mailbox") in run.text
    run.until("profiles      | hello")
    run.process.send_signal(signal.SIGINT)
    assert run.process.wait(20) == 0
    assert run.nothing_runs()
    when = dict(re.findall(r"^(\w+) +\| stopping at ([\d.]+)", run.text, re.M))
    services = [float(when[name]) for name in ("profiles", "matching", "sessions", "notifications")]
    assert max(services) < min(float(when[name]) for name in ("mailbox", "kafka", "database"))


def test_sigterm_while_starting_stops_what_has_started(run: Run) -> None:
    run.until("starting kafka")
    run.process.terminate()
    assert run.process.wait(20) == 0
    assert run.nothing_runs()


def test_one_that_ends_by_itself_ends_all_and_is_named(run: Run) -> None:
    run.until("Rapport is up")
    listening = next(
        int(pid)
        for pid in os.listdir("/proc")
        if pid.isdecimal() and _command_of(pid).endswith(f"\0{run.ports.matching}\0")
    )
    os.kill(listening, signal.SIGKILL)
    assert run.process.wait(20) == 1
    assert "matching ended by itself" in run.text
    assert run.nothing_runs()


def test_a_supervisor_killed_with_9_leaves_nothing(run: Run) -> None:
    run.until("Rapport is up")
    run.process.kill()
    run.process.wait()
    assert run.nothing_runs()


def test_when_make_is_killed_the_platform_stops_in_order(folder: Path) -> None:
    ports = Ports.free()
    settings = {f"RAPPORT_{name.upper()}_PORT": str(port) for name, port in vars(ports).items()}
    script = folder.with_suffix(".py")
    script.write_text(UP.format(fake=FAKE))
    log = folder.with_suffix(".log")
    shell = ["sh", "-c", f"{sys.executable} {script} > {log} 2>&1; true"]
    env = {**os.environ, **settings, "RAPPORT_DATA_DIR": str(folder), "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(shell, env=env, cwd=ROOT) as make:
        deadline = time.monotonic() + 30
        while not (log.exists() and "Rapport is up" in log.read_text()):
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        make.kill()
    deadline = time.monotonic() + 10
    while "· stopped" not in log.read_text():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)
    assert not any(is_open(port) for port in vars(ports).values())


def test_a_second_one_names_the_first_and_the_setting(run: Run, folder: Path) -> None:
    run.until("Rapport is up")
    second = Run(folder, Ports.free())
    assert second.process.wait(20) == 2
    assert f"already up (process {run.process.pid})" in second.text
    assert "RAPPORT_DATA_DIR" in second.text
    assert run.process.poll() is None


def test_a_port_in_use_is_named_with_its_setting(folder: Path) -> None:
    ports = Ports.free()
    with socket.create_server((HOST, ports.sessions)):
        run = Run(folder, ports)
        assert run.process.wait(20) == 2
    told = f"port {ports.sessions} (sessions) is in use: stop what uses it or set RAPPORT_SESSIONS_PORT"
    assert told in run.text
    assert run.nothing_runs()


def test_a_setting_that_is_no_port_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAPPORT_KAFKA_PORT", "many")
    with pytest.raises(ValueError, match="RAPPORT_KAFKA_PORT='many' is no port"):
        Ports.chosen()


def test_the_services_get_what_the_console_finds_in_the_file(folder: Path) -> None:
    platform = Platform(folder, Ports(kafka=1, database=2, smtp=3))
    assert platform.environment["RAPPORT_KAFKA_BOOTSTRAP"] == f"{HOST}:1"
    assert platform.environment["RAPPORT_MONGO_URI"].startswith(f"mongodb://{HOST}:2/")
    assert platform.environment["RAPPORT_SMTP_PORT"] == "3"
    assert platform.environment["RAPPORT_DATA_DIR"] == str(folder)


def test_clean_forgets_but_not_under_a_running_platform(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RAPPORT_DATA_DIR", str(folder))
    with supervisor.alone(folder):
        assert supervisor.clean() == 2
    assert "already up" in capsys.readouterr().err
    assert folder.exists()
    assert supervisor.clean() == 0
    assert not folder.exists()


def _command_of(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""
