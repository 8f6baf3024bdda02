"""Copies: what a service knows of another's aggregates, learned from events; the highest version wins."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from shared.contracts.topics import Topic
from shared.delivery import query
from shared.delivery.model import Document, Index
from shared.delivery.transaction import Reader

E = TypeVar("E", bound=BaseModel)

_ALIVE = {"erased": False}


@dataclass(frozen=True, slots=True)
class Copy:
    """The newest state of one aggregate as far as it is known here; `state` is the kept part in JSON form."""

    organization: str
    id: str
    version: int
    type: str
    state: Document
    erased: bool


class Copies(Generic[E]):
    """All copies of one topic's aggregates in one collection.

    `keep(model)` says what this service stores of a state (pure, JSON-like); default: all of it.
    """

    def __init__(
        self,
        collection: str,
        topic: Topic,
        *,
        keep: Callable[[E], Mapping[str, Any]] | None = None,
        types: Sequence[str] | None = None,
        indexes: Sequence[Index] = (),
    ) -> None:
        self.collection = collection
        self.topic = topic
        self.types = None if types is None else frozenset(types)
        self.indexes = tuple(indexes)
        self._keep = keep

    def keep(self, state: E) -> Document:
        """The part of a state that is stored here."""
        return dict(self._keep(state)) if self._keep else state.model_dump(mode="json")

    async def get(self, at: Reader, id: str) -> Copy | None:
        """The copy, or None where nothing is known or all was erased."""
        found = await self.get_many(at, [id])
        return found.get(id)

    async def get_many(self, at: Reader, ids: Sequence[str]) -> dict[str, Copy]:
        """Those that are known and not erased, by id."""
        names = {id: f"{at.organization}/{id}" for id in ids}
        missing = [name for name in names.values() if (self.collection, name) not in at.seen]
        read: dict[str, Copy | None] = dict.fromkeys(missing)
        if missing:
            only = missing[0] if len(missing) == 1 else {"$in": missing}
            rows = at.database[self.collection].find({"_id": only}, session=at.session)
            read |= {row["_id"]: _copy(row) for row in await rows.to_list(None)}
        for name, copy in read.items():
            at.keep(self.collection, name, copy)
        found = {
            id: read[name] if name in read else at.seen[self.collection, name] for id, name in names.items()
        }
        return {id: copy for id, copy in found.items() if copy is not None and not copy.erased}

    async def find(
        self, at: Reader, where: Mapping[str, Any], *, limit: int = 1000, after: str | None = None
    ) -> list[Copy]:
        """Those that match a filter on `state.…`, in order of id, at most `limit`, after the id `after`."""
        return [_copy(row) for row in await self._page(at, where, limit, after)]

    async def of_each(
        self, at: Reader, name: str, values: Sequence[str], where: Mapping[str, Any] | None = None
    ) -> dict[str, list[Copy]]:
        """For each value all copies whose field `name` (`state.…`) has it and that match a filter, by id."""

        async def read(asked: Mapping[str, Any], after: str | None) -> list[Document]:
            return await self._page(at, asked, query.PAGE, after)

        found = await query.of_each(at, self.collection, name, values, where or {}, read)
        return {value: [_copy(row) for row in rows] for value, rows in found.items()}

    async def _page(
        self, at: Reader, where: Mapping[str, Any], limit: int, after: str | None
    ) -> list[Document]:
        asked = query.page(query.stages(self.indexes, at.organization, where, _ALIVE, after), limit)
        return await at.mongo.aggregate(at.database[self.collection], asked, at.session)

    async def stream(self, at: Reader, where: Mapping[str, Any], size: int) -> AsyncIterator[list[Copy]]:
        """All that match, in no order, outside a transaction, `size` at a time."""
        asked = query.stages(self.indexes, at.organization, where, _ALIVE)
        async for rows in at.mongo.stream(at.database[self.collection], asked, size):
            yield [_copy(row) for row in rows]

    async def glimpse(
        self, at: Reader, where: Mapping[str, Any], fields: Sequence[str], size: int
    ) -> AsyncIterator[list[Document]]:
        """All that match, as `query.glimpse` reads them."""
        asked = query.stages(self.indexes, at.organization, where, _ALIVE)
        async for rows in query.glimpse(at, self.collection, asked, fields, size):
            yield rows

    async def count(self, at: Reader, where: Mapping[str, Any]) -> int:
        """How many match."""
        asked = query.stages(self.indexes, at.organization, where, _ALIVE)
        found = await at.mongo.aggregate(
            at.database[self.collection], [*asked, {"$count": "count"}], at.session
        )
        return int(found[0]["count"]) if found else 0


def _copy(row: Mapping[str, Any]) -> Copy:
    return Copy(row["organization"], row["id"], row["version"], row["type"], row["state"], row["erased"])
