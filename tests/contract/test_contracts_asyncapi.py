"""The AsyncAPI document: current, valid, and complete.

The validator is the PyPI package `asyncapi3`, a strict object model of AsyncAPI 3.0 that refuses unknown keys,
missing ones, wrong types and bad names of map entries. It follows no references, so that is done here; payloads are
checked as JSON Schemas by `jsonschema`. (FastStream's model of the specification asks for a server's `pathname`, which
the specification leaves open, and bears any unknown key.)
"""

import copy
import json
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from shared.contracts import SERVICES, TOPICS
from shared.contracts.asyncapi import document
from shared.contracts.schemas import text

with warnings.catch_warnings():
    warnings.simplefilter("ignore", UserWarning)  # Its models have fields named `schema`.
    from asyncapi3.models.asyncapi import AsyncAPI3

COMMITTED = Path(__file__).parents[2] / "docs" / "api" / "asyncapi.json"


def references(node: Any) -> Iterator[str]:
    """All `$ref`s in a document."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for each in node:
            yield from references(each)


def resolved(given: Any, reference: str) -> Any:
    """What a reference points to; raises KeyError where nothing is."""
    node = given
    for step in reference.removeprefix("#/").split("/"):
        node = node[step]
    return node


def problems(given: dict[str, Any]) -> list[str]:
    """Everything that is wrong with a document; empty for a valid one."""
    found: list[str] = []
    try:
        AsyncAPI3.model_validate(given)
    except ValidationError as error:
        found += [f"{each['loc']}: {each['msg']}" for each in error.errors()]
    for reference in references(given):
        try:
            resolved(given, reference)
        except (KeyError, TypeError):
            found.append(f"{reference} leads nowhere")
    for name, schema in given.get("components", {}).get("schemas", {}).items():
        try:
            jsonschema.Draft7Validator.check_schema(schema)
        except jsonschema.SchemaError as error:
            found.append(f"schema {name}: {error.message}")
    for name, operation in given.get("operations", {}).items():
        messages = operation["channel"]["$ref"] + "/messages/"
        found += [
            f"{name}: {each['$ref']} is not a message of its channel"
            for each in operation["messages"]
            if not each["$ref"].startswith(messages)
        ]
    return found


def test_the_committed_document_is_the_codes() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == text(document()), "run `rapport asyncapi` and commit"


def test_it_is_valid() -> None:
    given = json.loads(COMMITTED.read_text(encoding="utf-8"))
    assert problems(given) == []


def _wrong_version(given: dict[str, Any]) -> None:
    given["asyncapi"] = "2.6.0"


def _no_info(given: dict[str, Any]) -> None:
    del given["info"]


def _unknown_key(given: dict[str, Any]) -> None:
    given["channels"]["matching_pairs"]["topic"] = "matching.pairs"


def _bad_action(given: dict[str, Any]) -> None:
    given["operations"]["matching_send_matching_pairs"]["action"] = "publish"


def _bad_name(given: dict[str, Any]) -> None:
    given["operations"]["a.b"] = given["operations"].pop("matching_send_matching_pairs")


def _dangling(given: dict[str, Any]) -> None:
    del given["components"]["messages"]["matching_pairs_pair_ended"]


def _foreign_message(given: dict[str, Any]) -> None:
    given["operations"]["matching_send_matching_pairs"]["messages"][0]["$ref"] = (
        "#/channels/sessions_health/messages/health_changed"
    )


def _bad_payload(given: dict[str, Any]) -> None:
    given["components"]["schemas"]["Pair"]["properties"]["state"]["type"] = "text"


def _bad_binding(given: dict[str, Any]) -> None:
    given["channels"]["matching_pairs"]["bindings"]["kafka"]["partitions"] = 0


@pytest.mark.parametrize(
    "broken",
    [
        _wrong_version,
        _no_info,
        _unknown_key,
        _bad_action,
        _bad_name,
        _dangling,
        _foreign_message,
        _bad_payload,
        _bad_binding,
    ],
)
def test_a_broken_document_is_refused(broken: Callable[[dict[str, Any]], None]) -> None:
    given = copy.deepcopy(document())
    broken(given)
    assert problems(given)


def test_it_names_every_topic_type_writer_and_reader() -> None:
    given = document()
    addresses = {channel["address"]: channel for channel in given["channels"].values()}
    assert set(addresses) == set(TOPICS)
    for topic in TOPICS.values():
        channel = addresses[topic.name]
        names = {resolved(given, each["$ref"])["name"] for each in channel["messages"].values()}
        assert names == set(topic.all_types)
        assert channel["x-confidentiality"] == topic.confidentiality
        key = topic.name.replace(".", "_")
        assert given["operations"][f"{topic.writer}_send_{key}"]["action"] == "send"
        for service in SERVICES:
            assert (f"{service}_receive_{key}" in given["operations"]) == (service in topic.readers)
