"""What people may do with a session: given one, when it is reported on, then this becomes of it or that is said."""

from datetime import UTC, date, datetime, timedelta, timezone
from itertools import product

import pytest

from services.sessions.domain.acts import NotNow, Told, answer, correct, move, report
from services.sessions.domain.answers import made_id, made_of
from services.sessions.domain.facts import Outcome, Role
from services.sessions.domain.judge import Program, World, judge
from services.sessions.domain.record import Busy, Record, Refusal, body, fact
from shared.contracts.answers import Answer
from shared.contracts.pairs import Member, Pair
from shared.contracts.sessions import Confirmation

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)
PAIR = Pair(
    id="pair",
    program="program",
    cohort="cohort",
    members=(Member(participant="ada", role="mentor"), Member(participant="bo", role="mentee")),
    state="active",
    accepted_at=NOW - timedelta(days=40),
    active_from=date(2026, 2, 1),
)
MEMBERS = (("ada", "mentor"), ("bo", "mentee"))
ROLES = {"ada": Role.MENTOR, "bo": Role.MENTEE}


def told(state: str, **said: object) -> Told:
    said.setdefault("by", "bo")
    said.setdefault("start", NOW - timedelta(days=1))
    return Told(state, **said)  # type: ignore[arg-type]


def reported(state: str, **said: object) -> Record:
    return report(PAIR, told(state, **said), "Europe/Berlin", NOW)


@pytest.mark.parametrize(
    ("state", "said", "field"),
    [
        ("held", {"start": NOW + timedelta(hours=1)}, "/start"),
        ("missed", {"start": NOW + timedelta(hours=1), "missed_by": ("bo",)}, "/start"),
        ("planned", {"start": NOW - timedelta(hours=1)}, "/start"),
        ("held", {"start": None}, "/start"),
        ("held", {"start": NOW - timedelta(days=4000)}, "/start"),
        ("held", {"end": NOW - timedelta(days=2)}, "/end"),
        ("held", {"zone": "Mars/Olympus"}, "/time_zone"),
        ("held", {"start": NOW - timedelta(days=41)}, "/start"),
        ("held", {"attended": ("ada", "eve")}, "/attended"),
        ("held", {"attended": ("ada",)}, "/attended"),
        ("held", {"attended": ()}, "/attended"),
        ("held", {"missed_by": ("bo",)}, "/missed_by"),
        ("held", {"cancelled_by": "bo"}, "/cancelled_by"),
        ("held", {"cancelled_at": NOW}, "/cancelled_at"),
        ("missed", {"missed_by": ("bo",), "attended": ("ada", "bo")}, "/attended"),
        ("cancelled", {"attended": ("ada",)}, "/attended"),
        ("missed", {}, "/missed_by"),
        ("missed", {"missed_by": ("eve",)}, "/missed_by"),
        ("cancelled", {"by": None}, "/cancelled_by"),
        ("cancelled", {"cancelled_at": NOW + timedelta(minutes=1)}, "/cancelled_at"),
        ("cancelled", {"cancelled_at": datetime.min.replace(tzinfo=UTC)}, "/cancelled_at"),
    ],
)
def test_what_cannot_be_true_is_refused_with_its_field_and_a_fix(
    state: str, said: dict[str, object], field: str
) -> None:
    with pytest.raises(Refusal) as refused:
        reported(state, **said)
    assert refused.value.field == field
    assert refused.value.fix


def test_a_past_session_is_taken_in_any_order() -> None:
    first = reported("held", start=NOW - timedelta(days=2))
    second = reported("held", start=NOW - timedelta(days=40))
    assert (first.state, second.state) == ("held", "held")
    assert second.planned_at is None


def test_the_two_may_meet_before_their_time_begins_but_not_before_they_were_brought_together() -> None:
    early = PAIR.model_copy(update={"state": "accepted", "active_from": None})
    assert report(early, told("held", start=NOW - timedelta(days=40)), "UTC", NOW).state == "held"
    talked = early.model_copy(update={"proposed_at": NOW - timedelta(days=43)})
    assert report(talked, told("held", start=NOW - timedelta(days=42)), "UTC", NOW).state == "held"
    imported = PAIR.model_copy(update={"active_from": date(2025, 11, 3)})
    assert report(imported, told("held", start=NOW - timedelta(days=100)), "UTC", NOW).state == "held"
    with pytest.raises(Refusal, match="together on 2026-01-29"):
        report(early, told("held", start=NOW - timedelta(days=41)), "UTC", NOW)


FAR_EAST = timezone(timedelta(hours=14))
MOMENTS = [
    datetime.min.replace(tzinfo=FAR_EAST),
    *(NOW + timedelta(days=days) for days in (-45, -40, -3, 0, 3, 700)),
    datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))),
]


@pytest.mark.parametrize("zone", [None, "Pacific/Kiritimati", "Etc/GMT+12"])
@pytest.mark.parametrize("state", ["planned", "held", "cancelled", "missed"])
def test_whatever_is_taken_can_be_judged(state: str, zone: str | None) -> None:
    """A report that failed the decision about its pair would halt the decisions about all others."""
    said = {"missed_by": ("bo",)} if state == "missed" else {}
    when = [None, *MOMENTS] if state == "cancelled" else [None]
    for start, end, cancelled_at in product(MOMENTS, [None, *MOMENTS], when):
        told = Told(state, "bo", start=start, end=end, zone=zone, cancelled_at=cancelled_at, **said)
        try:
            record = report(PAIR, told, "Europe/Berlin", NOW)
        except Refusal:
            continue
        world = World(PAIR, Program(7, "UTC", (), ()), {}, [("s", 1, record)], (), under_review=False)
        assert all(judge(world, NOW + timedelta(days=days)).state is not None for days in (0, 30, 800))


def test_whoever_cancels_did_it_now_unless_they_say_otherwise() -> None:
    record = reported("cancelled", start=NOW + timedelta(days=3))
    assert (record.cancelled_by, record.cancelled_at) == ("bo", NOW)
    assert fact("s", 1, record, ROLES).by == {Role.MENTEE}


def test_a_report_on_a_planned_session_keeps_when_it_was_planned_for() -> None:
    planned = reported("planned", start=NOW + timedelta(days=1))
    later = NOW + timedelta(days=2)
    held = correct(PAIR, planned, Told("held", "ada", start=NOW + timedelta(days=1, hours=1)), later)
    assert (held.planned_start, held.planned_at) == (NOW + timedelta(days=1), NOW)
    seen = fact("s", 2, held, ROLES)
    assert seen.outcome is Outcome.HELD
    assert [plan.day for plan in seen.plans] == [date(2026, 3, 11)]


def test_a_correction_is_a_report_again() -> None:
    confirmed = answer(reported("held"), "ada", Confirmation.CONFIRMED, NOW)
    assert confirmed.confirmation == "confirmed"
    corrected = correct(PAIR, confirmed, Told("missed", "ada", missed_by=("bo",)), NOW)
    assert (corrected.confirmation, corrected.missed_by, corrected.revision) == ("reported", ("bo",), 3)
    again = correct(PAIR, corrected, Told("held", "ada", attended=("ada", "bo")), NOW)
    assert (again.missed_by, again.state) == ((), "held")
    missed = correct(PAIR, again, Told("missed", "ada", missed_by=("bo",)), NOW)
    assert missed.attended is None, "who was there was said of another story"


def test_moving_a_session_ends_one_plan_in_the_moment_the_next_begins() -> None:
    planned = reported("planned", start=NOW + timedelta(days=1))
    later = NOW + timedelta(hours=5)
    old, new = move(PAIR, planned, "to", told("planned", start=NOW + timedelta(days=4)), later)
    assert (old.state, old.moved_to, old.moved_at, new.planned_at) == ("rescheduled", "to", later, later)
    assert fact("old", 2, old, ROLES).plans[0].moved == later
    with pytest.raises(NotNow, match="moved to another"):
        correct(PAIR, old, Told("held", "bo"), NOW + timedelta(days=9))
    with pytest.raises(NotNow, match="moved to another"):
        move(PAIR, old, "elsewhere", told("planned", start=NOW + timedelta(days=5)), later)
    with pytest.raises(NotNow, match="Only a planned session"):
        move(PAIR, reported("held"), "to", told("planned", start=NOW + timedelta(days=4)), NOW)


def test_only_the_other_side_confirms_or_disputes() -> None:
    held = reported("held")
    for by in ("bo", "eve", None):
        with pytest.raises(NotNow):
            answer(held, by, Confirmation.DISPUTED, NOW)
    with pytest.raises(NotNow, match="Nobody has reported"):
        answer(reported("planned", start=NOW + timedelta(days=1)), "ada", Confirmation.CONFIRMED, NOW)
    assert fact("s", 1, answer(held, "ada", Confirmation.DISPUTED, NOW), ROLES).disputed


def test_a_pair_that_never_began_or_is_over_has_nothing_to_report() -> None:
    proposed = PAIR.model_copy(update={"state": "proposed", "accepted_at": None})
    with pytest.raises(NotNow, match="proposed"):
        report(proposed, told("held"), "UTC", NOW)
    ended = PAIR.model_copy(update={"state": "ended", "ended_at": NOW - timedelta(days=5)})
    with pytest.raises(Refusal, match="come to an end"):
        report(ended, told("held"), "UTC", NOW)
    assert report(ended, told("held", start=NOW - timedelta(days=6)), "UTC", NOW).state == "held"


def test_published_facts_say_who_was_there_and_nothing_else() -> None:
    published = body("s", reported("missed", attended=("bo",), missed_by=("ada",)))
    assert [(one.participant, one.role, one.attended) for one in published.attendance] == [
        ("ada", "mentor", False),
        ("bo", "mentee", True),
    ]


def an_answer(kind: str, day: date, **said: object) -> Answer:
    return Answer(
        id="tap", pair="pair", program="program", kind=kind, day=day, by="bo", answered_at=NOW,
        time_zone="Europe/Berlin", **said,  # type: ignore[arg-type]
    )  # fmt: skip


def test_one_tap_answers_become_sessions_and_busy_days_with_an_id_of_their_own() -> None:
    met = made_of(an_answer("met_on", date(2026, 3, 8)), MEMBERS)
    assert isinstance(met, Record)
    assert (met.state, met.start, met.origin) == ("held", datetime(2026, 3, 8, 11, tzinfo=UTC), "answer")
    today = made_of(an_answer("met_on", date(2026, 3, 10)), MEMBERS)
    assert isinstance(today, Record)
    assert today.start == NOW
    planned = made_of(an_answer("planned_for", date(2026, 3, 14)), MEMBERS)
    assert isinstance(planned, Record)
    assert (planned.state, planned.planned_at) == ("planned", NOW)
    assert made_id("tap") == made_id("tap") != made_id("other")


def test_busy_is_four_weeks_at_most() -> None:
    busy = made_of(an_answer("busy_until", date(2026, 9, 1)), MEMBERS)
    assert busy == Busy(pair="pair", participant="bo", first=date(2026, 3, 10), last=date(2026, 4, 6))


@pytest.mark.parametrize(
    ("kind", "day"),
    [("met_on", date(2026, 3, 11)), ("planned_for", date(2026, 3, 9)), ("busy_until", date(2026, 3, 9)),
     ("something_new", date(2026, 3, 9))],
)  # fmt: skip
def test_an_answer_that_says_nothing_we_can_keep_makes_nothing(kind: str, day: date) -> None:
    assert made_of(an_answer(kind, day), MEMBERS) is None
