"""What an operator may see and do: consumers, positions, dead letters. All results are JSON-ready."""

import base64
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from shared.delivery.dead_letters import DeadLetters
from shared.delivery.halts import Halts
from shared.delivery.inbox.positions import Positions
from shared.delivery.model import Document
from shared.delivery.transactions import Transactions
from shared.http.ports import Filters

log = logging.getLogger(__name__)

INBOX, DECISIONS = "inbox", "work"
OPS_AUDIT = "ops_audit"


@dataclass(slots=True)
class Operations:
    """The operator's side of one service's kernel."""

    transactions: Transactions
    applied: Positions
    halts: Halts
    letters: DeadLetters

    async def consumers(self) -> list[dict[str, Any]]:
        """The two consumers of a service: `inbox` (facts in) and `work` (decisions)."""
        positions = await self.applied.all()
        reasons = sorted({each.halted for each in positions if each.halted is not None})
        stuck = (await self.halts.read(DECISIONS)).reason
        return [
            {
                "consumer": INBOX,
                "group": self.applied.group,
                "partitions": len(positions),
                "halted": bool(reasons),
                "reasons": reasons,
            },
            {
                "consumer": DECISIONS,
                "group": self.applied.group,
                "partitions": 0,
                "halted": stuck is not None,
                "reasons": [stuck] if stuck else [],
            },
        ]

    async def resume(self, consumer: str, actor: str) -> bool:
        """Let a halted consumer go on; False if there is none of that name."""
        if consumer not in (INBOX, DECISIONS):
            return False
        await self._note("resume", actor, {"consumer": consumer})
        if consumer == INBOX:
            await self.applied.resume()
        else:
            await self.halts.resume(DECISIONS)
        return True

    async def positions(self) -> list[dict[str, Any]]:
        """Every partition's position."""
        found = sorted(await self.applied.all(), key=lambda each: (each.topic, each.partition))
        return [asdict(each) for each in found]

    async def rebuild(self, topic: str, partition: int, to: int | None, actor: str) -> dict[str, Any] | None:
        """Set a position (None: to the log's beginning); None where there is no such position.

        Copies keep the highest version they applied, so reading again changes nothing that is newer.
        """
        await self._note("rebuild", actor, {"topic": topic, "partition": partition, "to": to})
        if not await self.applied.rebuild(topic, partition, to):
            return None
        position = await self.applied.read(topic, partition)
        return None if position is None else asdict(position)

    async def dead_letters(
        self, filters: Filters, cursor: str | None, limit: int
    ) -> tuple[list[dict[str, Any]], str | None]:
        """A page without contents, and the id to go on after (None: the end)."""
        rows = await self.letters.page(_filters(filters), cursor, limit + 1)
        page = [_json(row) for row in rows[:limit]]
        return page, page[-1]["id"] if len(rows) > limit else None

    async def dead_letter(self, id: str, payload: bool, actor: str) -> dict[str, Any] | None:
        """One dead letter; with `payload` the record's bytes in base64, which is audited."""
        row = await self.letters.show(id, payload=payload, actor=actor)
        return None if row is None else _json(row)

    async def redrive(self, filters: Filters, dry_run: bool, actor: str) -> dict[str, Any]:
        """Apply dead letters again through this group's inbox, or say what would happen."""
        done = await self.letters.redrive(_filters(filters), dry_run=dry_run, actor=actor)
        counts: dict[str, int] = {}
        for each in done:
            counts[each.outcome] = counts.get(each.outcome, 0) + 1
        return {"dry_run": dry_run, "counts": counts, "results": [asdict(each) for each in done]}

    async def _note(self, what: str, actor: str, about: Mapping[str, Any]) -> None:
        await self.transactions.database[OPS_AUDIT].insert_one(
            {"what": what, "actor": actor, "at": self.transactions.clock.wall(), "about": dict(about)}
        )


def _filters(filters: Filters) -> dict[str, Any]:
    return {
        "topic": filters.topic,
        "reason": filters.error,
        "organization": filters.organization,
        "since": filters.since,
        "until": filters.until,
        "ids": filters.ids,
    }


def _json(row: Document) -> dict[str, Any]:
    found: dict[str, Any] = {"id": row["_id"]}
    for name, value in row.items():
        if name == "_id":
            continue
        if isinstance(value, datetime):
            value = value.isoformat()
        elif isinstance(value, bytes):
            value = base64.b64encode(value).decode()
        elif name == "headers":
            value = [[key, base64.b64encode(each).decode()] for key, each in value]
        found[name] = value
    return found
