"""Gates: never traded against score, and missing data never fails one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from people_for_tests import mentee, mentor, pool

from services.matching.domain.gates import GATES, RESTRICTED, allowed, failing, judge, shown
from services.matching.domain.people import Rules
from services.matching.domain.tree import above


def fails(one, other, **facts):
    return failing(one, other, pool(**facts))


def test_two_of_whom_nothing_is_known_pass_every_gate():
    assert fails(mentee("a"), mentor("b")) == ()


def test_nobody_mentors_themselves():
    assert fails(mentee("a"), mentor("a")) == ("self",)


@pytest.mark.parametrize(
    ("one", "other", "name"),
    [
        (mentee("a"), mentor("b", open=False), "role"),
        (mentee("a"), mentor("b", present=False), "leave"),
        (mentee("a", present=False), mentor("b"), "leave"),
        (mentee("a"), mentor("b", places=2, held=2), "places"),
        (mentee("a", past=frozenset({"b"})), mentor("b"), "pair"),
        (mentee("a"), mentor("b", past=frozenset({"a"})), "pair"),
        (mentee("a", excluded=frozenset({"b"})), mentor("b"), "exclusion"),
        (mentee("a"), mentor("b", excluded=frozenset({"a"})), "exclusion"),
        (mentee("a", promotion_pool="p"), mentor("b", promotion_pool="p"), "promotion_pool"),
        (mentee("a", languages=("fr",)), mentor("b", languages=("de",)), "language"),
    ],
)
def test_each_gate_fails_alone_for_its_own_reason(one, other, name):
    assert fails(one, other) == (name,)


def test_what_one_side_does_not_say_passes():
    assert fails(mentee("a", languages=("fr",)), mentor("b")) == ()
    assert fails(mentee("a", promotion_pool="p"), mentor("b")) == ()
    assert fails(mentee("a", promotion_pool="p"), mentor("b", promotion_pool="q")) == ()


CHAIN = {"a": "b", "b": "c", "c": "d"}


@pytest.mark.parametrize(
    ("rule", "levels", "blocked"),
    [("allow", 2, ""), ("direct", 2, "b"), ("levels", 2, "bc"), ("levels", 3, "bcd"), ("any", 2, "bcd")],
)
def test_the_reporting_line_as_far_as_the_program_says_in_both_directions(rule, levels, blocked):
    rules = Rules(reporting_line=rule, reporting_levels=levels)
    for other in "bcd":
        expected = ("reporting_line",) if other in blocked else ()
        assert fails(mentee("a"), mentor(other), rules=rules, managers=CHAIN) == expected
        assert fails(mentee(other), mentor("a"), rules=rules, managers=CHAIN) == expected


def test_a_cycle_in_the_reporting_tree_ends_and_puts_everyone_in_it_above_and_below():
    cycle = {"a": "b", "b": "c", "c": "a"}
    assert above(cycle, "a", None) == ("b", "c")
    assert fails(mentee("a"), mentor("c"), rules=Rules(reporting_line="any"), managers=cycle) == (
        "reporting_line",
    )


def test_someone_who_manages_themselves_has_nobody_above():
    assert above({"a": "a"}, "a", None) == ()


@given(st.dictionaries(st.sampled_from("abcdefg"), st.sampled_from("abcdefg")), st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_the_reporting_gate_is_the_same_whoever_of_the_two_is_the_mentor(managers, levels):
    rules = Rules(reporting_line="levels", reporting_levels=levels)
    for one in "abcdefg":
        for other in "abcdefg":
            if one != other:
                there = failing(mentee(one), mentor(other), pool(rules=rules, managers=managers))
                back = failing(mentee(other), mentor(one), pool(rules=rules, managers=managers))
                assert there == back


def test_all_mentors_at_once_are_judged_as_each_alone():
    mentors = [
        mentor("b", languages=("de",)),
        mentor("c", languages=("fr", "en"), held=1),
        mentor("d", excluded=frozenset({"a"})),
        mentor("a"),
        mentor("e", languages=("fr",)),
    ]
    one = mentee("a", languages=("fr",))
    many = pool(*mentors)
    together = judge(one, many)
    for row, other in enumerate(mentors):
        assert tuple(name for name, mask in together.items() if not mask[row]) == failing(one, other, many)
    assert allowed(one, many).tolist() == [False, False, False, False, True]


def test_a_living_pair_is_not_judged_for_being_a_pair_or_for_full_places():
    one, other = mentee("a", past=frozenset({"b"}), languages=("fr",)), mentor("b", held=1, languages=("de",))
    assert failing(one, other, pool(), living=True) == ("language",)


def test_exclusion_leave_and_promotion_pool_read_the_same():
    assert shown(["exclusion", "leave", "promotion_pool", "language"]) == (RESTRICTED, "language")
    assert {name for name, each in GATES.items() if each.restricted} == {
        "exclusion",
        "leave",
        "promotion_pool",
    }
