"""`rapport audit`: from outside, the topics against the databases."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import click

from shared.console.ledger import Books, Identity, Reader, Record, Report, digest
from shared.console.ledger import audit as compare
from shared.console.out import FAILED, Failed, json_option, say
from shared.console.settings import SERVICES, console_settings


@click.command()
@json_option
def audit(as_json: bool) -> None:
    """Count events published, applied, duplicates, lost, doubled, dead letters.

    Reads all topics from their beginning and the databases of all services; believes no process. Run
    `rapport settle` before: what is under way counts as waiting. Exit code 1 if anything is lost or doubled.
    """
    from shared.console.store import reaching

    with reaching():
        report = asyncio.run(_audit())
    say(report.row(), as_json, _text(report))
    if report.lost or report.doubled:
        raise Failed(f"{report.lost} lost, {report.doubled} doubled", FAILED)


async def _audit() -> Report:
    from shared.console.services import build
    from shared.console.store.books import ServiceBooks

    settings = console_settings()
    # Built, never started: only to know which collection belongs to which topic.
    shelves = {name: ServiceBooks(build(name).kernel, settings.topic_prefix) for name in SERVICES}
    try:
        return compare(await gather(settings.kafka_bootstrap, settings.topic_prefix, shelves))
    finally:
        for shelf in shelves.values():
            await shelf.close()


async def gather(bootstrap: str, prefix: str, shelves: Mapping[str, Any]) -> Books:
    """Everything that is compared: the databases behind `shelves` (by service), then the log."""
    readers = [reader for shelf in shelves.values() for reader in await shelf.readers()]
    aggregates = [held for shelf in shelves.values() for held in await shelf.aggregates()]
    pending = {identity for shelf in shelves.values() for identity in await shelf.pending()}
    books = Books({}, aggregates, pending, readers, frozenset())
    await _read_log(bootstrap, prefix, books, shelves)
    return books


async def _read_log(bootstrap: str, prefix: str, books: Books, shelves: Mapping[str, Any]) -> None:
    from shared.console.log import read
    from shared.contracts.topics import TOPICS

    books.compacted = frozenset(topic.name for topic in TOPICS.values() if topic.compacted)
    books.records = {topic.name: [] for topic in TOPICS.values()}
    by_topic: dict[str, list[Reader]] = defaultdict(list)
    for reader in books.readers:
        by_topic[reader.topic].append(reader)
    async for raw in read(bootstrap, [topic.named(prefix) for topic in TOPICS.values()]):
        topic = TOPICS[raw.topic.removeprefix(prefix)]
        record = _record(topic, raw)
        if record is None:
            books.unreadable += 1
            continue
        books.records[topic.name].append(record)
        for reader in by_topic[topic.name]:
            shelves[reader.service].expect(reader, raw)


def _record(topic: Any, raw: Any) -> Record | None:
    from shared.contracts.envelope import Malformed, from_headers

    envelope = from_headers(raw.headers)
    if isinstance(envelope, Malformed):
        return None
    identity = Identity(topic.name, envelope.organization, envelope.subject, envelope.sequence)
    return Record(identity, raw.partition, raw.offset, None if raw.value is None else digest(raw.value))


def _text(report: Report) -> str:
    row = report.row()
    findings = row.pop("findings")
    return "\n".join([*(f"{name:<14}{value:>10}" for name, value in row.items()), *findings])
