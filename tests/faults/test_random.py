"""The short form of `make faults`: random faults under load, and that the choice of faults can be repeated."""

import pytest

from shared.contracts import DEAD_LETTERS, HEALTH, PARTICIPANTS
from tests.faults.chaos import LONG, LONGEST, SHORT, chaos, plan, verdict
from tests.support import echo
from tests.support.books import Books
from tests.support.kafka import create_topics
from tests.support.process import EchoProcess

# Kills of a replica, the broker and, twice, the database; freezes of both replicas past their time-outs.
SEED = 12


def test_the_same_seed_chooses_the_same_faults():
    assert plan(7, 100, 3) == plan(7, 100, 3)
    assert plan(7, 100, 3) != plan(8, 100, 3)
    assert plan(7, 100, 3)[:10] == plan(7, 10, 3)


def test_a_long_plan_hurts_everybody_in_every_way():
    faults = plan(1, 100, 3)
    assert {(each.victim, each.kind) for each in faults} == {
        (victim, kind)
        for victim in ("replica 0", "replica 1", "replica 2", "kafka", "database")
        for kind in ("kill", "freeze")
    }
    frozen = [each.seconds for each in faults if each.kind == "freeze"]
    for low, high in (SHORT, LONG, LONGEST):
        assert any(low <= each <= high for each in frozen)


def test_what_still_waits_at_the_end_counts_as_lost():
    books = Books(facts=5, lost=["p1"], doubled=["p2", "p3"], waiting=["outbox: 1"])
    assert verdict(3, books) == "faults 3 events 5 lost 2 doubled 2"


@pytest.mark.timeout(240)
async def test_random_faults_under_load_lose_and_double_nothing(
    kafka, database, names, mongo_driver, tmp_path
):
    topics = [PARTICIPANTS, HEALTH, DEAD_LETTERS["sessions"]]
    # Not compacted: the books compare every version that was ever published.
    options = {"cleanup.policy": "delete"}
    await create_topics(kafka.bootstrap, names.topic_prefix, topics, partitions=4, **options)
    settings = echo.settings(kafka.bootstrap, database.uri, names, mongo_driver)
    servers = {"kafka": kafka, "database": database}

    replicas = [EchoProcess(settings, tmp_path / f"echo-{n}.log") for n in range(2)]
    run = chaos(settings, replicas, servers, seed=SEED, faults=8, events=600, rate=60.0, say=print)
    try:
        books = await run.run(120.0)
    finally:
        for each in replicas:
            each.end()
    assert books.balanced, books
    assert (run.done, len(books.lost), len(books.doubled)) == (8, 0, 0)
    assert books.facts >= 600
