"""`notifications.deliveries`: what was sent to whom, without its content."""

from enum import StrEnum

from pydantic import Field

from shared.contracts.common import Contract, Id, Moment, known


class Outcome(StrEnum):
    """Known outcomes of a delivery."""

    SENT = "sent"
    DIGESTED = "digested"
    SUPPRESSED = "suppressed"
    FAILED = "failed"
    NO_ADDRESS = "no_address"


class Delivery(Contract):
    """One message to one person, by ids and codes."""

    id: Id
    recipient: Id
    kind: str
    channel: str
    outcome: str = Field(json_schema_extra=known(Outcome))
    program: Id | None = None
    pair: Id | None = None
    message_id: str | None = Field(
        default=None, description="The mail's Message-ID, the same over all attempts"
    )
    attempts: int = Field(default=1, ge=0)
    at: Moment


TYPES = {
    "delivery.sent": "The message was handed over to the channel.",
    "delivery.digested": "The message went out as part of a digest.",
    "delivery.suppressed": "The message was not sent, because the facts had changed or its receiver is gone.",
    "delivery.failed": "The channel refused it for good, or there is no address to send it to.",
}
