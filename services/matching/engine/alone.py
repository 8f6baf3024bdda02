"""`rapport match`: the engine on a spreadsheet, without any server."""

import json
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from services.matching.domain.people import DEFAULT_WEIGHTS, MENTEE, MENTOR, Rules
from services.matching.engine.cells import near
from services.matching.engine.match import Matching, match
from services.matching.engine.people import cohort, people
from services.matching.engine.reasons import Explainer, Help, missing
from services.matching.engine.rules import BadRules, rules_from
from services.matching.engine.sheet import COLUMNS, Sheet
from services.matching.engine.stability import blocking
from services.matching.engine.written import check_place, write

LISTED = 20
"""People left over, and skills, that the text names; `--json` has all."""
BETTER = 3
"""Mentors who would have suited better: so many are named, each with why they went elsewhere."""


@click.command("match")
@click.argument(
    "people_file", metavar="[PEOPLE.csv]", required=False, type=click.Path(exists=True, dir_okay=False)
)
@click.option(
    "--mentors", type=click.Path(exists=True, dir_okay=False), help="Mentors in a file of their own."
)
@click.option(
    "--mentees", type=click.Path(exists=True, dir_okay=False), help="Mentees in a file of their own."
)
@click.option("--program", type=click.Path(exists=True, dir_okay=False), help="The program's rules as JSON.")
@click.option(
    "--out", default="pairs.csv", show_default=True, type=click.Path(dir_okay=False), help="The pairs."
)
@click.option("--json", "as_json", is_flag=True, help="Print pairs, reasons and proof as JSON.")
@click.option(
    "--why-not",
    "asked",
    metavar="MENTEE:MENTOR",
    multiple=True,
    help="Say why these two are no pair, by their numbers. May be given again.",
)
@click.option("--columns", is_flag=True, help="Explain the columns and stop.")
def main(
    people_file: str | None,
    mentors: str | None,
    mentees: str | None,
    program: str | None,
    out: str,
    as_json: bool,
    asked: tuple[str, ...],
    columns: bool,
) -> None:
    """Pair the people of a spreadsheet: the best matching there is, with reasons and a proof.

    PEOPLE.csv has a column `role`; or give --mentors and --mentees. Nothing is sent anywhere. Exit code 1: the
    files have problems, all of them listed; nothing was matched.
    """
    if columns:
        for name, column in COLUMNS.items():
            click.echo(f"{name:16} {column.meaning}, as {column.example}")
        return
    files = [(people_file, None), (mentors, MENTOR), (mentees, MENTEE)]
    given = [(file, role) for file, role in files if file is not None]
    if not given:
        raise click.UsageError("give PEOPLE.csv, or --mentors and --mentees")
    check_place(out)
    sheet, rules = _read(given, program, asked)
    started = time.perf_counter()

    def progress(text: str) -> None:
        if not as_json:
            click.echo(f"{time.perf_counter() - started:6.1f} s  {text}", err=True)

    result = _match(sheet, rules, asked, progress)
    write(out, result["pairs"])
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False))
    else:
        click.echo(_text(result, out))


def _read(
    given: list[tuple[str, str | None]], program: str | None, asked: tuple[str, ...]
) -> tuple[Sheet, Rules]:
    """Everything wrong in any file is said before the command ends."""
    sheet = Sheet()
    for file, role in given:
        sheet.read(file, Path(file).read_bytes(), role)
    sheet.finish()
    for sentence in sheet.unknown:
        click.echo(f"note: {sentence}", err=True)
    if sheet.without_role:
        click.echo(f"note: {sheet.without_role} people have no role: they only count as managers", err=True)
    problems = [str(problem) for problem in sheet.problems]
    problems += [problem for pair in asked if (problem := _not_asked(pair, sheet))]
    rules = Rules(weights=weights_of(sheet))
    if program is not None:
        try:
            rules = rules_from(Path(program).read_text(encoding="utf-8"))
        except BadRules as error:
            problems += [f"{program}: {problem}" for problem in error.problems]
        except UnicodeDecodeError:
            problems.append(f"{program}: this is not UTF-8")
    if problems:
        for problem in problems:
            click.echo(problem, err=True)
        click.echo(f"{len(problems)} problems; nothing was matched", err=True)
        sys.exit(1)
    return sheet, rules


OF_TERMS: Mapping[str, tuple[str, ...]] = {
    "skills": ("skills_offered", "skills_sought"),
    "style": ("style_offered", "style_wanted"),
    "support": ("support_offered", "support_wanted"),
    "location": ("country", "region", "site"),
}
"""Columns that a term reads; one of the same name where nothing stands here."""


def weights_of(sheet: Sheet) -> dict[str, int]:
    """The default weights of what the files say something about: a column that is not there counts for nobody."""
    return {
        name: weight
        for name, weight in DEFAULT_WEIGHTS.items()
        if sheet.said & {*OF_TERMS.get(name, (name,))}
    }


def _not_asked(pair: str, sheet: Sheet) -> str | None:
    """What is wrong with a pair of `--why-not`."""
    for role, number in zip((MENTEE, MENTOR), pair.split(":", 1) if ":" in pair else (), strict=False):
        if (role, number) not in sheet.lines:
            known = [other for kind, other in sheet.lines if kind == role]
            meant = near(number, known)
            return f"--why-not {pair}: no {role} has the number {number!r}" + (
                f"; did you mean {meant!r}?" if meant else ""
            )
    return None if ":" in pair else f"--why-not {pair}: write it like MENTEE:MENTOR, two numbers"


def _match(sheet: Sheet, rules: Rules, asked: tuple[str, ...], progress: Any) -> dict[str, Any]:
    """The whole answer as plain data."""
    everyone = people(
        [person for person in sheet.persons if person.role == MENTEE],
        [person for person in sheet.persons if person.role == MENTOR],
        rules,
        datetime.now(UTC),
        sheet.managers,
    )
    progress(f"{len(everyone.mentees)} mentees, {everyone.pool.size} mentors")
    columns = cohort(everyone)
    found = match(columns, rules.objective, everyone, progress=progress)
    explainer = Explainer(everyone, columns, found)
    pairs = []
    for number, (mentee, mentor) in enumerate(found.pairs.tolist()):
        if number % 1000 == 0:
            progress(f"reasons of {number} of {len(found.pairs)} pairs")
        why = explainer.why(mentee, mentor)
        one, other = everyone.mentees[mentee].participant, everyone.pool.mentors[mentor].participant
        pairs.append(
            {
                "mentee": one,
                "mentee_name": sheet.names.get(one, ""),
                "mentor": other,
                "mentor_name": sheet.names.get(other, ""),
                "score": why.score,
                "rank": why.rank,
                "possible": why.possible,
                "rank_sentence": why.sentence,
                "better": [
                    {
                        "mentor": everyone.pool.mentors[row].participant,
                        "sentence": explainer.why_not(mentee, row).sentence,
                    }
                    for row in why.better[:BETTER]
                ],
                "terms": [
                    {"term": term.term, "points": term.points, "sentence": term.sentence}
                    for term in why.terms
                ],
            }
        )
    matched = set(found.pairs[:, 0].tolist())
    left = [
        _left(everyone.mentees[row].participant, sheet, explainer.left(row))
        for row in range(columns.mentees)
        if row not in matched and columns.demands[row] > 0
    ]
    return {
        "pairs": pairs,
        "left": left,
        "why_not": [_why_not(pair, explainer) for pair in asked],
        "mentors_with_places": int((explainer.load < columns.capacities).sum()),
        "mentors_missing": [
            {"skill": skill, "mentors": mentors, "price": price}
            for skill, mentors, price in missing(everyone.pool.mentors, columns.capacities, found.prices)
            if price > 0
        ],
        "proof": _proof(found, len(everyone.mentees), rules),
    }


def _left(number: str, sheet: Sheet, help_: Help) -> dict[str, Any]:
    return {
        "mentee": number,
        "mentee_name": sheet.names.get(number, ""),
        "reason": help_.left.reason,
        "sentence": help_.left.sentence,
        "change": help_.change,
    }


def _why_not(pair: str, explainer: Explainer) -> dict[str, Any]:
    mentee, mentor = pair.split(":", 1)
    given = explainer.given
    one = next(row for row, person in enumerate(given.mentees) if person.participant == mentee)
    other = next(row for row, person in enumerate(given.pool.mentors) if person.participant == mentor)
    found = explainer.why_not(one, other)
    paired = other in explainer.held.get(one, ())
    return {
        "mentee": mentee,
        "mentor": mentor,
        "sentence": "They are a pair" if paired else found.sentence,
        "gates": list(found.gates),
        "score": found.score,
        "needed": None if paired else found.needed,
    }


def _proof(found: Matching, mentees: int, rules: Rules) -> dict[str, Any]:
    return {
        "objective": rules.objective,
        "mentees": mentees,
        "pairs": len(found.pairs),
        "pairs_at_most": found.people_bound,
        "welfare": found.welfare,
        "upper_bound": found.upper_bound,
        "gap": found.gap,
        "optimal": found.gap == 0.0,
        "blocking_pairs": blocking(found.graph, found.pairs),
    }


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def _text(result: dict[str, Any], out: str) -> str:
    proof = result["proof"]
    lines = [f"{_counted(proof['pairs'], 'pair')} written to {out}"]
    if proof["optimal"]:
        most = "no more pairs are possible, and " if proof["objective"] == "participation" else ""
        lines.append(f"Proved: {most}no other matching brings more than these {proof['welfare']:,} points")
    else:
        lines.append(
            f"At most {_counted(proof['pairs_at_most'], 'pair')} and {proof['upper_bound']:,} points are possible; "
            f"this has {proof['welfare']:,} points"
        )
    left = result["left"]
    lines.append(
        f"{_counted(len(left), 'mentee')} without a mentor; "
        f"{_counted(result['mentors_with_places'], 'mentor')} with a free place"
    )
    for each in left[:LISTED]:
        name = f" ({each['mentee_name']})" if each["mentee_name"] else ""
        lines.append(f"  {each['mentee']}{name}: {each['sentence']}. What would help: {each['change']}")
    if len(left) > LISTED:
        lines.append(f"  … and {len(left) - LISTED} more: --json lists all")
    lines += [
        f"Why not {each['mentee']} with {each['mentor']}: {each['sentence']}" for each in result["why_not"]
    ]
    wanted = [each for each in result["mentors_missing"][:5] if left]
    if wanted:
        lines.append("Mentors are missed most for: " + ", ".join(each["skill"] for each in wanted))
    return "\n".join(lines)
