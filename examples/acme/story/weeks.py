"""Chapters 3 to 5: weeks pass, sessions are logged, some pairs stop meeting, and two processes are killed."""

import asyncio
from collections.abc import Sequence

from examples.acme.story.acme import Acme, Pair, member, share_english
from examples.acme.story.telling import expect, listed

SILENT = 4
"""Pairs that stop meeting: one reaches the last rung, the others meet again."""


def choose_silent(pairs: Sequence[Pair]) -> list[Pair]:
    """Pairs that share no mentor with each other, so that each has a story of its own, and have a next best."""
    chosen: list[Pair] = []
    for pair in filter(share_english, pairs):
        if all(member(pair, "mentor") != member(each, "mentor") for each in chosen):
            chosen.append(pair)
    return chosen[:SILENT]


async def first_weeks(acme: Acme) -> None:
    """Chapter 3: everybody meets once, then four pairs no more; meanwhile (chapter 5) two processes die."""
    tell, stage = acme.tell, acme.stage
    tell.chapter("3  Weeks pass")
    pairs = await acme.pairs("active")
    refused = {member(pair, "mentee") for pair in await acme.pairs("declined")}
    acme.silent = choose_silent([pair for pair in pairs if member(pair, "mentee") not in refused])
    expect(len(acme.silent) == SILENT, f"{SILENT} pairs can be chosen to fall silent")
    silent = {pair["id"] for pair in acme.silent}
    lively = next(pair for pair in pairs if pair["id"] not in silent)
    # A pair's time begins with its first day where the mentee lives, which may be tomorrow.
    await stage.advance("1d")
    before = await acme.tell_health(lively, "on the first day")
    await stage.advance("6d")
    await acme.met(pairs, 3)
    await stage.settle()
    tell.say(f"Week 1: all {len(pairs)} pairs have met and said so.")
    after = await acme.tell_health(lively, "after the first session")
    expect(before["score"] is None or before["score"] != after["score"], "a session moves a pair's health")
    expect(after["evidence"], "health says why")

    tell.chapter("5  Meanwhile two processes are killed with kill -9")
    meeting = [pair for pair in pairs if pair["id"] not in silent]
    await stage.advance("7d")
    await _while_killing(acme, meeting)
    await stage.settle()
    again = f"{stage.repeated} requests found nobody and were repeated under their key, which did each once"
    waited = "every request made meanwhile waited and was answered"
    tell.say(f"Week 2: {len(meeting)} pairs have met; {again if stage.repeated else waited}.")
    await _week(acme, 3)


async def _while_killing(acme: Acme, meeting: Sequence[Pair]) -> None:
    """Sessions are reported in a stream while matching, then the database die and come back."""
    half = len(meeting) // 2
    first = asyncio.create_task(acme.met(meeting[:half], 3))
    try:
        await asyncio.sleep(0.3)
        await _kill(acme, "matching")
        await first
    finally:
        first.cancel()
    second = asyncio.create_task(acme.met(meeting[half:], 3))
    try:
        await asyncio.sleep(0.3)
        await _kill(acme, "database")
        await second
    finally:
        second.cancel()


async def _kill(acme: Acme, name: str) -> None:
    """Kill it, see that it is dead, and start it again. NodeError when pid or port survive."""
    node = acme.stage.platform.nodes[name]
    pid = node.pid
    await asyncio.to_thread(node.kill)
    acme.sums["kills"] = acme.sums.get("kills", 0) + 1
    acme.tell.say(f"{name} is killed: process {pid} is gone, port {node.port} is closed.")
    await asyncio.to_thread(node.start)
    acme.tell.say(f"{name} is started again as process {node.pid}.")


async def _week(acme: Acme, number: int) -> None:
    """One more week in which everybody but the silent meets."""
    await acme.stage.advance("7d")
    silent = {pair["id"] for pair in acme.silent}
    meeting = [pair for pair in await acme.pairs("active") if pair["id"] not in silent]
    await acme.met(meeting, 3)
    await acme.stage.settle()
    acme.tell.say(f"Week {number}: {len(meeting)} pairs have met.")


async def stalled(acme: Acme) -> None:
    """Chapter 4: silence, three rungs, and one pair that meets again."""
    tell, stage = acme.tell, acme.stage
    tell.chapter("4  Four pairs have stopped meeting")
    await acme.tell_health(acme.silent[0], "who met once and then no more")
    await _week(acme, 4)
    await reach(acme, acme.silent, 1)
    for pair in acme.silent:
        health = await acme.health(pair)
        kinds = {each["kind"] for each in health["signals"]}
        expect("stalled" in kinds, f"{acme.both(pair)} counts as stalled")
    await acme.tell_health(acme.silent[0], "now")
    tell.say(f"Rung 1 goes to whoever owes the next step in each of the {SILENT} pairs. One of these mails:")
    await _show(acme, acme.silent[:1], "rung.owing")
    for pair in acme.silent:
        expect(await acme.mail(pair, "rung.owing"), f"rung 1 reaches {acme.both(pair)}")

    await stage.advance("3d")
    await reach(acme, acme.silent, 2)
    tell.say("Three days later rung 2 goes to both: a fresh start.")
    await _show(acme, acme.silent[1:2], "rung.both")
    for pair in acme.silent:
        mails = await acme.mail(pair, "rung.both")
        expect(len(mails) == 2, f"rung 2 reaches both of {acme.both(pair)}")
    await recover(acme, acme.silent[0])

    rest = acme.silent[1:]
    await stage.advance("4d")
    await reach(acme, rest, 3)
    tell.say(f"Four days later rung 3 goes to {acme.name(acme.coordinator)}.")
    await _show(acme, rest[:1], "rung.coordinator", lines=14)
    for pair in rest:
        expect(
            await acme.mail(pair, "rung.coordinator"),
            f"rung 3 about {acme.both(pair)} reaches the coordinator",
        )
    after = await acme.cases("recovered")
    expect(set(after) == {acme.silent[0]["id"]}, "the case of the pair that met, and no other, is closed")


async def _show(acme: Acme, pairs: Sequence[Pair], kind: str, lines: int = 6) -> None:
    for pair in pairs:
        for mail in (await acme.mail(pair, kind))[:1]:
            acme.show_mail(mail, lines)


async def reach(acme: Acme, pairs: Sequence[Pair], rung: int) -> None:
    """Let days pass until the cases of these pairs have reached a rung; holidays and leave do not count."""
    for _ in range(12):
        cases = await acme.cases()
        waiting = [pair for pair in pairs if cases.get(pair["id"], {}).get("rung", 0) < rung]
        if not waiting:
            extra = set(cases) - {pair["id"] for pair in acme.silent}
            expect(not extra, f"only silent pairs have a case, not {listed(sorted(extra))}")
            return
        await acme.stage.advance("1d")
    expect(False, f"rung {rung} is reached by {listed(acme.both(pair) for pair in waiting)}")


async def recover(acme: Acme, pair: Pair) -> None:
    """The two meet: their case closes by itself."""
    await acme.met([pair], 0)
    await acme.stage.settle()
    case = (await acme.cases("recovered")).get(pair["id"])
    expect(case, f"{acme.both(pair)} met, and their case closes")
    acme.tell.say(f"{acme.both(pair)} have met: their case is closed, and nobody gets another mail about it.")
    health = await acme.health(pair)
    expect(not any(each["kind"] == "stalled" for each in health["signals"]), "who met is not stalled")
