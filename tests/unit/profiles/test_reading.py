"""The reader takes what spreadsheets write, and says where and why when it cannot."""

import csv
import io
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.profiles.domain.importing.reading import Broken, Record, Unreadable, decoded, read

KNOWN = ("external_id", "given_name", "manager", "time_zone")
NEED = ("external_id",)


def table(text: str) -> list[dict[str, str] | str]:
    return [r.cells if isinstance(r, Record) else r.problem.reason for r in read(text, KNOWN, NEED).records]


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_separators_marks_and_line_ends(mark: str, start: str, end: str) -> None:
    text = start + end.join([mark.join(("External-ID", "given name")), mark.join(("7", "Zoë")), ""])
    assert table(text) == [{"external_id": "7", "given_name": "Zoë"}]


def test_quotes_accents_and_cells_over_several_lines_keep_the_line_of_the_row() -> None:
    text = 'external_id,given_name\n1,"Anne ""Nan"" O\'Brien, jr."\n2,"two\nlines"\n\n3,Łukasz\n'
    found = read(text, KNOWN, NEED).records
    assert [record.line for record in found] == [2, 3, 6]
    assert isinstance(found[0], Record)
    assert found[0].cells["given_name"] == 'Anne "Nan" O\'Brien, jr.'


def test_excel_names_its_separator_in_a_line_of_its_own() -> None:
    found = read("sep=;\nexternal_id;given_name\n1;Ana\n", KNOWN, NEED).records
    assert found == (Record(3, {"external_id": "1", "given_name": "Ana"}),)


def test_unknown_columns_are_named_with_what_was_probably_meant() -> None:
    notices = read("external_id,timezone,shoe_size\n1,x,44\n", KNOWN, NEED).notices
    assert [(n.column, "time_zone" in n.fix) for n in notices] == [("timezone", True), ("shoe_size", False)]


def test_a_missing_column_is_named_with_the_column_that_was_probably_meant() -> None:
    with pytest.raises(Unreadable) as error:
        read("externalid,given_name\n1,Ana\n", KNOWN, NEED)
    problem = error.value.problems[0]
    assert (problem.column, problem.fix) == (
        "external_id",
        "rename the column 'externalid' to 'external_id'",
    )


def test_a_column_twice_and_an_empty_file_are_refused() -> None:
    for text in ("external_id,manager,manager\n", "", "\n\n"):
        with pytest.raises(Unreadable):
            read(text, KNOWN, NEED)


def test_rows_before_an_unclosed_quote_are_read_and_the_row_with_it_is_named() -> None:
    found = read('external_id,given_name\n1,Ana\n2,"Bo\n3,Cy\n', KNOWN, NEED).records
    assert isinstance(found[0], Record)
    assert isinstance(found[1], Broken)
    assert found[1].line == 3
    assert "quote" in found[1].problem.reason
    assert len(found) == 2


def test_a_row_with_more_or_fewer_cells_than_the_header_spoils_only_itself() -> None:
    assert table("external_id,given_name\n1,Ana,x\n2\n3,Cy\n") == [
        "this row has 3 cells where the header has 2",
        "this row has 1 cells where the header has 2",
        {"external_id": "3", "given_name": "Cy"},
    ]


def test_trailing_separators_are_no_cells() -> None:
    assert table("external_id,given_name,,\n1,Ana,,\n2,Bo\n") == [
        {"external_id": "1", "given_name": "Ana"},
        {"external_id": "2", "given_name": "Bo"},
    ]


def test_text_in_another_encoding_names_the_line() -> None:
    with pytest.raises(Unreadable) as error:
        decoded("external_id\n1\nZoë".encode("latin-1"))
    assert error.value.line == 3
    assert decoded("\ufeffé".encode()) == "é"
    assert decoded("é".encode("utf-16")) == "é"


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_no_text_whatever_breaks_the_reader(text: str) -> None:
    assert len(read("external_id,given_name\n" + text, KNOWN, NEED).records) <= text.count("\n") + 1 + len(
        text
    )
    with suppress(Unreadable):
        read(text, KNOWN, NEED)


cell = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=20)


@given(st.lists(st.tuples(cell, cell), max_size=20), st.sampled_from(",;\t"))
@settings(max_examples=100, deadline=None)
def test_what_a_csv_writer_writes_is_read_back(rows: list[tuple[str, str]], mark: str) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=mark, quoting=csv.QUOTE_ALL)
    writer.writerows([("external_id", "given_name"), *rows])
    found = read(out.getvalue(), KNOWN, NEED).records
    cells = [(r.cells["external_id"], r.cells["given_name"]) for r in found if isinstance(r, Record)]
    assert cells == [(a.strip(), b.strip()) for a, b in rows]
    assert len(found) == len(rows)


def test_a_file_on_one_line_is_refused_at_once() -> None:
    with pytest.raises(Unreadable) as error:
        read(",".join(["external_id", *(f"column {n}" for n in range(500))]), KNOWN, NEED)
    (problem,) = error.value.problems
    assert problem.reason == "the header names 501 columns"
    assert "is line 1 the header?" in problem.fix
