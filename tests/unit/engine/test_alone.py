"""`rapport match`: a spreadsheet in, pairs with reasons and a proof out; every bad row named at once."""

import csv
import json
from pathlib import Path

from click.testing import CliRunner, Result

from services.matching.engine.alone import main
from services.matching.engine.sheet import COLUMNS

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
    rows = list(csv.DictReader((tmp_path / "pairs.csv").open(encoding="utf-8-sig")))
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
    assert all(pair["better"] == [] for pair in found["pairs"])  # both got the best there is
    both = "external_id,role,skills_offered,skills_sought\nm1,mentor,sql:1,\nm2,mentor,negotiation:5,\n"
    both += "e1,mentee,,negotiation:5 | sql:1\ne2,mentee,,negotiation:5\n"
    second = json.loads(run(tmp_path, both, "--json").stdout)["pairs"]
    assert [(pair["mentee"], pair["mentor"], pair["rank"]) for pair in second] == [
        ("e1", "m1", 2),
        ("e2", "m2", 1),
    ]
    (better,) = second[0]["better"]
    assert better["mentor"] == "m2"
    assert "points, " in better["sentence"]
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


def test_a_quote_that_is_never_closed_loses_nobody_silently(tmp_path: Path) -> None:
    result = run(tmp_path, 'external_id,role,name\nm1,mentor,"Ada\ne1,mentee,Cy\n')
    assert result.exit_code == 1
    assert "line 2, -: a quote is opened and not closed" in result.output
    long = run(tmp_path, f"external_id,role,name\nm1,mentor,A\nm2,mentor,{'x' * 200_000}\n")
    assert "line 3, -: a" in long.output
    assert "Traceback" not in long.output
    assert "nothing was matched" in long.output


def test_what_spreadsheets_make_of_a_file_is_read(tmp_path: Path) -> None:
    people = 'External-ID;Role;Name\r\nm1;mentor;"Zoë\r\nPark"\r\ne1;mentee;Cy\r\n'
    for content in (f"sep=;\r\n{people}".encode("utf-8-sig"), people.replace(";", "\t").encode("utf-16")):
        result = run(tmp_path, content)
        assert result.exit_code == 0, result.output
        assert "1 pair written" in result.output
    wrong = run(tmp_path, f"sep=;\r\n{people}x;boss;D\r\n")
    assert "line 6, role: 'boss' is no role" in wrong.output
    two = 'external_id,role,name\nm1,boss,"Zoë\nPark"\n'
    assert "line 2, role" in run(tmp_path, two).output, "where the row begins"


def test_the_pairs_open_in_a_spreadsheet_with_their_accents(tmp_path: Path) -> None:
    run(tmp_path, "external_id,role,name\nm1,mentor,Zoë\ne1,mentee,Cy\n")
    content = (tmp_path / "pairs.csv").read_bytes()
    assert content.startswith("\ufeffmentee,".encode())
    assert "Zoë".encode() in content


def test_numbers_that_nobody_has_are_named_where_a_gate_would_not_follow(tmp_path: Path) -> None:
    people = (
        "external_id,role,excluded,past_partners,manager\n"
        "m101,mentor,e20l,,boss\ne201,mentee,,m999,\ne202,mentee,,,boss\n"
    )
    result = run(tmp_path, people)
    assert result.exit_code == 0, result.output
    for words in (
        "note: excluded: no row has the number 'e20l' (did you mean 'e20",
        "note: past_partners: no row has the number 'm999'",
        "note: manager: no row has the number 'boss'; nothing follows from it",
    ):
        assert words in result.output, (words, result.output)


def test_a_place_that_cannot_be_written_is_said_before_the_work(tmp_path: Path) -> None:
    result = run(tmp_path, PEOPLE, "--out", str(tmp_path / "nowhere" / "pairs.csv"))
    assert result.exit_code == 1
    assert "cannot be written; name another place with --out" in result.output
    assert "mentees" not in result.output


def test_a_cell_that_looks_like_a_formula_is_made_plain(tmp_path: Path) -> None:
    run(tmp_path, 'external_id,role,name\nm1,mentor,"=cmd()"\ne1,mentee,Cy\n')
    rows = list(csv.DictReader((tmp_path / "pairs.csv").open(encoding="utf-8")))
    assert rows[0]["mentor_name"] == "'=cmd()"


WISHES = """external_id,role,places,values,style_wanted,style_offered,support_wanted,support_offered,site,field,boost
m1,mentor,1,care,,directive,,career,Plant,Law,
m2,mentor,1,order,,sponsoring,,networks,Mill,Trade,
e1,mentee,2,order,sponsoring,,networks,,mill,trade,
e2,mentee,1,order,sponsoring,,networks,,mill,trade,20000
"""


def test_every_wish_counts_and_a_boost_decides_between_equals(tmp_path: Path) -> None:
    found = json.loads(run(tmp_path, WISHES.replace("m1,mentor,1", "m1,mentor,0"), "--json").stdout)
    pairs = {(pair["mentee"], pair["mentor"]): pair for pair in found["pairs"]}
    assert set(pairs) == {("e2", "m2")}  # one place, two who are alike: the boosted one goes first
    told = {term["term"]: term["sentence"] for term in pairs["e2", "m2"]["terms"]}
    assert told == {
        "values": "What matters to both: order",
        "style": "Ways of mentoring wished and offered: sponsoring",
        "support": "Kinds of support wished and offered: networks",
        "field": "The same field: trade",
        "boost": "Boosted: the mentee by a coordinator",
    }
    assert sum(term["points"] for term in pairs["e2", "m2"]["terms"]) == pairs["e2", "m2"]["score"]


def test_a_mentee_with_two_places_gets_two_different_mentors(tmp_path: Path) -> None:
    found = json.loads(run(tmp_path, WISHES.replace("e2,mentee,1", "e2,mentee,0"), "--json").stdout)
    assert {(pair["mentee"], pair["mentor"]) for pair in found["pairs"]} == {("e1", "m1"), ("e1", "m2")}


def test_somebody_may_be_mentor_and_mentee_but_never_their_own(tmp_path: Path) -> None:
    both = "external_id,role\n1,mentor\n1,mentee\n2,mentor\n2,mentee\n"
    found = json.loads(run(tmp_path, both, "--json").stdout)
    assert {(pair["mentee"], pair["mentor"]) for pair in found["pairs"]} == {("1", "2"), ("2", "1")}
    alone = run(tmp_path, "external_id,role\n1,mentor\n1,mentee\n")
    assert "Nobody else offers to mentor" in alone.output


def test_a_program_file_weighs_boosts_and_sets_a_minimum(tmp_path: Path) -> None:
    rules = {
        "weights": {"location": 3, "field": 1, "affinity": 2},
        "seniority_band": [1, 3],
        "boosts": [
            {"points": 70000, "label": "the mill", "mentee": {"site": ["MILL"]}, "mentor": {"site": ["Mill"]}}
        ],
        "minimum_score": 100000,
    }
    people = (
        "external_id,role,site,country,field,affinity\nm1,mentor,Plant,CA,Law,veterans\nm2,mentor,Mill,US,Law,\n"
        "e1,mentee,Plant,CA,Law,veterans | parents\ne2,mentee,mill,US,Trade,parents\n"
    )
    (tmp_path / "p.json").write_text(json.dumps({"rules": rules}), encoding="utf-8")
    result = run(tmp_path, people, "--program", str(tmp_path / "p.json"), "--json")
    found = {pair["mentee"]: pair for pair in json.loads(result.stdout)["pairs"]}
    assert [(term["term"], term["points"]) for term in found["e1"]["terms"]] == [("program_fit", 1_000_000)]
    assert "veterans" not in result.output
    assert {term["sentence"] for term in found["e2"]["terms"]} == {
        "Another field; The same place: mill",
        "Boosted: the mill",
    }
    rules["minimum_score"] = 990_000
    (tmp_path / "p.json").write_text(json.dumps(rules), encoding="utf-8")
    result = run(tmp_path, people, "--program", str(tmp_path / "p.json"))
    assert "1 pair written" in result.output
    assert "all below the program's minimum" in result.output


def test_words_that_no_program_file_and_no_column_knows(tmp_path: Path) -> None:
    bad = {
        "weights": {"affinity": 3, "skills": float("nan")},
        "boosts": [{"points": 5, "mentee": {"contry": ["DE"]}, "mentr": {}}],
    }
    (tmp_path / "p.json").write_text(json.dumps(bad), encoding="utf-8")
    people = (
        "external_id,role,style_offered,country,boost,places\n"
        "m1,mentor,directve,Canada,-5,nan\n"
        "e1,mentee,,,,\n"
    )  # fmt: skip
    result = run(
        tmp_path, people, "--program", str(tmp_path / "p.json"), "--why-not", "e2:m1", "--why-not", "x"
    )
    assert result.exit_code == 1
    for words in (
        "line 2, style_offered: 'directve' is not one of: directive, collaborative, motivating, sponsoring",
        "did you mean 'directive'?",
        "line 2, country: 'Canada' is not a country code",
        "line 2, boost: -5 is not from 0 to 1000000",
        "line 2, places: 'nan' is not a whole number",
        "boosts.0.mentee.contry: unknown; did you mean 'country'?",
        "boosts.0.mentr: unknown; did you mean 'mentor'?",
        "weights.affinity: never counts alone",
        "weights.skills: Input should be a finite number",
        "--why-not e2:m1: no mentee has the number 'e2'",
        "--why-not x: write it like MENTEE:MENTOR",
    ):
        assert words in result.output, (words, result.output)


def test_a_skill_that_nobody_offers_is_named_and_stops_nothing(tmp_path: Path) -> None:
    people = (
        "external_id,role,skills_offered,skills_sought\nm,mentor,python:4,\ne,mentee,,pythn:4 | zither:2\n"
    )
    result = run(tmp_path, people)
    assert result.exit_code == 0
    assert "note: no mentor offers 'pythn', which 1 seek; did you mean 'python'?" in result.output
    assert "note: no mentor offers 'zither', which 1 seek; it counts as not met" in result.output
    assert "1 pair written" in result.output


def test_no_overlap_at_all_is_a_stated_reason(tmp_path: Path) -> None:
    people = (
        "external_id,role,languages,availability,time_zone\n"
        "m,mentor,en,mon 09:00-10:00,Europe/Berlin\ne,mentee,en,tue 09:00-10:00,Europe/Berlin\n"
        "f,mentee,ja,,\n"
    )
    (tmp_path / "p.json").write_text(
        '{"weights": {"availability": 1}, "minimum_score": 500000}', encoding="utf-8"
    )
    result = run(
        tmp_path, people, "--program", str(tmp_path / "p.json"), "--why-not", "e:m", "--why-not", "f:m"
    )
    assert "0 pairs written" in result.output
    assert "e: 1 mentor could be paired, all below the program's minimum" in result.output
    assert "60 more minutes a week in common with a mentor who could be paired" in result.output
    assert "Why not e with m: Below the program's minimum" in result.output
    assert "Why not f with m: Not possible: language" in result.output
    assert "f: 1 mentor fail only at language" in result.output
    longer = people.replace("mon 09:00-10:00", "mon 09:00-10:00 | tue 09:00-10:00")
    assert "1 pair written" in run(tmp_path, longer, "--program", str(tmp_path / "p.json")).output


def test_the_page_shows_every_column_and_what_the_command_prints(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs" / "match-a-spreadsheet.md").read_text(encoding="utf-8")
    for name, column in COLUMNS.items():
        example = column.example.replace("|", "\\|")
        assert f"| `{name}` | {column.meaning} | `{example}` |" in page
    assert PEOPLE in page
    shown = " ".join(page.split())
    for line in run(tmp_path, PEOPLE).stdout.splitlines()[1:]:
        assert " ".join(line.split()) in shown


def test_columns_are_explained(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["--columns"])
    assert "availability" in result.output
    assert CliRunner().invoke(main, []).exit_code == 2
