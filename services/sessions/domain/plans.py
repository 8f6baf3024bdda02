"""Live plans: when a planned session holds the clock of *Not meeting* (health.md, *Not meeting*)."""

from dataclasses import dataclass
from datetime import date
from math import ceil, inf

from .facts import Clock, Outcome, Session
from .reports import exists

Place = tuple[float, float]
"""A place on the clock: a counted day, and the second within it; −∞ is the beginning of the day."""

BEGINNING = -inf


@dataclass(frozen=True, slots=True)
class LivePlan:
    """A plan for the date `on`, counted day `day`, live from `made` until `end`.

    It ends with its day, or when it was cancelled, moved or held before that.
    """

    on: date
    day: int
    made: Place
    end: Place


def live_plans(log: tuple[Session, ...], clock: Clock) -> tuple[LivePlan, ...]:
    """All plans ever made, as far as they are facts at the clock's moment, in the order of their end."""
    found = []
    for session in log:
        outcome = session.at if exists(session, clock) and session.outcome is not Outcome.MISSED else None
        for plan in session.plans:
            if plan.made > clock.now:
                continue
            day = clock.calendar.index(plan.day)
            end: Place = (day + 1, BEGINNING)
            for moment in (plan.moved, outcome):
                if moment is not None and moment <= clock.now:
                    end = min(end, (clock.index(moment), moment.timestamp()))
            made = (clock.index(plan.made), plan.made.timestamp())
            found.append(LivePlan(plan.day, day, made, max(made, end)))
    return tuple(sorted(found, key=lambda plan: (plan.end, plan.made, plan.day)))


def reached(exact: float, plans: tuple[LivePlan, ...], *, ahead: int | None, at_most: int | None) -> int:
    """The counted day on which a threshold at `exact` is acted on, after the plans have held it.

    A plan begins to hold `ahead` days before its day, but not before it is made; None: from then on. A
    threshold inside moves to the plan's end, in all by `at_most` days; None: without limit. The result is the
    first whole day at or after the moved value.

    What was reached before a plan was made stays reached, also on the day it is made, for a day's thresholds
    are reached as it begins. Only after an end by hand does the second count, so that moving a session, where
    one plan ends and the next begins in one moment, holds on.
    """
    place: Place = (exact, BEGINNING)
    while True:
        holding = [
            plan.end
            for plan in plans
            if plan.made <= place < plan.end and (ahead is None or plan.day - ahead <= place[0])
        ]
        if not holding:
            return ceil(place[0])
        place = max(holding)
        if at_most is not None and place[0] >= exact + at_most:
            return ceil(exact + at_most)
