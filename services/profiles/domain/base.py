"""The frozen base of every state and fact of profiles, and the words of a week."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Clock = Annotated[str, StringConstraints(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$")]


class Frozen(BaseModel):
    """Immutable; an unknown field is an error, so a state written by a newer release is never half read."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Problem(Frozen):
    """What is wrong with one cell (or, without a column, one row), and what to do about it."""

    column: str | None
    reason: str
    fix: str
