"""A batch of rows becomes the changes it asks for, and nothing else."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.profiles.domain.importing.plan import references_of
from services.profiles.domain.people import Leave
from tests.unit.profiles.building import NOW, Directory, good, only, person_row, program

WISH = {"program": "spring", "role": "mentee", "consent_on": "2026-02-01", "consent_source": "form 7"}


def test_somebody_new_gets_a_permanent_id_and_an_enrollment() -> None:
    made = Directory().send(person_row("1") | WISH)
    outcome = only(made)
    assert (outcome.result, outcome.participant) == ("created", "p1")
    assert made.people["p1"].links[0].external_id == "1"
    assert made.contacts["p1"].display_name == "Given1 Family1"
    (enrollment,) = made.enrollments.values()
    assert (enrollment.state, enrollment.participant) == ("open", "p1")


def test_an_invitation_without_consent_opens_nothing() -> None:
    made = Directory().send(person_row("1", program="spring", role="mentor"))
    (enrollment,) = made.enrollments.values()
    assert (enrollment.state, enrollment.capacity) == ("invited", 2)


def test_an_identical_row_changes_nothing_and_a_new_name_only_the_contact() -> None:
    directory = Directory()
    directory.send(person_row("1", manager="2") | WISH, person_row("2"))
    directory.apply([references_of(row) for row in good(person_row("1", manager="2"))])
    again = directory.send(person_row("1", manager="2") | WISH, person_row("2"))
    assert not again.changes
    assert [outcome.result for outcome in again.outcomes] == ["unchanged", "unchanged"]
    married = directory.send({"external_id": "1", "family_name": "Núñez"})
    assert only(married).result == "updated"
    assert (len(married.contacts), married.people, married.links) == (1, {}, {})


def test_two_sources_may_use_one_number_for_two_people() -> None:
    directory = Directory("paris")
    directory.send(person_row("1"))
    made = directory.other_source("lyon").send(person_row("1", given_name="Other"))
    assert (only(made).result, only(made).participant) == ("created", "p2")


def test_a_manager_may_come_later_in_the_file() -> None:
    directory = Directory()
    rows = good(person_row("1", manager="2"), person_row("2"))
    first = directory.apply(rows)
    assert [o.result for o in first.outcomes] == ["waiting", "created"]
    assert first.people["p1"].manager is None
    second = directory.apply([references_of(rows[0])])
    assert second.people["p1"].manager == "p2"
    assert only(second).then(first.outcomes[0]).result == "created"


def test_a_manager_or_choice_who_never_comes_is_left_out_and_named() -> None:
    directory = Directory()
    rows = good(person_row("1", manager="9", choices="8") | WISH)
    assert only(directory.apply(rows)).result == "waiting"
    last = only(directory.apply([references_of(rows[0])], last=True))
    assert last.result == "unchanged"
    assert [p.column for p in last.problems] == ["manager", "choices"]


def test_a_circle_with_the_stored_tree_waits_for_the_rows_that_take_it_apart() -> None:
    directory = Directory()
    directory.send(person_row("1"), person_row("2", manager="1"))
    rows = good({"external_id": "1", "manager": "2"}, {"external_id": "2", "manager": "-"})
    made = directory.apply(rows)
    assert [o.result for o in made.outcomes] == ["waiting", "updated"]
    assert directory.apply([references_of(rows[0])]).people["p1"].manager == "p2"
    circle = directory.send({"external_id": "2", "manager": "1"}, last=True)
    assert "circle" in only(circle).problems[0].reason
    assert not circle.changes


def test_a_number_that_returns_with_another_name_and_start_waits_for_hr() -> None:
    directory = Directory()
    directory.send(person_row("1") | WISH)
    other = person_row(
        "1", given_name="Ana", family_name="Roth", email="ana@example.org", start_date="2026-03-01"
    )
    held = directory.send(other)
    assert (only(held).result, only(held).problems[0].column) == ("rejected", "external_id")
    assert not held.changes
    new = directory.send(other | {"identity": "new"})
    assert (only(new).result, only(new).participant) == ("created", "p2")
    assert new.people["p1"].links == ()
    assert [spell.participant for spell in next(iter(new.links.values())).spells] == ["p1", "p2"]
    assert not directory.send(other | {"identity": "new"}).changes


def test_a_rehire_finds_the_same_person_also_under_a_new_number() -> None:
    directory = Directory()
    directory.send(person_row("1", leaving_on="2026-03-10") | WISH)
    later = datetime(2026, 3, 20, tzinfo=UTC)
    gone = directory.send({"external_id": "1", "leaving_on": "2026-03-10"}, at=later)
    assert gone.people["p1"].status == "left"
    refused = directory.send({"external_id": "1"} | WISH, at=later)
    assert only(refused).problems[0].column == "program"
    back = person_row("77", previous_external_id="1", start_date="2026-03-25", leaving_on="-") | WISH
    made = directory.send(back, at=datetime(2026, 3, 25, tzinfo=UTC))
    assert (only(made).participant, made.people["p1"].status) == ("p1", "active")
    assert [link.external_id for link in made.people["p1"].links] == ["1", "77"]


def test_a_departure_acts_a_day_after_its_date_and_can_be_taken_back_until_then() -> None:
    directory = Directory()
    directory.send(person_row("1"))
    made = directory.send({"external_id": "1", "leaving_on": "2026-03-02"})
    assert (made.people["p1"].status, made.people["p1"].leaving_on) == ("active", date(2026, 3, 2))
    back = directory.send({"external_id": "1", "leaving_on": "-"})
    assert back.people["p1"].leaving_on is None


def test_a_leave_is_taken_with_its_dates_and_nothing_else() -> None:
    directory = Directory()
    directory.send(person_row("1"))
    made = directory.send({"external_id": "1", "leave_from": "2026-03-01", "leave_until": "2026-04-01"})
    assert made.people["p1"].status == "on_leave"
    assert made.people["p1"].leaves == (Leave(start=date(2026, 3, 1), end=date(2026, 4, 1)),)
    longer = directory.send({"external_id": "1", "leave_from": "2026-03-01", "leave_until": "2026-05-01"})
    assert longer.people["p1"].leaves == (Leave(start=date(2026, 3, 1), end=date(2026, 5, 1)),)
    back = directory.send({"external_id": "1", "leave_from": "-"}).people["p1"]
    assert (back.status, back.leaves) == ("active", (Leave(start=date(2026, 3, 1), end=date(2026, 3, 1)),))


def test_unknown_programs_and_cohorts_reject_the_row_with_a_suggestion() -> None:
    made = Directory().send(
        person_row("1", program="sprin", role="mentee"),
        person_row("2", program="spring", cohort="2026-2", role="mentee"),
        person_row("3"),
    )
    assert [o.result for o in made.outcomes] == ["rejected", "rejected", "created"]
    assert [o.problems[0].fix for o in made.outcomes[:2]] == [
        "did you mean 'spring'?",
        "did you mean '2026-1'?",
    ]
    assert list(made.people) == ["p3"]


def test_a_file_sent_every_night_does_not_bring_back_who_has_withdrawn() -> None:
    directory = Directory()
    made = directory.send(person_row("1") | WISH)
    (number, enrollment), *_ = made.enrollments.items()
    ended = enrollment.model_copy(update={"state": "withdrawn", "closed_at": NOW})
    directory.known = type(directory.known)(**{**vars(directory.known), "enrollments": {number: ended}})
    assert not directory.send(person_row("1") | WISH).changes
    anew = directory.send(person_row("1") | WISH | {"consent_on": "2026-03-03"}, at=NOW + timedelta(days=1))
    assert anew.enrollments[number].state == "open"


def test_somebody_new_needs_a_name_and_an_address() -> None:
    made = Directory().send({"external_id": "1", "given_name": "Ana"})
    assert [p.column for p in only(made).problems] == ["family_name", "email"]
    assert not made.changes


@st.composite
def trees(draw: st.DrawFn) -> list[dict[str, str]]:
    count = draw(st.integers(1, 12))
    rows = [person_row(str(n), manager=str(draw(st.integers(0, n - 1))) if n else "-") for n in range(count)]
    return draw(st.permutations(rows))


@given(trees())
@settings(max_examples=60, deadline=None)
def test_the_order_of_rows_does_not_matter_and_sending_twice_is_sending_once(
    rows: list[dict[str, str]],
) -> None:
    directory = Directory()
    first = directory.send(*rows)
    waiting = [row for row, o in zip(good(*rows), first.outcomes, strict=True) if o.result == "waiting"]
    directory.apply([references_of(row) for row in waiting], last=True)
    names = {p.links[0].external_id: id for id, p in directory.known.people.items()}
    managers = {p.links[0].external_id: p.manager for p in directory.known.people.values()}
    for row in rows:
        assert managers[row["external_id"]] == names.get(row["manager"])
    assert not directory.send(*rows).changes


def test_every_wish_of_a_row_reaches_the_enrollment_and_an_empty_cell_leaves_it() -> None:
    acme = Directory()
    wishes = {
        "values": "Care | order",
        "style_wanted": "directive",
        "style_offered": "sponsoring",
        "support_wanted": "career",
        "support_offered": "networks",
    }
    role = {"program": "spring", "role": "mentee"}
    made = acme.send(person_row("1", places="2", site="Plant", **role, **wishes))
    (enrollment,) = made.enrollments.values()
    expected = {
        "values": ("care", "order"),
        "style_wanted": ("directive",),
        "style_offered": ("sponsoring",),
        "support_wanted": ("career",),
        "support_offered": ("networks",),
    }
    found = enrollment.preferences.model_dump()
    assert {name: found[name] for name in expected} == expected
    assert (enrollment.capacity, made.people["p1"].site) == (2, "Plant")
    (after,) = acme.send(person_row("1", values="-", **role)).enrollments.values()
    assert (after.preferences.values, after.preferences.style_wanted) == ((), ("directive",))


def test_a_departure_that_acted_is_not_taken_back_silently_and_a_new_employment_still_finds_the_person() -> (
    None
):
    here = Directory()
    here.send(person_row("1", leaving_on="2026-03-01"))
    later = NOW + timedelta(days=30)
    for again in ("-", "2026-12-31"):
        made = here.send({"external_id": "1", "leaving_on": again, "field": "law"}, at=later)
        assert [problem.column for problem in only(made).problems] == ["leaving_on"]
        (person,) = here.known.people.values()
        assert (person.status, person.leaving_on, person.field) == ("left", date(2026, 3, 1), "law")
    corrected = here.send({"external_id": "1", "leaving_on": "2026-02-27"}, at=later)
    assert only(corrected).problems == ()
    back = here.send({"external_id": "1", "leaving_on": "-", "start_date": "2026-03-20"}, at=later)
    assert only(back).problems == ()
    (person,) = here.known.people.values()
    assert (person.status, person.leaving_on, person.started_on) == ("active", None, date(2026, 3, 20))


def test_who_takes_part_anew_still_excludes_whom_they_excluded() -> None:
    here = Directory()
    here.send(person_row("1", **WISH))
    ((id, before),) = here.known.enrollments.items()
    closed = before.model_copy(update={"state": "withdrawn", "closed_at": NOW})
    here.known = replace(here.known, enrollments={id: closed}, excluded={before.participant: ("x",)})
    again = {"external_id": "1", **WISH, "consent_on": "2026-03-04"}
    made = here.send(again, at=NOW + timedelta(days=5))
    assert made.enrollments[id].state == "open"
    assert made.enrollments[id].preferences.excluded == ("x",)


def test_a_mark_gives_places_back_to_the_program_and_forgets_what_was_said() -> None:
    here = Directory()
    told = {"places": "3", "first_time": "yes", "trained": "yes", "screened": "no"}
    here.send(person_row("1", program="spring", role="mentor", **told))
    (before,) = here.known.enrollments.values()
    assert (before.capacity, before.first_time, before.trained, before.screened) == (3, True, True, False)
    made = here.send({"external_id": "1", "program": "spring", "role": "mentor"} | dict.fromkeys(told, "-"))
    assert only(made).result == "updated"
    (after,) = here.known.enrollments.values()
    assert (after.capacity, after.first_time, after.trained, after.screened) == (2, None, None, None)


def test_a_row_that_nobody_could_be_told_is_rejected_and_holds_up_no_other() -> None:
    here = Directory()
    here.send(person_row("1", program="spring", role="mentor"))
    broken = {id: each.model_copy(update={"capacity": -5}) for id, each in here.known.enrollments.items()}
    here.known = replace(here.known, enrollments=broken)
    again = {"external_id": "1", "program": "spring", "role": "mentor", "goals": "lead a team"}
    made = here.send(again, person_row("2"))
    assert [each.result for each in made.outcomes] == ["rejected", "created"]
    (problem,) = made.outcomes[0].problems
    assert (problem.column, problem.fix) == ("capacity", "correct this value")
    assert not made.enrollments


def test_nobody_begins_in_a_program_that_is_closed_or_a_cohort_that_is_over_and_the_row_says_so() -> None:
    for at, changes, column in (
        (NOW, {"state": "closed"}, "program"),
        (datetime(2027, 1, 1, tzinfo=UTC), {}, "cohort"),
    ):
        here = Directory(programs={"spring": program(**changes)})
        made = here.send(person_row("1", **WISH, cohort="2026-1"), at=at)
        outcome = only(made)
        assert (outcome.result, outcome.enrollment) == ("created", None)
        assert [problem.column for problem in outcome.problems] == [column]
        assert not made.enrollments
