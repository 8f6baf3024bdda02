"""The jars of the embedded Kafka: resolved once into `kafka.lock`, fetched by it, each with its SHA-256.

`python -m deploy.local.jars lock` writes the lock anew (after changing a version here).
"""

import hashlib
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

# Not 4.2 to 4.4: there a single node that is killed and started again takes a partition without a leader for
# a
# deleted one and forgets the commit or abort marker it still owes it (KAFKA-20734). The next transaction's
# outcome then covers both: an aborted record becomes visible, or a committed one is lost.
ROOTS = ("org.apache.kafka:kafka_2.13:4.1.2", "org.apache.logging.log4j:log4j-slf4j-impl:2.25.5")
LOCK = Path(__file__).with_name("kafka.lock")
TRIES = 3


class JarError(RuntimeError):
    """A jar could not be had, or is not the one that was locked."""


def _context(cache: Path) -> Any:  # jgo has no types
    from jgo.maven import MavenContext

    return MavenContext(repo_cache=cache, timeout=60)


def digest(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_lock(lock: Path = LOCK) -> list[tuple[str, str, str, str]]:
    """(group, artifact, version, sha256) of every jar, in the order of the class path."""
    rows = []
    for line in lock.read_text().splitlines():
        if line and not line.startswith("#"):
            coordinate, sha = line.split()
            group, artifact, version = coordinate.split(":")
            rows.append((group, artifact, version, sha))
    return rows


def fetch(cache: Path, lock: Path = LOCK) -> list[Path]:
    """Paths of all locked jars, fetched into `cache` where missing. `JarError` when one cannot be had."""
    context = _context(cache)
    paths = []
    for group, artifact, version, sha in read_lock(lock):
        jar = context.project(group, artifact).at_version(version).artifact()
        paths.append(_one(jar, sha, f"{group}:{artifact}:{version}"))
    return paths


def _one(jar: Any, sha: str, name: str) -> Path:
    found = ""
    for _ in range(TRIES):
        try:
            path = Path(jar.resolve())
        except Exception as error:  # jgo raises whatever its HTTP client does
            found = f"{type(error).__name__}: {error}"
        else:
            found = digest(path)
            if found == sha:
                return path
            path.unlink()  # cut short or tampered with: fetched again, never used
    raise JarError(f"{name}: wanted SHA-256 {sha}, got {found}")


def write_lock(cache: Path, lock: Path = LOCK) -> None:
    """Resolve `ROOTS` with everything they need at run time and write the lock."""
    from jgo.parse import Coordinate

    context = _context(cache)
    chosen: dict[tuple[str, str], Any] = {}
    for root in ROOTS:  # one by one: together, log4j's own list of versions would bring an old Kafka client
        wanted = context.create_dependency(replace(Coordinate.parse(root), scope="compile"))
        inputs, others = context.resolver.resolve([wanted])
        for found in (*inputs, *(other for other in others if other.scope in ("compile", "runtime"))):
            chosen.setdefault((found.groupId, found.artifactId), found.artifact)
    lines = ["# The embedded Kafka's class path. Written by `python -m deploy.local.jars lock`."]
    for jar in chosen.values():
        lines.append(f"{jar.groupId}:{jar.artifactId}:{jar.version} {digest(Path(jar.resolve()))}")
    lock.write_text("\n".join(lines) + "\n")


if __name__ == "__main__" and sys.argv[1:] == ["lock"]:
    write_lock(Path(sys.prefix) / "share" / "rapport" / "jars")
