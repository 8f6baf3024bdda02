"""What matching needs to know of one enrolled person, and the rules of the program that judge it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

MENTOR = "mentor"
MENTEE = "mentee"

WEEK_MINUTES = 7 * 24 * 60

ReportingRule = Literal["allow", "direct", "levels", "any"]
Objective = Literal["participation", "score"]

SCALE = 1_000_000
"""Every score that is shown is an integer from 0 to this; every share of a term likewise."""

DEFAULT_WEIGHTS: Mapping[str, int] = {
    "choice": 8,
    "skills": 6,
    "goals": 5,
    "languages": 2,
    "availability": 3,
    "seniority": 3,
    "values": 3,
    "style": 2,
    "support": 2,
    "field": 1,
    "location": 0,
    "affinity": 0,
}
"""0-10 each, per program. Having a say weighs most (domain.md, Matching: Allen 2006, Kendall 2015); values never
above it, as likeness also breeds sameness (Eby 2013)."""


@dataclass(frozen=True, slots=True)
class Boost:
    """What a program adds to pairs it wants to see: `points` where both sides are as it says.

    mentee, mentor: fact → values of which one must hold (`country`, `region`, `site`, `field`, `first_time`);
    an empty side is anybody. A fact that is not known does not hold.
    """

    points: int
    label: str = ""
    mentee: tuple[tuple[str, tuple[str, ...]], ...] = ()
    mentor: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """One enrollment with what is known of its participant; whatever is empty or None is *not known*.

    `places` is how many partners the person wants in all, `held` how many of those places shown or living
    pairs already take. `availability` holds weekly intervals in minutes from Monday 00:00, local time of
    `zone`. `skills` are sought by a mentee and offered by a mentor, with levels 1-5.
    """

    enrollment: str
    participant: str
    role: str
    open: bool = True
    """The enrollment is open: neither away, nor waiting for a consent, nor withdrawn."""
    present: bool = True
    """The participant takes part now: neither on leave, nor leaving, nor gone."""
    places: int = 1
    held: int = 0
    choices: tuple[str, ...] = ()
    excluded: frozenset[str] = frozenset()
    past: frozenset[str] = frozenset()
    """Participants this person is or was paired with, or a proposal between them was declined or expired."""
    languages: tuple[str, ...] = ()
    skills: Mapping[str, int] = field(default_factory=dict)
    goals: frozenset[str] = frozenset()
    availability: tuple[tuple[int, int], ...] = ()
    zone: str | None = None
    seniority: int | None = None
    gap: tuple[int, int] | None = None
    """The seniority gap that this mentee wants; it narrows the program's band."""
    values: frozenset[str] = frozenset()
    styles: frozenset[str] = frozenset()
    """Ways of mentoring: wanted by a mentee, offered by a mentor; `supports` likewise."""
    supports: frozenset[str] = frozenset()
    country: str | None = None
    region: str | None = None
    site: str | None = None
    area: str | None = None
    """Field of work or study."""
    affinity: frozenset[str] = frozenset()
    """Tokens of groups by which the person asked to be matched; nobody can tell a group from its token."""
    boost: int = 0
    """Points that a coordinator adds to every pair of this person."""
    first_time: bool | None = None
    promotion_pool: str | None = None
    trained: bool | None = None
    screened: bool | None = None

    @property
    def free(self) -> int:
        """Places left for new pairs; 0 when the person takes part no longer or pauses."""
        return max(0, self.places - self.held) if self.open and self.present else 0


@dataclass(frozen=True, slots=True)
class Rules:
    """How one program matches. The numbers are proposals of ours that a program may override."""

    reporting_line: ReportingRule = "levels"
    reporting_levels: int = 2
    weights: Mapping[str, int] = field(default_factory=lambda: dict(DEFAULT_WEIGHTS))
    objective: Objective = "participation"
    minimum: int = 0
    """Pairs below this score are not made, 0 ... SCALE."""
    gates: frozenset[str] = frozenset()
    """Optional gates that are on: training, screening."""
    seniority_band: tuple[int, int] = (1, 4)
    """Steps by which the mentor should be ahead; negative where the junior teaches."""
    overlap_wanted: int = 120
    """Minutes a week in common that count as plenty."""
    boosts: tuple[Boost, ...] = ()
    draft_bonus: int = 30_000
    """What a draft is worth beyond its score, against churn (domain.md, Matching)."""
    approval: bool = False
    """A coordinator says yes as well."""
    exclude_past: bool = True
    """Two who were paired before are not paired again."""
    answer_days: int = 7
    change_weekday: int = 0
    change_minute: int = 9 * 60
    """Minutes after midnight."""
    zone: str = "UTC"
    """Change time: ends decided by a person take effect then (domain.md, Confidentiality)."""


@dataclass(frozen=True, slots=True)
class Round:
    """One cohort's dates. None where the program is evergreen and knows none."""

    program: str
    cohort: str
    start: datetime | None = None
    end: datetime | None = None
    publish: datetime | None = None
    """From here drafts are shown as proposals; None: at once."""
