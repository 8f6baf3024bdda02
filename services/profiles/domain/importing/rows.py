"""Rows of a file, checked one by one and against each other, before anything is looked up."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from pydantic import Field, ValidationError

from services.profiles.domain.base import Day, Frozen, Partial, Problem, Text
from services.profiles.domain.enrollments import Role
from services.profiles.domain.importing.cells import CellError
from services.profiles.domain.importing.columns import BY_NAME, CLEAR, KEPT
from services.profiles.domain.importing.reading import Broken, Record, Table
from services.profiles.domain.links import Identity
from services.profiles.domain.people import ContactEdit, PersonEdit
from services.profiles.domain.tastes import Ids, Taste


class Wish(Partial):
    """The enrollment a row asks for: a field that is not set is left as it is, null clears it."""

    program: Text
    role: Role
    cohort: Text | None = None
    capacity: Annotated[int, Field(ge=0, le=50)] | None = None
    first_time: bool | None = None
    trained: bool | None = None
    screened: bool | None = None
    choices: Ids | None = None
    taste: Taste = Taste()
    consent_on: Day | None = None
    consent_source: Text | None = None

    @property
    def key(self) -> tuple[str, str, str]:
        return self.program, self.cohort or "", self.role


class Row(Frozen):
    """One row that can be understood by itself. `line` is where it begins (JSON: its place, from 1)."""

    line: int
    external_id: Text
    previous: Text | None = None
    identity: Identity | None = None
    manager: Text | None = None
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
        if cell == CLEAR and name in KEPT:
            problems.append(Problem(column=name, reason="this cannot be cleared", fix=KEPT[name]))
            continue
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
        return Rejected(line=line, external_id=own.get("external_id"), problems=problems_of(error))


def problems_of(error: ValidationError, fix: str = "correct this value") -> tuple[Problem, ...]:
    """What a model found, as problems of a row; the column is the path of the field."""
    return tuple(
        Problem(
            column=".".join(str(part) for part in found["loc"]) or None,
            reason=found["msg"].removeprefix("Value error, "),
            fix=fix,
        )
        for found in error.errors()
    )


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


CLEARED = frozenset({"choices", "capacity", "first_time", "trained", "screened"})
"""What of an enrollment a cell with only the mark clears; its columns that stay are in `KEPT`."""


def _wish(cells: dict[str, Any], taste: dict[str, Any], today: date) -> tuple[Wish | None, list[Problem]]:
    given = {name: value for name, value in cells.items() if value is not None or name in CLEARED}
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
    try:
        return Wish.model_validate({**given, "taste": taste}), []
    except ValidationError as error:
        return None, list(problems_of(error))
