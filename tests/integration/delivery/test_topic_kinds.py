"""Records that cannot be applied, on each kind of topic: open and compacted, restricted, kept for some days."""

import pytest

from shared.contracts import ANSWERS, CONTACTS, DEAD_LETTERS, HEALTH, PROGRAMS
from shared.contracts.envelope import to_headers
from shared.delivery import Copies, Kernel, Projection
from tests.integration.delivery.conftest import running, settled
from tests.integration.delivery.test_records import everything
from tests.support import echo
from tests.support.kafka import Sender, create_topics, event, read_all
from tests.unit.contracts.event_samples import SAMPLES

KINDS = {"open": PROGRAMS, "restricted": CONTACTS, "kept for some days": ANSWERS}


@pytest.mark.parametrize("kind", KINDS)
async def test_whatever_stands_on_it_its_neighbors_are_applied(kind, kafka, database, names, mongo_driver):
    topic = KINDS[kind]
    sample, type = SAMPLES[topic.family], next(iter(topic.types))
    sizes = {"max.message.bytes": "4000000", "segment.bytes": "8000000"}
    made = [topic, HEALTH, DEAD_LETTERS["sessions"]]
    await create_topics(kafka.bootstrap, names.topic_prefix, made, **sizes)
    settings = echo.settings(kafka.bootstrap, database.uri, names, mongo_driver)

    def fact(id, version=1):
        return event(topic, type, sample.model_copy(update={"id": id}), version)

    bad = fact("bad")
    plain = to_headers(bad)
    tomorrow = [(name, b"of.tomorrow" if name == "ce_type" else value) for name, value in plain]
    records = {
        "json": (bad.kafka_key, b"{not json", plain),
        "schema": (bad.kafka_key, b'{"id": 7}', plain),
        "size": (bad.kafka_key, b'{"id": "' + b"x" * 2_000_000 + b'"}', plain),
        "envelope": (bad.kafka_key, bad.body, []),
        "key": (b"nobody", None, []),
        # Of tomorrow: no dead letter.
        None: (bad.kafka_key, bad.body, tomorrow),
    }
    known = Copies("known", topic, keep=lambda state: {"id": state.id})
    kernel = Kernel("sessions", settings, projections=[Projection(known)], limits=echo.FAST)
    async with Sender(kafka.bootstrap, settings.topic_prefix, large=True) as sender:
        for number, (key, value, headers) in enumerate(records.values()):
            await sender.events([fact(f"a{number}")])
            await sender.raw(topic, key, value, headers)
        # A state is erased where states are kept; elsewhere nothing but an event can be meant.
        await sender.raw(topic, fact("a0").kafka_key, None, [])
        await sender.events([fact("last")])
        async with running(kernel):
            await settled(kernel)
            view = kernel.view("acme")
            ids = {row.id for row in await known.find(view, {})}
            letters, _ = await kernel.ops.dead_letters(everything(), None, 20)
    expected = {f"a{number}" for number in range(len(records))} | {"last"}
    reasons = sorted(each["reason"].split(":")[0] for each in letters)
    dead = ["envelope", "json", "schema", "size"]
    if topic.compacted:
        assert ids == expected - {"a0"}
        assert reasons == sorted([*dead, "key"])
    else:
        assert ids == expected
        assert reasons == sorted([*dead, "null", "null"])
    told = await read_all(kafka.bootstrap, settings.topic_prefix + DEAD_LETTERS["sessions"].name)
    assert len(told) == len(letters)
    assert all(b"not json" not in each.value and len(each.value) < 1000 for each in told)
