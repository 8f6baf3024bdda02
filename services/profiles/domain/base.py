"""The frozen base of every state and fact of profiles, and the words of a week."""

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    SerializerFunctionWrapHandler,
    StringConstraints,
    model_serializer,
)

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)
"""Days outside are no days of anybody's work: HR systems write 9999-12-31 for an end that is not known."""

CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def on_one_line(text: str) -> str:
    """The text; raises ValueError for a line break or a control character, which no database key may hold."""
    if CONTROL.search(text):
        raise ValueError("a line break or a control character is not possible here")
    return text


def in_calendar(day: date) -> date:
    """The day; raises ValueError for one whose midnight cannot be told in every time zone, or that means *never*."""
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"only days from {FIRST_DAY} to {LAST_DAY}; leave it out where there is none")
    return day


Source = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
"""Name of an HR system."""
Day = Annotated[date, AfterValidator(in_calendar)]
Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(on_one_line),
]
Clock = Annotated[str, StringConstraints(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$")]


class Frozen(BaseModel):
    """Immutable; an unknown field is an error, so a state written by a newer release is never half read."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Partial(Frozen):
    """Some fields: a field that is not set is left as it is, null clears it.

    Kept as such: written with all its fields, a staged row would come back with every field set, and clear
    whatever its file did not mention.
    """

    @model_serializer(mode="wrap")
    def _only_what_is_set(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in handler(self).items() if name in self.model_fields_set}


class Problem(Frozen):
    """What is wrong with one cell (or, without a column, one row), and what to do about it."""

    column: str | None
    reason: str
    fix: str
