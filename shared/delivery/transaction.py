"""One MongoDB transaction as a unit of work: what must agree changes here, together or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pymongo import UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession

from shared.contracts.envelope import Event
from shared.delivery import outbox
from shared.delivery.model import Document, Wake
from shared.mongo import Database, Mongo

WORK = "work"
EFFECTS = "effects"


class Reader:
    """Who reads what, as of when: an organization's data at one program time."""

    def __init__(
        self, mongo: Mongo, database: Database, organization: str, now: datetime, session: Any = None
    ) -> None:
        self.mongo = mongo
        self.database = database
        self.organization = organization
        self.now = now
        self.session: AsyncClientSession | None = session


class View(Reader):
    """Plain majority reads outside any transaction."""


@dataclass(slots=True)
class Unit:
    """What one MongoDB transaction will write at its end, over all organizations that it serves."""

    wall_ms: int
    slots: int
    order: int = 0
    events: list[Event] = field(default_factory=list)
    saved: dict[tuple[str, str], int] = field(default_factory=dict)
    wakes: dict[tuple[str, str, str], datetime] = field(default_factory=dict)
    effects: list[Document] = field(default_factory=list)

    def next_order(self, seen: int) -> int:
        """A hybrid logical clock: after the wall clock, after all that this transaction has touched."""
        self.order = max(self.wall_ms, self.order, seen + 1)
        return self.order


class Transaction(Reader):
    """The transaction as one organization's handler sees it."""

    def __init__(
        self,
        mongo: Mongo,
        database: Database,
        organization: str,
        now: datetime,
        session: AsyncClientSession,
        unit: Unit,
    ) -> None:
        super().__init__(mongo, database, organization, now, session)
        self.unit = unit

    def of(self, organization: str) -> "Transaction":
        """The same transaction for another organization's subject of the same batch."""
        assert self.session is not None
        return Transaction(self.mongo, self.database, organization, self.now, self.session, self.unit)

    def wake(
        self, kind: str, subject: str, due: datetime | None = None, delay: timedelta = timedelta(0)
    ) -> None:
        """Have a decision made about this subject, at `due` (program time) or after `delay`; the earlier wins."""
        key = (kind, self.organization, subject)
        at = due if due is not None else self.now + delay
        self.unit.wakes[key] = min(at, self.unit.wakes.get(key, at))

    def wake_all(self, wakes: Mapping[Wake, None] | list[Wake]) -> None:
        """Several wakes at once."""
        for each in wakes:
            self.wake(each.kind, each.subject, each.due, each.delay)

    def publish(self, event: Event) -> None:
        """Send this event once the transaction has committed."""
        self.unit.events.append(event)

    def effect(self, kind: str, id: str, body: Mapping[str, Any], due: datetime | None = None) -> None:
        """Have this effect carried out after the commit, at `due` (program time) or at once, under a stable id."""
        self.unit.effects.append(
            {
                "_id": f"{kind}/{self.organization}/{id}",
                "kind": kind,
                "organization": self.organization,
                "id": id,
                "body": dict(body),
                "due_at": due if due is not None else self.now,
                "attempts": 0,
            }
        )

    async def flush(self) -> set[int]:
        """Write what has been collected, last before the commit; returns the outbox slots that were written."""
        unit, session = self.unit, self.session
        documents = outbox.documents(unit.events, unit.order or unit.wall_ms, unit.slots)
        if documents:
            await self.database[outbox.OUTBOX].insert_many(documents, session=session)
            # The rows' order may lie after what an aggregate was saved with: without this its next event could
            # sort before the one just written.
            last = max(each["order"] for each in documents)
            for (collection, id), order in unit.saved.items():
                if order < last:
                    await self.database[collection].update_one(
                        {"_id": id}, {"$set": {"order": last}}, session=session
                    )
        if unit.wakes:
            await self.database[WORK].bulk_write(
                [wake_row(*key, due) for key, due in unit.wakes.items()], ordered=False, session=session
            )
        if unit.effects:
            await self.database[EFFECTS].bulk_write(
                [
                    UpdateOne({"_id": each["_id"]}, {"$setOnInsert": each}, upsert=True)
                    for each in unit.effects
                ],
                ordered=False,
                session=session,
            )
        return {each["slot"] for each in documents}


def wake_row(kind: str, organization: str, subject: str, due: datetime) -> UpdateOne:
    """The write that makes a subject due: `seq` tells a running decision that something came meanwhile."""
    return UpdateOne(
        {"_id": f"{kind}/{organization}/{subject}"},
        {
            "$inc": {"seq": 1},
            "$min": {"due_at": due},
            "$setOnInsert": {"kind": kind, "organization": organization, "subject": subject},
            "$unset": {"failed": ""},
            "$set": {"attempts": 0},
        },
        upsert=True,
    )
