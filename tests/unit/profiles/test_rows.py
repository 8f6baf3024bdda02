"""Each row is checked alone and against its file; every problem names column, reason and fix."""

from typing import Any

import pytest

from services.profiles.api.imports import understood
from services.profiles.domain.importing import jsonrows
from services.profiles.domain.importing.rows import Rejected, Row
from services.profiles.domain.people import Leave
from shared.contracts.enrollments import Hours
from shared.http import Problem as Refusal
from tests.unit.profiles.building import TODAY, good, parsed, person_row


def problems(row: Row | Rejected) -> list[str | None]:
    assert isinstance(row, Rejected)
    assert all(problem.reason and problem.fix for problem in row.problems)
    return [problem.column for problem in row.problems]


def test_a_word_of_a_list_that_is_misspelled_is_guessed() -> None:
    (row,) = parsed(person_row("1", style_wanted="bossy | directve", program="spring", role="mentee"))
    (other,) = parsed(person_row("1", support_wanted="carreer", program="spring", role="mentee"))
    assert isinstance(row, Rejected)
    assert isinstance(other, Rejected)
    assert row.problems[0].fix == "use one of: directive, collaborative, motivating, sponsoring"
    assert other.problems[0].fix == "did you mean 'career'?"


def test_all_columns_of_a_row_are_understood() -> None:
    row = good(
        person_row(
            "1",
            manager="2",
            time_zone="europe/paris",
            seniority="4",
            skills_offered="Python:4 | public speaking",
            languages="EN|fr",
            values="Growth | care",
            style_offered="Directive | motivating",
            support_offered="work_life_balance",
            site="Plant 7",
            availability="Thu 14-16:30; mon 09:00-12:00",
            leave_from="2026-05-01",
            leave_until="2026-06-01",
            program="spring",
            role="Mentor",
            places="2",
            choices="7|8|7",
            consent_on="2026-03-02",
            consent_source="form 12",
        )
    )[0]
    person, wish = row.person, row.enrollment
    assert person.time_zone == "Europe/Paris"
    assert isinstance(person.leave, Leave)
    assert wish is not None
    assert wish.taste.skills_offered == {"python": 4, "public speaking": 3}
    assert wish.taste.languages == ("en", "fr")
    assert wish.taste.availability == (Hours(start=540, end=720), Hours(start=5160, end=5310))
    assert wish.taste.values == ("growth", "care")
    assert wish.taste.style_offered == ("directive", "motivating")
    assert wish.taste.support_offered == ("work_life_balance",)
    assert person.site == "Plant 7"
    assert (wish.role, wish.capacity, wish.choices) == ("mentor", 2, ("7", "8"))


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"external_id": ""}, "external_id"),
        ({"email": "nobody"}, "email"),
        ({"time_zone": "Europe/Pariss"}, "time_zone"),
        ({"start_date": "31/02/2026"}, "start_date"),
        ({"start_date": "2026-02-31"}, "start_date"),
        ({"seniority": "thirteen"}, "seniority"),
        ({"country": "France"}, "country"),
        ({"languages": "english"}, "languages"),
        ({"style_wanted": "directive | bossy", "program": "spring", "role": "mentee"}, "style_wanted"),
        ({"support_wanted": "carreer", "program": "spring", "role": "mentee"}, "support_wanted"),
        ({"skills_offered": "python:9"}, "skills_offered"),
        ({"availability": "someday 09:00-10:00"}, "availability"),
        ({"availability": "mon 12:00-10:00"}, "availability"),
        ({"availability": "mon 09:00-12:00 | mon 11:00-13:00"}, "availability"),
        ({"leave_until": "2026-05-01"}, "leave_from"),
        ({"leave_from": "2026-05-02", "leave_until": "2026-05-01"}, "leave_until"),
        ({"manager": "1"}, "manager"),
        ({"program": "spring"}, "role"),
        ({"role": "mentee"}, "program"),
        ({"program": "spring", "role": "mento"}, "role"),
        ({"program": "spring", "role": "mentee", "consent_on": "2026-03-01"}, "consent_source"),
        (
            {"program": "s", "role": "mentee", "consent_on": "2026-03-03", "consent_source": "x"},
            "consent_on",
        ),
        ({"family_name": "x" * 201}, "family_name"),
        ({"given_name": "a\nb"}, "given_name"),
    ],
)
def test_what_is_wrong_is_named(cells: dict[str, str], column: str) -> None:
    assert problems(parsed(person_row("1") | cells)[0]) == [column]


def test_all_problems_of_a_row_are_named_at_once_and_neighbors_are_unharmed() -> None:
    found = parsed(person_row("1"), person_row("2", email="x", country="Spain"), person_row("3"))
    assert [isinstance(row, Row) for row in found] == [True, False, True]
    assert problems(found[1]) == ["email", "country"]
    assert found[1].line == 3


def test_a_near_miss_is_suggested() -> None:
    row = parsed(person_row("1", time_zone="Europe/Pariss"))[0]
    assert isinstance(row, Rejected)
    assert row.problems[0].fix == "did you mean 'Europe/Paris'?"


def test_an_empty_cell_leaves_a_value_and_a_dash_clears_it() -> None:
    row = good(person_row("1", department="", region="-", manager="-", leave_until="-", leave_from="-"))[0]
    assert "department" not in row.person.model_fields_set
    assert row.person.region is None
    assert {"region", "leave"} <= row.person.model_fields_set
    assert row.clears_manager


def test_the_same_row_twice_keeps_the_first_and_names_its_line() -> None:
    found = parsed(person_row("1"), person_row("2"), person_row("1"))
    assert isinstance(found[0], Row)
    assert problems(found[2]) == ["external_id"]
    assert isinstance(found[2], Rejected)
    assert "line 2" in found[2].problems[0].reason


def test_a_person_may_come_again_for_a_second_role_but_not_with_other_facts() -> None:
    wish = {"program": "spring", "role": "mentor"}
    again = {"external_id": "1", "program": "spring", "role": "mentee"}
    assert all(isinstance(row, Row) for row in parsed(person_row("1") | wish, again))
    other = parsed(person_row("1") | wish, again | {"country": "FR"}, again | {"given_name": "Given1"})
    assert [isinstance(row, Row) for row in other] == [True, False, True]


def test_a_circle_of_managers_is_rejected_whole_and_shown() -> None:
    found = parsed(
        person_row("1", manager="2"),
        person_row("2", manager="3"),
        person_row("3", manager="1"),
        person_row("4", manager="1"),
    )
    assert [isinstance(row, Row) for row in found] == [False, False, False, True]
    assert isinstance(found[0], Rejected)
    assert "1 → 2 → 3 → 1" in found[0].problems[0].reason


def test_what_no_file_clears_is_said_so_and_not_passed_over() -> None:
    for column in ("given_name", "family_name", "consent_on", "consent_source", "program", "role"):
        cells = {"program": "spring", "role": "mentee"} | {column: "-"}
        (row,) = parsed(person_row("1", **cells))
        assert column in problems(row)
        assert isinstance(row, Rejected)
        assert "this cannot be cleared" in {problem.reason for problem in row.problems}


def test_a_mark_clears_places_first_time_training_and_screening() -> None:
    marks = dict.fromkeys(("places", "first_time", "trained", "screened"), "-")
    (row,) = good(person_row("1", program="spring", role="mentor", **marks))
    assert row.enrollment is not None
    assert {"capacity", "first_time", "trained", "screened"} < row.enrollment.model_fields_set
    assert row == Row.model_validate(row.model_dump(mode="json")), "kept as it was understood"


def test_a_cell_with_more_entries_than_anybody_means_is_refused() -> None:
    (row,) = parsed(
        person_row("1", program="spring", role="mentor", goals="|".join(f"g{n}" for n in range(101)))
    )
    assert problems(row) == ["goals"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("enrollment.capacity", {"enrollment": {"capacity": -5}}),
        ("enrollment.capacity", {"enrollment": {"capacity": 51}}),
        ("enrollment.consent_source", {"enrollment": {"consent_on": "2026-01-01", "consent_source": ""}}),
        ("enrollment.taste.goals", {"enrollment": {"taste": {"goals": ["g"] * 101}}}),
        ("enrollment.taste.skills_offered.a\0b.[key]", {"enrollment": {"taste": {"skills_offered": {"a\0b": 3}}}}),
        ("enrollment.taste.languages.0", {"enrollment": {"taste": {"languages": ["English"]}}}),
        ("enrollment.taste.availability.0", {"enrollment": {"taste": {"availability": [{"start": 9, "end": 9}]}}}),
        ("enrollment.taste", {"enrollment": {"taste": {"seniority_gap": {"least": 5, "most": 1}}}}),
        ("enrollment.taste", {"enrollment": {"taste": {"seniority_gap": {"least": 1, "most": 50000}}}}),
        ("leaving_on", {"leaving_on": "9999-12-31"}),
        ("manager", {"manager": ""}),
        ("external_id", {"external_id": "1\ud800"}),
        ("external_id", {"external_id": "1\0"}),
        ("email", {"email": "a\0@b.org"}),
    ],
)  # fmt: skip
def test_a_json_row_that_could_not_be_kept_is_rejected_with_its_field(
    field: str, value: dict[str, Any]
) -> None:
    wish = {"program": "spring", "role": "mentor"} | value.get("enrollment", {})
    body = {"external_id": "1", "given_name": "A", "family_name": "B", "email": "a@b.org"} | value
    (row,) = jsonrows.rows_of({"rows": [body | {"enrollment": wish}]}, TODAY)
    assert problems(row) == [field]
    assert row.external_id in (None, "1")


def test_json_that_is_nested_without_end_is_a_file_that_cannot_be_read() -> None:
    with pytest.raises(Refusal) as found:
        understood(b"[" * 200_000, "application/json", TODAY)
    assert (found.value.status, found.value.errors[0].field) == (422, "/rows")


def test_words_of_a_json_row_are_worded_as_those_of_a_file() -> None:
    taste = {
        "skills_offered": {"Python": 4},
        "values": ["Care", "care"],
        "languages": ["EN"],
        "style_offered": ["Directive"],
    }
    body = {"external_id": "1", "enrollment": {"program": "spring", "role": "mentor", "taste": taste}}
    (row,) = jsonrows.rows_of({"rows": [body]}, TODAY)
    assert isinstance(row, Row)
    assert row.enrollment is not None
    found = row.enrollment.taste
    assert found.skills_offered == {"python": 4}
    assert (found.values, found.languages, found.style_offered) == (("care",), ("en",), ("directive",))


def test_a_date_that_means_never_is_refused_before_it_stops_the_import() -> None:
    for column in ("leaving_on", "leave_until", "start_date"):
        cells = {column: "9999-12-31"} | ({"leave_from": "2026-05-01"} if column == "leave_until" else {})
        (row,) = parsed(person_row("1", **cells))
        assert problems(row) == [column]
        assert isinstance(row, Rejected)
        assert "leave the cell empty" in row.problems[0].fix
