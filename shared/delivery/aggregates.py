"""Aggregates: the documents a service owns, changed by compare-and-set and published as whole states."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from shared import logs
from shared.contracts.envelope import event_of
from shared.contracts.topics import Topic
from shared.delivery import query
from shared.delivery.failure import Conflict
from shared.delivery.model import Document, Index
from shared.delivery.transaction import Reader, Row, Transaction

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


@dataclass(frozen=True, slots=True)
class _Erased:
    """What is left of an aggregate that was erased: its versions go on where they stood."""

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
        return (await self.get_many(at, [id])).get(id)

    async def get_many(self, at: Reader, ids: Sequence[str]) -> dict[str, Stored[S]]:
        """Those that are there, by id. A transaction reads each once and sees what it has saved itself."""
        known = await self._look(at, ids)
        return {id: each for id, each in known.items() if isinstance(each, Stored)}

    async def _look(self, at: Reader, ids: Sequence[str]) -> dict[str, Stored[S] | _Erased | None]:
        names = {id: f"{at.organization}/{id}" for id in ids}
        found = {
            id: at.seen[self.collection, name]
            for id, name in names.items()
            if (self.collection, name) in at.seen
        }
        missing = {id: name for id, name in names.items() if id not in found}
        if missing:
            rows = at.database[self.collection].find(_among(missing.values()), session=at.session)
            read = {row["_id"]: row for row in await rows.to_list(None)}
            for id, name in missing.items():
                found[id] = self._stored(read[name]) if name in read else None
                at.keep(self.collection, name, found[id])
        return found

    async def find(
        self, at: Reader, where: Mapping[str, Any], *, limit: int = 1000, after: str | None = None
    ) -> list[Stored[S]]:
        """Those that match a filter on `state.…`, in order of id, at most `limit`, after the id `after`."""
        return self._alive(await self._page(at, where, limit, after))

    async def of_each(
        self, at: Reader, name: str, values: Sequence[str], where: Mapping[str, Any] | None = None
    ) -> dict[str, list[Stored[S]]]:
        """For each value all whose field `name` (`state.…`) has it and that match a filter, in order of id."""

        async def read(asked: Mapping[str, Any], after: str | None) -> list[Document]:
            return await self._page(at, asked, query.PAGE, after)

        found = await query.of_each(at, self.collection, name, values, where or {}, read)
        return {value: self._alive(rows) for value, rows in found.items()}

    async def _page(
        self, at: Reader, where: Mapping[str, Any], limit: int, after: str | None
    ) -> list[Document]:
        await at.write(self.collection)
        asked = query.page(query.stages(self.indexes, at.organization, where, _ALIVE, after), limit)
        return await at.mongo.aggregate(at.database[self.collection], asked, at.session)

    def _alive(self, rows: list[Document]) -> list[Stored[S]]:
        return [each for each in map(self._stored, rows) if isinstance(each, Stored)]

    async def glimpse(
        self, at: Reader, where: Mapping[str, Any], fields: Sequence[str], size: int
    ) -> AsyncIterator[list[Document]]:
        """All that match, as `query.glimpse` reads them."""
        asked = query.stages(self.indexes, at.organization, where, _ALIVE)
        async for rows in query.glimpse(at, self.collection, asked, fields, size):
            yield rows

    async def count(self, at: Reader, where: Mapping[str, Any]) -> int:
        """How many match."""
        await at.write(self.collection)
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
        before = (await self._look(tx, [id]))[id]
        if isinstance(before, Stored):
            raise Conflict(f"{self.collection} {id} exists")
        last = before or _Erased(0, 0, 0)
        stored = Stored(
            tx.organization,
            id,
            state,
            last.version + (type is not None),
            last.revision + 1,
            tx.unit.next_order(last.order),
        )
        self._put(tx, None if before is None else before.revision, stored)
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
        self._put(tx, stored.revision, after)
        self._publish(tx, after, type)
        return after

    async def touch(self, tx: Transaction, stored: Stored[S]) -> None:
        """Rely on a document without changing it.

        Snapshot isolation lets two transactions each read what the other writes; a write to the same guard makes
        one of them run again. Raises Conflict when the document has changed since it was read.
        """
        rows, name = tx.unit.rows[self.collection], f"{stored.organization}/{stored.id}"
        if rows.setdefault(name, Row(stored.revision, None)).revision != stored.revision:
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
        self._put(tx, stored.revision, after, erased=True)
        if self.topic is not None:
            for event in self.topic.erasure(
                tx.organization, stored.id, after.version, time_ms=tx.unit.wall_ms
            ):
                tx.publish(event)

    def _put(self, tx: Transaction, before: int | None, stored: Stored[S], *, erased: bool = False) -> None:
        """Have it written at the end of the transaction; a second change takes the place of the first."""
        rows, name = tx.unit.rows[self.collection], f"{stored.organization}/{stored.id}"
        waiting = rows.get(name)
        if waiting is not None:
            if waiting.revision != before:
                raise Conflict(f"{self.collection} {stored.id} changed")
            before = waiting.before
        row = self._row(stored)
        rows[name] = Row(before, row | {"state": None, "erased": True} if erased else row)
        gone = _Erased(stored.version, stored.revision, stored.order)
        tx.keep(self.collection, name, gone if erased else stored)
        tx.lists(self.collection).clear()

    def _publish(self, tx: Transaction, stored: Stored[S], type: str | None) -> None:
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

    def _stored(self, row: Mapping[str, Any]) -> Stored[S] | _Erased:
        if row.get("erased"):
            return _Erased(row["version"], row["revision"], row["order"])
        return Stored(
            row["organization"],
            row["id"],
            self.model.model_validate(row["state"]),
            row["version"],
            row["revision"],
            row["order"],
        )


def _among(names: Collection[str]) -> Document:
    """A filter for documents by name; one name alone is the quickest question there is."""
    return {"_id": next(iter(names)) if len(names) == 1 else {"$in": list(names)}}
