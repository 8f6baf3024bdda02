"""What tests of notifications share: a mail server, settings, and a pair that was welcomed a while ago."""

import pytest

from services.notifications.settings import Settings
from shared.contracts import ANSWERS, CASES, DELIVERIES
from shared.contracts.topics import DEAD_LETTERS, read_by
from tests.support.kafka import create_topics
from tests.support.notifications import Mailbox, scene
from tests.support.settings import settings_of


@pytest.fixture
async def mailbox():
    box = await Mailbox().start()
    yield box
    await box.stop()


@pytest.fixture
async def settings(kafka, database, names, mongo_driver, mailbox, tmp_path):
    topics = [*read_by("notifications"), CASES, ANSWERS, DELIVERIES, DEAD_LETTERS["notifications"]]
    await create_topics(kafka.bootstrap, names.topic_prefix, topics)
    return settings_of(
        Settings,
        kafka,
        database,
        names,
        mongo_driver,
        tmp_path,
        smtp_port=mailbox.port,
        public_url="https://rapport.example",
    )


@pytest.fixture
async def stage(settings, mailbox):
    """An active pair that was welcomed a while ago, so that the week's messages are free again."""
    async with scene(settings, mailbox) as stage:
        await stage.people()
        await stage.program()
        await stage.pair()
        await stage.settle()
        await stage.days(8)
        mailbox.mails.clear()
        yield stage
