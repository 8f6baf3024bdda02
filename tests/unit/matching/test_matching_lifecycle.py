"""A pair's road from draft to its end: what is allowed, what the world makes of it, and when."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from services.matching.api.pairs import PauseBody
from services.matching.domain import lifecycle as do
from services.matching.domain.lifecycle import decide
from services.matching.domain.pair import LIVING, SHOWN, Changed, Member, Pair, Refused, Span, Unchanged
from services.matching.domain.people import Rules
from services.matching.domain.settle import MemberFacts, PairFacts, next_change_time, settle

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
WEEK = timedelta(days=7)


def pair(state="proposed", **facts):
    members = (
        Member(participant="m", role="mentor", enrollment="em"),
        Member(participant="e", role="mentee", enrollment="ee"),
    )
    return Pair(program="p", cohort="c", state=state, members=members, **facts)


def do_all(start, *commands, now=NOW):
    for command in commands:
        outcome = decide(start, command, now)
        assert isinstance(outcome, Changed), outcome
        start = outcome.pair
    return start


def test_a_draft_becomes_a_proposal_that_both_accept():
    proposed = decide(pair("draft"), do.Propose(NOW + WEEK), NOW)
    assert isinstance(proposed, Changed)
    assert (proposed.event, proposed.pair.expires_at) == ("pair.proposed", NOW + WEEK)
    one = decide(proposed.pair, do.Accept("m"), NOW)
    assert isinstance(one, Changed)
    assert (one.pair.state, one.event) == ("proposed", None)
    both = decide(one.pair, do.Accept("e"), NOW)
    assert isinstance(both, Changed)
    assert (both.pair.state, both.event, both.pair.accepted_at) == ("accepted", "pair.accepted", NOW)


def test_where_the_program_says_so_the_coordinator_says_yes_too_before_or_after():
    for order in ("mea", "ame", "mae"):
        known = {"m": do.Accept("m"), "e": do.Accept("e"), "a": do.Approve()}
        waiting = do_all(pair(approval=True), *(known[each] for each in order[:2]))
        assert waiting.state == "proposed"
        assert do_all(waiting, known[order[2]]).state == "accepted"


def test_accepting_twice_is_accepting_once_and_a_stranger_cannot():
    one = do_all(pair(), do.Accept("m"))
    assert isinstance(decide(one, do.Accept("m"), NOW), Unchanged)
    assert decide(one, do.Accept("x"), NOW) == Refused("no_member", "Only its two members can accept a pair.")


def test_an_answer_after_the_answer_date_is_refused_even_before_the_expiry_was_carried_out():
    late = decide(pair(expires_at=NOW), do.Accept("m"), NOW)
    assert isinstance(late, Refused)
    assert late.code == "expired"


def test_a_decline_closes_the_proposal_and_its_reason_stays_inside():
    declined = decide(pair(), do.Decline("e", "too far"), NOW)
    assert isinstance(declined, Changed)
    assert (declined.pair.state, declined.pair.reason, declined.event) == (
        "declined",
        "too far",
        "pair.declined",
    )
    assert isinstance(decide(declined.pair, do.Decline("e"), NOW), Unchanged)
    assert isinstance(decide(declined.pair, do.Accept("m"), NOW), Refused)


def test_a_requested_pause_has_an_end_within_twelve_weeks():
    for until in (NOW, NOW + timedelta(weeks=12, seconds=1)):
        assert isinstance(decide(pair("active"), do.Pause(until), NOW), Refused)
    paused = do_all(pair("active"), do.Pause(NOW + WEEK))
    assert (paused.state, paused.pauses[0].until) == ("paused", NOW + WEEK)
    back = settle(paused, PairFacts(), NOW + WEEK)
    assert (back.pair.state, back.events) == ("active", ("pair.resumed",))


def test_a_leave_pauses_and_the_return_resumes_and_keeps_a_pause_that_was_asked_for():
    away = PairFacts(members=(MemberFacts(on_leave=True), MemberFacts()))
    back = PairFacts(members=(MemberFacts(), MemberFacts()))
    paused = settle(pair("active"), away, NOW)
    assert (paused.pair.state, paused.pair.on_leave, paused.events) == ("paused", True, ("pair.paused",))
    assert settle(paused.pair, back, NOW).pair.state == "active"
    asked = do_all(pair("active"), do.Pause(NOW + WEEK))
    both = settle(asked, away, NOW).pair
    assert settle(both, back, NOW + timedelta(days=1)).pair.state == "paused"
    assert settle(both, back, NOW + WEEK).pair.state == "active"


def test_a_leave_cannot_be_ended_by_hand():
    paused = do_all(pair("active"), do.Leave())
    assert isinstance(decide(paused, do.Resume(), NOW), Refused)


def test_a_departure_ends_a_living_pair_and_withdraws_a_proposal():
    gone = PairFacts(members=(MemberFacts(gone=True), MemberFacts()))
    for state in sorted(LIVING):
        ended = settle(pair(state), gone, NOW)
        assert (ended.pair.state, ended.pair.outcome, ended.events[-1]) == ("ended", "left", "pair.ended")
    assert settle(pair(), gone, NOW).events == ("pair.withdrawn",)
    assert settle(pair("draft"), gone, NOW).events == ()


def test_a_failing_gate_withdraws_a_proposal_but_only_marks_a_living_pair():
    failing = PairFacts(failing=("reporting_line",))
    assert settle(pair(), failing, NOW).pair.state == "withdrawn"
    marked = settle(pair("active"), failing, NOW).pair
    assert (marked.state, marked.gates) == ("active", (("reporting_line", NOW),))
    assert settle(marked, failing, NOW + WEEK).pair.gates == (("reporting_line", NOW),)
    assert settle(marked, PairFacts(), NOW + WEEK).pair.gates == ()


def test_active_from_the_later_of_acceptance_and_cohort_start():
    start = PairFacts(start=NOW + WEEK)
    waiting = settle(pair("accepted"), start, NOW)
    assert (waiting.pair.state, waiting.due) == ("accepted", NOW + WEEK)
    assert settle(waiting.pair, start, NOW + WEEK).pair.active_at == NOW + WEEK
    assert settle(pair("accepted"), PairFacts(start=NOW - WEEK), NOW).pair.active_at == NOW


def test_a_proposal_expires_at_its_answer_date_not_before():
    open_one = pair(expires_at=NOW + WEEK)
    assert settle(open_one, PairFacts(), NOW).due == NOW + WEEK
    assert settle(open_one, PairFacts(), NOW + WEEK).events == ("pair.expired",)


def test_a_confirmed_rematch_ends_at_the_change_time_without_fault():
    facts = PairFacts(rematch=True)
    decided = settle(pair("active"), facts, NOW)
    assert (decided.pair.state, decided.events) == ("active", ())
    assert decided.due == next_change_time(NOW, Rules())
    ended = settle(decided.pair, facts, decided.due)
    assert (ended.pair.state, ended.pair.outcome, ended.pair.reason) == ("ended", "ended", "rematched")


def test_every_end_that_a_person_decides_reads_the_same():
    outcomes = set()
    for reason in ("mismatch", "conflict_of_interest", "safeguarding", "no_time", "rematched"):
        waiting = do_all(pair("active"), do.EndLater(NOW + WEEK, reason, "someone"))
        ended = settle(waiting, PairFacts(), NOW + WEEK)
        outcomes.add((ended.pair.state, ended.pair.outcome, ended.events))
    assert outcomes == {("ended", "ended", ("pair.ended",))}


def test_change_time_is_monday_nine_in_the_programs_zone_and_always_ahead():
    berlin = Rules(zone="Europe/Berlin")
    assert next_change_time(NOW, berlin) == NOW + WEEK
    assert next_change_time(NOW - timedelta(seconds=1), berlin) == NOW
    assert next_change_time(datetime(2026, 3, 28, tzinfo=UTC), berlin) == datetime(2026, 3, 30, 7, tzinfo=UTC)


def test_the_end_of_the_cohort_completes_what_lives():
    done = settle(pair("active"), PairFacts(end=NOW), NOW)
    assert (done.pair.state, done.pair.outcome) == ("completed", "completed")


@pytest.mark.parametrize("state", ["declined", "expired", "withdrawn", "ended", "completed"])
def test_what_is_over_stays_over(state):
    everything = PairFacts(
        members=(MemberFacts(gone=True, withdrawn=True, on_leave=True, away=True),),
        end=NOW,
        rematch=True,
        failing=("language",),
    )
    assert settle(pair(state), everything, NOW).events == ()
    assert settle(pair(state), everything, NOW).pair == pair(state)


member_facts = st.builds(
    MemberFacts, gone=st.booleans(), withdrawn=st.booleans(), on_leave=st.booleans(), away=st.booleans()
)
pair_facts = st.builds(
    PairFacts,
    members=st.tuples(member_facts, member_facts),
    start=st.none() | st.just(NOW + WEEK),
    end=st.none() | st.just(NOW + 3 * WEEK),
    rematch=st.booleans(),
    failing=st.just(()) | st.just(("language",)),
)
pairs = st.builds(
    pair,
    st.sampled_from(["draft", *sorted(SHOWN), "ended", "declined"]),
    expires_at=st.just(NOW + WEEK),
    pauses=st.sampled_from(
        [
            (),
            (Span(kind="leave", since=NOW - WEEK),),
            (Span(kind="requested", since=NOW - WEEK, until=NOW + WEEK),),
            (
                Span(kind="leave", since=NOW - WEEK),
                Span(kind="requested", since=NOW - WEEK, until=NOW + 2 * WEEK),
            ),
        ]
    ),
)


@given(pairs, pair_facts, st.integers(0, 30))
@settings(max_examples=200)
def test_settling_twice_is_settling_once_and_a_leaver_has_no_living_pair(given_pair, facts, days):
    now = NOW + timedelta(days=days)
    once = settle(given_pair, facts, now)
    again = settle(once.pair, facts, now)
    assert again.pair == once.pair
    assert again.events == ()
    assert once.due is None or once.due > now
    if any(member.gone for member in facts.members):
        assert once.pair.state not in SHOWN


@given(pairs, pair_facts, st.lists(st.integers(0, 30), max_size=5))
@settings(max_examples=100)
def test_looking_often_and_looking_once_end_in_the_same_state(given_pair, facts, days):
    """Late work fires once, judged on the facts of now: only the moments differ, never the state."""
    end = NOW + timedelta(days=31)
    often = given_pair
    for day in sorted(days):
        often = settle(often, facts, NOW + timedelta(days=day)).pair
    often = settle(often, facts, end).pair
    once = settle(given_pair, facts, end).pair
    if not facts.rematch:
        assert often.state == once.state
    else:
        assert (often.state in SHOWN) <= (once.state in SHOWN)


def test_a_pause_beyond_all_calendars_is_refused_with_its_field() -> None:
    with pytest.raises(ValidationError, match="until"):
        PauseBody.model_validate({"until": "9999-12-31"})
