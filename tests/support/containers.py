"""The same broker and database from container images, with the same handles for killing and freezing.

Images are settings: RAPPORT_TEST_KAFKA_IMAGE and RAPPORT_TEST_MONGO_IMAGE.
"""

import os
import time
from collections.abc import Callable, Mapping
from typing import Any, Self

from deploy.local.database import uri
from deploy.local.kafka import ONE_NODE
from deploy.local.node import HOST, free_port, is_open

KAFKA_IMAGE = os.environ.get("RAPPORT_TEST_KAFKA_IMAGE", "apache/kafka:4.1.2")
MONGO_IMAGE = os.environ.get("RAPPORT_TEST_MONGO_IMAGE", "mongo:8")


class NoEngine(RuntimeError):
    """Containers were asked for, and there is nothing to run them."""


def require_engine() -> None:
    """`NoEngine`, with what to do about it, unless a container engine answers."""
    import docker  # type: ignore[import-untyped]
    from docker.errors import DockerException  # type: ignore[import-untyped]

    try:
        client = docker.from_env()
        client.ping()
        client.close()
    except DockerException as error:
        raise NoEngine(
            "RAPPORT_TEST_CLUSTER=containers needs a running container engine (Docker or one that speaks its "
            f"API, at DOCKER_HOST), and none answers: {error}. Start one, or leave the setting out to run on "
            "the embedded cluster."
        ) from error


def _wait(what: str, seconds: float, done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what}: not within {seconds} s")
        time.sleep(0.05)


class _Container:
    name = "container"

    def __init__(self, image: str, inside: int) -> None:
        from testcontainers.core.container import DockerContainer

        require_engine()
        self.port = free_port()
        self._container = DockerContainer(image)
        self._container.with_bind_ports(inside, self.port)
        self._made = False

    @property
    def _docker(self) -> Any:
        docker = self._container.get_wrapped_container()
        docker.reload()
        return docker

    @property
    def running(self) -> bool:
        return self._made and self._docker.status in ("running", "paused")

    @property
    def pid(self) -> int:
        """As the machine sees it; 0 when it does not run."""
        return int(self._docker.attrs["State"]["Pid"])

    def start(self) -> Self:
        if self._made:
            self._docker.start()
        else:
            self._container.start()
            self._made = True
        _wait(f"{self.name} ready", 90, self._ready)
        return self

    def stop(self) -> None:
        self.thaw()
        if self._made:
            self._container.stop(force=True, delete_volume=True)
            self._made = False

    def kill(self) -> None:
        self._docker.kill(signal="SIGKILL")
        _wait(f"{self.name} dead", 10, lambda: self._docker.status == "exited" and not is_open(self.port))

    def freeze(self) -> None:
        self._docker.pause()
        _wait(f"{self.name} frozen", 5, lambda: self._docker.status == "paused")

    def thaw(self) -> None:
        if self._made and self._docker.status == "paused":
            self._docker.unpause()

    def _ready(self) -> bool:
        return is_open(self.port)


class KafkaContainer(_Container):
    """Apache Kafka's own image, one KRaft node."""

    name = "kafka"

    def __init__(self, settings: Mapping[str, object]) -> None:
        super().__init__(KAFKA_IMAGE, 9092)
        self.proxied_port, self.proxy_port = free_port(), free_port()
        self._container.with_bind_ports(9095, self.proxied_port)
        plain, proxied = f"PLAINTEXT://{HOST}:{self.port}", f"PROXIED://{HOST}:{self.proxy_port}"
        protocols = ",".join(f"{each}:PLAINTEXT" for each in ("PLAINTEXT", "PROXIED", "CONTROLLER"))
        values = {
            **ONE_NODE,
            **settings,
            "node.id": 1,
            "process.roles": "broker,controller",
            "listeners": "PLAINTEXT://:9092,PROXIED://:9095,CONTROLLER://:9093",
            "advertised.listeners": f"{plain},{proxied}",
            "controller.listener.names": "CONTROLLER",
            "controller.quorum.voters": "1@localhost:9093",
            "inter.broker.listener.name": "PLAINTEXT",
            "listener.security.protocol.map": protocols,
        }
        for key, value in values.items():
            self._container.with_env("KAFKA_" + key.upper().replace(".", "_"), str(value))

    @property
    def bootstrap(self) -> str:
        return f"{HOST}:{self.port}"

    @property
    def proxied_bootstrap(self) -> str:
        return f"{HOST}:{self.proxy_port}"

    def _ready(self) -> bool:
        from deploy.local.kafka import answers

        return is_open(self.port) and answers(self.bootstrap)


class MongoContainer(_Container):
    """MongoDB's own image, a replica set of one."""

    name = "database"

    def __init__(self) -> None:
        super().__init__(MONGO_IMAGE, 27017)
        self._container.with_command(
            "--replSet rapport --bind_ip_all --setParameter enableTestCommands=1"
            " --setParameter transactionLifetimeLimitSeconds=5"
        )

    @property
    def uri(self) -> str:
        return uri(self.port)

    def _ready(self) -> bool:
        from pymongo import MongoClient
        from pymongo.errors import OperationFailure, PyMongoError

        from deploy.local.database import answers

        if answers(self.uri):
            return True
        client: MongoClient[dict[str, object]] = MongoClient(self.uri, serverSelectionTimeoutMS=1000)
        try:
            member = {"_id": 0, "host": "localhost:27017"}
            client.admin.command("replSetInitiate", {"_id": "rapport", "members": [member]})
        except (OperationFailure, PyMongoError):  # asked already, or not yet listening: looked at again
            return False
        finally:
            client.close()
        return False
