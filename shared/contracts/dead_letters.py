"""`<service>.dead-letters`: where a record could not be applied and what class of error it was; not the
record.
"""

from pydantic import Field

from shared.contracts.common import Contract, Id, Moment


class DeadLetterNotice(Contract):
    """The place of a record that a consumer set aside; the record stays in that service's database."""

    id: Id
    group: str
    topic: str
    partition: int = Field(ge=0)
    offset: int = Field(ge=0)
    reason: str = Field(description="Class of error: codes and field names, never a value")
    at: Moment


TYPES = {"dead_letter.kept": "A record was set aside and waits for a fix and a redrive."}
