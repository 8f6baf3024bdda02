"""One event on its way out: what the outbox keeps and what goes onto the wire. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

MAX_BODY_BYTES = 900_000
"""Largest body. Kafka's default for a whole record is 1,048,588 bytes; the rest is for key, headers and
framing.
"""

_NAMESPACE = UUID("8f0f2f4c-4a8b-5d41-9d5a-3d0a2f6f6b11")

Headers = list[tuple[str, bytes]]


class BodyTooLarge(ValueError):
    """Over `MAX_BODY_BYTES`: it must fail its own command, not block the relay after the commit."""


def event_id(family: str, organization: str, id: str, version: int) -> UUID:
    """The identity of an event: the same state of the same aggregate has the same id, however often it is
    sent.
    """
    return uuid5(_NAMESPACE, f"{family}/{organization}/{id}/{version}")


@dataclass(frozen=True, slots=True)
class Event:
    """The published state of one aggregate. `body` None is the null that follows an erasure.

    `topic` is the name in the contracts, without the prefix of an installation. `key` is what Kafka orders
    by, within the organization: the aggregate's id, but the pair's for an answer and the recipient's for a
    delivery. `time_ms` is wall time in ms since 1970, or None where nobody knows.
    """

    topic: str
    family: str
    type: str
    source: str
    schema: str
    organization: str
    id: str
    version: int
    key: str
    body: bytes | None
    time_ms: int | None = None
    traceparent: str | None = None

    @property
    def uuid(self) -> UUID:
        """`ce_id`."""
        return event_id(self.family, self.organization, self.id, self.version)

    @property
    def id_hex(self) -> str:
        """`ce_id` without dashes, as other ids are written."""
        return self.uuid.hex

    @property
    def kafka_key(self) -> bytes:
        """The record's key: the organization comes first, so that one's events never share a key with
        another's.
        """
        return f"{self.organization}/{self.key}".encode()

    @property
    def aggregate_key(self) -> bytes:
        """Names the record's place in the order: all events with it pass through one outbox slot."""
        return f"{self.topic}/{self.organization}/{self.key}".encode()

    def to_row(self) -> dict[str, Any]:
        """As the outbox keeps it."""
        return {
            "topic": self.topic,
            "family": self.family,
            "type": self.type,
            "source": self.source,
            "schema": self.schema,
            "organization": self.organization,
            "id": self.id,
            "version": self.version,
            "key": self.key,
            "body": self.body,
            "time_ms": self.time_ms,
            "traceparent": self.traceparent,
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Event":
        """The event that `to_row` wrote."""
        body = row["body"]
        return cls(**{**row, "body": None if body is None else bytes(body)})


def to_headers(event: Event) -> Headers:
    """CloudEvents 1.0, Kafka binding, binary mode. A null carries them too, so that its version is known."""
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", str(event.uuid).encode()),
        ("ce_type", event.type.encode()),
        ("ce_source", event.source.encode()),
        ("ce_subject", event.id.encode()),
        ("ce_dataschema", event.schema.encode()),
        ("ce_sequence", str(event.version).encode()),
        ("ce_organization", event.organization.encode()),
    ]
    if event.time_ms is not None:
        moment = datetime.fromtimestamp(event.time_ms / 1000, UTC)
        headers.append(("ce_time", moment.isoformat(timespec="milliseconds").replace("+00:00", "Z").encode()))
    if event.traceparent is not None:
        headers.append(("traceparent", event.traceparent.encode()))
    if event.body is not None:
        headers.append(("content-type", b"application/json"))
    return headers
