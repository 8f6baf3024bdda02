"""Gathers the facts about one pair from the copies into what the domain understands."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from services.notifications.domain.facts import Facts, Health, Pair, Person, Plan, Rules, Signal
from services.notifications.domain.state import Attention, Postbox
from services.notifications.store import Store
from shared.contracts.programs import Audience, Message, Program
from shared.contracts.programs import Rung as RungRule
from shared.delivery.aggregates import Stored
from shared.delivery.copies import Copy
from shared.delivery.model import Document
from shared.delivery.transaction import Reader
from shared.ladder import DEFAULT_LADDER, Ask, Ladder, Pace, Quiet, Rung

UNKNOWN = "UTC"


async def gather(
    store: Store, at: Reader, id: str
) -> tuple[Facts, Stored[Attention] | None, Mapping[str, Stored[Postbox]]]:
    """The facts about a pair as of `at`, and the stored documents a decision may change."""
    stored = await store.attention.get(at, id)
    pair_copy = await store.pairs.get(at, id)
    pair = pair_of(pair_copy.state) if pair_copy else None
    health_copy = await store.health.get(at, id)
    assessment = await store.assessments.get(at, id)
    program = await store.programs.get(at, pair.program) if pair else None
    rules = rules_of_program(Program.model_validate(program.state) if program else None, pair)
    concerned = [*(pair.members if pair else ()), *rules.coordinators, *rules.stand_ins]
    people = await _people(store, at, concerned, _enrollments(pair_copy))
    boxes = await store.postboxes.get_many(at, concerned)
    plans = await store.plans_of(at, id) if pair else []
    facts = Facts(
        pair=pair,
        attention=_attention(stored, pair),
        health=health_of(health_copy.state) if health_copy else None,
        rules=rules,
        plans=tuple(plan_of(plan.state) for plan in plans),
        last_held=_day(health_copy.state.get("last_held_on")) if health_copy else None,
        concern=await store.has_concern(at, id) if pair else False,
        rematch_refused=_refused(assessment),
        failing_gates=_gates(assessment),
        people=people,
        postboxes={id: box.state for id, box in boxes.items()},
    )
    return facts, stored, boxes


async def ahead(store: Store, at: Reader, ids: list[str]) -> None:
    """Read for several pairs at once what `gather` asks for each: the transaction remembers it."""
    await store.attention.get_many(at, ids)
    pairs = await store.pairs.get_many(at, ids)
    await store.health.get_many(at, ids)
    await store.assessments.get_many(at, ids)
    programs = await store.programs.get_many(at, sorted({each.state["program"] for each in pairs.values()}))
    concerned = {member["participant"] for pair in pairs.values() for member in pair.state["members"]}
    for program in programs.values():
        concerned |= {*program.state["coordinators"], *program.state["stand_ins"]}
    await store.participants.get_many(at, sorted(concerned))
    enrolled = {id for pair in pairs.values() for id in _enrollments(pair).values()}
    await store.enrollments.get_many(at, sorted(enrolled))
    await store.postboxes.get_many(at, sorted(concerned))
    await store.plans_of_each(at, list(pairs))
    await store.concerns_of_each(at, list(pairs))


def pair_of(state: Document) -> Pair:
    """A pair from its copy."""
    return Pair(
        id=state["id"],
        program=state["program"],
        cohort=state["cohort"],
        state=state["state"],
        members={member["participant"]: member["role"] for member in state["members"]},
        imported=state.get("origin") == "import",
        outcome=state.get("outcome"),
    )


def health_of(state: Document) -> Health:
    """The kept part of a pair's health."""
    owes = state.get("owes")
    return Health(
        cadence_days=state["cadence_days"],
        signals=tuple(
            Signal(signal["kind"], date.fromisoformat(signal["since"])) for signal in state["signals"]
        ),
        owes=owes["participant"] if owes else None,
    )


def plan_of(state: Document) -> Plan:
    """A planned session holds until the day after its local day."""
    starts = datetime.fromisoformat(state["start"])
    zone = zone_of(state["time_zone"])
    day = starts.astimezone(zone).date()
    return Plan(starts, datetime.combine(day + timedelta(days=1), time(0), zone))


def rules_of_program(program: Program | None, pair: Pair | None = None) -> Rules:
    """A program's rules as this service needs them, with the end of the pair's cohort; defaults until known."""
    if program is None:
        return Rules()
    rules = program.rules
    cohort = next((each for each in program.cohorts if pair and each.id == pair.cohort), None)
    ends = cohort.ends if cohort else None
    quiet = Quiet(start=_clock(rules.quiet_hours.start, time(20)), end=_clock(rules.quiet_hours.end, time(8)))
    return Rules(
        ladder=_ladder(rules.ladder),
        pace=Pace(a_week=max(1, rules.messages_per_week), quiet=quiet),
        coordinators=program.coordinators,
        stand_ins=program.stand_ins,
        rematch="automatic" if rules.automatic_rematch else "coordinator",
        ends=datetime.combine(ends, time(0), zone_of(rules.time_zone)) if ends else None,
    )


def zone_of(name: str | None) -> ZoneInfo:
    """A time zone by name; UTC for one this machine does not know."""
    try:
        return ZoneInfo(name or UNKNOWN)
    except (KeyError, ValueError, OSError):
        return ZoneInfo(UNKNOWN)


def _ladder(rungs: tuple[RungRule, ...]) -> Ladder:
    """A ladder that goes down is replaced by the default: a bad rule must not stop everybody's cases."""
    try:
        found = tuple(
            Rung(number=rung.number, offset_days=rung.after_days, ask=_ask(rung))
            for rung in sorted(rungs, key=lambda rung: rung.number)
        )
        return Ladder(rungs=found) if found else DEFAULT_LADDER
    except ValidationError:
        return DEFAULT_LADDER


def _ask(rung: RungRule) -> Ask:
    """An audience or a message of a later release goes to the coordinator, who can judge it."""
    if rung.message == Message.REMATCH:
        return Ask.REMATCH
    return {Audience.OWES.value: Ask.OWING, Audience.BOTH.value: Ask.BOTH}.get(rung.to, Ask.COORDINATOR)


def _clock(text: str, default: time) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError:
        return default


def _attention(stored: Stored[Attention] | None, pair: Pair | None) -> Attention:
    found = stored.state if stored else Attention()
    if pair is None:
        return found
    members = tuple(sorted(pair.members))
    return found.model_copy(update={"program": pair.program, "cohort": pair.cohort, "members": members})


def _enrollments(pair: Copy | None) -> Mapping[str, str]:
    members = pair.state["members"] if pair else ()
    return {each["participant"]: each["enrollment"] for each in members if each.get("enrollment")}


async def _people(
    store: Store, at: Reader, ids: list[str], enrollments: Mapping[str, str]
) -> dict[str, Person]:
    copies = await store.participants.get_many(at, ids)
    enrolled = await store.enrollments.get_many(at, list(enrollments.values()))
    states = {copy.state["participant"]: copy.state["state"] for copy in enrolled.values()}
    return {
        id: Person(
            id=id,
            zone=copy.state.get("time_zone") or UNKNOWN,
            absent=copy.state["status"] == "on_leave" or states.get(id) == "away",
            gone=copy.state["status"] == "left",
            withdrawn=states.get(id) == "withdrawn",
        )
        for id, copy in copies.items()
    }


def _gates(assessment: Copy | None) -> tuple[Signal, ...]:
    failing = assessment.state["failing"] if assessment else ()
    return tuple(
        Signal(f"gate.{gate['gate']}", datetime.fromisoformat(gate["since"]).date()) for gate in failing
    )


def _refused(assessment: Copy | None) -> date | None:
    refused = assessment.state["rematch_refused"] if assessment else None
    return datetime.fromisoformat(refused["at"]).date() if refused else None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
