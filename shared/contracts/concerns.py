"""`sessions.concerns`: that someone must look, in ids only."""

from enum import StrEnum

from pydantic import Field

from shared.contracts.common import Contract, Id, Moment, known


class State(StrEnum):
    """Known states of a concern."""

    OPEN = "open"
    CLOSED = "closed"


class Concern(Contract):
    """A safeguarding concern. `named` and everybody in their reporting line are never written to about it."""

    id: Id
    program: Id
    pair: Id | None = None
    raised_by: Id | None = None
    named: tuple[Id, ...] = ()
    state: str = Field(default=State.OPEN.value, json_schema_extra=known(State))
    raised_at: Moment


TYPES = {
    "concern.raised": "A concern was raised: the lead and deputy hear of it at once.",
    "concern.changed": "Who is named, or who looks at it, changed.",
    "concern.closed": "A lead closed it.",
}
