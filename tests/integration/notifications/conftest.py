"""What tests of notifications share: a mail server, settings, and a pair that was welcomed a while ago."""

import pytest

from services.notifications.settings import Settings
from shared.contracts import ANSWERS, CASES, DELIVERIES
from shared.contracts.topics import DEAD_LETTERS, read_by
from tests.support.kafka import create_topics
from tests.support.notifications import Mailbox, scene


@pytest.fixture
async def mailbox():
    box = await Mailbox().start()
    yield box
    await box.stop()


@pytest.fixture
async def settings(kafka, database, names, mongo_driver, mailbox, tmp_path):
    topics = [*read_by("notifications"), CASES, ANSWERS, DELIVERIES, DEAD_LETTERS["notifications"]]
    await create_topics(kafka.bootstrap, names.topic_prefix, topics)
    return Settings(
        profile="embedded",
        data_dir=tmp_path,
        kafka_bootstrap=kafka.bootstrap,
        mongo_uri=database.uri,
        mongo_driver=mongo_driver,
        topic_prefix=names.topic_prefix,
        database_prefix=names.database_prefix,
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
