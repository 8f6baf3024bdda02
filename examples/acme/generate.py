"""Writes ACME's files: `python -m examples.acme.generate --people 300 --seed 7 --out DIR`.

`people.csv` is the first export of HR, three of its rows wrong in three ways; `people-next.csv` the next one, a
delta; `program.json` and `coordinator.json` are the bodies to set the program up with; `story.json` says what is
in the files, so that whoever plays the story can check what comes out.
"""

import argparse
import csv
import json
import random
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from examples.acme.people import COHORT, PROGRAM, Employee, people_of

COLUMNS = (
    "external_id", "given_name", "family_name", "email", "locale", "start_date", "manager", "country", "region",
    "site", "time_zone", "department", "field", "seniority", "cost_center", "program", "cohort", "role", "places",
    "first_time", "skills_offered", "skills_sought", "goals", "values", "style_wanted", "style_offered",
    "support_wanted", "support_offered", "languages", "availability", "choices",
    "consent_on", "consent_source",
)  # fmt: skip
NEXT_COLUMNS = (
    "external_id", "given_name", "family_name", "email", "department", "cost_center", "leave_from", "leave_until",
    "leaving_on",
)  # fmt: skip
Row = dict[str, str]


def row_of(each: Employee) -> Row:
    """One employee as HR exports them; the unknown column is one that every HR system has."""
    taking_part = bool(each.role)
    return {
        "external_id": each.number,
        "given_name": each.given,
        "family_name": each.family,
        "email": each.mail,
        "locale": each.site.locale,
        "start_date": each.started.isoformat(),
        "manager": each.manager,
        "country": each.site.country,
        "region": each.site.region,
        "site": each.site.zone.rpartition("/")[2].replace("_", " "),
        "time_zone": each.site.zone,
        "department": each.department,
        "field": each.department.lower(),
        "seniority": str(each.level),
        "cost_center": f"CC-{abs(hash_of(each.department)) % 900 + 100}",
        "program": PROGRAM if taking_part else "",
        "cohort": COHORT if taking_part else "",
        "role": each.role,
        "places": str(each.places) if each.role == "mentor" else "",
        "first_time": ("yes" if each.first_time else "no") if each.role == "mentor" else "",
        "skills_offered": _levels(each.offers),
        "skills_sought": _levels(each.seeks),
        "goals": " | ".join(each.goals),
        "values": " | ".join(each.values),
        "style_wanted": " | ".join(each.styles) if each.role == "mentee" else "",
        "style_offered": " | ".join(each.styles) if each.role == "mentor" else "",
        "support_wanted": " | ".join(each.supports) if each.role == "mentee" else "",
        "support_offered": " | ".join(each.supports) if each.role == "mentor" else "",
        "languages": " | ".join(each.languages),
        "availability": " | ".join(each.hours),
        "choices": " | ".join(each.choices),
        "consent_on": each.agreed.isoformat() if each.agreed else "",
        "consent_source": "sign-up form, HR archive" if each.agreed else "",
    }


def hash_of(word: str) -> int:
    """The same number in every process, unlike hash()."""
    return sum(place * ord(letter) for place, letter in enumerate(word, 1))


def _levels(skills: dict[str, int]) -> str:
    return " | ".join(f"{name}:{level}" for name, level in skills.items())


def spoiled(
    rows: list[Row], people: Sequence[Employee], chance: random.Random
) -> tuple[list[Row], list[dict[str, Any]]]:
    """The rows with three wrong ones among them, and where and why."""
    model = row_of(next(each for each in people if each.role == "mentee" and not each.choices))
    highest = max(int(each.number) for each in people)
    zone = model | {"external_id": str(highest + 1), "time_zone": "Europe/Pariss"}
    consent = model | {"external_id": str(highest + 2), "consent_on": "31/02/2026"}
    double = row_of(people[len(people) // 3]) | {"given_name": "Another"}
    result = list(rows)
    for row in (zone, consent, double):
        # The double comes after the row it repeats: the first of two counts.
        low = len(result) // 2 if row is double else 1
        result.insert(chance.randint(low, len(result)), row)
    wrong = [(zone, "time_zone"), (consent, "consent_on"), (double, "external_id")]
    places = [next(n for n, each in enumerate(result) if each is row) for row, _ in wrong]
    return result, [
        {"line": place + 2, "external_id": row["external_id"], "column": column}
        for place, (row, column) in sorted(zip(places, wrong, strict=True), key=lambda item: item[0])
    ]


def wanted(people: Sequence[Employee]) -> list[Employee]:
    """Mentors by how many name them as first choice, the most wanted first."""
    votes: dict[str, int] = {}
    for each in people:
        if each.choices:
            votes[each.choices[0]] = votes.get(each.choices[0], 0) + 1
    mentors = [each for each in people if each.role == "mentor"]
    return sorted(mentors, key=lambda each: (-votes.get(each.number, 0), each.number))


def next_rows(people: Sequence[Employee], leaver: str, absent: str, day: date, seed: int) -> list[Row]:
    """HR's next file: one mentor leaves, one goes on leave, some edits of no weight, many rows as they were."""
    chance = random.Random(seed + 1)
    others = [each for each in people if each.number not in (leaver, absent)]
    picked = chance.sample(others, min(len(others), 24))
    rows = []
    for place, each in enumerate(picked):
        full = row_of(each)
        row = {name: full.get(name, "") for name in NEXT_COLUMNS}
        if place < 3:
            row["family_name"] = f"{each.family}-Lindqvist"
        elif place < 6:
            row["email"] = each.mail.replace("@", ".new@")
        elif place < 9:
            row["cost_center"] = "CC-999"
        rows.append(row)
    blank = dict.fromkeys(NEXT_COLUMNS, "")
    rows.append(blank | {"external_id": leaver, "leaving_on": day.isoformat()})
    until = (day + timedelta(days=41)).isoformat()
    rows.append(blank | {"external_id": absent, "leave_from": day.isoformat(), "leave_until": until})
    return sorted(rows, key=lambda row: row["external_id"])


def program(today: date) -> dict[str, Any]:
    """The body that sets the program up; its coordinator is added once that person is known."""
    return {
        "id": PROGRAM,
        "name": "Career mentoring",
        "template": "professional",
        "rules": {"time_zone": "Europe/Paris"},
        "cohorts": [
            {
                "id": COHORT,
                "name": "First round",
                "enrollment_from": (today - timedelta(days=40)).isoformat(),
                "enrollment_until": (today + timedelta(days=120)).isoformat(),
                "starts": today.isoformat(),
                "ends": (today + timedelta(days=364)).isoformat(),
            }
        ],
    }


COORDINATOR = {
    "links": [{"source": "rapport", "external_id": "coordinator-1"}],
    "given_name": "Carla",
    "family_name": "Ödegård",
    "email": "carla.odegard@acme.example",
    "locale": "en-GB",
    "time_zone": "Europe/Paris",
    "country": "FR",
}


def write(
    out: Path, count: int, seed: int, today: date, next_day: date, leaver: str | None, absent: str | None
) -> dict[str, Any]:
    """All files; returns what story.json says."""
    people = people_of(count, seed, today)
    rows, wrong = spoiled([row_of(each) for each in people], people, random.Random(seed))
    stars = [each.number for each in wanted(people)]
    leaver = leaver or stars[0]
    absent = absent or next(number for number in stars if number != leaver)
    out.mkdir(parents=True, exist_ok=True)
    _csv(out / "people.csv", COLUMNS, rows)
    _csv(out / "people-next.csv", NEXT_COLUMNS, next_rows(people, leaver, absent, next_day, seed))
    story = {
        "people": len(people),
        "mentors": sum(each.role == "mentor" for each in people),
        "places": sum(each.places for each in people),
        "mentees": sum(each.role == "mentee" for each in people),
        "wrong": wrong,
        "leaver": leaver,
        "on_leave": absent,
        "next_day": next_day.isoformat(),
        "alone": [each.number for each in people if each.languages == ["fi"]],
        "program": PROGRAM,
        "cohort": COHORT,
    }
    for name, body in (("program", program(today)), ("coordinator", COORDINATOR), ("story", story)):
        (out / f"{name}.json").write_text(
            json.dumps(body, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
        )
    return story


def _csv(path: Path, columns: Sequence[str], rows: Sequence[Row]) -> None:
    # With the mark that spreadsheets write, and their line ends: what HR sends is not what a programmer would.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m examples.acme.generate", description=__doc__)
    parser.add_argument("--people", type=int, default=300, help="employees, 50 to 100000 (default 300)")
    parser.add_argument("--seed", type=int, default=7, help="the same seed and day give the same files")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write to")
    parser.add_argument(
        "--today", type=date.fromisoformat, default=date.today(), help="day of the first file"
    )
    parser.add_argument("--next-after", type=int, default=42, help="days until the next file (default 42)")
    parser.add_argument("--leaver", help="number of the mentor who leaves (default: the most wanted)")
    parser.add_argument("--on-leave", help="number of the mentor who goes on leave (default: the second)")
    given = parser.parse_args(arguments)
    if not 50 <= given.people <= 100_000:
        parser.error("--people goes from 50 to 100000")
    next_day = given.today + timedelta(days=given.next_after)
    story = write(given.out, given.people, given.seed, given.today, next_day, given.leaver, given.on_leave)
    print(json.dumps(story, ensure_ascii=False))


if __name__ == "__main__":
    main()
