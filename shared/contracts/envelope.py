"""From and to the wire: CloudEvents 1.0 in Kafka's binary mode, decoded once per record. Pure.

A record that cannot be read is an outcome, not an exception; its reason holds codes and names of our own
fields, never a value, since reasons end in logs, metrics and the dead-letter topic.
"""

from collections.abc import Container, Iterable
from typing import NamedTuple

from pydantic import BaseModel, ValidationError

from shared.contracts.event import MAX_BODY_BYTES, BodyTooLarge, Event, event_id, to_headers
from shared.contracts.topic import Topic

__all__ = [
    "MAX_BODY_BYTES",
    "BodyTooLarge",
    "Decoded",
    "Envelope",
    "Event",
    "Malformed",
    "Tombstone",
    "Unlisted",
    "decode",
    "event_id",
    "event_of",
    "from_headers",
    "to_headers",
]


class Envelope(NamedTuple):
    """The attributes of a record. `subject` is the aggregate's id, `sequence` its version."""

    id: str
    type: str
    source: str
    subject: str
    sequence: int
    organization: str
    time: str | None
    dataschema: str | None
    traceparent: str | None


class Decoded(NamedTuple):
    """A fact. `state` None: the aggregate is erased."""

    organization: str
    id: str
    version: int
    type: str
    state: BaseModel | None
    envelope: Envelope


class Tombstone(NamedTuple):
    """The null after an erasure; `version` None where it came without headers (made by hand)."""

    organization: str
    id: str
    version: int | None


class Unlisted(NamedTuple):
    """A type that this reader does not list: passed over and counted."""

    type: str


class Malformed(NamedTuple):
    """A record that can never be applied: a dead letter."""

    reason: str


def event_of(
    topic: Topic,
    type: str,
    *,
    organization: str,
    id: str,
    version: int,
    body: BaseModel,
    time_ms: int | None,
    key: str | None = None,
    traceparent: str | None = None,
) -> Event:
    """The event that publishes `body` as version `version`.

    Whatever is raised here fails the change that would have published it, before its commit: BodyTooLarge
    over `MAX_BODY_BYTES`, and ValueError for a type of another topic, for an organization with a slash, for a
    body of another aggregate, or for one that no reader could decode.
    """
    if type not in topic.types:
        raise ValueError(f"{topic.name} has no event type {type}")
    if not organization or "/" in organization:
        raise ValueError("an organization is a name without a slash: keys are organization/id")
    if not isinstance(body, topic.model):
        raise ValueError(f"{topic.name} carries {topic.model.__name__}, not {body.__class__.__name__}")
    if getattr(body, "id", None) != id:
        raise ValueError(f"{type}: the body's id is not the aggregate's")
    data = body.model_dump_json().encode()
    if len(data) > MAX_BODY_BYTES:
        raise BodyTooLarge(f"{type} {id}: {len(data)} bytes, at most {MAX_BODY_BYTES}")
    try:
        # model_copy and model_construct check nothing: without this an invalid body would fail at every
        # reader.
        topic.read(data)
    except ValidationError as error:
        raise ValueError(f"{type} {id}: {_schema_reason(error)}") from None
    return topic.event(
        type,
        organization=organization,
        id=id,
        version=version,
        key=key if key is not None else topic.key_of(id, body),
        body=data,
        time_ms=time_ms,
        traceparent=traceparent,
    )


def from_headers(headers: Iterable[tuple[str, bytes | None]]) -> Envelope | Malformed:
    """The envelope, or why there is none. A repeated header counts as it was last given."""
    given = dict(headers)
    try:
        if given.get("ce_specversion") != b"1.0":
            return Malformed("envelope:specversion" if "ce_specversion" in given else "envelope:missing")
        digits = given["ce_sequence"]
        # int() alone would also take "1_000", " 7 " and "-1".
        if digits is None or not digits.isdigit() or len(digits) > 18 or digits[0] == 48:
            return Malformed("envelope:sequence")
        time, schema, trace = given.get("ce_time"), given.get("ce_dataschema"), given.get("traceparent")
        envelope = Envelope(
            given["ce_id"].decode(),  # type: ignore[union-attr]
            given["ce_type"].decode(),  # type: ignore[union-attr]
            given["ce_source"].decode(),  # type: ignore[union-attr]
            given["ce_subject"].decode(),  # type: ignore[union-attr]
            int(digits),
            given["ce_organization"].decode(),  # type: ignore[union-attr]
            None if time is None else time.decode(),
            None if schema is None else schema.decode(),
            None if trace is None else trace.decode(),
        )
    except KeyError as missing:
        return Malformed(f"envelope:{str(missing.args[0]).removeprefix('ce_')}")
    except (AttributeError, UnicodeDecodeError):
        return Malformed("envelope:encoding")
    if not envelope.id or not envelope.type or not envelope.subject:
        return Malformed("envelope:empty")
    if not envelope.organization or "/" in envelope.organization:
        return Malformed("envelope:organization")
    return envelope


def decode(
    topic: Topic,
    headers: Iterable[tuple[str, bytes | None]],
    key: bytes | None,
    value: bytes | None,
    types: Container[str] | None = None,
) -> Decoded | Tombstone | Unlisted | Malformed:
    """What one record says. `types`: those this reader lists; default: all that the topic had when it was
    built.

    A null is an erasure with a key on a compacted topic and a dead letter anywhere else.
    """
    if value is None:
        return _null(topic, headers, key)
    envelope = from_headers(headers)
    if isinstance(envelope, Malformed):
        return envelope
    known = topic.all_types
    if envelope.type not in known or (
        types is not None and envelope.type not in types and envelope.type != topic.erased
    ):
        return Unlisted(envelope.type)
    if topic.compacted and key != f"{envelope.organization}/{envelope.subject}".encode():
        # Compaction goes by the key and copies by the subject: if they differ, a newer state could be lost.
        return Malformed("key")
    if len(value) > MAX_BODY_BYTES:
        return Malformed("size")
    try:
        erased = topic.compacted and envelope.type == topic.erased
        state = None if erased else topic.read(value)
    except ValidationError as error:
        return Malformed(_schema_reason(error))
    if state is not None and state.id != envelope.subject:
        return Malformed("schema:id:subject")
    return Decoded(envelope.organization, envelope.subject, envelope.sequence, envelope.type, state, envelope)


def _null(
    topic: Topic, headers: Iterable[tuple[str, bytes | None]], key: bytes | None
) -> Tombstone | Malformed:
    if not topic.compacted:
        return Malformed("null")
    try:
        organization, slash, id = (key or b"").decode().partition("/")
    except UnicodeDecodeError:
        return Malformed("key")
    if not organization or not slash or not id:
        return Malformed("key")
    envelope = from_headers(headers)
    return Tombstone(organization, id, None if isinstance(envelope, Malformed) else envelope.sequence)


def _schema_reason(error: ValidationError) -> str:
    """The first error's field and class. Only the top-level name is told: deeper ones may be keys out of the
    data.
    """
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        return "json"
    where = str(first["loc"][0]) if first["loc"] else "body"
    return f"schema:{where}:{first['type']}"
