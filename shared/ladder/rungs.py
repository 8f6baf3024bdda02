"""A ladder as data: which rung asks whom, and how long a case must have been open for it."""

from datetime import timedelta
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Ask(StrEnum):
    """Who is asked at a rung (domain.md, Escalation)."""

    OWING = "owing"
    BOTH = "both"
    COORDINATOR = "coordinator"
    REMATCH = "rematch"


class Rung(BaseModel):
    """One step. `number` counts from 1; `offset_days` is the days a biweekly pair's case was open."""

    model_config = ConfigDict(frozen=True)

    number: int = Field(ge=1)
    offset_days: float = Field(ge=0)
    ask: Ask


class Ladder(BaseModel):
    """The rungs of one program, in order.

    Raises a validation error for numbers that do not rise or offsets that fall: the clock of a case is set to
    the offset of the rung that fired, so a falling offset would fire the next one in the same minute.
    """

    model_config = ConfigDict(frozen=True)

    rungs: tuple[Rung, ...]

    @model_validator(mode="after")
    def rising(self) -> "Ladder":
        """Refuse a ladder that goes down."""
        for lower, upper in zip(self.rungs, self.rungs[1:], strict=False):
            if upper.number <= lower.number or upper.offset_days <= lower.offset_days:
                raise ValueError(f"rung {upper.number} must come after rung {lower.number}")
        return self

    def after(self, number: int) -> Rung | None:
        """The first rung above `number`, or None at the top."""
        return next((rung for rung in self.rungs if rung.number > number), None)


DEFAULT_LADDER = Ladder(
    rungs=(
        Rung(number=1, offset_days=0, ask=Ask.OWING),
        Rung(number=2, offset_days=3, ask=Ask.BOTH),
        Rung(number=3, offset_days=7, ask=Ask.COORDINATOR),
        Rung(number=4, offset_days=14, ask=Ask.REMATCH),
    )
)
"""domain.md, Escalation: day 0, +3, +7, +14."""


def stretched(offset_days: float, cadence_days: float) -> timedelta:
    """The offset for a pair that meets every `cadence_days`: offset × max(1, c/14) (health.md, Ladder)."""
    return timedelta(days=offset_days * max(1.0, cadence_days / 14))
