"""Chapters 6 to 8: HR's next file, the last rung, and the books."""

from datetime import datetime, timedelta
from typing import Any

from examples.acme.story.acme import COORDINATOR, Acme, Pair, member, share_english
from examples.acme.story.stage import until
from examples.acme.story.telling import expect, listed
from examples.acme.story.weeks import reach, recover

CHANGED = 8
"""Lines of the next file that say something new: three names, three addresses, the leaver, the absent."""
LIVING = ("proposed", "accepted", "active", "paused")


async def next_file(acme: Acme) -> None:
    """Chapter 6."""
    tell, stage = acme.tell, acme.stage
    tell.chapter("6  HR's next file")
    before = {pair["id"]: pair for pair in await acme.pairs()}
    leaver, absent = _leaver_and_absent(acme, list(before.values()))
    day = stage.now.date()
    acme.write(day, acme.number(leaver), acme.number(absent))
    job, _ = await acme.send("people-next.csv")
    counts = job["counts"]
    tell.say(
        f"{job['rows']} lines: {counts['updated']} change something, {counts['unchanged']} say what is known."
        f" {acme.name(leaver)} leaves, {acme.name(absent)} goes on leave."
    )
    expect(not counts["rejected"], "no line of the next file comes back")
    expect(counts["updated"] == CHANGED, f"{CHANGED} lines say something new, not {counts['updated']}")
    # A departure takes effect a day after its date: time to take back a mistake of HR's.
    await stage.advance("2d")
    left = [pair for pair in before.values() if pair["state"] in LIVING and _has(pair, leaver)]
    fresh = [await acme.next_proposal(member(pair, "mentee"), set(before)) for pair in left]
    await stage.settle()
    after = {pair["id"]: pair for pair in await acme.pairs()}
    _check_only(acme, before, after, leaver, absent, {pair["id"] for pair in fresh})
    for old, new in zip(left, fresh, strict=True):
        tell.say(
            f"{acme.name(member(old, 'mentee'))} lost {acme.name(leaver)} and is proposed: {acme.both(new)}"
        )
    paused = [pair for pair in after.values() if _has(pair, absent) and pair["state"] == "paused"]
    tell.say(f"Paused until the return: {listed(acme.both(pair) for pair in paused)}.")
    tell.say(f"Nothing else has moved: {len(after) - len(fresh)} pairs compared one by one.")
    await acme.accept(fresh)
    await stage.settle()
    for pair in fresh:
        expect((await acme.pair(pair["id"]))["state"] == "active", f"{acme.both(pair)} begin")
    acme.sums["rematched"] = len(fresh)


def _leaver_and_absent(acme: Acme, pairs: list[Pair]) -> tuple[str, str]:
    """Two mentors with active pairs, none of them silent; their mentees have a next best.

    Of two pairs each where places are plenty, of one where they are few: a small organization could not find
    somebody new for more.
    """
    quiet = {each["participant"] for pair in acme.silent for each in pair["members"]}
    active = [pair for pair in pairs if pair["state"] == "active"]
    own: dict[str, list[Pair]] = {}
    for pair in active:
        own.setdefault(member(pair, "mentor"), []).append(pair)
    wanted = 2 if acme.facts["places"] - len(active) > 12 else 1
    free = [mentor for mentor, its in own.items() if mentor not in quiet and all(map(share_english, its))]
    found = sorted(free, key=lambda mentor: (abs(len(own[mentor]) - wanted), mentor))[:2]
    expect(len(found) == 2, "two mentors with active pairs can be chosen")
    return found[0], found[1]


def _has(pair: Pair, participant: str) -> bool:
    return any(each["participant"] == participant for each in pair["members"])


def _check_only(
    acme: Acme, before: dict[str, Pair], after: dict[str, Pair], leaver: str, absent: str, fresh: set[str]
) -> None:
    """The leaver's pairs have ended, the absent's are paused, the leaver's mentees have one new proposal each,
    and everything else is as it was."""
    expect(set(after) - set(before) == fresh, "only the leaver's mentees have new proposals")
    for id, old in before.items():
        new = after[id]
        if old["state"] not in LIVING or not (_has(old, leaver) or _has(old, absent)):
            expect(old == new, f"the pair {acme.both(old)} is as it was before HR's file")
        elif _has(old, leaver):
            expect((new["state"], new["outcome"]) == ("ended", "left"), f"{acme.both(old)} has ended")
        else:
            expect(new["state"] == "paused", f"{acme.both(old)} is paused")


async def last_rung(acme: Acme) -> None:
    """Chapter 7: of the pairs still silent one goes to the last rung; the others meet after all."""
    tell, stage = acme.tell, acme.stage
    tell.chapter("7  The last rung")
    pair, *others = acme.silent[1:]
    for each in others:
        await recover(acme, each)
    lively = [each for each in await acme.pairs("active") if each["id"] != pair["id"]]
    await acme.met(lively, 1)
    await stage.advance("4d")
    await reach(acme, [pair], 4)
    expect((await acme.cases())[pair["id"]]["rematch"] == "recommended", "the last rung recommends a rematch")
    for mail in (await acme.mail(pair, "rung.rematch"))[:1]:
        acme.show_mail(mail, 4)
    before = {each["id"] for each in await acme.pairs()}
    await stage.ask(
        COORDINATOR, "notifications", "POST", f"/v1/cases/{pair['id']}/act", json={"action": "rematch"}
    )
    tell.say(f"{acme.name(acme.coordinator)} approves.")

    async def planned() -> str | None:
        assessment = (await acme.pair(pair["id"]))["assessment"]
        return str(assessment["ends_at"]) if assessment["ends_at"] else None

    ends = await until("matching plans the end of the pair", planned)
    tell.say(f"The pair ends at the program's next change time, {ends[:16].replace('T', ' ')} UTC.")
    await _pass(acme, ends)
    ended = await acme.pair(pair["id"])
    expect((ended["state"], ended["outcome"]) == ("ended", "ended"), "the pair has ended without a fault")
    after = await acme.next_proposal(member(pair, "mentee"), before)
    expect(member(after, "mentor") != member(pair, "mentor"), "the new mentor is somebody else")
    mails = await acme.mail(pair, "ended")
    expect(len(mails) == 2, "both are told that it has ended")
    tell.say("Both read the same:")
    acme.show_mail(mails[0], 4)
    tell.say(f"The rematch: {acme.both(after)}")
    await acme.accept([after])
    await acme.accept_all()
    expect((await acme.pair(after["id"]))["state"] == "active", f"{acme.both(after)} begin")
    acme.sums["rematched"] += 1


async def _pass(acme: Acme, moment: str) -> None:
    """Let time pass until just after a moment."""
    left = datetime.fromisoformat(moment) - acme.stage.now + timedelta(minutes=5)
    if left > timedelta(0):
        await acme.stage.advance(f"{int(left.total_seconds()) // 60 + 1}m")


async def books(acme: Acme) -> dict[str, Any]:
    """Chapter 8: everything counted from outside; the last line's numbers but for `seconds`."""
    tell, stage = acme.tell, acme.stage
    tell.chapter("8  The books")
    await stage.settle()
    audit: dict[str, Any] = await stage.rapport("audit")
    tell.quote(f"{name:<14}{value:>8}" for name, value in audit.items() if name != "findings")
    tell.quote(audit["findings"])
    for name in ("lost", "doubled", "dead_letters"):
        expect(audit[name] == 0, f"{name} is 0, not {audit[name]}")
    pairs = await acme.pairs()
    cases = await acme.cases("open", "on_hold", "suspended", "recovered", "dismissed", "closed")
    sums = acme.sums
    return {
        "people": sums["people"],
        "rejected_rows": sums["rejected_rows"],
        "proposed": sum(pair["proposed_at"] is not None for pair in pairs),
        "accepted": sum(pair["accepted_at"] is not None for pair in pairs),
        "declined": sums["declined"],
        "active": sum(pair["state"] == "active" for pair in pairs),
        "sessions": sums["sessions"],
        "stalled": sum(case["cause"] == "stalled" for case in cases.values()),
        "recovered": sum(case["state"] == "recovered" for case in cases.values()),
        "mails": len(await acme.mailbox()),
        "cases": len(cases),
        "rematched": sums["rematched"],
        "events": audit["events"],
        "lost": audit["lost"],
        "doubled": audit["doubled"],
        "dead_letters": audit["dead_letters"],
        "kills": sums["kills"],
    }
