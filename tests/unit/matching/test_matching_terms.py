"""Terms and score: shares between 0 and 1, not known is neutral, sentences name nobody."""

import re
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from people_for_tests import NOW, mentee, mentor, pool

from services.matching.domain.people import DEFAULT_WEIGHTS, SCALE, WEEK_MINUTES, Boost, Person, Rules
from services.matching.domain.score import NEUTRAL, on_scale, reasons, score, scores, told
from services.matching.domain.terms import TERMS
from services.matching.domain.terms.availability import minutes


def share(term: str, one: Person, other: Person, **rules) -> float:
    return float(TERMS[term].shares(one, pool(other, rules=Rules(**rules)))[0])


def test_all_terms_are_found_in_their_files_and_have_a_default_weight_below_choice():
    assert set(TERMS) == set(DEFAULT_WEIGHTS) == {
        *("choice", "skills", "goals", "languages", "availability", "seniority"),
        *("values", "style", "support", "location", "field", "affinity"),
    }  # fmt: skip
    assert all(
        weight < DEFAULT_WEIGHTS["choice"] for name, weight in DEFAULT_WEIGHTS.items() if name != "choice"
    )


@pytest.mark.parametrize("term", sorted(TERMS))
def test_what_is_not_known_is_neutral(term):
    assert np.isnan(share(term, mentee("a"), mentor("b")))


def test_choice_counts_the_rank_on_both_sides():
    assert share("choice", mentee("a", choices=("b",)), mentor("b")) == 1.0
    assert share("choice", mentee("a", choices=("c", "b")), mentor("b")) == 0.9
    assert share("choice", mentee("a", choices=("c",)), mentor("b")) == 0.0
    assert share("choice", mentee("a", choices=("b",)), mentor("b", choices=("c",))) == 0.5
    assert share("choice", mentee("a"), mentor("b", choices=("a",))) == 1.0


def test_skills_count_by_level():
    wants = mentee("a", skills={"python": 4, "speaking": 2})
    assert share("skills", wants, mentor("b", skills={"python": 5, "speaking": 2})) == 1.0
    assert share("skills", wants, mentor("b", skills={"python": 2})) == pytest.approx(2 / 6)
    assert share("skills", wants, mentor("b", skills={"drawing": 5})) == 0.0
    assert np.isnan(share("skills", wants, mentor("b")))


def test_goals_count_those_in_common():
    wants = mentee("a", goals=frozenset({"lead", "write"}))
    assert share("goals", wants, mentor("b", goals=frozenset({"lead", "sell"}))) == 0.5


def test_languages_prefer_the_first_of_each():
    assert share("languages", mentee("a", languages=("fr", "en")), mentor("b", languages=("fr",))) == 1.0
    assert share("languages", mentee("a", languages=("fr", "en")), mentor("b", languages=("de", "en"))) == 0.0
    assert share("languages", mentee("a", languages=("fr", "en")), mentor("b", languages=("en",))) == 0.5


def test_seniority_is_full_in_the_band_and_fades_outside():
    for gap, expected in ((1, 1.0), (4, 1.0), (0, 2 / 3), (5, 2 / 3), (-2, 0.0), (9, 0.0)):
        assert share("seniority", mentee("a", seniority=3), mentor("b", seniority=3 + gap)) == pytest.approx(
            expected
        )
    assert (
        share("seniority", mentee("a", seniority=8), mentor("b", seniority=3), seniority_band=(-6, -1)) == 1
    )


def test_values_style_and_support_count_what_the_mentee_wishes():
    for term, fact in (("values", "values"), ("style", "styles"), ("support", "supports")):
        wants = mentee("a", **{fact: frozenset({"v", "w"})})
        assert share(term, wants, mentor("b", **{fact: frozenset({"w", "x", "y"})})) == 0.5
        assert share(term, wants, mentor("b", **{fact: frozenset({"v", "w"})})) == 1.0
        assert share(term, wants, mentor("b", **{fact: frozenset({"x"})})) == 0.0
        assert np.isnan(share(term, wants, mentor("b")))


def test_location_counts_how_near_and_halfway_what_one_side_did_not_say():
    here = mentee("a", country="CA", region="QC", site="Plant")
    for other, expected in (
        ({"country": "CA", "region": "CA-QC", "site": "plant "}, 1.0),
        ({"country": "CA", "region": "QC", "site": "Mill"}, 0.7),
        ({"country": "CA", "region": "ON", "site": "Mill"}, 0.4),
        ({"country": "US", "region": "NY", "site": "Mill"}, 0.0),
        ({"country": "CA"}, 0.7),
        ({"country": "CA", "region": "QC"}, 0.85),
        ({"country": "CA", "site": "Mill"}, 0.55),
        ({"site": "Plant"}, 1.0),
    ):
        assert share("location", here, mentor("b", **other)) == pytest.approx(expected), other
    assert np.isnan(share("location", here, mentor("b", site="Mill")))


def test_field_is_the_same_or_another():
    assert share("field", mentee("a", area="Law "), mentor("b", area="law")) == 1.0
    assert share("field", mentee("a", area="Law"), mentor("b", area="Trade")) == 0.0


AFFINE = {"location": 2, "field": 3, "affinity": 5}


def fit(one: Person, other: Person, **weights: int):
    return reasons(one, other, pool(other, rules=Rules(weights={**AFFINE, **weights})))


def test_affinity_only_ever_adds_and_is_seen_only_inside_program_fit():
    """Asked or not, in the same group or another: the same words, and never a line of its own."""
    told_lines = set()
    points = {}
    for name, mine, theirs in (
        ("both", {"g"}, {"g", "h"}),
        ("other", {"g"}, {"h"}),
        ("one", {"g"}, set()),
        ("none", set(), set()),
    ):
        one = mentee("a", affinity=frozenset(mine), country="FR", area="Law")
        other = mentor("b", affinity=frozenset(theirs), country="FR", area="Law")
        found = fit(one, other)
        assert [reason.term for reason in found] == ["program_fit"]
        told_lines.add((found[0].sentence, found[0].told, found[0].weight))
        points[name] = found[0].points
        assert found[0].points == score(one, other, pool(other, rules=Rules(weights=AFFINE)))
    assert told_lines == {("The same field: Law; The same country",) * 2 + (10,)}
    assert points["both"] > points["other"] == points["one"] == points["none"]


def test_affinity_does_not_count_where_nothing_else_of_program_fit_does():
    same = {"affinity": frozenset({"g"})}
    assert fit(mentee("a", **same), mentor("b", **same), location=0, field=0, skills=1)[0].term == "skills"
    alone = Rules(weights={"affinity": 10})
    assert score(mentee("a", **same), mentor("b", **same), pool(rules=alone)) == NEUTRAL


def test_a_boost_adds_points_where_both_sides_are_as_it_says_and_never_leaves_the_scale():
    pilot = Boost(100_000, "pilot plant", (("country", ("FR", "DE")),), (("first_time", ("yes",)),))
    rules = Rules(weights={"field": 1}, boosts=(pilot,))

    def points(one: Person, other: Person) -> int:
        return score(one, other, pool(other, rules=rules))

    from_france, newcomer = mentee("a", country="fr"), mentor("b", first_time=True)
    assert points(from_france, newcomer) == NEUTRAL + 100_000
    assert points(mentee("a"), newcomer) == points(from_france, mentor("b")) == NEUTRAL
    assert points(from_france, mentor("b", first_time=False)) == NEUTRAL
    assert points(mentee("a", boost=30_000), mentor("b", boost=5_000)) == NEUTRAL + 35_000
    same = {"area": "law"}
    found = reasons(
        mentee("a", country="FR", **same), mentor("b", first_time=True, **same), pool(rules=rules)
    )
    assert [(each.term, each.points) for each in found] == [("field", SCALE), ("boost", 0)]
    assert found[1].sentence == "Boosted: pilot plant"
    assert found[1].told is None


NINE_TO_TEN = ((9 * 60, 10 * 60),)


def hours(one: str, other: str, there=NINE_TO_TEN, here=NINE_TO_TEN) -> int | None:
    return minutes(
        mentee("a", availability=here, zone=one), mentor("b", availability=there, zone=other), pool()
    )


def test_hours_in_common_across_zones():
    assert hours("Europe/Berlin", "Europe/Paris") == 60
    assert hours("Europe/Berlin", "Europe/London") == 0
    assert hours("Europe/Berlin", "Europe/London", there=((8 * 60, 9 * 60),)) == 60
    assert hours("UTC", "Asia/Kathmandu", there=((14 * 60 + 45, 15 * 60 + 45),)) == 60


def test_hours_that_vanish_when_one_sides_clocks_change_do_not_count():
    """New York and Lagos: six hours apart in winter, five in summer."""
    assert hours("Africa/Lagos", "America/New_York", here=((15 * 60, 16 * 60),)) == 0
    assert hours("Africa/Lagos", "America/New_York", here=((14 * 60, 16 * 60),)) == 60


def test_both_hemispheres_changing_in_opposite_directions_are_judged_by_the_worst_season():
    assert hours("Europe/Berlin", "Australia/Sydney", there=((17 * 60, 18 * 60),)) == 0
    assert hours("Europe/Berlin", "Australia/Sydney", there=((16 * 60, 20 * 60),)) == 60


def test_an_interval_over_the_end_of_the_week_meets_monday_elsewhere():
    sunday_night = ((WEEK_MINUTES - 60, WEEK_MINUTES),)
    monday = ((0, 60),)
    assert hours("UTC", "Asia/Kolkata", here=sunday_night, there=((4 * 60 + 30, 5 * 60 + 30),)) == 60
    assert hours("UTC", "Etc/GMT-1", here=sunday_night, there=monday) == 60


def test_an_unknown_zone_or_unknown_hours_are_not_known_rather_than_none():
    assert hours("Nowhere/Nothing", "UTC") is None
    assert hours("UTC", "UTC", there=()) is None


names = st.sampled_from(["n1", "n2", "n3", "n4"])
intervals = st.lists(
    st.tuples(st.integers(0, WEEK_MINUTES - 1), st.integers(15, 600)).map(lambda x: (x[0], x[0] + x[1])),
    max_size=3,
).map(tuple)
zones = st.sampled_from(
    [None, "UTC", "Europe/Berlin", "America/New_York", "Australia/Sydney", "Asia/Kathmandu"]
)


def people(role):
    return st.builds(
        Person,
        enrollment=st.just(f"{role}-e"),
        participant=st.just(role),
        role=st.just(role),
        choices=st.lists(st.sampled_from(["mentee", "mentor", "x", "y"]), unique=True, max_size=3).map(tuple),
        languages=st.lists(st.sampled_from(["en", "fr", "de"]), unique=True, max_size=3).map(tuple),
        skills=st.dictionaries(names, st.integers(1, 5), max_size=4),
        goals=st.frozensets(names, max_size=3),
        availability=intervals,
        zone=zones,
        seniority=st.none() | st.integers(0, 12),
        values=st.frozensets(names, max_size=3),
        styles=st.frozensets(names, max_size=3),
        supports=st.frozensets(names, max_size=3),
        country=st.none() | st.sampled_from(["FR", "DE"]),
        region=st.none() | st.sampled_from(["QC", "DE-BE"]),
        site=st.none() | names,
        area=st.none() | names,
        affinity=st.frozensets(st.sampled_from(["secret", "other"]), max_size=2),
        boost=st.sampled_from([0, 0, 20_000, 900_000]),
    )


weights = st.fixed_dictionaries({name: st.integers(0, 10) for name in sorted(TERMS)})


@given(people("mentee"), people("mentor"), weights)
@settings(max_examples=120, deadline=None)
def test_a_score_is_an_integer_on_the_scale_and_its_points_add_up(one, other, weights):
    one_pool = pool(other, rules=Rules(weights=weights))
    total = on_scale(score(one, other, one_pool))
    found = reasons(one, other, one_pool)
    assert 0 <= total <= SCALE
    if found:
        assert total - len(found) <= sum(reason.points for reason in found) <= total
    for reason in found:
        assert reason.share is None or 0 <= reason.share <= SCALE
        folded = {"program_fit": ("location", "field", "affinity"), "boost": ()}
        assert reason.weight == sum(weights[term] for term in folded.get(reason.term, (reason.term,)))
        assert "secret" not in reason.sentence + (reason.told or "")


@given(people("mentee"), people("mentor"))
@settings(max_examples=80, deadline=None)
def test_no_sentence_holds_a_name_and_what_members_read_holds_no_number(one, other):
    every = Rules(weights={**DEFAULT_WEIGHTS, "location": 3, "affinity": 3})
    found = reasons(one, other, pool(other, rules=every))
    for line in told(found):
        assert not re.search(r"\d", re.sub(r"n[1-4]", "", line))
        assert "choice" not in line
    for reason in found:
        assert not re.search(r"\b(mentee-e|mentor-e|x|y)\b", reason.sentence)


@given(people("mentee"), st.lists(people("mentor"), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_scoring_all_mentors_at_once_is_scoring_each_alone(one, others):
    many = pool(*others)
    assert scores(one, many).tolist() == [score(one, other, many) for other in others]


def test_a_program_without_weights_scores_everyone_alike():
    assert score(mentee("a", choices=("b",)), mentor("b"), pool(rules=Rules(weights={}))) == NEUTRAL


def test_the_year_of_the_decision_gives_the_reference_weeks():
    from services.matching.domain.weekly import reference_weeks

    assert reference_weeks(NOW)[2] == datetime(2026, 7, 15, 12, tzinfo=UTC)
