"""Programs: rules (rules.py), people in charge, cohorts, and what speaks against them."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from services.profiles.domain.base import Day, Frozen, Text
from services.profiles.domain.enrollments import Setting
from services.profiles.domain.people import midnight
from services.profiles.domain.rules import TEMPLATES as TEMPLATES
from services.profiles.domain.rules import Rules as Rules
from services.profiles.domain.rules import rules_of as rules_of
from services.profiles.domain.rules import strange_names as strange_names
from services.profiles.domain.rules import template as template

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
State = Literal["draft", "open", "closed"]


class Break(Frozen):
    """Days that count for nobody, both included."""

    start: Day
    end: Day

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.end < self.start:
            raise ValueError("a break ends on or after its first day")
        return self


class Cohort(Frozen):
    """One round. Days are whole days in the program's zone; `ends` None: evergreen."""

    id: Slug
    name: Text
    enrollment_from: Day | None = None
    enrollment_until: Day | None = None
    starts: Day
    midpoint: Day | None = None
    ends: Day | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.ends is not None and self.ends <= self.starts:
            raise ValueError("a cohort ends after it starts")
        if self.enrollment_from and self.enrollment_until and self.enrollment_until < self.enrollment_from:
            raise ValueError("the enrollment window closes on or after the day it opens")
        if self.midpoint is not None and not (
            self.starts < self.midpoint and self._before_end(self.midpoint)
        ):
            raise ValueError("the mid-point lies between start and end")
        if self.enrollment_until and not self._before_end(self.enrollment_until):
            raise ValueError("the enrollment window closes before the cohort ends")
        return self

    def _before_end(self, day: date) -> bool:
        return self.ends is None or day < self.ends

    @property
    def length(self) -> int | None:
        """Days from start to end; None for an evergreen cohort."""
        return None if self.ends is None else (self.ends - self.starts).days

    @property
    def middle(self) -> date | None:
        """The given mid-point, or the day halfway; None for an evergreen cohort without one."""
        if self.midpoint is not None or self.length is None:
            return self.midpoint
        return self.starts + timedelta(days=self.length // 2)


class Program(Frozen):
    name: Text
    state: State = "draft"
    rules: Rules
    coordinators: tuple[str, ...] = ()
    stand_ins: tuple[str, ...] = ()
    safeguarding_leads: tuple[str, ...] = ()
    deputies: tuple[str, ...] = ()
    breaks: tuple[Break, ...] = ()
    cohorts: tuple[Cohort, ...] = ()
    affinity_tokens: dict[str, str] = Field(default_factory=dict)
    """Group → what stands for it outside. Never published: without it a token says nothing."""

    def cohort(self, id: str) -> Cohort | None:
        return next((each for each in self.cohorts if each.id == id), None)


class Refused(Exception):
    """What was asked of a program is not possible; the message says why."""


def with_tokens(program: Program, new: Iterator[str]) -> Program:
    """The program with a token for every group it asks about now; those of others are forgotten."""
    known = program.affinity_tokens
    tokens = {group: known.get(group) or next(new) for group in program.rules.affinity_groups}
    return program if tokens == known else program.model_copy(update={"affinity_tokens": tokens})


def with_state(program: Program, state: State) -> Program:
    """The program opened or closed. Badly run ones do harm (DuBois 2002): none opens without coordinator."""
    if state == program.state:
        return program
    if state == "draft" or program.state == "closed":
        raise Refused(f"a program that is {program.state} cannot become {state}")
    if state == "open" and not program.coordinators:
        raise Refused("a program cannot open without a coordinator")
    return program.model_copy(update={"state": state})


def with_cohort(program: Program, cohort: Cohort) -> Program:
    """The program with one cohort added or replaced."""
    others = tuple(each for each in program.cohorts if each.id != cohort.id)
    cohorts = tuple(sorted((*others, cohort), key=lambda each: (each.starts, each.id)))
    return program if cohorts == program.cohorts else program.model_copy(update={"cohorts": cohorts})


def warnings(program: Program) -> list[str]:
    """What a coordinator should know before opening (health.md, Ladder: a program warns at creation if …)."""
    rules = program.rules
    found = [
        f"{rule}: {name!r} counts only if the matching service was given it"
        for rule, name, _ in strange_names(rules)
    ]
    for cohort in program.cohorts:
        length = cohort.length
        if length is None:
            continue
        stalled = stalled_after(rules.cadence_days, length)
        if rules.cadence_days > length / 2:
            found.append(f"cohort {cohort.id}: a meeting every {rules.cadence_days} days in {length} days")
        if stalled >= length:
            found.append(
                f"cohort {cohort.id}: a pair counts as stalled after {stalled:g} days, when it is over"
            )
        stretch = max(1.0, rules.cadence_days / 14)
        third = next((rung.after_days for rung in rules.ladder if rung.number == 3), None)
        if third is not None and stalled + third * stretch >= length:
            found.append(f"cohort {cohort.id}: the third rung cannot come before the end")
    if not program.coordinators:
        found.append("no coordinator is named yet: the program cannot open")
    return found


def stalled_after(cadence: float, length: float | None) -> float:
    """s in days: max(14, 1.5 c, min(3 c, c + 45, L/4)); evergreen without L/4 (health.md, Not meeting)."""
    bounds = [3 * cadence, cadence + 45] + ([] if length is None else [length / 4])
    return max(14.0, 1.5 * cadence, min(bounds))


def setting(program: Program, cohort: Cohort) -> Setting:
    """What an enrollment of this cohort depends on."""
    zone = program.rules.time_zone
    until = cohort.enrollment_until
    return Setting(
        program_open=program.state == "open",
        needs_approval=program.rules.needs_approval,
        window_from=None if cohort.enrollment_from is None else midnight(cohort.enrollment_from, zone),
        window_until=None if until is None else midnight(until + timedelta(days=1), zone),
        ends=None if cohort.ends is None else midnight(cohort.ends, zone),
        affinity=frozenset(program.affinity_tokens.values()),
    )


def enrolling(program: Program, now: datetime) -> tuple[Cohort, ...]:
    """The cohorts whose enrollment window has not closed at `now`."""
    settings = ((cohort, setting(program, cohort)) for cohort in program.cohorts)
    return tuple(
        cohort
        for cohort, each in settings
        if (each.window_until is None or now < each.window_until) and (each.ends is None or now < each.ends)
    )


def edges(program: Program, now: datetime) -> list[datetime]:
    """The moments after `now` at which enrollments of some cohort change by themselves, in order."""
    found = {
        moment
        for cohort in program.cohorts
        for moment in (setting(program, cohort).window_from, setting(program, cohort).ends)
        if moment is not None and moment > now
    }
    return sorted(found)
