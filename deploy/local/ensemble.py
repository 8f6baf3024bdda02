"""The whole platform on one machine: Kafka, the database, the mailbox and the four services, as processes."""

import os
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

from deploy.local.database import DatabaseNode
from deploy.local.kafka import KafkaNode
from deploy.local.kafka_home import install
from deploy.local.node import HOST, Node, NodeError, free_port, is_bindable, spawn

ROOT = Path(__file__).parents[2]
SERVICES = ("profiles", "matching", "sessions", "notifications")
Say = Callable[[str], None]


@dataclass(frozen=True)
class Ports:
    """Where everything listens. A setting RAPPORT_<NAME>_PORT each, such as RAPPORT_PROFILES_PORT."""

    profiles: int = 8101
    matching: int = 8102
    sessions: int = 8103
    notifications: int = 8104
    smtp: int = 8125
    kafka: int = 8192
    database: int = 8127

    @classmethod
    def chosen(cls) -> "Ports":
        """From the settings. `ValueError` names one that is no port."""
        given = {}
        for field in fields(cls):
            text = os.environ.get(setting(field.name))
            if text:
                if not text.isdecimal() or not 0 < int(text) < 65536:
                    raise ValueError(f"{setting(field.name)}={text!r} is no port (1 to 65535)")
                given[field.name] = int(text)
        return cls(**given)

    @classmethod
    def free(cls) -> "Ports":
        """Ports that nobody has: for tests, and for a demonstration beside a running platform."""
        return cls(**{field.name: free_port() for field in fields(cls)})

    def taken(self) -> list[str]:
        """One sentence for every port that is in use or wanted twice."""
        found, seen = [], dict[int, str]()
        for field in fields(self):
            port: int = getattr(self, field.name)
            if port in seen:
                found.append(
                    f"port {port} is wanted by {seen[port]} and {field.name}: set {setting(field.name)}"
                )
            elif not is_bindable(port):
                free = f"stop what uses it or set {setting(field.name)} to a free one"
                found.append(f"port {port} ({field.name}) is in use: {free}")
            seen[port] = field.name
        return found


def setting(name: str) -> str:
    """Name of the setting for a port."""
    return f"RAPPORT_{name.upper()}_PORT"


class MailboxNode(Node):
    """The mail server that keeps every mail in a folder."""

    name = "mailbox"

    def __init__(self, folder: Path, port: int) -> None:
        super().__init__(folder, port)
        self.folder = folder

    def _command(self) -> Sequence[str]:
        start = [sys.executable, "-m", "deploy.local.mailbox"]
        return [*start, "--port", str(self.port), "--folder", str(self.folder)]

    def _environment(self) -> Mapping[str, str]:
        return {**os.environ, "PYTHONPATH": str(ROOT)}

    def _ready(self) -> bool:
        return True


class ServiceNode(Node):
    """One of the services; started when its `/ready` says so."""

    stop_seconds = 26.0  # a service needs at most 25 s after SIGTERM
    start_seconds = 90.0
    poll_seconds = 0.2

    def __init__(self, name: str, folder: Path, port: int, environment: Mapping[str, str]) -> None:
        self.name = name
        super().__init__(folder, port)
        self._settings = {**environment, "RAPPORT_PORT": str(port)}

    @property
    def url(self) -> str:
        """Base URL of its API."""
        return f"http://{HOST}:{self.port}"

    def _command(self) -> Sequence[str]:
        return [str(Path(sys.executable).with_name("rapport")), "serve", self.name]

    def _environment(self) -> Mapping[str, str]:
        return {**os.environ, **self._settings, "PYTHONUNBUFFERED": "1"}

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/ready", timeout=10) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


class Platform:
    """All of it, with its data in `folder`. Started again on the same folder it goes on with the same data.

    `nodes` has every process by name (`kafka`, `database`, `mailbox` and the services), each to be killed,
    frozen and started alone. `environment` holds the settings that the services and the console need.
    """

    def __init__(
        self,
        folder: Path,
        ports: Ports | None = None,
        *,
        say: Say = print,
        services: Sequence[str] = SERVICES,
    ) -> None:
        self.folder = Path(folder).absolute()
        self.ports = ports or Ports()
        self.mailbox = self.folder / "mailbox"
        self._say = say
        self._cancelled = threading.Event()
        self._apply = [str(Path(sys.executable).with_name("rapport")), "topics", "apply"]
        kafka = KafkaNode(self.folder / "kafka", self.ports.kafka)
        database = DatabaseNode(self.folder / "database", self.ports.database)
        urls = {name: f"http://{HOST}:{getattr(self.ports, name)}" for name in SERVICES}
        self.environment: dict[str, str] = {
            "RAPPORT_PROFILE": "embedded",
            "RAPPORT_DATA_DIR": str(self.folder),
            "RAPPORT_KAFKA_BOOTSTRAP": kafka.bootstrap,
            "RAPPORT_MONGO_URI": database.uri,
            # A service that was killed is started again at once, and waits for its own old session to end.
            "RAPPORT_KAFKA_SESSION_SECONDS": "5",
            "RAPPORT_SMTP_HOST": HOST,
            "RAPPORT_SMTP_PORT": str(self.ports.smtp),
            "RAPPORT_PUBLIC_URL": urls["notifications"],
            **{f"RAPPORT_{name.upper()}_URL": url for name, url in urls.items()},
        }
        logs = self.folder / "logs"
        self.nodes: dict[str, Node] = {
            "kafka": kafka,
            "database": database,
            "mailbox": MailboxNode(self.mailbox, self.ports.smtp),
        }
        for name in services:
            self.nodes[name] = ServiceNode(name, logs, getattr(self.ports, name), self.environment)
        for node in self.nodes.values():
            node.log_path = logs / f"{node.name}.log"

    @property
    def urls(self) -> dict[str, str]:
        """Base URL of each service."""
        return {node.name: node.url for node in self.nodes.values() if isinstance(node, ServiceNode)}

    def start(self) -> Self:
        """Start everything, in order, and say how it goes. `NodeError` when something does not: then all is
        stopped again."""
        taken = self.ports.taken()
        if taken:
            raise NodeError("\n".join(taken))
        logs = self.folder / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        for old in logs.glob("*.log"):
            old.replace(old.with_suffix(".log.1"))
        lines = (f"{name}={value}\n" for name, value in self.environment.items())
        (self.folder / "environment").write_text("".join(lines))
        try:
            install(self._say)
            self._go_on()
            self._start_all(("kafka", "database", "mailbox"))
            self._say("making the topics")
            self._make_topics()
            self._start_all(self.urls)
        except BaseException:
            self.stop()
            raise
        return self

    def cancel(self) -> None:
        """Have a `start` that another thread is in give up soon, with a `NodeError` and everything stopped."""
        self._cancelled.set()

    def stop(self) -> None:
        """Stop everything, the services first: they finish what they are at while Kafka and the database live."""
        with ThreadPoolExecutor(max_workers=len(self.nodes)) as pool:
            list(pool.map(lambda name: self.nodes[name].stop(), self.urls))
            list(pool.map(lambda name: self.nodes[name].stop(), ("mailbox", "kafka", "database")))

    @property
    def started(self) -> bool:
        """Whether any process runs."""
        return any(node.running for node in self.nodes.values())

    def ended(self) -> list[Node]:
        """Those that do not run though they should."""
        return [node for node in self.nodes.values() if not node.running]

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start_all(self, names: Iterable[str]) -> None:
        names = list(names)
        if not names:
            return
        self._say(f"starting {', '.join(names)}")

        def start(name: str) -> None:
            node = self.nodes[name].start()
            self._say(f"{name} is ready on port {node.port}")

        with ThreadPoolExecutor(max_workers=len(names)) as pool:
            starts = [pool.submit(start, name) for name in names]
            failed: BaseException | None = None
            while wait(starts, timeout=0.1).not_done:
                # One failed, or we were cancelled: do not wait until the others are ready.
                failed = failed or next(
                    filter(None, (each.exception() for each in starts if each.done())), None
                )
                if failed or self._cancelled.is_set():
                    for name in names:
                        self.nodes[name].stop()
        if failed:
            # Not the first in order, which may only have been stopped because of this one.
            raise failed
        for each in starts:
            each.result()
        self._go_on()

    def _go_on(self) -> None:
        if self._cancelled.is_set():
            raise NodeError("starting was cancelled")

    def _make_topics(self) -> None:
        settings = {**os.environ, **self.environment}
        done = spawn(self._apply, env=settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        told, _ = done.communicate()
        if done.returncode:
            text = told.decode(errors="replace")
            raise NodeError(f"`rapport topics apply` ended with code {done.returncode}:\n{text}")
        self._go_on()
