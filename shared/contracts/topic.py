"""What a topic is: its name, its rights, its settings, and the event types that may stand on it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from pydantic import BaseModel, TypeAdapter

from shared.contracts.common import Erased
from shared.contracts.event import Event

Confidentiality = Literal["open", "program", "restricted"]
"""Classes of domain.md; what is sealed never comes to Kafka at all."""

PARTITIONS = 6

Model = type[BaseModel]


@dataclass(frozen=True, eq=False)
class Topic:
    """One topic. All its types carry the same body: the whole new state of the aggregate, `model`.

    `retention` None: compacted, the newest state of every key is kept for ever. `keyed_by` names what the key
    is, beside the organization. `types` says in one sentence each what happened. `revision` is the number of
    the published schemas: it goes up by one when an optional field or a type is added (docs/events.md,
    Evolution).
    """

    name: str
    family: str
    model: type[BaseModel]
    types: Mapping[str, str]
    about: str
    confidentiality: Confidentiality
    writer: str
    readers: tuple[str, ...]
    retention: timedelta | None = None
    keyed_by: str = "aggregate"
    partitions: int = PARTITIONS
    revision: int = 1
    all_types: Mapping[str, str] = field(init=False)
    read: Callable[[bytes], Any] = field(init=False, repr=False)
    key_field: str = "id"

    def __post_init__(self) -> None:
        erased = (
            {self.erased: "The aggregate was erased; a null with its key follows."} if self.compacted else {}
        )
        object.__setattr__(self, "all_types", {**self.types, **erased})
        # Built once: a TypeAdapter costs a thousand times what it costs to use it.
        object.__setattr__(self, "read", TypeAdapter(self.model).validate_json)

    @property
    def compacted(self) -> bool:
        """Whether the newest state of every aggregate stays, so that a subscriber can start from the
        beginning.
        """
        return self.retention is None

    @property
    def erased(self) -> str:
        """The type of an aggregate's last event, on compacted topics."""
        return f"{self.family}.erased"

    @property
    def source(self) -> str:
        """`ce_source`."""
        return f"/rapport/{self.writer}"

    def model_of(self, type: str) -> Model:
        """The body of a type; raises KeyError for one that the topic does not have."""
        if type not in self.all_types:
            raise KeyError(type)
        return Erased if self.compacted and type == self.erased else self.model

    def schema_of(self, type: str) -> str:
        """`ce_dataschema`: names the file under docs/events/published."""
        return f"urn:rapport:schema:{self.name}:{type}:{self.revision}"

    def named(self, prefix: str = "") -> str:
        """The topic's name on a broker; a prefix keeps installations and tests apart."""
        return prefix + self.name

    def key_of(self, id: str, body: BaseModel) -> str:
        """What Kafka orders by, within the organization."""
        return id if self.key_field == "id" else str(getattr(body, self.key_field))

    def event(
        self,
        type: str,
        *,
        organization: str,
        id: str,
        version: int,
        key: str,
        body: bytes | None,
        time_ms: int | None,
        traceparent: str | None = None,
    ) -> Event:
        """The event with these parts, unchecked."""
        return Event(
            topic=self.name,
            family=self.family,
            type=type,
            source=self.source,
            schema=self.schema_of(type),
            organization=organization,
            id=id,
            version=version,
            key=key,
            body=body,
            time_ms=time_ms,
            traceparent=traceparent,
        )

    def erasure(
        self,
        organization: str,
        id: str,
        version: int,
        *,
        time_ms: int | None = None,
        traceparent: str | None = None,
    ) -> tuple[Event, ...]:
        """A last event with the id only, then a null: the same version, so whoever saw either drops the
        other.

        Empty for a topic that is not compacted: there a null says nothing, and retention forgets.
        """
        if not self.compacted:
            return ()
        last = Erased(id=id).model_dump_json().encode()
        bodies: tuple[bytes | None, ...] = (last, None)
        return tuple(
            self.event(
                self.erased,
                organization=organization,
                id=id,
                version=version,
                key=id,
                body=body,
                time_ms=time_ms,
                traceparent=traceparent,
            )
            for body in bodies
        )
