"""`rapport topics`: make the broker's topics what the contracts say, or say what differs."""

import asyncio
from typing import Any

import click

from shared.console.out import FAILED, UNREACHABLE, Failed, json_option, say
from shared.console.settings import console_settings


@click.group()
def topics() -> None:
    """Make or check the Kafka topics that the contracts declare."""


@topics.command()
@click.option(
    "--replication", type=click.IntRange(1, 10), default=1, show_default=True, help="Copies of new topics."
)
@json_option
def apply(replication: int, as_json: bool) -> None:
    """Create missing topics and set their settings.

    What would hurt is refused, and then nothing is done (exit code 1): a compacted topic never gets more
    partitions, since its keys would move.
    """
    steps = asyncio.run(_steps(replication, True))
    _say(steps, as_json, "all topics are as declared")
    _refused(steps)


@topics.command()
@json_option
def check(as_json: bool) -> None:
    """Say what `apply` would do; exit code 1 if anything differs."""
    steps = asyncio.run(_steps(1, False))
    _say(steps, as_json, "all topics are as declared")
    if steps:
        raise Failed("the broker's topics are not as declared", FAILED)


async def _steps(replication: int, do: bool) -> list[Any]:
    from aiokafka.errors import KafkaError

    from shared.contracts.topics_admin import Admin, wanted

    settings = console_settings()
    declared = wanted(settings.topic_prefix)
    try:
        async with Admin(settings.kafka_bootstrap, replication=replication) as admin:
            return await (admin.apply(declared) if do else admin.steps(declared))
    except (KafkaError, OSError) as error:
        text = f"Kafka at {settings.kafka_bootstrap} does not do it ({type(error).__name__}: {error})"
        raise Failed(text, UNREACHABLE) from None


def _say(steps: list[Any], as_json: bool, nothing: str) -> None:
    from shared.contracts.topics_admin import told

    lines = [told(step) for step in steps]
    say(lines, as_json, "\n".join(lines) or nothing)


def _refused(steps: list[Any]) -> None:
    from shared.contracts.topics_admin import Refuse

    if any(isinstance(step, Refuse) for step in steps):
        raise Failed("refused; nothing was changed", FAILED)
