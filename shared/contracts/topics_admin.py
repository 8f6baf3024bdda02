"""`rapport topics apply|check`: asks the broker what it has, and does what the plan says."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, UnknownTopicOrPartitionError, for_code

from shared.contracts.topics_plan import (
    Alter,
    Create,
    Existing,
    Grow,
    Refuse,
    Step,
    Wanted,
    plan,
    told,
    wanted,
)

__all__ = ["Admin", "Alter", "Create", "Grow", "Refuse", "Step", "Wanted", "told", "wanted"]

_SHOWN_SECONDS = 30.0
_DYNAMIC_TOPIC_CONFIG = 1
"""Kafka's mark of a setting that was made on the topic itself."""


class Admin:
    """The thin driver. `replication` counts copies of each partition, for topics that are made here."""

    def __init__(self, bootstrap: str, *, replication: int = 1, **options: Any) -> None:
        self._client = AIOKafkaAdminClient(bootstrap_servers=bootstrap, **options)
        self._replication = replication

    async def __aenter__(self) -> "Admin":
        await self._client.start()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._client.close()

    async def existing(self, names: Iterable[str]) -> dict[str, Existing]:
        """Those of these topics that the broker has."""
        # Metadata of a topic by name can create it where the broker allows that; the whole list cannot.
        partitions = {
            each["topic"]: len(each["partitions"]) for each in await self._client.describe_topics(None)
        }
        here = [name for name in names if name in partitions]
        if not here:
            return {}
        asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in here]
        settings: dict[str, dict[str, str]] = {name: {} for name in here}
        for response in await self._client.describe_configs(asked):
            for code, message, _kind, name, entries in response.resources:
                if for_code(code) is UnknownTopicOrPartitionError:
                    # Made or deleted this moment: one broker knows it and another does not.
                    del settings[name]
                    continue
                if code:
                    raise for_code(code)(f"{name}: {message}")
                settings[name] = {
                    entry[0]: entry[1] for entry in entries if entry[3] == _DYNAMIC_TOPIC_CONFIG
                }
        return {name: Existing(name, partitions[name], each) for name, each in settings.items()}

    async def steps(self, declared: Sequence[Wanted]) -> list[Step]:
        """What `apply` would do."""
        return plan(await self.existing(each.name for each in declared), declared)

    async def apply(self, declared: Sequence[Wanted]) -> list[Step]:
        """Do it; returns the steps. Nothing is done when one of them is a refusal.

        Raises TimeoutError when the broker does not show within 30 s what it has accepted.
        """
        steps = await self.steps(declared)
        if any(isinstance(step, Refuse) for step in steps):
            return steps
        missing = [step.topic for step in steps if isinstance(step, Create)]
        if missing:
            await self._create(missing)
        for step in steps:
            match step:
                case Alter(name, settings, _):
                    await self._alter(name, settings)
                case Grow(name, partitions):
                    await self._client.create_partitions({name: NewPartitions(partitions)})
                case Create() | Refuse():
                    pass
        # The broker answers before it shows: a service that starts at once would not see its topic.
        async with asyncio.timeout(_SHOWN_SECONDS):
            while await self.steps(declared):  # noqa: ASYNC110 (a broker tells nobody)
                await asyncio.sleep(0.05)
        return steps

    async def _create(self, topics: Sequence[Wanted]) -> None:
        response = await self._client.create_topics(
            [
                NewTopic(each.name, each.partitions, self._replication, topic_configs=dict(each.settings))
                for each in topics
            ]
        )
        for name, code, *message in response.topic_errors:
            # Another one applying at the same time made it: the next check compares it.
            if code and for_code(code) is not TopicAlreadyExistsError:
                raise for_code(code)(f"{name}: {message[0] if message else ''}")

    async def _alter(self, name: str, settings: Mapping[str, str]) -> None:
        # This request replaces all settings of the topic, so it carries those that others made too.
        resource = ConfigResource(ConfigResourceType.TOPIC, name, configs=dict(settings))
        for response in await self._client.alter_configs([resource]):
            for code, message, *_rest in response.resources:
                if code:
                    raise for_code(code)(f"{name}: {message}")
