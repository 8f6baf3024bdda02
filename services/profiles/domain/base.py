"""The frozen base of every state and fact of profiles, and the words of a week."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, StringConstraints, model_serializer

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
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
