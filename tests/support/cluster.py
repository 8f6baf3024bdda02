"""What tests see of the broker and the database, whichever way they run, and the names a test may use."""

import os
import re
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from deploy.local.database import DatabaseNode
from deploy.local.kafka import KafkaNode

TARGET_SETTING = "RAPPORT_TEST_CLUSTER"
TARGETS = ("embedded", "containers")
# Segments small enough that a test of compaction sees it within seconds.
KAFKA_SETTINGS = {"log.segment.bytes": 1 << 20, "log.cleaner.min.cleanable.ratio": 0.01}


class Server(Protocol):
    """A server that tests may hurt. Calls block and return when the effect is proved."""

    name: str
    port: int

    @property
    def running(self) -> bool: ...
    @property
    def pid(self) -> int: ...
    def start(self) -> object: ...
    def stop(self) -> object: ...
    def kill(self) -> None: ...
    def freeze(self) -> None: ...
    def thaw(self) -> None: ...


class Broker(Server, Protocol):
    """Apache Kafka."""

    @property
    def bootstrap(self) -> str: ...
    @property
    def proxied_bootstrap(self) -> str: ...

    proxied_port: int
    proxy_port: int


class Store(Server, Protocol):
    """A database with MongoDB's protocol."""

    @property
    def uri(self) -> str: ...


@dataclass
class Cluster:
    """The one broker and the one database of a test run. Each starts when it is first asked for."""

    target: str
    folder: Path
    started: dict[str, Server] = field(default_factory=dict)

    def kafka(self) -> Broker:
        if "kafka" not in self.started:
            if self.target == "embedded":
                self.started["kafka"] = KafkaNode(self.folder / "kafka", settings=KAFKA_SETTINGS).start()
            else:
                from tests.support.containers import KafkaContainer

                self.started["kafka"] = KafkaContainer(KAFKA_SETTINGS).start()
        return self.started["kafka"]  # type: ignore[return-value]

    def database(self) -> Store:
        if "database" not in self.started:
            if self.target == "embedded":
                self.started["database"] = DatabaseNode(self.folder / "database", test_commands=True).start()
            else:
                from tests.support.containers import MongoContainer

                self.started["database"] = MongoContainer().start()
        return self.started["database"]  # type: ignore[return-value]

    def heal(self) -> None:
        """Undo what a test left behind: thaw what is frozen, start what is dead."""
        for server in self.started.values():
            server.thaw()
            if not server.running:
                server.start()

    def stop(self) -> None:
        """End all, and whatever a test has frozen or killed too."""
        for server in self.started.values():
            server.stop()


def chosen_target() -> str:
    """The target that the setting names; `ValueError` for a word it does not know."""
    target = os.environ.get(TARGET_SETTING) or TARGETS[0]
    if target not in TARGETS:
        raise ValueError(f"{TARGET_SETTING}={target!r}: it is one of {', '.join(TARGETS)}")
    return target


@dataclass(frozen=True)
class Names:
    """Names that no other test of this run uses."""

    prefix: str

    @classmethod
    def of(cls, test: str) -> "Names":
        """From a test's own name, so that a log line or a leftover tells where it comes from."""
        return cls(f"{re.sub('[^a-z0-9]+', '-', test.lower()).strip('-')[:24]}-{uuid.uuid4().hex[:6]}")

    @property
    def topic_prefix(self) -> str:
        """For the setting RAPPORT_TOPIC_PREFIX: topics and groups."""
        return f"{self.prefix}."

    @property
    def database_prefix(self) -> str:
        """For the setting RAPPORT_DATABASE_PREFIX."""
        return self.prefix

    def topic(self, name: str = "topic") -> str:
        return f"{self.prefix}.{name}"

    def group(self, name: str = "group") -> str:
        return f"{self.prefix}.{name}"

    def database(self, name: str = "database") -> str:
        return f"{self.prefix}_{name}"

    def transactional(self, name: str = "producer") -> str:
        """A producer's transactional id."""
        return f"{self.prefix}.{name}"
