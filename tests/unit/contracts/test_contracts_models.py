"""The table of topics and the bodies: what the design asks of all of them."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, get_args

import pytest
from pydantic import BaseModel, ValidationError

from shared.contracts import SERVICES, TOPICS, Participant, SessionFact, Topic, read_by, written_by
from tests.unit.contracts.event_samples import SAMPLES

TOPIC_LIST = list(TOPICS.values())

SEALED = ("note", "notes", "text", "comment", "answer_value", "pulse", "rubric", "side", "item")
PERSONAL = ("given_name", "family_name", "email", "phone", "address", "locale")


def models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """The model and all that it is made of."""
    yield model
    for field in model.model_fields.values():
        for each in _inside(field.annotation):
            if isinstance(each, type) and issubclass(each, BaseModel):
                yield from models(each)


def _inside(annotation: Any) -> Iterator[Any]:
    yield annotation
    for each in get_args(annotation):
        yield from _inside(each)


def test_the_table_is_the_designs() -> None:
    compacted = {topic.name for topic in TOPIC_LIST if topic.compacted}
    assert compacted == {
        "profiles.participants",
        "profiles.contacts",
        "profiles.programs",
        "profiles.enrollments",
        "matching.pairs",
        "matching.assessments",
        "sessions.sessions",
        "sessions.health",
        "sessions.concerns",
        "notifications.cases",
    }
    retained = {topic.name: topic.retention for topic in TOPIC_LIST if not topic.compacted}
    assert retained == {
        "notifications.answers": timedelta(days=90),
        "notifications.deliveries": timedelta(days=90),
        **{f"{service}.dead-letters": timedelta(days=30) for service in SERVICES},
    }
    restricted = {topic.name for topic in TOPIC_LIST if topic.confidentiality == "restricted"}
    assert restricted == {"profiles.contacts", "sessions.concerns"}
    assert {topic.name for topic in TOPIC_LIST if "subscribers" in topic.readers} == {
        "profiles.programs",
        "matching.pairs",
        "notifications.deliveries",
    }


def test_only_notifications_reads_names_and_addresses() -> None:
    assert {service for service in SERVICES if TOPICS["profiles.contacts"] in read_by(service)} == {
        "notifications"
    }


@pytest.mark.parametrize("topic", TOPIC_LIST, ids=lambda topic: topic.name)
def test_a_topic_says_who_writes_it_in_its_name(topic: Topic) -> None:
    assert topic.name.startswith(f"{topic.writer}.")
    assert topic in written_by(topic.writer)
    assert topic.writer not in topic.readers
    assert topic.named("t-1.") == f"t-1.{topic.name}"
    assert all(type.startswith(f"{topic.family}.") for type in topic.all_types)
    assert (topic.erased in topic.all_types) == topic.compacted
    with pytest.raises(KeyError):
        topic.model_of("other.changed")


def test_families_are_told_apart() -> None:
    own = [topic.family for topic in TOPIC_LIST if topic.family != "dead_letter"]
    assert len(own) == len(set(own))


@pytest.mark.parametrize("topic", TOPIC_LIST, ids=lambda topic: topic.name)
def test_every_body_is_frozen_and_bears_what_it_does_not_know(topic: Topic) -> None:
    for model in models(topic.model):
        assert model.model_config.get("frozen") is True
        assert model.model_config.get("extra") == "ignore"
    body = SAMPLES[topic.family]
    with pytest.raises(ValidationError):
        body.id = "b"  # type: ignore[attr-defined]


@pytest.mark.parametrize("topic", TOPIC_LIST, ids=lambda topic: topic.name)
def test_enumerations_are_open(topic: Topic) -> None:
    for model in models(topic.model):
        for name, field in model.model_fields.items():
            for each in _inside(field.annotation):
                assert not (isinstance(each, type) and issubclass(each, Enum)), f"{model.__name__}.{name}"
                assert str(each).startswith("typing.Literal") is False, f"{model.__name__}.{name}"


@pytest.mark.parametrize("topic", TOPIC_LIST, ids=lambda topic: topic.name)
def test_what_is_sealed_or_personal_has_no_field(topic: Topic) -> None:
    names = {name for model in models(topic.model) for name in model.model_fields}
    assert names.isdisjoint(SEALED)
    if topic.family != "contact":
        assert names.isdisjoint(PERSONAL)


def test_a_moment_without_an_offset_is_refused() -> None:
    given = SAMPLES["session"].model_dump() | {"start": datetime(2026, 3, 2, 12)}
    with pytest.raises(ValidationError, match="timezone_aware"):
        SessionFact.model_validate(given)


def test_a_state_nobody_knows_yet_is_read() -> None:
    assert Participant(id="p", status="sabbatical").status == "sabbatical"


@pytest.mark.parametrize("family", SAMPLES)
def test_json_and_back(family: str) -> None:
    body = SAMPLES[family]
    assert type(body).model_validate_json(body.model_dump_json()) == body
    assert type(body).model_validate(body.model_dump(mode="json")) == body
