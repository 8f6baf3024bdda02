"""Rows of a file, checked one by one and against each other, before anything is looked up."""

from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, StringConstraints, ValidationError

from services.profiles.domain.base import Frozen, Partial, Problem, Text
from services.profiles.domain.enrollments import Role
from services.profiles.domain.importing.cells import CellError
from services.profiles.domain.importing.columns import BY_NAME, CLEAR
from services.profiles.domain.importing.reading import Broken, Record, Table
from services.profiles.domain.links import Identity
from services.profiles.domain.people import ContactEdit, PersonEdit
from shared.contracts.common import SeniorityGap
from shared.contracts.enrollments import Hours, SkillLevel, Style, Support

Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]


def _word_of(words: type[StrEnum]) -> Callable[[str], str]:
    def check(word: str) -> str:
        if word not in set(words):
            raise ValueError(f"{word!r} is not one of: {', '.join(words)}")
        return word

    return check


StyleWord = Annotated[str, AfterValidator(_word_of(Style))]
SupportWord = Annotated[str, AfterValidator(_word_of(Support))]


class Taste(Partial):
    """What a person seeks and offers in a role: a field that is not set is left, null clears it."""

    skills_offered: dict[Text, SkillLevel] | None = None
    skills_sought: dict[Text, SkillLevel] | None = None
    goals: tuple[Text, ...] | None = None
    values: tuple[Text, ...] | None = None
    style_wanted: tuple[StyleWord, ...] | None = None
    style_offered: tuple[StyleWord, ...] | None = None
    support_wanted: tuple[SupportWord, ...] | None = None
    support_offered: tuple[SupportWord, ...] | None = None
    languages: tuple[Language, ...] | None = None
    availability: tuple[Hours, ...] | None = None
    seniority_gap: SeniorityGap | None = None


class Wish(Frozen):
    """The enrollment a row asks for; fields that are not set are left as they are."""

    program: str
    role: Role
    cohort: str | None = None
    capacity: int | None = None
    first_time: bool | None = None
    trained: bool | None = None
    screened: bool | None = None
    choices: tuple[str, ...] | None = None
    taste: Taste = Taste()
    consent_on: date | None = None
    consent_source: str | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        return self.program, self.cohort or "", self.role


class Row(Frozen):
    """One row that can be understood by itself. `line` is where it begins (JSON: its place, from 1)."""

    line: int
    external_id: str
    previous: str | None = None
    identity: Identity | None = None
    manager: str | None = None
    clears_manager: bool = False
    person: PersonEdit = PersonEdit()
    contact: ContactEdit = ContactEdit()
    enrollment: Wish | None = None


class Rejected(Frozen):
    """One row that changes nothing, with everything that is wrong with it."""

    line: int
    external_id: str | None
    problems: tuple[Problem, ...]


def rows_of(table: Table, today: date) -> list[Row | Rejected]:
    """Every record of a file by itself, understood or rejected, in the order of its lines.

    `today` is program time: a consent cannot have been given tomorrow.
    """
    return [_row(record, today) for record in table.records]


def _row(record: Record | Broken, today: date) -> Row | Rejected:
    if isinstance(record, Broken):
        return Rejected(line=record.line, external_id=None, problems=(record.problem,))
    parts: dict[str, dict[str, Any]] = {}
    problems: list[Problem] = []
    for name, cell in record.cells.items():
        if not cell:
            continue
        column = BY_NAME[name]
        try:
            value = None if cell == CLEAR else column.parse(cell)
        except CellError as error:
            problems.append(Problem(column=name, reason=error.reason, fix=error.fix))
            continue
        parts.setdefault(column.goes, {})[column.to] = value
    own = parts.get("row", {})
    external_id = own.get("external_id")
    if external_id is None and not any(p.column == "external_id" for p in problems):
        problems.append(
            Problem(column="external_id", reason="this cell is empty", fix="give the person's number in HR")
        )
    person = parts.get("person", {})
    problems += _leave(parts.get("leave", {}), person)
    wish, more = _wish(parts.get("enrollment", {}), parts.get("taste", {}), today)
    named = {problem.column for problem in problems}
    problems += [problem for problem in more if problem.column not in named]
    if own.get("manager") is not None and own["manager"] == external_id:
        problems.append(
            Problem(column="manager", reason="nobody is their own manager", fix="give the manager's number")
        )
    if problems:
        return Rejected(line=record.line, external_id=external_id, problems=tuple(problems))
    return row_from(record.line, own, person, parts.get("contact", {}), wish)


def row_from(
    line: int,
    own: Mapping[str, Any],
    person: Mapping[str, Any],
    contact: Mapping[str, Any],
    wish: Wish | None,
) -> Row | Rejected:
    """A row of parts that were each checked; what they say together may still be refused."""
    try:
        return Row(
            line=line,
            external_id=own["external_id"],
            previous=own.get("previous"),
            identity=own.get("identity"),
            manager=own.get("manager"),
            clears_manager="manager" in own and own["manager"] is None,
            person=PersonEdit.model_validate(person),
            contact=ContactEdit.model_validate(contact),
            enrollment=wish,
        )
    except ValidationError as error:
        problems = tuple(
            Problem(
                column=str(found["loc"][0]) if found["loc"] else None,
                reason=found["msg"].removeprefix("Value error, "),
                fix="correct this value",
            )
            for found in error.errors()
        )
        return Rejected(line=line, external_id=own.get("external_id"), problems=problems)


def _leave(leave: dict[str, Any], person: dict[str, Any]) -> list[Problem]:
    """Puts a leave into the person's part; returns what is wrong with its dates."""
    if not leave:
        return []
    start, end = leave.get("start"), leave.get("end")
    if start is None:
        if end is None:
            person["leave"] = None
            return []
        return [
            Problem(
                column="leave_from",
                reason="a leave without its first day",
                fix="give leave_from with leave_until",
            )
        ]
    if end is not None and end < start:
        return [
            Problem(
                column="leave_until",
                reason=f"the leave ends on {end}, before it begins on {start}",
                fix="exchange or correct the two dates",
            )
        ]
    person["leave"] = {"start": start, "end": end}
    return []


def _wish(cells: dict[str, Any], taste: dict[str, Any], today: date) -> tuple[Wish | None, list[Problem]]:
    given = {name: value for name, value in cells.items() if value is not None or name == "choices"}
    if not given and not taste:
        return None, []
    problems = [
        Problem(
            column=name,
            reason=f"this cell is empty, but {', '.join((*given, *taste))} is given",
            fix=f"give the {name}",
        )
        for name in ("program", "role")
        if name not in given
    ]
    consent = given.get("consent_on")
    if consent is not None and consent > today:
        problems.append(
            Problem(
                column="consent_on",
                reason=f"{consent} has not come yet",
                fix="give the day the person agreed",
            )
        )
    if ("consent_on" in given) != ("consent_source" in given):
        missing = "consent_source" if "consent_on" in given else "consent_on"
        problems.append(
            Problem(column=missing, reason="a consent needs its date and its source", fix=f"give {missing}")
        )
    if problems:
        return None, problems
    if given.get("choices", ()) is None:
        given["choices"] = ()
    return Wish.model_validate({**given, "taste": taste}), []
