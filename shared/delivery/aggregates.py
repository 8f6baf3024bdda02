"""Aggregates: the documents a service owns, changed by compare-and-set and published as whole states."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from shared import logs
from shared.contracts.envelope import event_of
from shared.contracts.topics import Topic
from shared.delivery import query
from shared.delivery.failure import Conflict
from shared.delivery.model import Index
from shared.delivery.transaction import Reader, Transaction

S = TypeVar("S", bound=BaseModel)

_ALIVE = {"erased": None}


@dataclass(frozen=True, slots=True)
class Stored(Generic[S]):
    """One aggregate as it was read: `version` counts published states, `revision` every change."""

    organization: str
    id: str
    state: S
    version: int
    revision: int
    order: int


class Aggregates(Generic[S]):
    """All aggregates of one family in one collection.

    `model` is the private state; `event(id, state)` builds the published body from it (pure). A family without a
    topic is never published.
    """

    def __init__(
        self,
        collection: str,
        model: type[S],
        *,
        topic: Topic | None = None,
        event: Callable[[str, S], BaseModel] | None = None,
        indexes: Sequence[Index] = (),
    ) -> None:
        if (topic is None) != (event is None):
            raise ValueError(f"{collection}: a topic needs an event builder, and an event builder a topic")
        self.collection = collection
        self.model = model
        self.topic = topic
        self._event = event
        self.indexes = tuple(indexes)

    async def get(self, at: Reader, id: str) -> Stored[S] | None:
        """The aggregate, or None."""
        row = await at.database[self.collection].find_one(
            {"_id": f"{at.organization}/{id}"}, session=at.session
        )
        return None if row is None or row.get("erased") else self._stored(row)

    async def get_many(self, at: Reader, ids: Sequence[str]) -> dict[str, Stored[S]]:
        """Those that are there, by id."""
        if not ids:
            return {}
        rows = at.database[self.collection].find(
            {"_id": {"$in": [f"{at.organization}/{id}" for id in ids]}}, session=at.session
        )
        return {
            each.id: each
            for each in (self._stored(row) for row in await rows.to_list(None) if not row.get("erased"))
        }

    async def find(
        self, at: Reader, where: Mapping[str, Any], *, limit: int = 1000, after: str | None = None
    ) -> list[Stored[S]]:
        """Those that match a filter on `state.…`, in order of id, at most `limit`, after the id `after`."""
        asked = query.page(query.stages(self.indexes, at.organization, where, _ALIVE, after), limit)
        found = await at.mongo.aggregate(at.database[self.collection], asked, at.session)
        return [self._stored(row) for row in found]

    async def count(self, at: Reader, where: Mapping[str, Any]) -> int:
        """How many match."""
        asked = query.stages(self.indexes, at.organization, where, _ALIVE)
        found = await at.mongo.aggregate(
            at.database[self.collection], [*asked, {"$count": "count"}], at.session
        )
        return int(found[0]["count"]) if found else 0

    async def add(self, tx: Transaction, id: str, state: S, type: str | None = None) -> Stored[S]:
        """A new aggregate, published when a `type` says what happened.

        An id that was erased goes on with the versions it had (architecture.md: versions survive erasure).
        Raises Conflict when the id exists.
        """
        rows = tx.database[self.collection]
        name = f"{tx.organization}/{id}"
        before = await rows.find_one({"_id": name}, session=tx.session)
        if before is not None and not before.get("erased"):
            raise Conflict(f"{self.collection} {id} exists")
        version, seen, revision = (
            (0, 0, 0) if before is None else (before["version"], before["order"], before["revision"])
        )
        stored = Stored(
            tx.organization, id, state, version + (type is not None), revision + 1, tx.unit.next_order(seen)
        )
        row = self._row(stored)
        if before is None:
            await rows.insert_one(row, session=tx.session)
        else:
            await self._replace(tx, revision, row)
        self._publish(tx, stored, type)
        return stored

    async def save(self, tx: Transaction, stored: Stored[S], state: S, type: str | None = None) -> Stored[S]:
        """The next state of what was read; published when a `type` says what happened.

        Raises Conflict when somebody else changed it since.
        """
        after = replace(
            stored,
            state=state,
            version=stored.version + (type is not None),
            revision=stored.revision + 1,
            order=tx.unit.next_order(stored.order),
        )
        await self._replace(tx, stored.revision, self._row(after))
        self._publish(tx, after, type)
        return after

    async def touch(self, tx: Transaction, stored: Stored[S]) -> None:
        """Rely on a document without changing it.

        Snapshot isolation lets two transactions each read what the other writes; a write to the same guard makes
        one of them run again. Raises Conflict when the document has changed since it was read.
        """
        done = await tx.database[self.collection].update_one(
            {"_id": f"{tx.organization}/{stored.id}", "revision": stored.revision},
            {"$inc": {"guard": 1}},
            session=tx.session,
        )
        if done.matched_count != 1:
            raise Conflict(f"{self.collection} {stored.id} changed")
        tx.unit.next_order(stored.order)

    async def erase(self, tx: Transaction, stored: Stored[S]) -> None:
        """Forget the state: a last event with the id only, then a null; the versions are kept."""
        after = replace(
            stored,
            version=stored.version + 1,
            revision=stored.revision + 1,
            order=tx.unit.next_order(stored.order),
        )
        row = self._row(after) | {"state": None, "erased": True}
        await self._replace(tx, stored.revision, row)
        tx.unit.saved[self.collection, f"{stored.organization}/{stored.id}"] = after.order
        if self.topic is not None:
            for event in self.topic.erasure(
                tx.organization, stored.id, after.version, time_ms=tx.unit.wall_ms
            ):
                tx.publish(event)

    async def _replace(self, tx: Transaction, revision: int, row: dict[str, Any]) -> None:
        name = row.pop("_id")
        done = await tx.database[self.collection].update_one(
            {"_id": name, "revision": revision},
            {"$set": row} if "erased" in row else {"$set": row, "$unset": {"erased": ""}},
            session=tx.session,
        )
        if done.matched_count != 1:
            raise Conflict(f"{name} changed")

    def _publish(self, tx: Transaction, stored: Stored[S], type: str | None) -> None:
        tx.unit.saved[self.collection, f"{stored.organization}/{stored.id}"] = stored.order
        if type is None:
            return
        if self.topic is None or self._event is None:
            raise ValueError(f"{self.collection} has no topic to publish {type} on")
        tx.publish(
            event_of(
                self.topic,
                type,
                organization=stored.organization,
                id=stored.id,
                version=stored.version,
                body=self._event(stored.id, stored.state),
                time_ms=tx.unit.wall_ms,
                traceparent=logs.traceparent(),
            )
        )

    def _row(self, stored: Stored[S]) -> dict[str, Any]:
        return {
            "_id": f"{stored.organization}/{stored.id}",
            "organization": stored.organization,
            "id": stored.id,
            "version": stored.version,
            "revision": stored.revision,
            "order": stored.order,
            "state": stored.state.model_dump(mode="json"),
        }

    def _stored(self, row: Mapping[str, Any]) -> Stored[S]:
        return Stored(
            row["organization"],
            row["id"],
            self.model.model_validate(row["state"]),
            row["version"],
            row["revision"],
            row["order"],
        )
