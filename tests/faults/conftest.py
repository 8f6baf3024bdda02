"""The echo service as processes, on topics of the test's own."""

import pytest

from shared.contracts import DEAD_LETTERS, HEALTH, PARTICIPANTS
from tests.support import echo
from tests.support.kafka import create_topics
from tests.support.process import EchoProcess


@pytest.fixture
async def settings(kafka, database, names, mongo_driver):
    """Settings of the echo service with its topics made."""
    await create_topics(
        kafka.bootstrap, names.topic_prefix, [PARTICIPANTS, HEALTH, DEAD_LETTERS["sessions"]], partitions=4
    )
    return echo.settings(kafka.bootstrap, database.uri, names, mongo_driver)


@pytest.fixture
async def replicas(settings, tmp_path):
    """`replicas(n)`: n processes, not started; all are gone after the test."""
    made: list[EchoProcess] = []

    def make(count: int = 1, **environment: str) -> list[EchoProcess]:
        new = [
            EchoProcess(settings, tmp_path / f"echo-{len(made) + n}.log", **environment) for n in range(count)
        ]
        made.extend(new)
        return new

    yield make
    for each in made:
        each.end()
