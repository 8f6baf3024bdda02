"""The same facts again, in another order: the same copies byte for byte, and the topics hold what the outbox held."""

import random

from bson import BSON

from shared.contracts import HEALTH, PARTICIPANTS
from tests.integration.delivery.conftest import running, settled
from tests.support import echo
from tests.support.kafka import Sender, create_topics, event, read_all


async def _copies(kernel):
    rows = await kernel.database["participants"].find({}).sort("_id", 1).to_list(None)
    return [BSON.encode(row) for row in rows]


async def test_every_event_three_times_and_shuffled_gives_the_same_copies(settings, kafka):
    seed = random.randrange(1 << 30)
    print("seed", seed)
    chance = random.Random(seed)
    facts = [
        event(PARTICIPANTS, "participant.changed", echo.participant(f"p{n}", v, field=f"f{v}"), v)
        for v in range(1, 9)
        for n in range(40)
    ]
    gone = [each for n in range(5) for each in PARTICIPANTS.erasure("acme", f"p{n}", 9)]
    back = [event(PARTICIPANTS, "participant.rehired", echo.participant("p0", 10, field="back"), 10)]
    thrice = [each for each in (*facts, *gone, *back) for _ in range(3)]
    shuffled = sorted(range(len(thrice)), key=lambda n: n + chance.uniform(0, 100))
    other = settings.model_copy(
        update={
            "topic_prefix": settings.topic_prefix + "b.",
            "database_prefix": settings.database_prefix + "b",
        }
    )
    await create_topics(kafka.bootstrap, other.topic_prefix, [PARTICIPANTS, HEALTH])
    found = []
    for given, order in ((settings, [*facts, *gone, *back]), (other, [thrice[n] for n in shuffled])):
        async with (
            Sender(kafka.bootstrap, given.topic_prefix) as sender,
            running(echo.kernel(given)) as kernel,
        ):
            await sender.events(order)
            await settled(kernel)
            found.append(await _copies(kernel))
            states = await echo.echoes.find(kernel.view("acme"), {})
            assert {row.id for row in states} == {f"p{n}" for n in (0, *range(5, 40))}
            assert {row.id: row.state.seen for row in states} == {
                f"p{n}": 10 if n == 0 else 8 for n in (0, *range(5, 40))
            }
            await _topic_is_what_was_decided(kafka, given, kernel)
    assert found[0] == found[1]


async def _topic_is_what_was_decided(kafka, settings, kernel):
    """Read from its beginning, the topic gives the newest version of every aggregate, and none is missing."""
    newest, seen = {}, {}
    for record in await read_all(kafka.bootstrap, settings.topic_prefix + HEALTH.name):
        version = int(dict(record.headers)["ce_sequence"])
        newest[record.key.decode()] = version
        seen.setdefault(record.key.decode(), set()).add(version)
    rows = await kernel.database["echoes"].find({}).to_list(None)
    assert newest == {row["_id"]: row["version"] for row in rows}
    assert seen == {row["_id"]: set(range(1, row["version"] + 1)) for row in rows}
    assert await kernel.database["outbox"].count_documents({}) == 0
