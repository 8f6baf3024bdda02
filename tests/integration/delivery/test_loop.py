"""A fact goes in, a decision is made, its event comes out; once."""

from shared.contracts import HEALTH, PARTICIPANTS
from tests.integration.delivery.conftest import running, settled
from tests.support import echo
from tests.support.kafka import Sender, event, read_all


async def test_every_fact_is_decided_on_and_published_once(settings, kafka):
    async with (
        running(echo.kernel(settings)) as kernel,
        Sender(kafka.bootstrap, settings.topic_prefix) as sender,
    ):
        for version in (1, 2, 3):
            await sender.events(
                event(PARTICIPANTS, "participant.changed", echo.participant(f"p{n}", version), version)
                for n in range(50)
            )
        await settled(kernel)
        rows = await echo.echoes.find(kernel.view("acme"), {})
        assert {row.id: row.state.seen for row in rows} == {f"p{n}": 3 for n in range(50)}
        out = await read_all(kafka.bootstrap, settings.topic_prefix + HEALTH.name)
        ids = [dict(record.headers)["ce_id"] for record in out]
        assert len(ids) == len(set(ids))
        published = {}
        for record in out:
            published.setdefault(record.key, []).append(int(dict(record.headers)["ce_sequence"]))
        assert all(versions == list(range(1, len(versions) + 1)) for versions in published.values())
        assert len(published) == 50
