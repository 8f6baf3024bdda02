"""What matching keeps beside its pairs: the states behind its documents."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from services.matching.domain.pair import Frozen
from services.matching.domain.people import MENTEE, MENTOR


class Place(Frozen):
    """One enrollment's places: what a new proposal and a leaver both write, so that they always meet."""

    participant: str
    program: str
    cohort: str
    role: str
    pairs: tuple[str, ...] = ()
    """Ids of the shown and living pairs that take a place."""


class Missing(Frozen):
    """A skill for which one more mentor would help."""

    skill: str
    mentors: int
    """Who offer it; never fewer than five, so that no price belongs to a few."""
    worth: int
    """Points that one more place at them brings, on average."""


class Summary(Frozen):
    """How good one plan is."""

    at: datetime
    pairs: int
    left_mentees: int
    spare_mentors: int
    gap: float
    proved: bool
    blocking: int
    missing: tuple[Missing, ...] = ()


class CohortState(Frozen):
    """One cohort's matching. `epoch` counts plans: pages of an older plan are passed over."""

    program: str
    cohort: str
    epoch: int = 0
    waits: int = 0
    """How often the plan has waited for people whose enrollment came before them."""
    published: bool = False
    """A coordinator asked to show drafts before the enrollment window is over."""
    summary: Summary | None = None
    """Of the plan of this epoch."""


class Arrivals(Frozen):
    """What has happened to one cohort that no place document tells of; each count only grows. Beside the cohort's own
    document, which every page of a plan relies on."""

    program: str
    cohort: str
    joined: int = 0
    """Enrollments that can be matched and could not before."""
    missed: int = 0
    """Pages that met somebody the plan did not know as they are."""


class Seat(NamedTuple):
    """One member of a pair."""

    participant: str
    enrollment: str
    role: str


class Sketch(NamedTuple):
    """As much of a pair as a plan of everybody needs: there are very many, and each has long reasons."""

    id: str
    state: str
    cohort: str
    members: tuple[Seat, ...]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Sketch":
        """From a document of which only these fields were read."""
        state = row["state"]
        seats = tuple(
            Seat(each["participant"], each["enrollment"], each["role"]) for each in state["members"]
        )
        return cls(row["id"], state["state"], state["cohort"], seats)

    @property
    def ends(self) -> tuple[str, str]:
        """(mentee's enrollment, mentor's enrollment)."""
        by_role = {each.role: each.enrollment for each in self.members}
        return by_role[MENTEE], by_role[MENTOR]


class Making(Frozen):
    """Two enrollments that are to be a pair."""

    mentee: str
    mentor: str
    rank: int | None = None
    possible: int | None = None


class LeftOver(Frozen):
    """Why one enrollment has no partner; reason None: it has one by now."""

    program: str
    cohort: str
    participant: str
    role: str
    reason: str | None = None
    sentence: str = ""
    hint: str = ""
    possible: int = 0
    gates: Mapping[str, int] = {}


class PlanPage(Frozen):
    """A part of a plan that is carried out in one transaction; the next part follows."""

    cohort: str
    epoch: int
    propose: bool = False
    make: tuple[Making, ...] = ()
    drop: tuple[str, ...] = ()
    left: tuple[tuple[str, LeftOver], ...] = ()
    last: bool = True
