"""Milestones: 30, 90 and 180 counted days together. Pure: facts and a day in, the state out."""

from datetime import date

from pydantic import BaseModel, ConfigDict

from shared.calendar import Calendar, Span
from shared.contracts.pairs import Pair

DAYS = (30, 90, 180)


class Reached(BaseModel):
    """One milestone: so many counted days together, and the day on which they were full."""

    model_config = ConfigDict(frozen=True)

    days: int
    on: date


class Milestones(BaseModel):
    """All that a pair has reached."""

    model_config = ConfigDict(frozen=True)

    program: str
    reached: tuple[Reached, ...] = ()


def milestones(pair: Pair, today: date) -> tuple[Milestones, date | None]:
    """What a pair has reached by a day, and the next day to look again; None: only when a new fact comes.

    Days of a pause do not count. It sees what is there, so any order of events gives the same answer.
    """
    if pair.active_from is None:
        return Milestones(program=pair.program), None
    calendar = Calendar(pair.active_from, [Span(one.first, one.last) for one in pair.pauses])
    last = min(today, pair.ended_at.date()) if pair.ended_at else today
    due = [(days, day) for days in DAYS if (day := calendar.reaches(days)) is not None]
    reached = tuple(Reached(days=days, on=day) for days, day in due if day <= last)
    ahead = None if pair.ended_at else next((day for _, day in due if day > today), None)
    return Milestones(program=pair.program, reached=reached), ahead
