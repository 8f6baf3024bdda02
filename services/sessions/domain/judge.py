"""From copies of the world to the health of one pair, and back to what is published. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from shared.calendar import Calendar, Place, Span
from shared.contracts import health as published
from shared.contracts.common import Days
from shared.contracts.pairs import LIVING, Pair, State
from shared.contracts.programs import Cohort

from .facts import Clock, Role, Rules
from .facts import Pair as Judged
from .health import Health, evaluate, final
from .record import Busy, Frozen, Record, fact, zone_of

PROGRAM_YEAR = 360 / 365.25
"""Twelve months of thirty days a year: health.md counts a program's length in 30-day months."""

AHEAD = timedelta(days=800)
"""How far the calendar knows public holidays: the next moment of change never lies that far."""

OVER = frozenset({State.COMPLETED.value, State.ENDED.value})


@dataclass(frozen=True, slots=True)
class Person:
    """What stops or sets a pair's clock about one member."""

    zone: str | None = None
    place: Place | None = None
    off: tuple[Days, ...] = ()


@dataclass(frozen=True, slots=True)
class Program:
    """What stops or sets the clocks of all pairs of a program."""

    cadence: int
    zone: str
    cohorts: tuple[Cohort, ...]
    breaks: tuple[Days, ...]


@dataclass(frozen=True, slots=True)
class World:
    """All that the health of one pair follows from. `people` by participant; who is not known yet is missing."""

    pair: Pair
    program: Program
    people: Mapping[str, Person]
    sessions: Sequence[tuple[str, int, Record]]
    busy: Sequence[Busy]
    under_review: bool


class PairHealth(Frozen):
    """The private state: what is published, and besides it the band that coordinators read, and whether the pair
    has come to an end.
    """

    health: published.Health
    shown: str | None
    members: tuple[str, ...]
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """The state to keep, None while there is nothing to judge, and when to look again by time alone."""

    state: PairHealth | None
    due: datetime | None


def judge(world: World, now: datetime) -> Verdict:
    """Judge a pair. Nothing before its first day; after its end once more, as of its end."""
    pair = world.pair
    over = pair.ended_at if pair.state in OVER else None
    if pair.active_from is None or (pair.state not in LIVING and over is None):
        return Verdict(None, None)
    moment = now if over is None else min(now, over)
    zone = zone_for(world)
    if moment.astimezone(zone).date() < pair.active_from:
        begins = datetime.combine(pair.active_from, time.min, zone).astimezone(UTC)
        return Verdict(None, begins if over is None else None)
    calendar = Calendar(
        pair.active_from,
        days_off(world),
        [one.place for one in world.people.values() if one.place is not None],
        through=(moment + AHEAD).date(),
    )
    rules = Rules(world.program.cadence, length(world))
    roles = {one.participant: Role(one.role) for one in pair.members if one.role in set(Role)}
    log = tuple(fact(id, version, record, roles) for id, version, record in world.sessions)
    found = evaluate(Judged(rules, log, world.under_review), Clock(moment, zone, calendar))
    if over is not None:
        found = final(found)
    state = PairHealth(
        health=body(pair, rules, found),
        shown=found.shown,
        members=tuple(one.participant for one in pair.members),
        ended=over is not None,
    )
    return Verdict(state, found.due)


def zone_for(world: World) -> ZoneInfo:
    """The pair's zone: the mentee's, who is asked to drive the meetings; else the program's; else UTC."""
    mentees = [one.participant for one in world.pair.members if one.role == Role.MENTEE]
    names = [world.people[one].zone for one in mentees if one in world.people]
    for name in (*names, world.program.zone):
        zone = zone_of(name)
        if zone is not None:
            return zone
    return ZoneInfo("UTC")


def days_off(world: World) -> list[Span]:
    """The union that the clock leaves out, public holidays apart (architecture.md, What stops the clock)."""
    spans = [Span(one.first, one.last) for one in world.pair.pauses]
    spans += [Span(one.first, one.last) for one in world.program.breaks]
    spans += [Span(one.first, one.last) for person in world.people.values() for one in person.off]
    return spans + [Span(one.first, one.last) for one in world.busy]


def length(world: World) -> int | None:
    """L in days of 30-day months; None for an evergreen cohort, or one that is not known yet."""
    cohort = next((one for one in world.program.cohorts if one.id == world.pair.cohort), None)
    if cohort is None or cohort.ends is None:
        return None
    return max(1, round((cohort.ends - cohort.starts).days * PROGRAM_YEAR))


def body(pair: Pair, rules: Rules, found: Health) -> published.Health:
    """What is published. The band is the pure one: the shown band follows from cases, which read this."""
    who = {one.role: one.participant for one in pair.members}
    owes = None
    if found.owes is not None and found.owes.role in who:
        owes = published.Owes(
            participant=who[found.owes.role],
            role=found.owes.role,
            fact=f"session.{found.owes.outcome}",
            fact_id=found.owes.session,
            since=found.owes.since,
        )
    return published.Health(
        id=pair.id,
        program=pair.program,
        cohort=pair.cohort,
        score=_rounded(found.total),
        confidence=round(found.confidence, 2),
        band=found.band,
        components=tuple(
            published.Component(
                name=one.component,
                value=_rounded(one.value),
                confidence=round(one.confidence, 2),
                weight=one.weight,
            )
            for one in found.components
        ),
        evidence=tuple(
            published.Evidence(
                component=one.component,
                code=line.code,
                sentence=line.sentence,
                lost=round(one.lost, 2),
                counted=line.counted,
                of=line.of,
            )
            for one in found.components
            for line in one.lines
        ),
        cadence_days=rules.cadence,
        owes=owes,
        signals=tuple(published.Signal(kind=one.kind, since=one.since) for one in found.signals),
        last_held_on=found.last_held,
        next_planned_on=found.next_planned,
        held_until=found.held_until,
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def announced(before: PairHealth | None, after: PairHealth) -> str | None:
    """What is said of a change; None when a reader of the topic would see no difference."""
    if before is None:
        return "health.changed"
    if before.health == after.health:
        return None
    if before.health.signals != after.health.signals:
        return "health.signals_changed"
    return "health.band_changed" if before.health.band != after.health.band else "health.changed"
