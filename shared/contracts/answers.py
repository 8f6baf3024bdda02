"""`notifications.answers`: one-tap answers that are facts, which sessions turns into its own."""

from datetime import date
from enum import StrEnum

from pydantic import Field

from shared.contracts.common import Contract, Id, Moment, known


class Kind(StrEnum):
    """Known answers. *Need help* and *want to finish* are confidential requests and never come here."""

    MET_ON = "met_on"
    PLANNED_FOR = "planned_for"
    BUSY_UNTIL = "busy_until"


class Answer(Contract):
    """One answer. `day` is local to `time_zone`; `start` where a time of day was given.

    What follows from it has the id UUIDv5(answer), so that a replay adds nothing.
    """

    id: Id
    pair: Id
    program: Id
    kind: str = Field(json_schema_extra=known(Kind))
    day: date
    start: Moment | None = None
    time_zone: str = "UTC"
    by: Id
    answered_at: Moment


TYPES = {"answer.given": "A member answered with one tap."}
