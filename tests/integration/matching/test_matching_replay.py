"""Facts in any order and more than once: what matching has decided keeps its rules, and the topic says the same."""

import random

from services.matching.domain.pair import SHOWN
from shared.contracts import PAIRS, PROGRAMS, Program
from tests.integration.matching.conftest import STARTS
from tests.support.kafka import read_all

CAPACITY = {f"m{n}": 1 + n % 2 for n in range(8)}
MENTEES = [f"e{n}" for n in range(14)]


async def test_every_fact_three_times_and_shuffled_keeps_the_rules(world, monkeypatch):
    seed = random.randrange(1 << 30)
    print("seed", seed)
    chance = random.Random(seed)
    facts = []

    async def collect(events):
        facts.extend(events)

    send = world.sender.events
    monkeypatch.setattr(world.sender, "events", collect)
    await world.person(*CAPACITY, *MENTEES)
    for mentor, capacity in CAPACITY.items():
        await world.enroll("mentor", mentor, capacity=capacity, skills_offered={"a": 5})
    await world.enroll("mentee", *MENTEES, skills_sought={"a": 5})
    rules = {"debounce_seconds": 0.1, "reporting_line": {"rule": "allow"}}
    cohorts = [{"id": "c", "starts": STARTS}]
    body = {"id": "p", "state": "open", "rules": rules, "cohorts": cohorts, "coordinators": ["boss"]}
    await world.publish(PROGRAMS, "program.opened", Program.model_validate(body))
    for round in range(3):
        for id in [*CAPACITY, *MENTEES]:
            await world.change(id, field=f"f{round}")

    async def thrice(some):
        """Three times each, shuffled within 100; in parts, so that decisions are made on halves of the truth."""
        many = [each for each in some for _ in range(3)]
        order = sorted(range(len(many)), key=lambda n: n + chance.uniform(0, 100))
        for start in range(0, len(order), 40):
            await send(many[n] for n in order[start : start + 40])
        await world.settled()

    await thrice(facts)
    proposed = await world.pairs(state=["proposed"])
    for pair in proposed[::2]:
        for member in pair["members"]:
            await world.call("POST", f"/pairs/{pair['id']}/accept", as_=member["participant"])
    paired = {member["participant"] for pair in proposed for member in pair["members"]}
    leavers = chance.sample(sorted(paired & set(CAPACITY)), 2) + chance.sample(
        sorted(paired & set(MENTEES)), 1
    )
    for id in leavers:
        await world.change(id, status="left")
    await thrice(facts)

    pairs = [pair for pair in await world.pairs() if pair["state"] in SHOWN]
    people = [member["participant"] for pair in pairs for member in pair["members"]]
    assert not set(people) & set(leavers), "no pair is shown or living with somebody who has left"
    assert all(people.count(mentor) <= capacity for mentor, capacity in CAPACITY.items())
    assert all(people.count(mentee) <= 1 for mentee in MENTEES)
    places = sum(capacity for mentor, capacity in CAPACITY.items() if mentor not in leavers)
    assert len(pairs) == min(places, len(MENTEES) - 1)

    newest: dict[str, int] = {}
    for record in await read_all(world.bootstrap, world.settings.topic_prefix + PAIRS.name):
        id, version = record.key.decode(), int(dict(record.headers)["ce_sequence"])
        assert version == newest.get(id, 0) + 1, "each version once, in order"
        newest[id] = version
    rows = await world.kernel.database["pairs"].find({"version": {"$gt": 0}}).to_list(None)
    assert newest == {row["_id"]: row["version"] for row in rows}
    assert await world.kernel.database["outbox"].count_documents({}) == 0
