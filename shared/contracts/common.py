"""What every event body is made of: the frozen base, ids, days, weekly hours."""

from collections.abc import Callable
from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

Id = Annotated[str, Field(min_length=1, max_length=200)]
"""An id of ours or of a program. Never a name, an address or a number that means something outside."""

Moment = AwareDatetime
"""A point in time with its offset. One without is refused: two readers would take it for two moments."""

Score = Annotated[int, Field(ge=0, le=1_000_000)]
"""A score of matching: integers on one scale, so that optimal means optimal."""


class Contract(BaseModel):
    """Base of all bodies: immutable, and a field this release does not know is passed over.

    That is what lets a newer writer add an optional field while older readers run on.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")


class Role(StrEnum):
    """Known roles of an enrollment and of a pair's member."""

    MENTOR = "mentor"
    MENTEE = "mentee"


class Days(Contract):
    """Whole local days from `first` to `last`, both included; `last` None: the end is not known yet."""

    first: date
    last: date | None = None


class SeniorityGap(Contract):
    """Steps by which the mentor should be ahead, both included; `least` is negative where the junior teaches."""

    least: int
    most: int


class Erased(Contract):
    """The last body of an erased aggregate: nothing but its id."""

    id: Id


def known(values: type[StrEnum]) -> Callable[[dict[str, Any]], None]:
    """Document the known values of an open string without closing it.

    Enumerations in events are open: a reader must bear a value that it does not know yet, so the schema may
    name values but never refuse others.
    """

    def extra(schema: dict[str, Any]) -> None:
        schema["x-known-values"] = [each.value for each in values]

    return extra
