"""From copies of the world to what is published: given a pair in its world, when judged, then this health."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from services.sessions.domain.judge import PairHealth, Person, Program, World, announced, judge
from services.sessions.domain.record import Busy, Record
from shared.calendar import Place
from shared.contracts.common import Days
from shared.contracts.pairs import Member, Pair, Pause
from shared.contracts.programs import Cohort

START = date(2026, 3, 2)
COHORT = Cohort(id="spring", starts=START, ends=date(2026, 8, 29))
PROGRAM = Program(cadence=7, zone="Europe/Berlin", cohorts=(COHORT,), breaks=())
PAIR = Pair(
    id="pair",
    program="program",
    cohort="spring",
    members=(Member(participant="ada", role="mentor"), Member(participant="bo", role="mentee")),
    state="active",
    accepted_at=datetime(2026, 2, 20, tzinfo=UTC),
    active_from=START,
)
WORLD = World(PAIR, PROGRAM, {}, (), (), under_review=False)


def at(n: int) -> datetime:
    return datetime(2026, 3, 2, 12, tzinfo=UTC) + timedelta(days=n)


def held(n: int) -> tuple[str, int, Record]:
    record = Record(pair="pair", program="program", state="held", start=at(n), zone="UTC")
    return (f"s{n}", 1, record)


def state(world: World, n: int) -> PairHealth:
    found = judge(world, at(n)).state
    assert found is not None
    return found


def signals(world: World, n: int) -> dict[str, date]:
    return {one.kind: one.since for one in state(world, n).health.signals}


def test_before_its_first_day_a_pair_is_not_judged_but_will_be() -> None:
    verdict = judge(WORLD, at(-5))
    assert verdict.state is None
    assert verdict.due == datetime(2026, 3, 1, 23, tzinfo=UTC)
    proposed = PAIR.model_copy(update={"state": "proposed", "active_from": None})
    assert judge(replace(WORLD, pair=proposed), at(5)) == judge(replace(WORLD, pair=proposed), at(50))


def test_the_first_session_moves_health_and_says_why() -> None:
    found = state(replace(WORLD, sessions=[held(3)]), 4)
    assert found.health.score == 100
    assert found.health.evidence[0].sentence == "Of the one session due so far, 1 was held."
    assert (found.health.last_held_on, found.health.band, found.shown) == (
        date(2026, 3, 5),
        "steady",
        "steady",
    )
    assert [one.code for one in found.health.evidence][-1] == "connection.none"


def test_every_reason_that_stops_the_clock_stops_it() -> None:
    silent = {"nudge.nothing_planned": START + timedelta(days=10)}
    assert signals(WORLD, 10) == silent
    days = Days(first=START + timedelta(days=2), last=START + timedelta(days=4))
    for world in (
        replace(WORLD, pair=PAIR.model_copy(update={"pauses": (Pause(first=days.first, last=days.last),)})),
        replace(WORLD, people={"ada": Person(off=(days,))}),
        replace(WORLD, program=replace(PROGRAM, breaks=(days,))),
        replace(WORLD, busy=[Busy(pair="pair", participant="bo", first=days.first, last=days.last or START)]),
    ):
        assert signals(world, 12) == {}
        assert signals(world, 13) == {"nudge.nothing_planned": START + timedelta(days=13)}
    easter = replace(WORLD, people={"ada": Person(place=Place("DE"))})
    late = judge(
        replace(easter, pair=PAIR.model_copy(update={"active_from": date(2026, 3, 28)})), at(36)
    ).state
    assert late is not None
    assert late.health.signals == ()


def test_overlapping_reasons_are_one() -> None:
    days = Days(first=START + timedelta(days=2), last=START + timedelta(days=4))
    both = {"ada": Person(off=(days, days)), "bo": Person(off=(days,))}
    assert signals(replace(WORLD, people=both), 13) == {"nudge.nothing_planned": START + timedelta(days=13)}


def test_a_pair_follows_the_zone_of_its_mentee() -> None:
    nine_hours_ahead = replace(
        WORLD, people={"bo": Person(zone="Asia/Tokyo"), "ada": Person(zone="America/Lima")}
    )
    evening = datetime(2026, 3, 11, 16, tzinfo=UTC)
    assert judge(WORLD, evening).state != judge(nine_hours_ahead, evening).state


def test_an_ended_pair_is_judged_once_more_as_of_its_end_and_signals_nothing() -> None:
    stalled = signals(replace(WORLD, sessions=[held(0)]), 25)
    assert "stalled" in stalled
    ended = PAIR.model_copy(update={"state": "ended", "ended_at": at(25)})
    verdict = judge(replace(WORLD, pair=ended, sessions=[held(0)]), at(90))
    assert verdict.state is not None
    assert verdict.state.health.signals == ()
    assert verdict.state.health.score == state(replace(WORLD, sessions=[held(0)]), 25).health.score
    assert verdict.due is None


def test_the_length_of_a_program_is_counted_in_months_of_thirty_days() -> None:
    half_year = Cohort(id="spring", starts=date(2026, 1, 1), ends=date(2026, 7, 1))
    monthly = replace(WORLD, program=replace(PROGRAM, cadence=30, cohorts=(half_year,)), sessions=[held(0)])
    assert "stalled" not in signals(monthly, 44)
    assert "stalled" in signals(monthly, 45)


def test_only_what_a_reader_sees_is_announced() -> None:
    calm = state(replace(WORLD, sessions=[held(0)]), 1)
    only_shown = calm.model_copy(update={"shown": "thriving"})
    assert announced(None, calm) == "health.changed"
    assert announced(calm, calm) is None
    assert announced(calm, only_shown) is None
    assert announced(calm, state(replace(WORLD, sessions=[held(0)]), 9)) == "health.signals_changed"
    worse = state(replace(WORLD, sessions=[held(0)]), 8)
    assert worse.health.signals == calm.health.signals
    assert announced(calm, worse) == "health.changed"


def test_who_owes_is_named_with_the_fact_it_follows_from() -> None:
    missed = Record(
        pair="pair", program="program", state="missed", start=at(3), zone="UTC", missed_by=("ada",)
    )
    owes = state(replace(WORLD, sessions=[("one", 1, missed)]), 5).health.owes
    assert owes is not None
    assert (owes.participant, owes.role, owes.fact, owes.fact_id) == (
        "ada",
        "mentor",
        "session.missed",
        "one",
    )
