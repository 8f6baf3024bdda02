"""From the topics' bodies to people and rules, and back to the bodies that matching publishes."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matching.domain.facts import (
    Known,
    capacity_of,
    last_cadence,
    matters,
    overloaded,
    past_of,
    person_of,
    round_of,
    rules_of,
)
from services.matching.domain.pair import Ending, Member, Pair, Span, Told
from services.matching.domain.people import DEFAULT_WEIGHTS, Boost, Person
from services.matching.domain.plan import Cohort
from services.matching.domain.published import Assessed, assessment_body, pair_body
from services.matching.planning import make_plan
from services.matching.projections import (
    case_changed,
    enrollment_changed,
    participant_changed,
    program_changed,
)
from services.matching.shown import pair_out
from shared.contracts import Case, Enrollment, Participant, Program
from shared.contracts.common import Days
from shared.delivery import Change, Stored

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


def program(**rules):
    cohort = {
        "id": "c",
        "starts": date(2026, 4, 1),
        "ends": date(2026, 10, 1),
        "window": {"first": date(2026, 3, 1), "last": date(2026, 3, 20)},
    }
    return Program.model_validate({"id": "p", "state": "open", "rules": rules, "cohorts": [cohort]})


def enrollment(**facts):
    base = {
        "id": "e1",
        "participant": "a",
        "program": "p",
        "cohort": "c",
        "role": "mentee",
        "state": "open",
        "consent": {"on": date(2026, 1, 1), "source": "app"},
    }
    return Enrollment.model_validate({**base, **facts})


def known(participant=None, **facts):
    return Known(enrollment(**facts), participant or Participant(id="a", time_zone="Europe/Berlin"))


def test_rules_as_the_program_says_and_defaults_where_it_is_silent():
    rules = rules_of(program(change_time={"day": "fri", "at": "08:30"}, time_zone="Europe/Berlin"))
    assert (rules.change_weekday, rules.change_minute, rules.zone) == (4, 510, "Europe/Berlin")
    assert rules.weights == DEFAULT_WEIGHTS
    assert (rules.reporting_line, rules.reporting_levels) == ("levels", 2)
    assert rules_of(program(weights={"goals": 3})).weights == {"goals": 3}
    assert rules_of(program(direction="by_skill")).seniority_band == (-100, 100)
    assert rules_of(program(time_zone="Nowhere/At all")).zone == "UTC"


def test_drafts_are_shown_once_the_window_is_over_in_the_programs_zone():
    found = round_of(program(time_zone="Europe/Berlin"), "c")
    assert found is not None
    assert found.publish == datetime(2026, 3, 20, 23, tzinfo=UTC)
    assert found.start == datetime(2026, 3, 31, 22, tzinfo=UTC)
    assert round_of(program(), "another") is None


def test_an_open_enrollment_needs_a_consent():
    assert person_of(known(), program(), NOW).free == 1
    assert person_of(known(consent=None), program(), NOW).free == 0
    assert known(consent=None).member(NOW).withdrawn


@pytest.mark.parametrize(
    ("facts", "leave"),
    [
        ({"leaves": (Days(first=date(2026, 3, 2), last=date(2026, 3, 9)),)}, True),
        ({"leaves": (Days(first=date(2026, 3, 3), last=None),)}, False),
        ({"leaves": (Days(first=date(2026, 2, 1), last=date(2026, 3, 1)),), "status": "on_leave"}, False),
        ({"status": "on_leave"}, True),
    ],
)
def test_leave_goes_by_its_days_and_by_the_state_alone_where_there_are_none(facts, leave):
    one = known(Participant(id="a", time_zone="Europe/Berlin", **facts))
    assert one.on_leave(NOW) is leave
    assert person_of(one, program(), NOW).present is not leave


def test_the_next_change_is_the_next_border_of_leave_or_days_away_in_the_persons_zone():
    one = known(
        Participant(
            id="a", time_zone="Europe/Berlin", leaves=(Days(first=date(2026, 3, 9), last=date(2026, 3, 12)),)
        ),
        away=(Days(first=date(2026, 3, 1), last=date(2026, 3, 4)),),
    )
    assert one.away(NOW)
    assert one.next_change(NOW) == datetime(2026, 3, 4, 23, tzinfo=UTC)
    assert one.next_change(NOW + timedelta(days=4)) == datetime(2026, 3, 8, 23, tzinfo=UTC)
    assert one.next_change(NOW + timedelta(days=30)) is None


def test_whoever_is_unknown_erased_or_left_is_gone_and_whoever_is_leaving_is_shown_to_nobody_new():
    assert Known(enrollment(), None).member(NOW).gone
    assert known(Participant(id="a", status="left")).member(NOW).gone
    leaving = known(Participant(id="a", leaving_on=date(2026, 5, 1)))
    assert not leaving.member(NOW).gone
    assert not person_of(leaving, program(), NOW).present


def test_places_are_limited_by_the_program_and_for_first_time_mentors():
    mentor = enrollment(role="mentor", capacity=5, first_time=True)
    assert capacity_of(mentor, program()) == 5
    assert capacity_of(mentor, program(first_time_capacity=1)) == 1
    assert capacity_of(mentor, program(max_active_pairs=3)) == 3


def pair(state="active", **facts):
    members = (
        Member(participant="m", role="mentor", enrollment="em"),
        Member(participant="a", role="mentee", enrollment="e1"),
    )
    return Pair(program="p", cohort="c", state=state, members=members, **facts)


def test_past_partners_are_those_that_people_saw_unless_the_program_allows_them_again():
    rules, again = rules_of(program()), rules_of(program(exclude_past_pairs=False))
    for state in ("proposed", "active", "paused", "ended", "declined", "expired", "completed"):
        assert past_of("a", [pair(state)], rules) == {"m"}
    for state in ("draft", "dropped", "withdrawn"):
        assert past_of("a", [pair(state)], rules) == frozenset()
    assert past_of("a", [pair("ended")], again) == frozenset()
    assert past_of("a", [pair("active")], again) == {"m"}


def test_too_many_open_cases_per_coordinator_stop_proposals_and_the_last_cadence_rematches():
    case = Case.model_validate({"id": "x", "program": "p", "case": {"state": "open"}})
    closed = Case.model_validate({"id": "y", "program": "p", "case": {"state": "closed"}})
    assert overloaded(program(open_cases_per_coordinator=1), [case, case])
    assert not overloaded(program(open_cases_per_coordinator=1), [case, closed])
    assert last_cadence(NOW + timedelta(days=13), NOW, 14)
    assert not last_cadence(NOW + timedelta(days=15), NOW, 14)
    assert not last_cadence(None, NOW, 14)


def test_all_that_a_program_and_a_profile_say_reaches_matching():
    rules = rules_of(
        program(
            weights={"affinity": 4, "field": 1, "values": 10},
            minimum_score=9,
            boosts=[{"points": 5, "label": "pilot", "mentee": {"country": ["DE"]}, "later": 1}],
        )
    )
    assert (rules.weights, rules.minimum) == ({"affinity": 4, "field": 1, "values": 10}, 9)
    assert rules.boosts == (Boost(5, "pilot", (("country", ("DE",)),)),)
    wants = {
        "values": ["care"],
        "style_wanted": ["directive"],
        "style_offered": ["sponsoring"],
        "support_wanted": ["career"],
        "support_offered": ["networks"],
        "affinity": ["t1"],
    }
    place = {"country": "CA", "region": "QC", "site": "Plant", "field": "Law", "promotion_pool": "p"}
    for role, style, support in (("mentee", "directive", "career"), ("mentor", "sponsoring", "networks")):
        facts = {"role": role, "preferences": wants, "boost": 7, "first_time": True, "capacity": 2}
        one = person_of(
            Known(enrollment(**facts), Participant.model_validate({"id": "a", **place})), program(), NOW
        )
        assert (one.values, one.styles, one.supports) == ({"care"}, {style}, {support})
        assert (one.country, one.region, one.site, one.area) == ("CA", "QC", "Plant", "Law")
        assert (one.affinity, one.boost, one.first_time, one.promotion_pool) == ({"t1"}, 7, True, "p")
        assert one.places == 2


def test_words_are_compared_whatever_their_case():
    """Files are worded by the import, requests and other writers as people type: a gate must not miss for that."""
    said = {
        "languages": ["EN"],
        "goals": ["Lead a Team"],
        "values": ["Care"],
        "skills_offered": {"Python": 4},
    }
    participant = Participant.model_validate({"id": "a", "promotion_pool": "Sales-Leads"})
    one = person_of(Known(enrollment(role="mentor", preferences=said), participant), program(), NOW)
    assert (one.languages, one.goals, one.values) == (("en",), {"lead a team"}, {"care"})
    assert (one.skills, one.promotion_pool) == ({"python": 4}, "sales-leads")


def test_a_gap_beyond_every_ladder_means_the_whole_ladder():
    """One person's wish must not be able to stop the plan of a whole cohort."""
    told = enrollment(preferences={"seniority_gap": {"least": 50_000, "most": 60_000}})
    one = person_of(Known(told, Participant.model_validate({"id": "a", "seniority": 3})), program(), NOW)
    assert one.gap == (100, 100)
    wide = rules_of(program(seniority_gap={"least": -50_000, "most": 50_000}))
    assert wide.seniority_band == (-100, 100)
    mentor = Person("m", "m", "mentor", seniority=5)
    assert make_plan(Cohort(wide, NOW, [mentor], [replace(one, role="mentee")])).chosen


SECRETS = {"reason": "mismatch", "ending": Ending(at=NOW, reason="safeguarding", by="m")}


def test_the_published_pair_never_tells_why_it_ended_or_that_it_will():
    before, after = pair(), pair(**SECRETS)
    assert pair_body("x", before) == pair_body("x", after)
    for reader in ("m", "a"):
        seen = [pair_out(Stored("o", "x", each, 1, 1, 1), reader) for each in (before, after)]
        assert seen[0] == seen[1]


def test_pauses_are_published_as_whole_days_of_the_programs_zone():
    berlin = "Europe/Berlin"
    spans = (
        Span(kind="leave", since=NOW, until=NOW + timedelta(days=3)),
        Span(kind="requested", since=NOW, until=NOW + timedelta(hours=1)),
        Span(kind="leave", since=datetime(2026, 5, 31, 22, tzinfo=UTC)),
    )
    body = pair_body("x", pair(pauses=spans, zone=berlin))
    assert [(each.first, each.last) for each in body.pauses] == [
        (date(2026, 3, 2), date(2026, 3, 4)),
        (date(2026, 6, 1), None),
    ]


def test_restricted_gate_classes_read_the_same_in_an_assessment():
    found = Assessed(
        program="p",
        cohort="c",
        score=10,
        reasons=(Told(term="goals", weight=5, share=None, points=10, sentence="s", told="t"),),
        gates=(("exclusion", NOW), ("language", NOW), ("promotion_pool", NOW - timedelta(days=1))),
    )
    body = assessment_body("x", found)
    assert [(each.gate, each.since) for each in body.failing] == [
        ("language", NOW),
        ("restricted", NOW - timedelta(days=1)),
    ]
    assert [(each.sentence, each.shared) for each in body.reasons] == [("s", False), ("t", True)]


def change(before, after, id="a"):
    return Change("o", id, "changed", before, after)


def test_an_edit_of_no_weight_wakes_nobody():
    person = Participant(id="a", region="BE").model_dump(mode="json")
    assert not list(
        participant_changed(change(person, {**person, "links": [{"source": "s", "external_id": "1"}]}))
    )
    assert list(participant_changed(change(person, {**person, "region": "BB"})))
    wakes = list(participant_changed(change(person, {**person, "manager": "b"})))
    assert {each.kind for each in wakes} == {"participant", "moved"}
    assert [each.kind for each in participant_changed(change(person, None))] == ["participant"]
    managed = {**person, "manager": "b"}
    assert {each.kind for each in participant_changed(change(managed, None))} == {"participant", "moved"}
    one = enrollment().model_dump(mode="json")
    assert not list(enrollment_changed(change(one, {**one, "opened_at": "2026-01-01T00:00:00Z"})))
    found = {each.kind for each in enrollment_changed(change(one, {**one, "capacity": 2}))}
    assert found == {"changed", "enrollment"}


def test_a_newcomer_on_whose_facts_nobody_relied_wakes_nobody():
    person = Participant(id="a").model_dump(mode="json")
    assert not list(participant_changed(change(None, person)))
    assert not list(participant_changed(change(None, {**person, "manager": "b"})))
    one = enrollment().model_dump(mode="json")
    assert {each.kind for each in enrollment_changed(change(None, one))} == {"changed", "joined"}
    again = {**one, "capacity": 9}
    assert {each.kind for each in enrollment_changed(change(one, again))} == {"changed", "enrollment"}
    invited = {**one, "state": "invited"}
    assert {each.kind for each in enrollment_changed(change(None, invited))} == {"changed"}
    assert "joined" in {each.kind for each in enrollment_changed(change(invited, one))}
    applied = {**one, "state": "applied"}
    assert {each.kind for each in enrollment_changed(change(applied, one))} == {"changed", "joined"}
    assert {each.kind for each in enrollment_changed(change(one, None))} == {"changed", "enrollment"}


def test_a_programs_name_is_of_no_weight_and_its_state_is():
    rules = program().model_dump(mode="json")
    assert not list(program_changed(change(rules, {**rules, "name": "New name"})))
    assert [each.kind for each in program_changed(change(rules, {**rules, "state": "closed"}))] == ["program"]


def test_only_the_word_about_a_rematch_matters_of_a_case():
    one = {"case": {"state": "open", "rematch": "none"}}
    assert not list(case_changed(change(one, {"case": {"state": "on_hold", "rematch": "none"}})))
    assert list(case_changed(change(one, {"case": {"state": "open", "rematch": "confirmed"}})))
    assert list(case_changed(change(None, {"case": {"state": "open", "rematch": "confirmed"}})))


@given(st.dictionaries(st.sampled_from("abc"), st.integers()), st.sampled_from("abc"))
def test_what_is_ignored_never_matters(state, name):
    assert not matters(state, {**state, name: 1}, ignore=frozenset({name}))
    assert matters(None, state, ignore=frozenset("abc"))
