"""The JSON Schemas of all event types, and what every one ever published still asks of them.

`docs/events/<topic>/<type>/<revision>.json` holds them all; the highest revision is the current one. A file
that was published is never changed and never removed: events that were written under it are still in the
topics.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shared.contracts.compatibility import incompatibilities, shape
from shared.contracts.topic import Topic
from shared.contracts.topics import TOPICS

FOLDER = Path("docs/events")


class PublishedSchemaChanged(ValueError):
    """A published schema would be changed; the message says what to do instead."""


def schema(topic: Topic, type: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of one event type's body; raises KeyError for a type of another topic.

    It is the reader's: a field with a default need not be there.
    """
    body = topic.model_of(type).model_json_schema(mode="validation")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": topic.schema_of(type),
        **body,
        "title": type,
        "description": topic.all_types[type],
    }


def path(topic: Topic, type: str) -> str:
    """Where the current schema of a type stands, below the folder of all."""
    return f"{topic.name}/{type}/{topic.revision}.json"


def schemas(topics: Mapping[str, Topic] = TOPICS) -> dict[str, str]:
    """All current schemas: path below the folder → text."""
    return {
        path(topic, type): text(schema(topic, type)) for topic in topics.values() for type in topic.all_types
    }


def text(document: Any) -> str:
    """JSON as it is committed: sorted and indented, so that a change shows as few lines."""
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def write_schemas(folder: Path, topics: Mapping[str, Topic] = TOPICS) -> list[Path]:
    """Write the current schemas; returns what was written.

    Words may be changed in place. Raises PublishedSchemaChanged, before anything is written, when a file of
    the current revision says something else: then `revision` of the topic must go up.
    """
    wanted = {folder / name: content for name, content in schemas(topics).items()}
    for file, content in wanted.items():
        if file.exists() and shape(_read(file)) != shape(json.loads(content)):
            raise PublishedSchemaChanged(f"{file} is published; raise the topic's revision for a new one")
    written = [file for file, content in wanted.items() if not _same(file, content)]
    for file in written:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(wanted[file], encoding="utf-8")
    return written


def drift(folder: Path, topics: Mapping[str, Topic] = TOPICS) -> list[str]:
    """Current schemas that are not committed as they are now, by path; empty when all are."""
    return [name for name, content in sorted(schemas(topics).items()) if not _same(folder / name, content)]


def refusals(folder: Path, topics: Mapping[str, Topic] = TOPICS) -> list[str]:
    """What is incompatible between the current schemas and every one ever published, by path; empty if
    nothing.
    """
    found: list[str] = []
    for file in sorted(folder.glob("*/*/*.json")):
        topic_name, type = file.parts[-3], file.parts[-2]
        name = f"{topic_name}/{type}/{file.name}"
        topic = topics.get(topic_name)
        if topic is None:
            found.append(f"{name}: the topic was removed")
        elif type not in topic.all_types:
            found.append(f"{name}: the type was removed")
        else:
            old = _read(file)
            found += [f"{name}: {each}" for each in incompatibilities(old, schema(topic, type))]
    return found


def _read(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def _same(file: Path, content: str) -> bool:
    return file.exists() and file.read_text(encoding="utf-8") == content
