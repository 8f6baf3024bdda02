"""The books of `rapport audit`, pure: what the topics hold against what the databases hold.

Nothing here comes from counters of the services: they would be counting their own mistakes.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple


class Identity(NamedTuple):
    """One published state of one aggregate."""

    topic: str
    organization: str
    id: str
    version: int


class Name(NamedTuple):
    """One aggregate."""

    topic: str
    organization: str
    id: str


@dataclass(frozen=True, slots=True)
class Record:
    """One record as the log has it; `digest` None for a null."""

    identity: Identity
    partition: int
    offset: int
    digest: bytes | None

    @property
    def name(self) -> Name:
        return Name(*self.identity[:3])


@dataclass(frozen=True, slots=True)
class Held:
    """A document of a service: its own aggregate, or its copy of another's. `digest` of a copy's state."""

    name: Name
    version: int
    digest: bytes | None = None


@dataclass(slots=True)
class Reader:
    """One service's side of one topic: its copies, how far it has read, what it put aside.

    `expected` gives by partition and offset the digest that a copy must have after that record; what is not
    in it is not listed by the reader, or unreadable.
    """

    service: str
    topic: str
    copies: dict[Name, Held] = field(default_factory=dict)
    next: dict[int, int] = field(default_factory=dict)
    dead: set[tuple[int, int]] = field(default_factory=set)
    expected: dict[tuple[int, int], bytes] = field(default_factory=dict)


@dataclass(slots=True)
class Books:
    """All that was read from outside, topic by topic."""

    records: dict[str, list[Record]]
    aggregates: list[Held]
    pending: set[Identity]
    readers: list[Reader]
    compacted: frozenset[str]
    unreadable: int = 0


@dataclass(slots=True)
class Report:
    """The result. `lost` and `doubled` must be 0; `findings` names the first of each, by ids only."""

    events: int = 0
    applied: int = 0
    duplicates: int = 0
    dropped: int = 0
    lost: int = 0
    doubled: int = 0
    dead_letters: int = 0
    waiting: int = 0
    unreadable: int = 0
    findings: list[str] = field(default_factory=list)

    def found(self, text: str) -> None:
        if len(self.findings) < 20:
            self.findings.append(text)

    def row(self) -> dict[str, Any]:
        return asdict(self)


def audit(books: Books) -> Report:
    """Compare. Each rule is one function below."""
    report = Report(unreadable=books.unreadable, waiting=len(books.pending))
    for topic, records in books.records.items():
        _log(report, records, topic in books.compacted)
    newest = _newest(record for records in books.records.values() for record in records)
    _aggregates(report, books, newest)
    for reader in books.readers:
        _reader(report, reader, books.records.get(reader.topic, []))
    return report


def _log(report: Report, records: list[Record], compacted: bool) -> None:
    """One state is one content; and what stands last under a key is its newest, or compaction keeps the wrong
    one.
    """
    digests: dict[Identity, set[bytes]] = defaultdict(set)
    last: dict[Name, Record] = {}
    newest: dict[Name, int] = {}
    for record in records:
        if record.digest is not None:
            if digests[record.identity]:
                report.duplicates += 1
            digests[record.identity].add(record.digest)
        last[record.name] = record
        newest[record.name] = max(newest.get(record.name, 0), record.identity.version)
    report.events += len(digests)
    for identity, found in digests.items():
        if len(found) > 1:
            report.doubled += len(found) - 1
            report.found(f"doubled: {_shown(identity)} was published with {len(found)} contents")
    if not compacted:
        return
    for name, record in last.items():
        if record.identity.version < newest[name]:
            report.lost += 1
            report.found(f"lost: {_shown(record.identity)} stands after version {newest[name]} in the log")


def _newest(records: Iterable[Record]) -> dict[Name, int]:
    newest: dict[Name, int] = {}
    for record in records:
        newest[record.name] = max(newest.get(record.name, 0), record.identity.version)
    return newest


def _aggregates(report: Report, books: Books, newest: Mapping[Name, int]) -> None:
    """Every published version is in the log or on its way; and nothing is in the log that no aggregate
    says.
    """
    waiting = {Name(*identity[:3]) for identity in books.pending}
    for held in books.aggregates:
        there = newest.get(held.name, 0)
        if there > held.version:
            report.doubled += there - held.version
            report.found(f"doubled: {_shown(held.name)} is at {held.version}, the log at {there}")
        elif there < held.version and held.name not in waiting:
            report.lost += held.version - there
            report.found(f"lost: {_shown(held.name)} is at {held.version}, the log at {there}")


def _reader(report: Report, reader: Reader, records: list[Record]) -> None:
    """A reader's copy is the newest state that it has passed and not put aside, with that state's content."""
    report.dead_letters += len(reader.dead)
    passed: dict[Name, Record] = {}
    seen: set[Identity] = set()
    for record in records:
        place = (record.partition, record.offset)
        if record.offset >= reader.next.get(record.partition, 0):
            report.waiting += 1
            continue
        if place in reader.dead or place not in reader.expected:
            continue
        if record.identity in seen and record.digest is not None:
            report.dropped += 1
            continue
        if record.digest is not None:
            report.applied += 1
        seen.add(record.identity)
        if record.name not in passed or record.identity.version >= passed[record.name].identity.version:
            passed[record.name] = record
    for name, record in passed.items():
        _copy(report, reader, reader.copies.get(name), record)


def _copy(report: Report, reader: Reader, copy: Held | None, record: Record) -> None:
    version = copy.version if copy else 0
    who = f"{reader.service} has {_shown(record.name)} at {version}"
    if version < record.identity.version:
        report.lost += 1
        report.found(f"lost: {who}, but has read {record.identity.version}")
    elif version > record.identity.version:
        report.doubled += 1
        report.found(f"doubled: {who}, but has read only {record.identity.version}")
    elif copy and copy.digest != reader.expected[record.partition, record.offset]:
        report.lost += 1
        report.found(f"lost: {who} with another content than the log")


def _shown(name: Identity | Name) -> str:
    return "/".join(str(part) for part in name)


def digest(content: Any) -> bytes:
    """A short name of a content; of a document, whatever the order of its fields."""
    if not isinstance(content, bytes):
        content = json.dumps(content, sort_keys=True, default=str).encode()
    return hashlib.blake2b(content, digest_size=16).digest()
