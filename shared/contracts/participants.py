"""`profiles.participants`: a person without names or addresses."""

from datetime import date
from enum import StrEnum

from pydantic import Field

from shared.contracts.common import Contract, Days, Id, Moment, known


class Status(StrEnum):
    """Known states of a participant."""

    ACTIVE = "active"
    ON_LEAVE = "on_leave"
    LEFT = "left"


class Link(Contract):
    """Under which number an HR source knows the person."""

    source: str
    external_id: str


class Participant(Contract):
    """Who takes part. What a person seeks and offers is per enrollment (`Preferences`), not here.

    `leaves` are all that are known, past ones too: the days that stop a pair's clock must be there for a
    reader that saw no earlier version. A leave never carries a reason. `leaving_on` is the effective date of
    a departure, cancellable until it acts; `left_at` is when it acted.
    """

    id: Id
    links: tuple[Link, ...] = ()
    manager: Id | None = None
    status: str = Field(default=Status.ACTIVE.value, json_schema_extra=known(Status))
    leaves: tuple[Days, ...] = ()
    leaving_on: date | None = None
    left_at: Moment | None = None
    time_zone: str | None = Field(default=None, description="IANA name")
    country: str | None = Field(default=None, description="ISO 3166-1 alpha-2")
    region: str | None = Field(
        default=None, description="ISO 3166-2 subdivision, with or without its country"
    )
    site: str | None = Field(default=None, description="Where the person works, as the organization names it")
    field: str | None = Field(default=None, description="Field of work or study")
    seniority: int | None = Field(
        default=None, ge=0, le=100, description="Level on the organization's ladder"
    )
    promotion_pool: str | None = Field(
        default=None, description="People of one pool compete; coordinators read the gate as restricted"
    )


TYPES = {
    "participant.added": "A person is known for the first time.",
    "participant.changed": "Something in the profile changed: manager, time zone, field, links.",
    "participant.leave_changed": "A leave was recorded, changed, taken back, began or ended.",
    "participant.departure_changed": "A departure was announced, moved or taken back; it has not acted yet.",
    "participant.left": "The departure acted: the person takes part in nothing any longer.",
    "participant.rehired": "The same person is back.",
}
