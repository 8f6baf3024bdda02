"""What the HTTP side needs of the kernel, as types: the kernel has these methods, tests give small fakes.

A Protocol and not an import, so that the HTTP kit is tested without Kafka or a database.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Filters:
    """Which dead letters: all given conditions hold. Dates are record timestamps in ISO 8601."""

    topic: str | None = None
    error: str | None = None
    organization: str | None = None
    since: str | None = None
    until: str | None = None
    ids: tuple[str, ...] = field(default=())


class Readiness(Protocol):
    """What `/ready` reports. `ready` is False while anything is in `missing` or `halted`, and while
    stopping.
    """

    @property
    def ready(self) -> bool: ...
    @property
    def missing(self) -> Sequence[str]: ...
    @property
    def halted(self) -> Sequence[str]: ...
    @property
    def lag(self) -> int: ...
    @property
    def outbox(self) -> int: ...
    @property
    def due(self) -> int: ...
    @property
    def failing(self) -> int: ...
    @property
    def dead_letters(self) -> int: ...
    @property
    def late_seconds(self) -> float: ...
    @property
    def clock_offset_seconds(self) -> float: ...


class Ops(Protocol):
    """What an operator may do to a consumer. All results are JSON-ready; `actor` goes to the audit log."""

    async def consumers(self) -> list[dict[str, Any]]: ...
    async def resume(self, consumer: str, actor: str) -> bool:
        """False if there is no such consumer."""
        ...

    async def positions(self) -> list[dict[str, Any]]: ...
    async def rebuild(self, topic: str, partition: int, to: int | None, actor: str) -> dict[str, Any] | None:
        """Set a position (None: to the beginning); None if there is no such position."""
        ...

    async def dead_letters(
        self, filters: Filters, cursor: str | None, limit: int
    ) -> tuple[list[dict[str, Any]], str | None]:
        """A page without payloads, by id, and the id to go on after (None: the end)."""
        ...

    async def dead_letter(self, id: str, payload: bool, actor: str) -> dict[str, Any] | None:
        """One dead letter; None if there is none. With `payload` the record's bytes too, which is audited."""
        ...

    async def redrive(self, filters: Filters, dry_run: bool, actor: str) -> dict[str, Any]: ...


class Commands(Protocol):
    """Where a handler's transaction runs."""

    async def command(self, organization: str, run: Callable[[Any], Awaitable[T]]) -> T:
        """Raises shared.delivery's Unavailable if the database does not answer in time."""
        ...

    def view(self, organization: str) -> Any: ...


class Kernel(Commands, Protocol):
    """The kernel of one service, as the application runs it."""

    @property
    def ops(self) -> Ops: ...
    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    async def readiness(self) -> Readiness: ...
