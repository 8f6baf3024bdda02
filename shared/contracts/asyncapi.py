"""The AsyncAPI 3 document of all topics, from the same table that the services run on."""

from typing import Any

from pydantic.json_schema import models_json_schema

from shared.contracts.event import MAX_BODY_BYTES
from shared.contracts.topic import Topic
from shared.contracts.topics import SERVICES, TOPICS
from shared.contracts.topics_plan import settings_of

VERSION = "1.0.0"
"""Of the contracts as a whole; the middle number goes up with the revision of any topic."""

_ABOUT = """Everything that Rapport's services say to each other, as CloudEvents 1.0 on Kafka (binary mode).

Every event is the whole new state of its aggregate with its version. Keep the highest version of each
aggregate and drop what is not newer: a replay, a duplicate and a late arrival then end in the same state.
Unknown fields,
types and values must be borne. docs/events.md is the page to read first."""

_HEADERS: dict[str, tuple[str, str]] = {
    "ce_specversion": ("1.0", "CloudEvents version"),
    "ce_id": ("", "UUIDv5 of family, organization, id and version: the same event has the same id"),
    "ce_type": ("", "What happened"),
    "ce_source": ("", "The service that wrote it"),
    "ce_subject": ("", "Id of the aggregate"),
    "ce_time": ("", "When the event was written, RFC 3339"),
    "ce_dataschema": ("", "URN of the body's JSON Schema"),
    "ce_sequence": ("", "Version of the aggregate, counting its published states from 1"),
    "ce_organization": ("", "The organization it belongs to"),
    "traceparent": ("", "W3C trace context"),
    "content-type": ("application/json", "Of the body"),
}
_OPTIONAL = ("ce_time", "traceparent", "content-type")


def document() -> dict[str, Any]:
    """AsyncAPI 3.0: a channel per topic, a message per event type, an operation per service and topic."""
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Rapport events", "version": VERSION, "description": _ABOUT},
        "defaultContentType": "application/json",
        "servers": {
            "kafka": {
                "host": "{bootstrap}",
                "protocol": "kafka",
                "description": "Apache Kafka of one installation; an organization lives in one.",
                "variables": {"bootstrap": {"default": "localhost:9092", "description": "Host and port"}},
            }
        },
        "channels": {_key(topic.name): _channel(topic) for topic in TOPICS.values()},
        "operations": _operations(),
        "components": {
            "messages": {
                _key(f"{topic.name}.{type}"): _message(topic, type)
                for topic in TOPICS.values()
                for type in topic.all_types
            },
            "messageTraits": {"cloudevent": {"headers": _headers()}},
            "schemas": _schemas(),
        },
    }


def _channel(topic: Topic) -> dict[str, Any]:
    settings = settings_of(topic)
    config: dict[str, Any] = {
        "cleanup.policy": [settings["cleanup.policy"]],
        "retention.ms": int(settings["retention.ms"]),
        "max.message.bytes": int(settings["max.message.bytes"]),
    }
    if topic.compacted:
        config["delete.retention.ms"] = int(settings["delete.retention.ms"])
    kept = "compacted" if topic.retention is None else f"kept {topic.retention.days} days"
    return {
        "address": topic.name,
        "title": topic.name,
        "description": f"{topic.about} Key: organization/{topic.keyed_by}; {kept}.",
        "servers": [{"$ref": "#/servers/kafka"}],
        "messages": {
            _key(type): {"$ref": f"#/components/messages/{_key(f'{topic.name}.{type}')}"}
            for type in topic.all_types
        },
        "tags": [{"name": topic.confidentiality}, {"name": "compacted" if topic.compacted else "retained"}],
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": config,
                "bindingVersion": "0.5.0",
            }
        },
        "x-confidentiality": topic.confidentiality,
        "x-writer": topic.writer,
        "x-readers": list(topic.readers),
    }


def _operations() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for topic in TOPICS.values():
        found[_key(f"{topic.writer}.send.{topic.name}")] = _operation("send", topic)
        for service in SERVICES:
            if service in topic.readers:
                found[_key(f"{service}.receive.{topic.name}")] = _operation("receive", topic)
    return found


def _operation(action: str, topic: Topic) -> dict[str, Any]:
    channel = f"#/channels/{_key(topic.name)}"
    return {
        "action": action,
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/{_key(type)}"} for type in topic.all_types],
    }


def _key(name: str) -> str:
    """A name as AsyncAPI allows it for keys of its maps: letters, digits, hyphens, underscores."""
    return name.replace(".", "_")


def _message(topic: Topic, type: str) -> dict[str, Any]:
    return {
        "name": type,
        "title": type,
        "summary": topic.all_types[type],
        "contentType": "application/json",
        "traits": [{"$ref": "#/components/messageTraits/cloudevent"}],
        "payload": {"$ref": f"#/components/schemas/{topic.model_of(type).__name__}"},
        "bindings": {
            "kafka": {
                "key": {"type": "string", "description": f"organization/{topic.keyed_by}"},
                "bindingVersion": "0.5.0",
            }
        },
        "x-dataschema": topic.schema_of(type),
        "x-max-bytes": MAX_BODY_BYTES,
    }


def _headers() -> dict[str, Any]:
    return {
        "type": "object",
        "required": [name for name in _HEADERS if name not in _OPTIONAL],
        "properties": {
            name: {"type": "string", "description": about} | ({"const": value} if value else {})
            for name, (value, about) in _HEADERS.items()
        },
    }


def _schemas() -> dict[str, Any]:
    models = {
        topic.model_of(type).__name__: topic.model_of(type)
        for topic in TOPICS.values()
        for type in topic.all_types
    }
    _, found = models_json_schema(
        [(model, "validation") for model in models.values()], ref_template="#/components/schemas/{model}"
    )
    definitions: dict[str, Any] = found["$defs"]
    return definitions
