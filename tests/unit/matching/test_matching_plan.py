"""The plan of a cohort: everybody at once, under places; drafts hold; whoever is left over is told why."""

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from people_for_tests import NOW, mentee, mentor, pool

from services.matching.domain.gates import failing
from services.matching.domain.people import Rules
from services.matching.domain.plan import Cohort
from services.matching.domain.reasons import NOT_NOW, for_participant
from services.matching.domain.score import score
from services.matching.planning import make_plan


def cohort(mentees, mentors, drafts=(), **rules):
    return Cohort(Rules(**rules), NOW, mentors, mentees, drafts=frozenset(drafts))


def pairs(plan):
    return {(each.mentee, each.mentor) for each in plan.chosen}


def left(plan):
    return {each.enrollment: each for each in plan.left}


def test_the_whole_pool_at_once_not_first_come_first_served():
    """a suits both mentors, b only the one whom a suits best: taking people one by one leaves b alone."""
    plan = make_plan(
        cohort(
            [mentee("a", goals=frozenset({"g", "h"})), mentee("b", languages=("fr",))],
            [
                mentor("m", goals=frozenset({"g", "h"})),
                mentor("n", languages=("de",), goals=frozenset({"g"})),
            ],
        )
    )
    assert pairs(plan) == {("mentee-a", "mentor-n"), ("mentee-b", "mentor-m")}


def test_places_are_kept_and_places_already_taken_count():
    mentors = [mentor("m", places=3, held=1)]
    plan = make_plan(cohort([mentee(name) for name in "abcd"], mentors))
    assert len(plan.chosen) == 2


def test_a_mentee_may_want_two_mentors_never_the_same_twice():
    plan = make_plan(cohort([mentee("a", places=2)], [mentor("m", places=5), mentor("n")]))
    assert pairs(plan) == {("mentee-a", "mentor-m"), ("mentee-a", "mentor-n")}


def test_a_person_who_is_both_has_two_enrollments_and_never_meets_themselves():
    plan = make_plan(cohort([mentee("a"), mentee("b")], [mentor("a"), mentor("b")]))
    assert len(plan.chosen) == 2
    assert all(each.mentee[-1] != each.mentor[-1] for each in plan.chosen)


def test_whoever_is_away_or_on_leave_is_not_matched_and_not_called_left_over():
    plan = make_plan(cohort([mentee("a", open=False), mentee("b", present=False)], [mentor("m")]))
    assert not plan.chosen
    assert set(left(plan)) == {"mentor-m"}


def test_a_draft_holds_against_a_little_better_and_gives_way_to_much_better():
    mentees = [mentee("a", goals=frozenset("ghijklmnop"), skills={"s": 5})]
    ten = frozenset("ghijklmnop")
    weights = {"goals": 1, "skills": 9}
    old = mentor("m", goals=ten - {"g"}, skills={"s": 4})
    little = mentor("n", goals=ten, skills={"s": 4})
    much = mentor("o", goals=ten, skills={"s": 5})
    drafts = {("mentee-a", "mentor-m")}
    assert pairs(make_plan(cohort(mentees, [old, little], drafts, weights=weights))) == drafts
    moved = make_plan(cohort(mentees, [old, little, much], drafts, weights=weights))
    assert pairs(moved) == {("mentee-a", "mentor-o")}
    assert moved.welfare == 1_000_000


def test_the_programs_minimum_makes_no_pair_below_it_and_says_so():
    plan = make_plan(
        cohort(
            [mentee("a", goals=frozenset({"g"}))],
            [mentor("m", goals=frozenset({"h"}))],
            weights={"goals": 1},
            minimum=1,
        )
    )
    assert not plan.chosen
    assert left(plan)["mentee-a"].reason == "score"


@pytest.mark.parametrize(
    ("person", "mentors", "reason", "hint"),
    [
        (mentee("a"), [], "nobody", "someone offers to mentor"),
        (mentee("a"), [mentor("a")], "nobody", "someone offers to mentor"),
        (mentee("a"), [mentor("m", held=1)], "competition", "one more place at a mentor who fits"),
        (
            mentee("a", languages=("fr",)),
            [mentor("m", languages=("de",)), mentor("n", excluded=frozenset({"a"}))],
            "language",
            "one language in common with a mentor",
        ),
        (
            mentee("a"),
            [mentor("m", excluded=frozenset({"a"})), mentor("n", present=False)],
            "restricted",
            "a change by the person or the program",
        ),
        (
            mentee("a", past=frozenset({"m"})),
            [mentor("m")],
            "pair",
            "a mentor they have not been paired with yet",
        ),
    ],
)
def test_someone_left_over_is_told_why_with_the_smallest_hint(person, mentors, reason, hint):
    found = left(make_plan(cohort([person], mentors)))["mentee-a"]
    assert (found.reason, found.hint) == (reason, hint)


def test_a_left_over_reads_how_many_would_suit():
    plan = make_plan(cohort([mentee("a"), mentee("b")], [mentor("m"), mentor("n", held=1)]))
    (alone,) = [each for each in plan.left if each.role == "mentee"]
    assert (alone.reason, alone.possible) == ("competition", 2)


def test_a_participant_reads_only_what_is_their_own():
    for reason in ("restricted", "pair", "role", "score", "anything new"):
        assert for_participant(reason) == NOT_NOW
    assert "language" in for_participant("language")


def test_a_mentor_without_a_mentee_is_told_too():
    plan = make_plan(cohort([mentee("a", languages=("fr",))], [mentor("m", languages=("de",))]))
    assert left(plan)["mentor-m"].reason == "spare"
    assert left(plan)["mentor-m"].possible == 0


langs = st.lists(st.sampled_from(["en", "fr"]), unique=True, max_size=2).map(tuple)
goals = st.frozensets(st.sampled_from("ghi"), max_size=3)


@st.composite
def small_cohorts(draw):
    mentees = [
        mentee(name, languages=draw(langs), goals=draw(goals), places=draw(st.integers(1, 2)))
        for name in "abcd"[: draw(st.integers(0, 4))]
    ]
    mentors = [
        mentor(name, languages=draw(langs), goals=draw(goals), places=draw(st.integers(0, 2)))
        for name in "awxy"[: draw(st.integers(0, 4))]
    ]
    objective = draw(st.sampled_from(["participation", "score"]))
    return cohort(mentees, mentors, objective=objective, weights={"goals": 3, "languages": 1})


def best_by_hand(given_cohort):
    """Every assignment there is: (most pairs, most points)."""
    free = pool(rules=given_cohort.rules)
    edges = [
        (i, j, score(one, other, free))
        for i, one in enumerate(given_cohort.mentees)
        for j, other in enumerate(given_cohort.mentors)
        if not failing(one, other, free)
    ]
    found = {(0, 0)}
    for taken in product((False, True), repeat=len(edges)):
        chosen = [edge for edge, yes in zip(edges, taken, strict=True) if yes]
        if all(
            sum(edge[0] == i for edge in chosen) <= one.free for i, one in enumerate(given_cohort.mentees)
        ) and all(
            sum(edge[1] == j for edge in chosen) <= other.free for j, other in enumerate(given_cohort.mentors)
        ):
            found.add((len(chosen), sum(edge[2] for edge in chosen)))
    return max(found), max(points for _, points in found)


@given(small_cohorts())
@settings(max_examples=60, deadline=None)
def test_a_plan_is_the_best_there_is(given_cohort):
    assert len(given_cohort.mentees) * len(given_cohort.mentors) <= 16
    if len(given_cohort.mentees) * len(given_cohort.mentors) > 12:
        given_cohort = replace(given_cohort, mentees=given_cohort.mentees[:3])
    plan = make_plan(given_cohort)
    most, points = best_by_hand(given_cohort)
    if given_cohort.rules.objective == "participation":
        assert (len(plan.chosen), plan.welfare) == most
    else:
        assert plan.welfare == points


@given(small_cohorts(), st.randoms())
@settings(max_examples=60, deadline=None)
def test_a_plan_keeps_every_rule_and_holds_when_nothing_changes(given_cohort, random):
    plan = make_plan(given_cohort)
    people = {each.enrollment + each.role: each for each in [*given_cohort.mentees, *given_cohort.mentors]}
    free = pool(rules=given_cohort.rules)
    for each in plan.chosen:
        one, other = people[each.mentee + "mentee"], people[each.mentor + "mentor"]
        assert failing(one, other, free) == ()
        assert each.score == score(one, other, free)
    for one in given_cohort.mentees:
        assert sum(each.mentee == one.enrollment for each in plan.chosen) <= one.free
    for other in given_cohort.mentors:
        assert sum(each.mentor == other.enrollment for each in plan.chosen) <= other.free
    assert len(pairs(plan)) == len(plan.chosen)
    shuffled = list(given_cohort.mentors)
    random.shuffle(shuffled)
    again = make_plan(replace(given_cohort, mentors=shuffled, drafts=frozenset(pairs(plan))))
    assert pairs(again) == pairs(plan)


@given(small_cohorts())
@settings(max_examples=40, deadline=None)
def test_shown_pairs_never_move_however_good_the_newcomer(given_cohort):
    """What a first plan showed is held and past; a second plan with a perfect newcomer leaves it alone."""
    plan = make_plan(given_cohort)
    shown_mentees = [
        replace(
            one,
            held=one.held + sum(each.mentee == one.enrollment for each in plan.chosen),
            past=frozenset(each.mentor[-1] for each in plan.chosen if each.mentee == one.enrollment),
        )
        for one in given_cohort.mentees
    ]
    shown_mentors = [
        replace(other, held=other.held + sum(each.mentor == other.enrollment for each in plan.chosen))
        for other in given_cohort.mentors
    ]
    newcomer = mentor("z", places=9, goals=frozenset("ghi"), languages=("en", "fr"))
    after = make_plan(replace(given_cohort, mentees=shown_mentees, mentors=[*shown_mentors, newcomer]))
    assert not pairs(after) & pairs(plan)
    for one in shown_mentees:
        assert sum(each.mentee == one.enrollment for each in after.chosen) <= one.places - one.held
