"""`profiles.enrollments`: one participant in one role of one cohort, with what they seek and offer there."""

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from shared.contracts.common import Contract, Days, Id, Moment, Role, Score, SeniorityGap, known


class State(StrEnum):
    """Known states of an enrollment (domain.md, Vocabulary)."""

    INVITED = "invited"
    APPLIED = "applied"
    APPROVED = "approved"
    WAITLISTED = "waitlisted"
    OPEN = "open"
    AWAY = "away"
    WITHDRAWN = "withdrawn"
    COMPLETED = "completed"


class Style(StrEnum):
    """Known ways of mentoring (domain.md, Matching)."""

    DIRECTIVE = "directive"
    COLLABORATIVE = "collaborative"
    MOTIVATING = "motivating"
    SPONSORING = "sponsoring"


class Support(StrEnum):
    """Known kinds of support."""

    CAREER = "career"
    PSYCHOSOCIAL = "psychosocial"
    WORK_LIFE_BALANCE = "work_life_balance"
    NETWORKS = "networks"


SkillLevel = Annotated[int, Field(ge=1, le=5)]
WeekMinute = Annotated[int, Field(ge=0, le=10_080)]


class Hours(Contract):
    """Weekly hours: minutes since Monday 00:00 in the participant's own time zone, `start` < `end`."""

    start: WeekMinute
    end: WeekMinute


class Preferences(Contract):
    """What matching scores, from this person, for this role. Whatever is empty is *not known* and fails no
    gate.

    `choices`: ranked participant ids, the dearest first. Skills are sought and offered by level 1–5.
    `languages` are ISO 639 codes. `excluded` is for the matching service alone, never shown
    to people. A mentee wants styles and support, a mentor offers them. `affinity` holds opaque tokens of
    groups by which the person alone asked to be matched: no reader can tell a group from its token, and none
    needs to.
    """

    choices: tuple[Id, ...] = ()
    excluded: tuple[Id, ...] = ()
    skills_offered: dict[str, SkillLevel] = Field(default_factory=dict)
    skills_sought: dict[str, SkillLevel] = Field(default_factory=dict)
    goals: tuple[str, ...] = ()
    values: tuple[str, ...] = Field(default=(), description="What matters to the person")
    style_wanted: tuple[str, ...] = Field(default=(), json_schema_extra=known(Style))
    style_offered: tuple[str, ...] = Field(default=(), json_schema_extra=known(Style))
    support_wanted: tuple[str, ...] = Field(default=(), json_schema_extra=known(Support))
    support_offered: tuple[str, ...] = Field(default=(), json_schema_extra=known(Support))
    affinity: tuple[str, ...] = Field(default=(), description="Opaque tokens, by the person's own wish")
    languages: tuple[str, ...] = ()
    availability: tuple[Hours, ...] = ()
    seniority_gap: SeniorityGap | None = Field(default=None, description="Narrows the program's")


class Consent(Contract):
    """That the person agreed: in Rapport, or as an import recorded it."""

    on: date
    source: str


class Enrollment(Contract):
    """A person in a role of a cohort. Only an `open` one with a consent is matched.

    `away` are all days away that are known, past ones too, as with leaves. `capacity`: partners wanted at
    once.
    """

    id: Id
    participant: Id
    program: Id
    cohort: Id
    role: str = Field(json_schema_extra=known(Role))
    state: str = Field(json_schema_extra=known(State))
    consent: Consent | None = None
    away: tuple[Days, ...] = ()
    capacity: int = Field(default=1, ge=0)
    first_time: bool | None = None
    trained: bool | None = None
    screened: bool | None = None
    boost: Score = Field(default=0, description="Points that a coordinator adds to every pair")
    opened_at: Moment | None = None
    closed_at: Moment | None = None
    preferences: Preferences = Preferences()


TYPES = {
    "enrollment.invited": "An import, a coordinator or a sponsor asked the person to take part.",
    "enrollment.applied": "The person wants to take part.",
    "enrollment.approved": "The coordinator agreed.",
    "enrollment.waitlisted": "Ready, but the program or the cohort's window is not open.",
    "enrollment.opened": "The person can be matched, for the first time or again.",
    "enrollment.changed": "Capacity, preferences or days away changed; the state did not.",
    "enrollment.away": "The person takes part in nothing new for some days.",
    "enrollment.withdrawn": "The end before the end.",
    "enrollment.completed": "The cohort is over.",
}
