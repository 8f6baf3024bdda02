"""The case of a pair: given facts, when a run comes, then these outcomes."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from a_pair import DAY, NOON, PAIR, RULES, Service, facts, stalled
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifications.domain.acts import approve_rematch, dismiss, snooze
from services.notifications.domain.decide import decide
from services.notifications.domain.facts import Facts, Health, Pair, Person, Plan, Signal
from services.notifications.domain.outcomes import (
    Closed,
    Deferred,
    Fired,
    Held,
    Nudge,
    Opened,
    Recovered,
    RematchRefused,
    Reopened,
    Resumed,
)
from services.notifications.domain.state import Attention, Busy, Postbox, Rematch, Status
from shared.ladder import Inbox, Precedence, Slot

WELL = Health(14)


def kinds(outcomes: list[object]) -> list[str]:
    return [type(outcome).__name__ for outcome in outcomes]


def test_a_stalled_pair_opens_a_case_and_asks_the_one_who_owes() -> None:
    service = Service(facts())
    opened, fired = service.run()
    assert isinstance(opened, Opened)
    assert isinstance(fired, Fired)
    assert [mail.person for mail in service.mail] == ["mentee"]


def test_the_junior_never_chases_a_senior_who_cancelled() -> None:
    service = Service(facts(health=stalled(owes="mentor")))
    service.run()
    assert [mail.person for mail in service.mail] == ["mentor"]


def test_when_nobody_owes_both_are_asked() -> None:
    service = Service(facts(health=stalled(owes=None)))
    service.run()
    assert sorted(mail.person for mail in service.mail) == ["mentee", "mentor"]


def test_all_four_rungs_in_their_time() -> None:
    service = Service(facts())
    service.run()
    service.daily(20)
    fired = [
        ((at - NOON).days, outcome.rung.number) for at, outcome in service.log if isinstance(outcome, Fired)
    ]
    assert fired == [(0, 1), (3, 2), (7, 3), (14, 4)]
    assert [mail.kind for mail in service.mail] == [
        "rung.owing",
        "rung.both",
        "rung.both",
        "rung.coordinator",
        "rung.rematch",
    ]
    case = service.facts.attention.case
    assert case is not None
    assert case.rematch is Rematch.RECOMMENDED


def test_a_clock_advanced_by_a_month_fires_one_rung() -> None:
    service = Service(facts())
    service.run()
    service.after(30)
    for _ in range(5):
        service.run()
    assert service.rungs == [1, 2]


def test_running_again_changes_nothing() -> None:
    service = Service(facts())
    service.run()
    assert service.run() == []


def test_recovery_closes_without_mail() -> None:
    service = Service(facts())
    service.run()
    before = len(service.mail)
    outcomes = service.change(health=WELL, last_held=date(2026, 3, 3))
    assert outcomes == [Recovered(date(2026, 3, 3))]
    assert len(service.mail) == before


def test_a_silence_soon_after_recovery_is_the_same_case_at_the_same_rung() -> None:
    service = Service(facts())
    service.run()
    service.daily(3)
    service.change(health=WELL, last_held=date(2026, 3, 6))
    service.now += 40 * DAY
    outcomes = service.change(health=stalled(date(2026, 4, 14)), last_held=date(2026, 3, 20))
    assert kinds(outcomes) == ["Reopened"]
    assert service.facts.attention.case.number == 1  # type: ignore[union-attr]
    service.daily(4)
    assert service.rungs == [1, 2, 3]


def test_a_silence_long_after_recovery_is_a_new_case() -> None:
    service = Service(facts())
    service.run()
    service.change(health=WELL, last_held=date(2026, 3, 3))
    service.now += 90 * DAY
    outcomes = service.change(health=stalled(date(2026, 6, 1)), last_held=date(2026, 5, 1))
    assert kinds(outcomes) == ["Opened", "Fired"]
    assert service.facts.attention.case.number == 2  # type: ignore[union-attr]


def test_a_case_that_reopens_at_the_last_rung_is_recommended_again() -> None:
    service = Service(facts())
    service.run()
    service.daily(14)
    service.change(health=WELL, last_held=date(2026, 3, 16))
    assert service.facts.attention.case.rematch is Rematch.NONE  # type: ignore[union-attr]
    outcomes = service.change(health=stalled(date(2026, 4, 10)), last_held=date(2026, 3, 16))
    assert outcomes == [Reopened("stalled", date(2026, 4, 10), top=True)]
    assert service.facts.attention.case.rematch is Rematch.RECOMMENDED  # type: ignore[union-attr]


def test_a_planned_session_holds_the_case_until_the_day_after() -> None:
    service = Service(facts())
    service.run()
    plan = Plan(NOON + 5 * DAY, NOON + 6 * DAY)
    assert service.change(plans=(plan,)) == [Held(plan.until, "planned")]
    service.daily(5)
    assert service.rungs == [1]
    assert service.after(1) == [Resumed()]
    service.daily(3)
    assert service.rungs == [1, 2]


def test_a_session_planned_for_next_year_holds_nothing_yet() -> None:
    service = Service(facts(plans=(Plan(NOON + 300 * DAY, NOON + 301 * DAY),)))
    assert kinds(service.run()) == ["Opened", "Fired"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"pair": replace(PAIR, state="paused")}, "paused"),
        ({"people": {"mentee": Person("mentee", absent=True)}}, "absent"),
    ],
)
def test_pauses_and_leave_hold(change: dict[str, object], why: str) -> None:
    service = Service(facts())
    service.run()
    assert service.change(**change) == [Held(None, why)]


def test_a_word_of_busy_until_holds() -> None:
    service = Service(facts())
    service.run()
    until = NOON + 10 * DAY
    busy = service.facts.attention.model_copy(update={"busy": (Busy(participant="mentor", until=until),)})
    assert service.change(attention=busy) == [Held(until, "busy")]
    assert service.after(10) == [Resumed()]


def test_a_concern_suspends() -> None:
    service = Service(facts())
    service.run()
    assert service.change(concern=True) == [Held(None, "restricted", suspended=True)]
    service.daily(30)
    assert service.rungs == [1]


def test_the_end_of_the_pair_closes() -> None:
    service = Service(facts())
    service.run()
    outcomes = service.change(pair=replace(PAIR, state="ended"))
    assert Closed("pair_ended") in outcomes


def test_the_end_of_the_cohort_closes() -> None:
    service = Service(facts(rules=replace(RULES, ends=NOON + 2 * DAY)))
    service.run()
    assert service.after(2) == [Closed("cohort_ended")]


def test_nobody_is_rematched_in_the_last_cadence() -> None:
    service = Service(facts(rules=replace(RULES, ends=NOON + 27 * DAY)))
    service.run()
    service.daily(26)
    assert service.rungs == [1, 2, 3]


def test_an_absent_coordinator_is_stood_in_for() -> None:
    away = {id: Person(id, absent=True) for id in ("carla", "carl")}
    service = Service(facts(people=away))
    service.run()
    service.daily(7)
    assert service.mail[-1].person == "stan"


def test_a_coordinator_does_not_get_the_case_of_their_own_pair() -> None:
    pair = Pair("pair", "program", "cohort", "active", {"carla": "mentor", "mentee": "mentee"})
    service = Service(facts(pair=pair))
    service.run()
    service.daily(7)
    assert service.mail[-1].person == "carl"


def test_a_full_week_defers_the_rung_and_moves_the_later_ones() -> None:
    sent = tuple(Slot(id=str(days), at=NOON - days * DAY, precedence=Precedence.CASE) for days in (1, 2))
    service = Service(facts(postboxes={"mentee": Postbox(inbox=Inbox(sent=sent))}))
    _, deferred = service.run()
    assert isinstance(deferred, Deferred)
    assert deferred.until == NOON + 5 * DAY
    assert service.run() == []
    service.daily(8)
    at = [(moment - NOON).days for moment, outcome in service.log if isinstance(outcome, Fired)]
    assert at == [5, 8]


def test_a_coordinator_whose_week_is_full_reads_it_in_the_inbox_and_the_digest() -> None:
    sent = tuple(Slot(id=str(days), at=NOON + days * DAY, precedence=Precedence.CASE) for days in (5, 6))
    service = Service(facts(rules=replace(RULES, coordinators=("carla",))))
    service.run()
    service.change(postboxes={**service.facts.postboxes, "carla": Postbox(inbox=Inbox(sent=sent))})
    service.daily(7)
    assert service.rungs == [1, 2, 3]
    box = service.facts.postboxes["carla"]
    assert [post.kind for post in box.waiting] == ["rung.coordinator"]
    assert box.digest_at == NOON + 12 * DAY
    service.daily(11)
    assert service.rungs == [1, 2, 3]  # the ladder goes on from when the digest reaches the coordinator
    service.after(1)
    assert service.rungs == [1, 2, 3, 4]


def test_mail_at_night_waits_for_the_morning_and_the_ladder_with_it() -> None:
    night = NOON.replace(hour=23)
    service = Service(facts(), now=night)
    service.run()
    assert service.mail[0].at == NOON.replace(hour=8) + DAY
    assert decide(service.facts, night).due == NOON.replace(hour=8) + 4 * DAY


def test_a_snoozed_case_rests() -> None:
    service = Service(facts())
    service.run()
    rested = snooze(service.facts.attention, NOON + 5 * DAY, "carla", NOON)
    assert isinstance(rested, Attention)
    assert service.change(attention=rested) == [Held(NOON + 5 * DAY, "snoozed")]
    assert service.after(5) == [Resumed()]


def test_a_dismissed_case_stays_dismissed_for_its_silence_only() -> None:
    service = Service(facts())
    service.run()
    dismissed = dismiss(service.facts.attention, "on a long project together", "carla", NOON)
    assert isinstance(dismissed, Attention)
    assert service.change(attention=dismissed) == []
    assert service.after(60) == []
    assert kinds(service.change(health=stalled(date(2026, 5, 10)))) == ["Opened", "Fired"]


def test_the_coordinators_word_is_kept_until_matching_acts_or_refuses() -> None:
    service = Service(facts())
    service.run()
    assert not isinstance(approve_rematch(service.facts.attention, "carla", NOON), Attention)
    service.daily(14)
    word = approve_rematch(service.facts.attention, "carla", service.now)
    assert isinstance(word, Attention)
    assert service.change(attention=word) == []
    day = service.now.date()
    assert service.change(rematch_refused=day) == [RematchRefused(day)]
    assert service.facts.attention.case.rematch is Rematch.RECOMMENDED  # type: ignore[union-attr]
    again = approve_rematch(service.facts.attention, "carla", service.now)
    assert isinstance(again, Attention)
    assert service.change(attention=again) == []


def test_a_program_that_says_so_needs_no_word() -> None:
    service = Service(facts(rules=replace(RULES, rematch="automatic")))
    service.run()
    service.daily(14)
    assert service.facts.attention.case.rematch is Rematch.CONFIRMED  # type: ignore[union-attr]


def test_several_nudges_are_one_message_and_each_comes_once() -> None:
    signals = (Signal("nudge.no_goals", date(2026, 3, 1)), Signal("nudge.not_meeting", date(2026, 3, 2)))
    service = Service(facts(health=Health(14, signals, owes="mentee")))
    (nudge,) = service.run()
    assert isinstance(nudge, Nudge)
    assert {post.person: post.details for post in nudge.posts} == {
        "mentee": ("nudge.no_goals", "nudge.not_meeting"),
        "mentor": ("nudge.no_goals",),
    }
    service.daily(30)
    assert len(service.mail) == 2


def test_a_pair_with_a_case_gets_no_nudge() -> None:
    signals = (Signal("nudge.no_goals", date(2026, 3, 1)), Signal("stalled", date(2026, 3, 2)))
    service = Service(facts(health=Health(14, signals)))
    assert kinds(service.run()) == ["Opened", "Fired"]


def test_reviews_open_and_close_and_tell_the_pair_nothing() -> None:
    health = Health(14, (Signal("review.low_pulse", date(2026, 3, 1)),))
    service = Service(facts(health=health))
    assert kinds(service.run()) == ["ReviewOpened"]
    assert service.run() == []
    assert kinds(service.change(health=WELL)) == ["ReviewClosed"]
    assert service.mail == []


def test_a_pair_is_told_of_its_proposal_start_and_end_once() -> None:
    proposed = replace(PAIR, state="proposed")
    service = Service(facts(pair=proposed, attention=Attention(), health=None))
    service.run()
    service.run()
    service.change(pair=PAIR)
    service.daily(2)
    service.change(pair=replace(PAIR, state="ended"))
    service.daily(2)
    assert [mail.kind for mail in service.mail] == ["proposal"] * 2 + ["welcome"] * 2 + ["ended"] * 2


def test_one_who_left_gets_no_mail_and_the_partner_does() -> None:
    people = {"mentor": Person("mentor", gone=True)}
    service = Service(facts(pair=replace(PAIR, state="ended", outcome="left"), people=people))
    service.run()
    assert [(mail.person, mail.kind) for mail in service.mail] == [("mentee", "ended")]


moves = st.lists(
    st.tuples(
        st.sampled_from(["wait", "held", "stall", "plan", "pause", "go_on", "snooze", "busy", "concern"]),
        st.floats(min_value=0, max_value=35),
    ),
    max_size=30,
)


def move(service: Service, what: str) -> None:
    """One thing that happens to the pair."""
    now, kept = service.now, service.facts
    match what:
        case "held":
            service.facts = replace(kept, health=WELL, last_held=now.date())
        case "stall":
            service.facts = replace(kept, health=stalled(now.date()))
        case "plan":
            service.facts = replace(kept, plans=(Plan(now + 3 * DAY, now + 4 * DAY),))
        case "pause":
            service.facts = replace(kept, pair=replace(PAIR, state="paused"))
        case "go_on":
            service.facts = replace(kept, pair=PAIR, concern=False)
        case "concern":
            service.facts = replace(kept, concern=True)
        case "busy":
            busy = (Busy(participant="mentor", until=now + 6 * DAY),)
            service.facts = replace(kept, attention=kept.attention.model_copy(update={"busy": busy}))
        case "snooze":
            rested = snooze(kept.attention, now + 2 * DAY, "carla", now)
            if isinstance(rested, Attention):
                service.facts = replace(kept, attention=rested)


@settings(max_examples=120, deadline=None)
@given(moves=moves)
def test_whatever_happens_to_a_pair(moves: list[tuple[str, float]]) -> None:
    service = Service(facts())
    seen: set[tuple[int, int]] = set()
    for what, days in moves:
        service.now += timedelta(days=days)
        move(service, what)
        outcomes = service.run()
        fired = [outcome for outcome in outcomes if isinstance(outcome, Fired)]
        assert len(fired) <= 1, "one rung a run at most"
        case = service.facts.attention.case
        for outcome in fired:
            assert case is not None
            assert (case.number, outcome.rung.number) not in seen, "never the same rung twice"
            seen.add((case.number, outcome.rung.number))
        assert service.run() == [], "a run that sees nothing new does nothing"
        decision = decide(service.facts, service.now)
        assert decision.due is None or decision.due > service.now
        if case is not None and case.status is not Status.OPEN:
            assert case.track.since is None, "the clock of a case that is not open stands"
    assert len({mail.id for mail in service.mail}) == len(service.mail), "no message is sent twice"
    limited: dict[str, list[datetime]] = {}
    for mail in service.mail:
        limited.setdefault(mail.person, []).append(mail.at)
    for times in limited.values():
        for at in times:
            assert sum(at <= other < at + 7 * DAY for other in times) <= 2


def test_facts_have_no_place_for_what_is_sealed() -> None:
    sealed = {"total", "band", "components", "pulse", "rubric", "requests", "score"}
    assert not sealed & (set(Facts.__slots__) | set(Health.__slots__) | set(Pair.__slots__))


def test_the_coordinators_word_stands_when_the_pair_meets_once_more() -> None:
    service = Service(facts())
    service.run()
    service.daily(14)
    word = approve_rematch(service.facts.attention, "carla", service.now)
    service.change(attention=word, health=WELL, last_held=service.now.date())
    case = service.facts.attention.case
    assert case is not None
    assert (case.status, case.rematch) == (Status.RECOVERED, Rematch.CONFIRMED)
