"""The schemas of all events as they are committed, against the code and against every one ever published."""

import json
from pathlib import Path
from typing import Any, ClassVar

import jsonschema
import pytest
from pydantic import ConfigDict, Field

from shared.contracts import PAIRS, TOPICS, Contract, Topic
from shared.contracts.common import Erased
from shared.contracts.schemas import (
    PublishedSchemaChanged,
    drift,
    path,
    refusals,
    schema,
    schemas,
    text,
    write_schemas,
)
from tests.unit.contracts.event_samples import SAMPLES

FOLDER = Path(__file__).parents[2] / "docs" / "events"
EVERY_TYPE = [(topic, type) for topic in TOPICS.values() for type in topic.all_types]


def test_the_committed_schemas_are_the_codes() -> None:
    assert drift(FOLDER) == [], "run `rapport asyncapi` and commit what it writes"


def test_every_schema_ever_published_still_holds() -> None:
    assert refusals(FOLDER) == []


def test_no_revision_is_missing() -> None:
    for topic, type in EVERY_TYPE:
        found = {int(file.stem) for file in (FOLDER / topic.name / type).glob("*.json")}
        assert topic.revision in found
        assert found <= set(range(1, topic.revision + 1))


@pytest.mark.parametrize(("topic", "type"), EVERY_TYPE, ids=lambda value: getattr(value, "name", value))
def test_a_schema_is_one_and_takes_what_is_published(topic: Topic, type: str) -> None:
    committed = json.loads((FOLDER / path(topic, type)).read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(committed)
    validator = jsonschema.Draft202012Validator(
        committed, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    erased = topic.compacted and type == topic.erased
    body = Erased(id="a1") if erased else SAMPLES[topic.family]
    given = json.loads(body.model_dump_json())
    validator.validate(given)
    validator.validate({**given, "unheard_of": 1})
    with pytest.raises(jsonschema.ValidationError):
        validator.validate({name: value for name, value in given.items() if name != "id"})
    assert committed["$id"] == topic.schema_of(type)


class First(Contract):
    """As it was published."""

    id: str
    mood: str = ""
    count: int = Field(default=0, ge=0)


def topic_of(model: type[Contract], revision: int = 1) -> dict[str, Topic]:
    """A table with one topic of this body."""
    topic = Topic(
        name="tests.things",
        family="thing",
        model=model,
        types={"thing.changed": "It changed."},
        about="Things.",
        confidentiality="open",
        writer="tests",
        readers=(),
        revision=revision,
    )
    return {topic.name: topic}


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A folder in which the first revision of one topic was published."""
    assert len(write_schemas(tmp_path, topic_of(First))) == 2
    assert write_schemas(tmp_path, topic_of(First)) == []
    return tmp_path


class Removed(Contract):
    id: str
    count: int = Field(default=0, ge=0)


class Required(Contract):
    id: str
    mood: str
    count: int = Field(default=0, ge=0)


class Retyped(Contract):
    id: str
    mood: str = ""
    count: str = "0"


class Narrowed(Contract):
    id: str
    mood: str = ""
    count: int = Field(default=0, ge=0, le=9)


class Closed(First):
    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (Removed, "$.mood: the field was removed"),
        (Required, "$.mood: the field was made required"),
        (Retyped, "$.count: the type changed from integer to string"),
        (Narrowed, "$.count: maximum changed from None to 9; narrowed"),
        (Closed, "$.*: what unknown fields may hold changed; narrowed"),
    ],
)
def test_an_incompatible_body_is_refused(published: Path, model: type[Contract], told: str) -> None:
    assert any(told in each for each in refusals(published, topic_of(model, revision=2)))
    # Nor can it slip in under the number that is already taken.
    with pytest.raises(PublishedSchemaChanged, match="revision"):
        write_schemas(published, topic_of(model))
    assert drift(published, topic_of(First)) == []


class Second(First):
    since: str | None = None


class Third(Contract):
    id: str
    mood: str = ""
    count: int = Field(default=0, ge=0)
    since: int | None = None


def test_an_optional_field_is_a_new_revision_and_both_stay(published: Path) -> None:
    assert refusals(published, topic_of(Second, revision=2)) == []
    write_schemas(published, topic_of(Second, revision=2))
    assert {file.name for file in (published / "tests.things" / "thing.changed").iterdir()} == {
        "1.json",
        "2.json",
    }
    assert refusals(published, topic_of(Second, revision=2)) == []


def test_what_the_second_revision_said_binds_the_third(published: Path) -> None:
    write_schemas(published, topic_of(Second, revision=2))
    found = refusals(published, topic_of(Third, revision=3))
    assert found
    assert all("2.json: $.since" in each for each in found)


def test_a_removed_type_or_topic_is_refused(published: Path) -> None:
    (topic,) = topic_of(First).values()
    fewer = {topic.name: Topic(**{**_given(topic), "types": {"thing.made": "It was made."}})}
    assert any("thing.changed/1.json: the type was removed" in each for each in refusals(published, fewer))
    assert any("the topic was removed" in each for each in refusals(published, {}))


def test_words_may_change_in_place(published: Path) -> None:
    (topic,) = topic_of(First).values()
    reworded = {topic.name: Topic(**{**_given(topic), "types": {"thing.changed": "In other words."}})}
    assert drift(published, reworded)
    assert len(write_schemas(published, reworded)) == 1
    assert drift(published, reworded) == []


def test_a_hand_edited_schema_is_noticed(tmp_path: Path) -> None:
    write_schemas(tmp_path)
    file = tmp_path / path(PAIRS, "pair.ended")
    edited = schema(PAIRS, "pair.ended")
    del edited["properties"]["outcome"]
    file.write_text(text(edited), encoding="utf-8")
    assert drift(tmp_path) == [path(PAIRS, "pair.ended")]


def test_all_types_have_a_schema() -> None:
    assert len(schemas()) == len(EVERY_TYPE)


def _given(topic: Topic) -> dict[str, Any]:
    names = ("name", "family", "model", "types", "about", "confidentiality", "writer", "readers")
    return {name: getattr(topic, name) for name in names}
