"""What a broker's topics should be, and what must be done, or must not be done, to make them so. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from shared.contracts.topic import Topic
from shared.contracts.topics import TOPICS

MAX_RECORD_BYTES = 1_048_588
"""Kafka's own default; stated, so that a broker with another one still takes every event we may write."""


def settings_of(topic: Topic) -> dict[str, str]:
    """The topic's settings on the broker.

    An erased person's states must be gone within days and not whenever a segment happens to fill up: hence
    `max.compaction.lag.ms`. The null that erased them stays for a month, so that a reader that was down for
    less than that still learns of it.
    """
    if topic.retention is not None:
        return {
            "cleanup.policy": "delete",
            "retention.ms": _ms(topic.retention),
            "max.message.bytes": str(MAX_RECORD_BYTES),
        }
    return {
        "cleanup.policy": "compact",
        "retention.ms": "-1",
        "max.message.bytes": str(MAX_RECORD_BYTES),
        "min.cleanable.dirty.ratio": "0.1",
        "min.compaction.lag.ms": "0",
        "max.compaction.lag.ms": _ms(timedelta(days=1)),
        "delete.retention.ms": _ms(timedelta(days=30)),
    }


def _ms(span: timedelta) -> str:
    return str(span // timedelta(milliseconds=1))


@dataclass(frozen=True)
class Existing:
    """A topic as the broker has it; `settings` are those made on the topic itself."""

    name: str
    partitions: int
    settings: Mapping[str, str]


@dataclass(frozen=True)
class Wanted:
    """A topic as it is declared, under its name on this broker."""

    name: str
    partitions: int
    settings: Mapping[str, str]
    compacted: bool


@dataclass(frozen=True)
class Create:
    """The topic is missing."""

    topic: Wanted


@dataclass(frozen=True)
class Alter:
    """Settings differ; `settings` are all that the topic then has, `changes` name → (is, shall be)."""

    name: str
    settings: Mapping[str, str]
    changes: Mapping[str, tuple[str | None, str]]


@dataclass(frozen=True)
class Grow:
    """More partitions for a topic that is not compacted: order holds within each partition from then on."""

    name: str
    partitions: int


@dataclass(frozen=True)
class Refuse:
    """What will not be done, and what to do instead."""

    name: str
    reason: str


Step = Create | Alter | Grow | Refuse


def wanted(prefix: str = "", topics: Iterable[Topic] = TOPICS.values()) -> list[Wanted]:
    """The declared topics under their names on a broker."""
    return [
        Wanted(topic.named(prefix), topic.partitions, settings_of(topic), topic.compacted) for topic in topics
    ]


def plan(existing: Mapping[str, Existing], declared: Sequence[Wanted]) -> list[Step]:
    """What has to be done, in the order of the declaration; empty when the broker is as declared.

    A compacted topic never gets more partitions: its keys would move, the newest state of an aggregate would
    stand in one partition and older ones in another for ever, and a reader would take whichever it reads
    last. No topic can get fewer. Nor does a topic change between compaction and retention, which would drop
    states or keep facts.
    """
    steps: list[Step] = []
    for topic in declared:
        found = existing.get(topic.name)
        if found is None:
            steps.append(Create(topic))
            continue
        steps += _partitions(found, topic)
        policy = found.settings.get("cleanup.policy", "delete")
        if policy != topic.settings["cleanup.policy"]:
            steps.append(
                Refuse(
                    topic.name,
                    f"cleanup.policy is {policy}, declared {topic.settings['cleanup.policy']}: "
                    "make a new topic and publish anew",
                )
            )
            continue
        changes = {
            name: (found.settings.get(name), value)
            for name, value in topic.settings.items()
            if found.settings.get(name) != value
        }
        if changes:
            steps.append(Alter(topic.name, {**found.settings, **topic.settings}, changes))
    return steps


def _partitions(found: Existing, topic: Wanted) -> list[Step]:
    if found.partitions == topic.partitions:
        return []
    differ = f"{found.partitions} partitions, declared {topic.partitions}"
    if topic.compacted:
        reason = f"{differ}: a compacted topic keeps its number; make a new topic and publish anew"
        return [Refuse(topic.name, reason)]
    if found.partitions > topic.partitions:
        return [Refuse(topic.name, f"{differ}: Kafka cannot take partitions away; make a new topic")]
    return [Grow(topic.name, topic.partitions)]


def told(step: Step) -> str:
    """One line about a step, for people."""
    match step:
        case Create(topic):
            policy = topic.settings["cleanup.policy"]
            return f"create {topic.name} with {topic.partitions} partitions, {policy}"
        case Alter(name, _, changes):
            each = ", ".join(f"{key} {was} → {now}" for key, (was, now) in sorted(changes.items()))
            return f"alter {name}: {each}"
        case Grow(name, partitions):
            return f"grow {name} to {partitions} partitions"
        case Refuse(name, reason):
            return f"refuse {name}: {reason}"
