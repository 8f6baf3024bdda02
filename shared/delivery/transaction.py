"""One MongoDB transaction as a unit of work: what must agree changes here, together or not at all."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pymongo import DeleteOne, InsertOne, UpdateOne
from pymongo.asynchronous.client_session import AsyncClientSession

from shared.contracts.envelope import Event
from shared.delivery import outbox
from shared.delivery.failure import Conflict
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
        self.seen: dict[tuple[str, str], Any] = {}

    def keep(self, collection: str, id: str, found: Any) -> None:
        """Remember what was read; only a transaction does, since only its snapshot stands still."""

    def lists(self, collection: str) -> dict[str, list[Any]]:
        """The lists of this collection's documents that were read already, by question."""
        return {}

    async def write(self, collection: str) -> None:
        """Write what waits for this collection, before it is searched."""


class View(Reader):
    """Plain majority reads outside any transaction. `wall_ms` is the database's time as it was made: whatever it does
    not see was, or will be, written under an `order` not far before that, if not after it.

    One that is `brief` serves a single look and reads each document once.
    """

    wall_ms: int = 0
    brief = False

    def keep(self, collection: str, id: str, found: Any) -> None:
        if self.brief:
            self.seen[collection, id] = found

    def briefly(self) -> "View":
        """The same for a single look."""
        self.brief = True
        return self


@dataclass(slots=True)
class Row:
    """A document that will be written: a new one (`before` None), the next state of revision `before`, or one
    that is only relied on at that revision (`document` None)."""

    before: int | None
    document: Document | None

    @property
    def revision(self) -> int | None:
        """The revision that it will have."""
        return self.before if self.document is None else int(self.document["revision"])

    def operation(self, id: str) -> InsertOne[Document] | UpdateOne:
        """The write; matching nothing where somebody else changed the document since."""
        if self.document is None:
            return UpdateOne({"_id": id, "revision": self.before}, {"$inc": {"guard": 1}})
        if self.before is None:
            return InsertOne(self.document)
        fields = {name: value for name, value in self.document.items() if name != "_id"}
        change = {"$set": fields} if "erased" in fields else {"$set": fields, "$unset": {"erased": ""}}
        return UpdateOne({"_id": id, "revision": self.before}, change)


@dataclass(slots=True)
class Unit:
    """What one MongoDB transaction has read and will write at its end, over all organizations that it serves.

    Writes wait for the end and go out together: one statement for each collection in the place of one for each
    document, and the documents stay free for others until then.
    """

    wall_ms: int
    slots: int
    order: int = 0
    events: list[Event] = field(default_factory=list)
    rows: defaultdict[str, dict[str, Row]] = field(default_factory=lambda: defaultdict(dict))
    written: dict[tuple[str, str], int] = field(default_factory=dict)
    """Documents that had to be written before the end, with their order."""
    seen: dict[tuple[str, str], Any] = field(default_factory=dict)
    lists: defaultdict[str, dict[str, list[Any]]] = field(default_factory=lambda: defaultdict(dict))
    """Lists that were read, by collection and question; forgotten when a document of the collection changes."""
    done: list[UpdateOne | DeleteOne] = field(default_factory=list)
    """What becomes of the work that was due."""
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
        self.seen = unit.seen

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

    def keep(self, collection: str, id: str, found: Any) -> None:
        self.seen[collection, id] = found

    def lists(self, collection: str) -> dict[str, list[Any]]:
        return self.unit.lists[collection]

    async def write(self, collection: str) -> None:
        rows = self.unit.rows.pop(collection, None)
        if not rows:
            return
        operations = [row.operation(id) for id, row in rows.items()]
        done = await self.database[collection].bulk_write(operations, ordered=False, session=self.session)
        if done.matched_count != sum(isinstance(each, UpdateOne) for each in operations):
            raise Conflict(f"{collection} changed")
        for id, row in rows.items():
            if row.document is not None:
                self.unit.written[collection, id] = row.document["order"]

    async def flush(self) -> set[int]:
        """Write what has been collected, last before the commit; returns the outbox slots that were written."""
        unit, session = self.unit, self.session
        documents = outbox.documents(unit.events, unit.order or unit.wall_ms, unit.slots)
        # The rows' order may lie after what an aggregate was saved with: without this its next event could sort
        # before the one just written.
        last = max((each["order"] for each in documents), default=0)
        for collection in [*unit.rows]:
            for row in unit.rows[collection].values():
                if row.document is not None:
                    row.document["order"] = max(row.document["order"], last)
            await self.write(collection)
        for (collection, id), order in unit.written.items():
            if order < last:
                lift = {"$set": {"order": last}}
                await self.database[collection].update_one({"_id": id}, lift, session=session)
        if documents:
            await self.database[outbox.OUTBOX].insert_many(documents, session=session)
        # In this order: a subject that is done with and woken again is due again.
        work = [*unit.done, *(wake_row(*key, due) for key, due in unit.wakes.items())]
        if work:
            await self.database[WORK].bulk_write(work, session=session)
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
