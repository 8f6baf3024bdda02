"""`rapport match`: a spreadsheet in, pairs with reasons and a proof out; every bad row named at once."""

import csv
import json
from pathlib import Path

from click.testing import CliRunner, Result

from services.matching.engine.alone import main

PEOPLE = """external_id,role,name,places,skills_offered,skills_sought,goals,languages,availability,time_zone,seniority
m1,mentor,Ada,2,python:5 | sql,,lead a team,en | de,mon 09:00-12:00,Europe/Berlin,7
m2,mentor,Bo,1,negotiation:4,,speak up,en,tue 09:00-12:00,Europe/Berlin,8
e1,mentee,Cy,,,python:3,lead a team,en,mon 10:00-12:00,Europe/Berlin,4
e2,mentee,Di,,,negotiation:4,speak up,en,tue 09:00-12:00,Europe/Berlin,5
e3,mentee,Ed,,,python:2,,ja,,,4
"""


def run(tmp_path: Path, people: str | bytes, *options: str) -> Result:
    file = tmp_path / "people.csv"
    file.write_bytes(people if isinstance(people, bytes) else people.encode())
    return CliRunner().invoke(main, [str(file), "--out", str(tmp_path / "pairs.csv"), *options])


def test_pairs_with_reasons_and_a_proof(tmp_path: Path) -> None:
    result = run(tmp_path, PEOPLE)
    assert result.exit_code == 0, result.output
    rows = list(csv.DictReader((tmp_path / "pairs.csv").open(encoding="utf-8")))
    assert {(row["mentee"], row["mentor"]) for row in rows} == {("e1", "m1"), ("e2", "m2")}
    assert "Offers what is sought: python at level 5 for 3" in rows[0]["why"]
    assert "The best of 2 possible mentors" in rows[0]["why"]
    assert "Proved: no more pairs are possible" in result.output
    assert "e3 (Ed)" in result.output
    assert "one more language: de" in result.output


def test_json_holds_everything(tmp_path: Path) -> None:
    result = run(tmp_path, PEOPLE, "--json")
    found = json.loads(result.stdout)
    assert found["proof"]["optimal"] is True
    assert found["proof"]["welfare"] == sum(pair["score"] for pair in found["pairs"])
    assert [each["mentee"] for each in found["left"]] == ["e3"]
    terms = found["pairs"][0]["terms"]
    assert abs(sum(term["points"] for term in terms) - found["pairs"][0]["score"]) <= len(terms)


def test_all_problems_at_once_with_line_column_and_fix(tmp_path: Path) -> None:
    people = (
        "external_id;role;places;languages;time_zone;manager;skils_offered;choices\n"
        "1;mentr;x;en;Europe/Berlin;;;\n"
        "2;mentor;-3;english;Europe/Pariss;2;;\n"
        "3;mentee;1;en;;4;;99\n"
        "4;mentee;1;en;;3;;3\n"
        "4;mentee;1;en;;;;\n"
        ";mentee;;;;;;\n"
    )
    result = run(tmp_path, people)
    assert result.exit_code == 1
    for words in (
        "line 2, role: 'mentr' is no role; did you mean 'mentor'?",
        "line 2, places: 'x' is not a whole number",
        "line 3, places: -3 is not from 0 to 1000",
        "line 3, languages: 'english' is not a language code",
        "line 3, time_zone: 'Europe/Pariss' is not a time zone of the IANA list; did you mean 'Europe/Paris'?",
        "line 4, choices: nobody has the number '99'",
        "line 4, manager: managers in a circle: 3 → 4 → 3",
        "line 6, external_id: mentee 4 is already in",
        "line 7, external_id: this cell is empty",
        "nobody knows the column 'skils_offered'; did you mean 'skills_offered'?",
        "9 problems; nothing was matched",
    ):
        assert words in result.output, (words, result.output)
    assert not (tmp_path / "pairs.csv").exists()


def test_ones_own_manager(tmp_path: Path) -> None:
    result = run(tmp_path, "external_id,role,manager\n1,mentor,1\n")
    assert "line 2, manager: nobody is their own manager" in result.output


def test_two_files_without_a_role_column_and_rules(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("external_id,languages\nm1,en\n", encoding="utf-8")
    (tmp_path / "n.csv").write_text("external_id,languages\nn1,en\n", encoding="utf-8")
    (tmp_path / "p.json").write_text(
        '{"rules": {"objective": "score", "weights": {"languages": 1}}}', encoding="utf-8"
    )
    options = ["--mentors", str(tmp_path / "m.csv"), "--mentees", str(tmp_path / "n.csv")]
    result = CliRunner().invoke(
        main, [*options, "--program", str(tmp_path / "p.json"), "--out", str(tmp_path / "o.csv"), "--json"]
    )
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["proof"]["objective"] == "score"
    assert found["pairs"][0]["score"] == 1_000_000


def test_a_bad_program_file_names_near_misses(tmp_path: Path) -> None:
    (tmp_path / "p.json").write_text('{"rules": {"objectiv": 1, "weights": {"skils": 3}}}', encoding="utf-8")
    result = run(tmp_path, PEOPLE, "--program", str(tmp_path / "p.json"))
    assert result.exit_code == 1
    assert "objectiv: unknown; did you mean 'objective'?" in result.output
    assert "weights.skils: unknown; did you mean 'skills'?" in result.output


def test_missing_columns_other_bytes_and_nobody(tmp_path: Path) -> None:
    assert (
        "external_id: this column is missing; is it 'extern_id'?"
        in run(tmp_path, "extern_id,role\n1,mentor\n").output
    )
    assert "line 2, -: this is not UTF-8" in run(tmp_path, b"external_id,role\n\xff,mentor\n").output
    empty = run(tmp_path, "external_id,role\n")
    assert empty.exit_code == 0
    assert "0 pairs written" in empty.output
    only = run(tmp_path, "external_id,role\ne1,mentee\n")
    assert "Nobody else offers to mentor" in only.output


def test_a_cell_that_looks_like_a_formula_is_made_plain(tmp_path: Path) -> None:
    run(tmp_path, 'external_id,role,name\nm1,mentor,"=cmd()"\ne1,mentee,Cy\n')
    rows = list(csv.DictReader((tmp_path / "pairs.csv").open(encoding="utf-8")))
    assert rows[0]["mentor_name"] == "'=cmd()"


def test_columns_are_explained(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["--columns"])
    assert "availability" in result.output
    assert CliRunner().invoke(main, []).exit_code == 2
