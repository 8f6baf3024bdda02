"""Chapters 1 and 2: HR's file comes in; pairs are proposed, accepted, declined, and somebody is left over."""

from datetime import timedelta
from typing import Any

from examples.acme.people import COHORT, PROGRAM
from examples.acme.story.acme import ADMIN, COORDINATOR, HR, Acme, Pair, member, share_english
from examples.acme.story.telling import expect, listed

RULES: dict[str, Any] = {
    "time_zone": "Europe/Paris",
    # Weekly, so that the story's weeks are enough; the template's fortnight stretches everything to twice that.
    "cadence_days": 7,
    "debounce_seconds": 0.5,
    # The story jumps through the calendar: a mail that waited for the morning would only be slower to show.
    "quiet_hours": {"start": "00:00", "end": "00:00"},
    "messages_per_week": 20,
}
FIX = "                       → "


async def prepare(acme: Acme) -> None:
    """Tokens, the coordinator, the program."""
    stage, tell = acme.stage, acme.tell
    # Yesterday: at night in Paris it is still the day before in California, where a pair would not have begun.
    acme.begins = stage.now.date() - timedelta(days=1)
    acme.write(acme.begins + timedelta(days=35))
    await stage.grant(HR, "hr")
    await stage.grant(ADMIN, "admin")
    made = await stage.ask(HR, "profiles", "POST", "/v1/participants", json=acme.body("coordinator"))
    acme.coordinator = made["id"]
    contact = made["contact"]
    acme.names[acme.coordinator] = f"{contact['given_name']} {contact['family_name']}"
    await stage.grant(COORDINATOR, "coordinator", program=PROGRAM, participant=acme.coordinator)
    body = acme.body("program") | {"coordinators": [acme.coordinator], "rules": RULES}
    program = await stage.ask(ADMIN, "profiles", "POST", "/v1/programs", json=body)
    await stage.ask(ADMIN, "profiles", "POST", f"/v1/programs/{PROGRAM}/open")
    tell.say(f"{acme.name(acme.coordinator)} coordinates the program '{program['name']}'.")


async def import_people(acme: Acme) -> None:
    """Chapter 1."""
    tell = acme.tell
    tell.chapter("1  HR sends its file")
    job, rows = await acme.send("people.csv")
    bad = [row for row in rows if row["result"] == "rejected"]
    good = [row for row in rows if row["result"] in ("created", "updated")]
    tell.say(f"{job['rows']} lines read, {len(good)} people taken over, {len(bad)} lines come back:")
    for row in bad:
        for problem in row["problems"]:
            tell.quote(
                [f"line {row['line']}, {problem['column']}: {problem['reason']}", f"{FIX}{problem['fix']}"]
            )
    tell.quote(f"noted: {notice['reason']}" for notice in job["notices"][:2] if "reason" in notice)
    wrong = {(each["line"], each["column"]) for each in acme.facts["wrong"]}
    found = {(row["line"], problem["column"]) for row in bad for problem in row["problems"]}
    expect(found == wrong, f"the rows to come back are {sorted(wrong)}, and came {sorted(found)}")
    expect(
        all(problem["reason"] and problem["fix"] for row in bad for problem in row["problems"]),
        "every bad row says why and what to do",
    )
    expect(
        len(good) == acme.facts["people"],
        f"{acme.facts['people']} people are in the file, {len(good)} arrived",
    )
    acme.by_number = {row["external_id"]: row["participant"] for row in good}
    acme.sums |= {"people": len(good), "rejected_rows": len(bad)}
    await acme.stage.settle()
    await acme.learn_names()


async def propose(acme: Acme) -> None:
    """Chapter 2."""
    tell, stage = acme.tell, acme.stage
    tell.chapter("2  Pairs are proposed, accepted and declined")
    path = f"/v1/programs/{PROGRAM}/cohorts/{COHORT}/publish"
    await stage.ask(COORDINATOR, "matching", "POST", path)
    pairs = await _proposals(acme)
    facts = acme.facts
    tell.say(
        f"{len(pairs)} pairs are proposed to {facts['mentees']} mentees and {facts['mentors']} mentors"
        f" with {facts['places']} places. Three of them, and why:"
    )
    for pair in sorted(pairs, key=lambda each: -each["assessment"]["score"])[:3]:
        tell.quote([acme.both(pair), *(f"   {acme.told(each)}" for each in pair["why"][:3])])
    expect(all(pair["why"] or pair["assessment"]["terms"] for pair in pairs), "every proposal has reasons")
    limit = min(facts["mentees"] - len(facts["alone"]), facts["places"])
    expect(len(pairs) >= 0.85 * limit, f"{limit} mentees could have a mentor, {len(pairs)} were proposed one")
    await _decline(acme, pairs)
    await _left_over(acme)


async def _proposals(acme: Acme) -> list[Pair]:
    """What is proposed once the plan is carried out, page by page."""
    before = -1
    for _ in range(120):
        await acme.stage.settle()
        pairs = await acme.pairs("proposed")
        if pairs and len(pairs) == before:
            return pairs
        before = len(pairs)
    expect(False, "the number of proposals comes to rest")
    return []


async def _decline(acme: Acme, pairs: list[Pair]) -> None:
    """Two say no and get their next proposal; everybody else says yes."""
    tell = acme.tell
    # Of those who speak English, since most mentors do: somebody with one possible mentor has no next best.
    english = [pair for pair in pairs if share_english(pair)]
    unwilling = sorted(english or pairs, key=lambda each: each["assessment"]["score"])[:2]
    expect(len(unwilling) == 2, "there are two who may decline")
    await acme.stage.grant_people(member(pair, "mentee") for pair in unwilling)
    for pair in unwilling:
        await acme.answer(pair, member(pair, "mentee"), "decline")
        tell.say(f"{acme.name(member(pair, 'mentee'))} declines. Nobody is told who or why.")
    gone = {pair["id"] for pair in unwilling}
    await acme.accept([pair for pair in pairs if pair["id"] not in gone])
    tell.say(f"The members of the other {len(pairs) - 2} pairs say yes.")
    known = {pair["id"] for pair in pairs}
    for pair in unwilling:
        after = await acme.next_proposal(member(pair, "mentee"), known)
        expect(member(after, "mentor") != member(pair, "mentor"), "the next proposal is somebody else")
        tell.say(f"The next proposal comes: {acme.both(after)}")
        tell.quote(f"   {acme.told(each)}" for each in after["why"][:2])
    await acme.accept_all()
    await acme.stage.settle()
    declined = await acme.pairs("declined")
    expect({pair["id"] for pair in declined} == gone, "exactly the two declined pairs are declined")
    living = await acme.pairs("accepted", "active", "paused")
    expect(all(pair["state"] == "active" for pair in living), "the cohort has started: every pair is active")
    tell.say(f"They say yes to that. {len(living)} pairs are active.")
    acme.sums["declined"] = len(declined)


async def _left_over(acme: Acme) -> None:
    """Somebody without a mentor reads why, and the coordinator reads what would help."""
    tell, stage = acme.tell, acme.stage
    path = f"/v1/programs/{PROGRAM}/unmatched"
    rows = await stage.listing(COORDINATOR, "matching", path, role="mentee")
    left = {row["participant"]: row for row in rows}
    alone = [acme.by_number[number] for number in acme.facts["alone"]]
    expect(all(each in left for each in alone), "whoever shares no language with a mentor is left over")
    one = left[alone[0]]
    await stage.grant_people([alone[0]])
    own = await stage.listing(alone[0], "matching", path)
    expect(len(own) == 1 and own[0]["sentence"], "who is left over is told why")
    tell.say(f"{listed(acme.name(each) for each in alone)} are left over. {acme.name(alone[0])} reads:")
    tell.quote([acme.told(own[0]["sentence"])])
    tell.say(f"and the coordinator: {acme.told(one['sentence'])}")
    if one["hint"]:
        tell.quote([f"what would help: {acme.told(one['hint'])}"])
