"""The page for subscribers says what the table of topics says."""

from pathlib import Path

import pytest

from shared.contracts import TOPICS, Topic
from shared.contracts.envelope import MAX_BODY_BYTES, event_of, to_headers
from shared.contracts.topics import PAIRS
from tests.unit.contracts.event_samples import SAMPLES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("topic", TOPICS.values(), ids=lambda topic: topic.name)
def test_every_topic_has_its_row(topic: Topic) -> None:
    kept = "compacted" if topic.retention is None else f"{topic.retention.days} days"
    key = topic.family if topic.keyed_by == "aggregate" else topic.keyed_by
    readers = ", ".join(topic.readers)
    assert (
        f"| `{topic.name}` | {key} | {topic.confidentiality} | {kept} | {topic.writer} | {readers} |" in PAGE
    )


def test_every_header_is_explained() -> None:
    event = event_of(
        PAIRS,
        "pair.ended",
        organization="o",
        id="a1",
        version=1,
        body=SAMPLES["pair"],
        time_ms=1,
        traceparent="t",
    )
    for name, _ in to_headers(event):
        assert name == "content-type" or f"| `{name}` |" in PAGE


def test_figures_are_the_codes() -> None:
    assert f"{MAX_BODY_BYTES:,} bytes" in PAGE


def test_files_that_it_names_are_there() -> None:
    for name in ("docs/events", "docs/api/asyncapi.json", "examples/subscriber/subscriber.py"):
        assert (ROOT / name).exists()
