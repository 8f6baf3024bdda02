"""The same import as JSON: people and enrollments as a batch of objects instead of lines."""

from datetime import date
from typing import Any

from pydantic import ValidationError

from services.profiles.domain.base import Problem, Text
from services.profiles.domain.importing.against import checked
from services.profiles.domain.importing.rows import Rejected, Row, Wish, problems_of
from services.profiles.domain.links import Identity
from services.profiles.domain.people import ContactEdit, PersonEdit


class JsonRow(PersonEdit):
    """One person: a field that is not sent is left as it is, null clears it."""

    external_id: Text
    previous_external_id: Text | None = None
    identity: Identity | None = None
    given_name: Text | None = None
    family_name: Text | None = None
    email: str | None = None
    locale: str | None = None
    manager: Text | None = None
    enrollment: Wish | None = None


def rows_of(body: Any, today: date) -> list[Row | Rejected]:
    """Every object of `{"rows": [...]}`, understood or rejected; its line is its place, from 1.

    Raises ValueError for a body that is not of that form.
    """
    if not isinstance(body, dict) or set(body) != {"rows"} or not isinstance(body["rows"], list):
        raise ValueError("not of the form {rows: [...]}")
    return checked([_row(place, each, today) for place, each in enumerate(body["rows"], 1)])


def _row(line: int, value: Any, today: date) -> Row | Rejected:
    try:
        given = JsonRow.model_validate(value)
        row = Row(
            line=line,
            external_id=given.external_id,
            previous=given.previous_external_id,
            identity=given.identity,
            manager=given.manager,
            clears_manager="manager" in given.model_fields_set and given.manager is None,
            person=PersonEdit.model_validate(_part(given, PersonEdit)),
            contact=ContactEdit.model_validate(_part(given, ContactEdit)),
            enrollment=given.enrollment,
        )
    except ValidationError as error:
        problems = problems_of(error, "correct or leave out this field")
        return Rejected(line=line, external_id=_number(value), problems=problems)
    problem = _wrong(row, today)
    return row if problem is None else Rejected(line=line, external_id=row.external_id, problems=(problem,))


def _number(value: Any) -> str | None:
    """The number of a row that cannot be understood, if at least that can be kept."""
    try:
        return JsonRow.model_validate({"external_id": value["external_id"]}).external_id
    except (ValidationError, TypeError, KeyError):
        return None


def _part(given: JsonRow, model: type[PersonEdit] | type[ContactEdit]) -> dict[str, Any]:
    return given.model_dump(include=set(model.model_fields), exclude_unset=True)


def _wrong(row: Row, today: date) -> Problem | None:
    wish = row.enrollment
    if row.manager == row.external_id:
        return Problem(
            column="manager", reason="nobody is their own manager", fix="give the manager's number"
        )
    if wish is None:
        return None
    if (wish.consent_on is None) != (wish.consent_source is None):
        return Problem(
            column="enrollment.consent_on", reason="a consent needs its date and its source", fix="give both"
        )
    if wish.consent_on is not None and wish.consent_on > today:
        return Problem(
            column="enrollment.consent_on",
            reason=f"{wish.consent_on} has not come yet",
            fix="give the day the person agreed",
        )
    return None
