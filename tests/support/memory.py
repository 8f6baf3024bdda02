"""A kernel that lives in memory, held to the real one by tests/contract/test_kernel_fakes.py."""

import copy
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from shared.delivery.failure import Unavailable
from shared.http.idempotency import Answer


@dataclass
class MemoryKernel:
    """Runs commands on one dict per organization; all or nothing, like a transaction."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    away: bool = False
    missing: list[str] = field(default_factory=list)
    calls: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)

    @property
    def ops(self) -> Any:
        return MemoryOps(self.calls)

    async def command(self, organization: str, run: Callable[[Any], Awaitable[Any]]) -> Any:
        if self.away:
            raise Unavailable
        work = copy.deepcopy(self.rows.get(organization, {}))
        result = await run(SimpleNamespace(organization=organization, rows=work))
        self.rows[organization] = work
        return result

    def view(self, organization: str) -> Any:
        return SimpleNamespace(organization=organization)

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def readiness(self) -> Any:
        if self.away:
            raise Unavailable
        return SimpleNamespace(
            ready=not self.missing,
            missing=self.missing,
            halted=[],
            lag=3,
            outbox=2,
            due=1,
            failing=0,
            dead_letters=0,
            late_seconds=1.5,
            clock_offset_seconds=60.0,
        )


@dataclass
class MemoryOps:
    calls: list[tuple[str, tuple[Any, ...]]]

    async def consumers(self) -> list[dict[str, Any]]:
        return [{"consumer": "inbox", "halted": True}]

    async def resume(self, consumer: str, actor: str) -> bool:
        self.calls.append(("resume", (consumer, actor)))
        return consumer == "inbox"

    async def positions(self) -> list[dict[str, Any]]:
        return [{"topic": "t", "partition": 0, "next": 7}]

    async def rebuild(self, topic: str, partition: int, to: int | None, actor: str) -> dict[str, Any] | None:
        return {"topic": topic, "partition": partition, "next": to or 0} if topic == "t" else None

    async def dead_letters(self, filters: Any, cursor: str | None, limit: int) -> Any:
        self.calls.append(("dead_letters", (filters, cursor, limit)))
        rows = [{"id": f"g/t/0/{n}"} for n in range(5) if cursor is None or f"g/t/0/{n}" > cursor]
        return rows[:limit], rows[limit - 1]["id"] if len(rows) > limit else None

    async def dead_letter(self, id: str, payload: bool, actor: str) -> dict[str, Any] | None:
        self.calls.append(("dead_letter", (id, payload, actor)))
        owner = {"g/t/0/1": "acme", "g/t/0/2": "other", "g/t/0/3": "unknown"}.get(id)
        return (
            {"id": id, "organization": owner, **({"value": "c2VjcmV0"} if payload else {})} if owner else None
        )

    async def redrive(self, filters: Any, dry_run: bool, actor: str) -> dict[str, Any]:
        self.calls.append(("redrive", (filters, dry_run, actor)))
        return {"dry_run": dry_run, "counts": {"applied": 1}}


class MemoryAnswers:
    """Answers among the transaction's own rows, so that they are undone with it."""

    async def prepare(self, at: Any) -> None: ...

    async def get(self, tx: Any, id: str) -> Answer | None:
        return tx.rows.get(f"answer/{id}")

    async def add(self, tx: Any, id: str, answer: Answer) -> None:
        tx.rows[f"answer/{id}"] = answer

    async def erase(self, tx: Any, about: str) -> None:
        for id, row in list(tx.rows.items()):
            if isinstance(row, Answer) and row.about == about:
                tx.rows[id] = row.model_copy(update={"content": None})
