"""ACME's files are the same for the same seed, and say exactly what the story needs."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from examples.acme.generate import main
from services.profiles.domain.importing.against import checked
from services.profiles.domain.importing.columns import NAMES, REQUIRED
from services.profiles.domain.importing.plan import references_of
from services.profiles.domain.importing.reading import decoded, read
from services.profiles.domain.importing.rows import Rejected, Row, rows_of
from services.profiles.domain.programs import Cohort, Program, rules_of
from tests.unit.profiles.building import Directory

TODAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("acme")
    main(["--out", str(out), "--today", TODAY.isoformat()])
    return out


def rows(path: Path, today: date) -> list[Row | Rejected]:
    return checked(rows_of(read(decoded(path.read_bytes()), NAMES, REQUIRED), today))


def directory(folder: Path) -> Directory:
    body = json.loads((folder / "program.json").read_text())
    program = Program(
        name=body["name"],
        state="open",
        rules=rules_of(body["template"], body["rules"]),
        coordinators=("c1",),
        cohorts=tuple(Cohort.model_validate(each) for each in body["cohorts"]),
    )
    return Directory("hr", {body["id"]: program})


def test_the_same_seed_gives_the_same_files(folder: Path, tmp_path: Path) -> None:
    main(["--out", str(tmp_path), "--today", TODAY.isoformat()])
    for name in ("people.csv", "people-next.csv", "program.json", "story.json"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()
    main(["--out", str(tmp_path), "--today", TODAY.isoformat(), "--seed", "8"])
    assert (tmp_path / "people.csv").read_bytes() != (folder / "people.csv").read_bytes()


@pytest.mark.parametrize("people", [50, 301, 2000])
def test_any_size_has_exactly_the_three_wrong_rows_that_the_story_tells(people: int, tmp_path: Path) -> None:
    main(["--out", str(tmp_path), "--today", TODAY.isoformat(), "--people", str(people)])
    story = json.loads((tmp_path / "story.json").read_text())
    found = rows(tmp_path / "people.csv", TODAY)
    wrong = [row for row in found if isinstance(row, Rejected)]
    assert [(row.line, row.external_id, row.problems[0].column) for row in wrong] == [
        (each["line"], each["external_id"], each["column"]) for each in story["wrong"]
    ]
    assert len({row.problems[0].column for row in wrong}) == 3
    assert len(found) - len(wrong) == people == story["people"]


def test_the_first_file_makes_everybody_and_the_next_changes_only_who_it_should(folder: Path) -> None:
    story = json.loads((folder / "story.json").read_text())
    acme = directory(folder)
    good = [row for row in rows(folder / "people.csv", TODAY) if isinstance(row, Row)]
    first = acme.apply(good, at=NOW)
    assert {o.result for o in first.outcomes} == {"created", "waiting"}
    waiting = [row for row, o in zip(good, first.outcomes, strict=True) if o.result == "waiting"]
    last = acme.apply([references_of(row) for row in waiting], last=True, at=NOW)
    assert not any(o.problems for o in last.outcomes)
    roots = [person for person in acme.known.people.values() if person.manager is None]
    assert len(roots) == 1
    states = [enrollment.state for enrollment in acme.known.enrollments.values()]
    assert set(states) == {"open"}
    assert len(states) == story["mentors"] + story["mentees"]

    day = date.fromisoformat(story["next_day"])
    later = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
    delta = [row for row in rows(folder / "people-next.csv", day) if isinstance(row, Row)]
    made = acme.apply(delta, at=later)
    changed = {person.links[0].external_id: person for person in made.people.values()}
    assert set(changed) == {story["leaver"], story["on_leave"]}
    assert changed[story["leaver"]].leaving_on == day
    assert changed[story["on_leave"]].status == "on_leave"
    assert len(made.contacts) == 6
    assert not made.enrollments
    assert sum(o.result == "unchanged" for o in made.outcomes) == len(delta) - 8


def test_names_carry_accents_and_quotes_and_mentors_have_few_places(folder: Path) -> None:
    text = (folder / "people.csv").read_text(encoding="utf-8-sig")
    assert '""' in text
    assert any(ord(letter) > 127 for letter in text)
    story = json.loads((folder / "story.json").read_text())
    assert story["mentees"] * 0.8 < story["places"] < story["mentees"] * 1.3
    assert len(story["alone"]) >= 2
