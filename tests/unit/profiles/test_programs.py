"""Templates, overrides and what a program warns of."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from services.profiles.domain import published
from services.profiles.domain.programs import (
    Cohort,
    rules_of,
    stalled_after,
    strange_names,
    template,
    warnings,
    with_cohort,
)
from shared.contracts.common import SeniorityGap
from tests.unit.profiles.building import program


def test_a_template_is_valid_by_itself_and_any_default_can_be_overridden() -> None:
    rules = rules_of("professional", {})
    assert (rules.reporting_line.rule, rules.reporting_line.levels, rules.cadence_days) == ("levels", 2, 14)
    changed = rules_of("professional", {"cadence_days": 7, "weights": {"goals": 9}})
    assert (changed.cadence_days, changed.weights["goals"], changed.weights["choice"]) == (7, 9, 8)
    assert template("professional")["weights"]["goals"] == 5
    with pytest.raises(KeyError):
        template("unknown")


@pytest.mark.parametrize(
    "wrong",
    [
        {"cadence": 7},
        {"cadence_days": 0},
        {"weights": {"goals": 11}},
        {"seniority_band": [4, 1]},
        {"seniority_band": [1, 50000]},
        {"reporting_line": {"rule": "levels"}},
        {"reporting_line": {"rule": "any", "levels": 2}},
        {"ladder": [{"number": 2, "after_days": 0, "to": "owes", "message": "ask"}]},
        {"time_zone": "Mars/Base"},
        {"boosts": [{"points": 5, "label": "for nobody"}]},
        {"boosts": [{"points": 5, "label": "by gender", "mentee": {"gender": ["x"]}}]},
        {"boosts": [{"points": 0, "label": "nothing", "mentee": {"country": ["DE"]}}]},
        {"weights": {"affinity": 3}},
        {"affinity_groups": ["parents"], "weights": {"affinity": 3, "field": 0}},
    ],
)
def test_an_override_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        rules_of("professional", wrong)


def test_every_rule_of_matching_is_published_as_the_contract_names_it() -> None:
    boost = {
        "points": 9,
        "label": "pilot",
        "mentee": {"country": ["DE", "FR"]},
        "mentor": {"first_time": ["yes"]},
    }
    given = {"seniority_band": [2, 5], "minimum_score": 7, "boosts": [boost], "weights": {"location": 10}}
    rules = published.program("spring", program(rules=rules_of("professional", given))).rules
    assert rules.seniority_gap == SeniorityGap(least=2, most=5)
    assert (rules.minimum_score, rules.weights["location"], rules.weights["choice"]) == (7, 10, 8)
    assert [each.model_dump(mode="json") for each in rules.boosts] == [boost]
    by_skill = published.program("spring", program(rules=rules_of("professional", {"direction": "by_skill"})))
    assert by_skill.rules.seniority_gap is None
    reverse = rules_of("professional", {"direction": "by_skill", "seniority_band": [-6, -1]})
    assert reverse.seniority_band == (-6, -1)


@pytest.mark.parametrize(
    ("cadence", "length", "days"),
    [(7, 360, 21), (30, 180, 45), (90, 360, 135), (14, None, 42), (1, 300, 14)],
)
def test_stalled_is_as_in_the_design(cadence: int, length: int | None, days: float) -> None:
    assert stalled_after(cadence, length) == days


def cohort(length: int) -> Cohort:
    start = date(2026, 4, 6)
    return Cohort(id="c", name="C", starts=start, ends=start + timedelta(days=length))


def test_a_sound_program_warns_of_nothing_and_a_hasty_one_of_all() -> None:
    assert warnings(program()) == []
    hasty = program(
        cohorts=(cohort(20),), rules=rules_of("professional", {"cadence_days": 14}), coordinators=()
    )
    said = warnings(hasty)
    assert len(said) == 4
    assert "a meeting every 14 days in 20 days" in said[0]
    assert "stalled after 21 days" in said[1]
    assert "third rung" in said[2]
    assert "no coordinator" in said[3]


@given(st.integers(1, 366), st.integers(2, 800))
@settings(max_examples=150, deadline=None)
def test_whatever_warns_of_stalling_too_late_also_warns_of_the_third_rung(cadence: int, length: int) -> None:
    rules = rules_of("professional", {"cadence_days": cadence})
    said = " ".join(warnings(program(cohorts=(cohort(length),), rules=rules)))
    assert ("stalled" not in said) or ("third rung" in said)


def test_a_cohort_is_in_order_and_replaces_its_namesake() -> None:
    made = with_cohort(program(), cohort(200))
    assert [each.id for each in made.cohorts] == ["2026-1", "c"]
    longer = with_cohort(made, cohort(300))
    assert longer.cohort("c") == cohort(300)
    assert with_cohort(longer, cohort(300)) is longer
    assert cohort(200).middle == date(2026, 7, 15)
    with pytest.raises(ValidationError):
        Cohort(id="c", name="C", starts=date(2026, 4, 6), ends=date(2026, 4, 6))


def test_a_name_that_is_nearly_a_known_one_is_a_typing_error_and_a_strange_one_is_warned_of() -> None:
    rules = rules_of(
        "professional", {"weights": {"skils": 9, "charisma": 2}, "gates": ["trainign", "screening"]}
    )
    assert strange_names(rules) == [
        ("weights", "skils", "skills"),
        ("weights", "charisma", None),
        ("gates", "trainign", "training"),
    ]
    said = warnings(program(rules=rules))
    assert "weights: 'charisma' counts only if the matching service was given it" in said
    assert strange_names(rules_of("professional", {"gates": ["training"], "weights": {"location": 2}})) == []
