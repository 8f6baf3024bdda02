"""Apache Kafka itself, one KRaft node, as a local process: for `make up`, `make demo` and the tests."""

import asyncio
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deploy.local.kafka_home import KafkaHome, install, properties
from deploy.local.node import HOST, Node, free_port

# What one small node on a laptop needs to differ in from a cluster; the rest is Kafka's default.
ONE_NODE: dict[str, object] = {
    "auto.create.topics.enable": "false",  # a mistyped topic name is an error, not a new topic
    "message.max.bytes": 1 << 20,
    "offsets.topic.replication.factor": 1,
    "offsets.topic.num.partitions": 4,
    "offsets.topic.segment.bytes": 8 << 20,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "transaction.state.log.num.partitions": 4,
    "transaction.state.log.segment.bytes": 8 << 20,
    # A transaction whose producer died holds back every reader of committed records until it is aborted.
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": 1000,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    "share.coordinator.state.topic.num.partitions": 1,
    # A broker that was killed may not register again before its old session has ended: the default of 9 s is
    # what a restart after `kill -9` would take.
    "broker.session.timeout.ms": 2000,
    "broker.heartbeat.interval.ms": 400,
    "group.initial.rebalance.delay.ms": 0,
    "group.min.session.timeout.ms": 1000,
    "log.segment.bytes": 64 << 20,
    "log.index.size.max.bytes": 1 << 20,
    "log.cleaner.dedupe.buffer.size": 4 << 20,
    "log.cleaner.backoff.ms": 1000,
    "num.network.threads": 2,
    "num.io.threads": 4,
    "background.threads": 2,
    "num.recovery.threads.per.data.dir": 2,
}
LISTENERS = ("PLAINTEXT", "PROXIED", "CONTROLLER")


class KafkaNode(Node):
    """A broker with its controller in one process.

    `settings` overrides any broker setting, e.g. `{"log.segment.bytes": 1 << 20, "log.roll.ms": 1000}` to see
    compaction at work. `bootstrap` is what clients get. `proxied_port` is a second listener that tells its
    clients to come back through `proxy_port`, where a test may put a proxy: clients follow the address
    the broker advertises, so a proxy in front of the first listener would be left after one answer.
    """

    name = "kafka"

    def __init__(
        self,
        data_dir: Path,
        port: int = 0,
        *,
        settings: Mapping[str, object] | None = None,
        home: KafkaHome | None = None,
    ) -> None:
        super().__init__(data_dir, port)
        self.controller_port = free_port()
        self.proxied_port = free_port()
        self.proxy_port = free_port()
        self._settings = dict(settings or {})
        self._home = home

    @property
    def bootstrap(self) -> str:
        """Address for clients, `host:port`."""
        return f"{HOST}:{self.port}"

    @property
    def proxied_bootstrap(self) -> str:
        """Address for clients that go through the proxy a test has put on `proxy_port`."""
        return f"{HOST}:{self.proxy_port}"

    def _command(self) -> Sequence[str]:
        home = self._home = self._home or install()
        logs = self.data_dir / "logs"
        if not logs.exists():
            fresh = self.data_dir / "logs.new"
            shutil.rmtree(fresh, ignore_errors=True)
            shutil.copytree(home.formatted, fresh)
            fresh.rename(logs)  # in one step: a half-copied directory would never start again
        config = self.data_dir / "server.properties"
        plain, proxied = f"PLAINTEXT://{HOST}", f"PROXIED://{HOST}"
        controller = f"CONTROLLER://{HOST}:{self.controller_port}"
        config.write_text(
            properties(
                {
                    **ONE_NODE,
                    **self._settings,
                    "process.roles": "broker,controller",
                    "node.id": 1,
                    "controller.quorum.voters": f"1@{HOST}:{self.controller_port}",
                    "listeners": f"{plain}:{self.port},{proxied}:{self.proxied_port},{controller}",
                    "advertised.listeners": f"{plain}:{self.port},{proxied}:{self.proxy_port}",
                    "listener.security.protocol.map": ",".join(f"{each}:PLAINTEXT" for each in LISTENERS),
                    "inter.broker.listener.name": "PLAINTEXT",
                    "controller.listener.names": "CONTROLLER",
                    "log.dirs": logs,
                }
            )
        )
        return [*home.java(f"-XX:AOTCache={home.cache}"), "kafka.Kafka", str(config)]

    def _ready(self) -> bool:
        return answers(self.bootstrap)


def answers(bootstrap: str) -> bool:
    """Whether the broker at this address does its work. Blocks; may be called inside a running event loop."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(asyncio.run, _lists_itself(bootstrap)).result()


async def _lists_itself(bootstrap: str) -> bool:
    """Whether the broker lists itself: before that it listens, but serves neither groups nor transactions."""
    from aiokafka.client import AIOKafkaClient
    from aiokafka.errors import KafkaError

    client = AIOKafkaClient(bootstrap_servers=bootstrap, request_timeout_ms=5000)
    try:
        await client.bootstrap()
        return any(broker.nodeId == 1 for broker in client.cluster.brokers())
    except KafkaError:
        return False
    finally:
        await client.close()
