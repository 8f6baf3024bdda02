"""Run it beside `make up`: `.venv/bin/python -m examples.fifth_service`, until Ctrl-C."""

import asyncio
import sys

from shared import logs
from shared.console.settings import adopt_environment
from shared.contracts import DEAD_LETTERS
from shared.contracts.topics_admin import Admin, wanted
from shared.http import serve
from shared.settings import load

from .app import build
from .settings import Settings


async def topics(settings: Settings) -> None:
    """Make the one topic that it writes; `rapport topics apply` does that for the topics of the contracts."""
    async with Admin(settings.kafka_bootstrap) as admin:
        await admin.apply(wanted(settings.topic_prefix, [DEAD_LETTERS[Settings.service]]))


adopt_environment()
settings = load(Settings)
logs.configure(Settings.service, settings.log_level)
asyncio.run(topics(settings))
sys.exit(serve(build(settings).app, settings))
