"""Records that cannot be applied: what the design says happens to each, and their neighbors are applied."""

import pytest

from shared.contracts import DEAD_LETTERS, HEALTH, PARTICIPANTS
from shared.contracts.envelope import to_headers
from shared.delivery.halts import Halts
from shared.http.ports import Filters
from tests.integration.delivery.conftest import running, settled, until
from tests.support import echo
from tests.support.kafka import Sender, create_topics, event, read_all


def headers(id="x1", version=1, **other):
    body = echo.participant(id, version)
    given = dict(to_headers(event(PARTICIPANTS, "participant.changed", body, version)))
    given.update({f"ce_{name}": value for name, value in other.items()})
    return [(name, value) for name, value in given.items() if value is not None]


BAD = {
    "bad JSON": (b"acme/x1", b"{not json", headers(), "json"),
    "wrong schema": (b"acme/x1", b'{"id": 7}', headers(), "schema:id:string_type"),
    "empty": (b"acme/x1", b"", headers(), "json"),
    "2 MB": (b"acme/x1", b'{"id": "x1", "field": "' + b"x" * 2_000_000 + b'"}', headers(), "size"),
    "no CloudEvents headers": (b"acme/x1", b"{}", [], "envelope:missing"),
    "headers that are not text": (
        b"acme/x1",
        b"{}",
        [*headers()[:-1], ("ce_type", b"\xff\xfe")],
        "envelope:encoding",
    ),
    "null without an aggregate's key": (b"nobody", None, [], "key"),
}


@pytest.mark.parametrize("kind", BAD)
async def test_a_record_that_cannot_be_applied_is_set_aside_and_its_neighbors_are_applied(
    kind, kafka, database, names, mongo_driver
):
    topics = [PARTICIPANTS, HEALTH, DEAD_LETTERS["sessions"]]
    await create_topics(
        kafka.bootstrap,
        names.topic_prefix,
        topics,
        **{"max.message.bytes": "4000000", "segment.bytes": "8000000"},
    )
    settings = echo.settings(kafka.bootstrap, database.uri, names, mongo_driver)
    key, value, given, reason = BAD[kind]
    async with Sender(kafka.bootstrap, settings.topic_prefix, large=True) as sender:
        before = [
            event(PARTICIPANTS, "participant.changed", echo.participant(f"a{n}", 1), 1) for n in range(9)
        ]
        await sender.events(before)
        await sender.raw(PARTICIPANTS, key, value, given)
        after = [
            event(PARTICIPANTS, "participant.changed", echo.participant(f"b{n}", 1), 1) for n in range(9)
        ]
        await sender.events(after)
        async with running(echo.kernel(settings)) as kernel:
            await settled(kernel)
            known = {row.id for row in await echo.participants.find(kernel.view("acme"), {})}
            assert known == {f"{side}{n}" for side in "ab" for n in range(9)}
            letters, _ = await kernel.ops.dead_letters(everything(), None, 10)
            assert [each["reason"] for each in letters] == [reason]
            assert "value" not in letters[0]
            told = await read_all(kafka.bootstrap, settings.topic_prefix + DEAD_LETTERS["sessions"].name)
            assert len(told) == 1
            assert b"not json" not in told[0].value
            assert len(told[0].value) < 1000


async def test_a_type_that_is_not_listed_is_passed_over(settings, kafka):
    async with (
        Sender(kafka.bootstrap, settings.topic_prefix) as sender,
        running(echo.kernel(settings)) as kernel,
    ):
        await sender.raw(PARTICIPANTS, b"acme/x1", b"{}", headers(type=b"participant.of_tomorrow"))
        await sender.events([event(PARTICIPANTS, "participant.changed", echo.participant("y", 1), 1)])
        await settled(kernel)
        assert await echo.participants.get(kernel.view("acme"), "y") is not None
        assert await kernel.letters.count() == 0


async def test_a_null_with_a_key_on_a_compacted_topic_erases(settings, kafka):
    async with (
        Sender(kafka.bootstrap, settings.topic_prefix) as sender,
        running(echo.kernel(settings)) as kernel,
    ):
        await sender.events([event(PARTICIPANTS, "participant.changed", echo.participant("y", 1), 1)])
        await settled(kernel)
        assert await echo.echoes.get(kernel.view("acme"), "y") is not None
        await sender.raw(PARTICIPANTS, b"acme/y", None)
        await settled(kernel)
        assert await echo.participants.get(kernel.view("acme"), "y") is None
        assert await echo.echoes.get(kernel.view("acme"), "y") is None
        out = await read_all(kafka.bootstrap, settings.topic_prefix + HEALTH.name)
        assert out[-1].value is None
        assert out[-2].value == b'{"id":"y"}'


async def test_a_projection_that_always_fails_halts_and_goes_on_after_a_fix(settings, kafka, monkeypatch):
    async with (
        Sender(kafka.bootstrap, settings.topic_prefix) as sender,
        running(echo.kernel(settings)) as kernel,
    ):
        bad = [echo.participant(f"p{n}", 1, field="poison-projection") for n in range(60)]
        await sender.events(event(PARTICIPANTS, "participant.changed", each, 1) for each in bad)
        await until("it halts", lambda: _halted(kernel))
        state = await kernel.readiness()
        assert not state.ready
        assert "too many records failed" in state.halted[0]
        set_aside = await kernel.letters.count()
        assert 10 <= set_aside <= 20
        # The fix: the projection no longer minds. Nothing after the halt was passed over.
        for projection in kernel.applier.projections.values():
            object.__setattr__(projection, "wakes", lambda change: [echo.Wake("echo", change.id)])
        assert await kernel.ops.resume("inbox", "test")
        await settled(kernel)
        done = await kernel.ops.redrive(everything(), False, "test")
        assert done["counts"] == {"applied": set_aside}
        await settled(kernel)
        rows = await echo.echoes.find(kernel.view("acme"), {})
        assert {row.id for row in rows} == {f"p{n}" for n in range(60)}


async def test_a_decision_that_always_fails_halts_and_goes_on_after_a_fix(settings, kafka, monkeypatch):
    async with (
        Sender(kafka.bootstrap, settings.topic_prefix) as sender,
        running(echo.kernel(settings)) as kernel,
    ):
        bad = [echo.participant(f"p{n}", 1, field="poison-decision") for n in range(40)]
        await sender.events(event(PARTICIPANTS, "participant.changed", each, 1) for each in bad)
        await until("it halts", lambda: _halted(kernel))
        assert "decisions failed" in (await kernel.readiness()).halted[0]
        assert await kernel.letters.count() == 0
        monkeypatch.setenv("ECHO_FIXED", "poison-decision")
        assert await kernel.ops.resume("work", "test")

        await until("all are decided on", lambda: _decided(kernel, {f"p{n}" for n in range(40)}))


async def test_a_resume_quicker_than_every_look_counts_from_nothing(settings, kafka, monkeypatch):
    """What failed before, or was begun before, must not halt again what an operator has just let go on."""
    fixed, halt, said = {f"p{n}" for n in range(40)}, Halts.halt, []

    async def halt_and_resume(self, consumer, reason, resumed):
        done = await halt(self, consumer, reason, resumed)
        said.append((resumed, done))
        if len(said) == 1:
            monkeypatch.setenv("ECHO_FIXED", "poison-decision")
            assert await self.resume(consumer)
            # A failure of a replica that has not noticed: begun before the resume, told after it.
            assert not await halt(self, consumer, reason, resumed)
        return done

    monkeypatch.setattr(Halts, "halt", halt_and_resume)
    async with (
        Sender(kafka.bootstrap, settings.topic_prefix) as sender,
        running(echo.kernel(settings)) as kernel,
    ):
        bad = [echo.participant(id, 1, field="poison-decision") for id in sorted(fixed)]
        bad += [echo.participant(f"q{n}", 1, field="poison-longer") for n in range(3)]
        await sender.events(event(PARTICIPANTS, "participant.changed", each, 1) for each in bad)
        await until("all that are mended are decided on", lambda: _decided(kernel, fixed))
        assert {resumed for resumed, _ in said} == {0}  # nothing tripped on what came after the resume
        assert not (await kernel.readiness()).halted
        monkeypatch.setenv("ECHO_FIXED", "poison-decision poison-longer")
        await until("the rest too", lambda: _decided(kernel, fixed | {"q0", "q1", "q2"}))


async def test_one_decision_that_fails_costs_its_neighbors_nothing(settings, kafka):
    async with (
        Sender(kafka.bootstrap, settings.topic_prefix) as sender,
        running(echo.kernel(settings)) as kernel,
    ):
        people = [echo.participant(f"p{n}", 1) for n in range(30)]
        people[7] = echo.participant("p7", 1, field="poison-decision")
        await sender.events(event(PARTICIPANTS, "participant.changed", each, 1) for each in people)

        async def others():
            rows = await echo.echoes.find(kernel.view("acme"), {})
            return {row.id for row in rows} == {f"p{n}" for n in range(30) if n != 7}

        await until("the neighbors are decided on", others)
        await until("the bad one is reported", lambda: _failing(kernel))


async def test_redrive_twice_has_one_effect_and_never_overwrites_a_newer_state(settings, kafka):
    async with (
        Sender(kafka.bootstrap, settings.topic_prefix) as sender,
        running(echo.kernel(settings)) as kernel,
    ):
        old = echo.participant("p", 1, field="poison-projection")
        only = echo.participant("q", 1, field="poison-projection")
        for each in (old, only):
            await sender.events([event(PARTICIPANTS, "participant.changed", each, 1)])
        await settled(kernel)
        await sender.events([event(PARTICIPANTS, "participant.changed", echo.participant("p", 2), 2)])
        await settled(kernel)
        assert await kernel.letters.count() == 2
        for projection in kernel.applier.projections.values():
            object.__setattr__(projection, "wakes", lambda change: [echo.Wake("echo", change.id)])
        dry = await kernel.ops.redrive(everything(), True, "test")
        assert dry["counts"] == {"applied": 1, "superseded": 1}
        assert await kernel.letters.count() == 2
        assert (await kernel.ops.redrive(everything(), False, "test"))["counts"] == {
            "applied": 1,
            "superseded": 1,
        }
        assert (await kernel.ops.redrive(everything(), False, "test"))["counts"] == {}
        await settled(kernel)
        newest = await echo.participants.get(kernel.view("acme"), "p")
        assert newest.version == 2
        assert (await echo.echoes.get(kernel.view("acme"), "q")).state.decided == 1
        notes = await kernel.database["dead_letter_audit"].find({"what": "redrive"}).to_list(None)
        assert [note["actor"] for note in notes] == ["test", "test"]


def everything():
    return Filters()


async def _decided(kernel, ids):
    return {row.id for row in await echo.echoes.find(kernel.view("acme"), {})} == ids


async def _halted(kernel):
    return bool((await kernel.readiness()).halted)


async def _failing(kernel):
    return (await kernel.readiness()).failing == 1
