"""Makes the collections and indexes of one service's database, at its start."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from shared.delivery.aggregates import Aggregates
from shared.delivery.model import Index, Projection
from shared.delivery.outbox import OUTBOX
from shared.delivery.relay import PARKED
from shared.delivery.transaction import EFFECTS, WORK
from shared.mongo import Collection, Database


async def make(
    database: Database, aggregates: Sequence[Aggregates[Any]], projections: Sequence[Projection]
) -> None:
    """Those of the kernel, of what the service owns and of its copies. Harmless when they are there."""
    await database[WORK].create_index([("due_at", 1)])
    await database[EFFECTS].create_index([("due_at", 1)])
    await database[OUTBOX].create_index([("order", 1)])
    owners: list[tuple[str, Sequence[Index]]] = [
        *((each.collection, each.indexes) for each in aggregates),
        *((each.copies.collection, each.copies.indexes) for each in projections),
    ]
    for collection, indexes in owners:
        # A collection made inside a transaction takes a lock that others wait for: make it now.
        await _create(database[collection], Index((("id", 1),)))
        for index in indexes:
            await _create(database[collection], index)
    for name in ("positions", "slots", "halts", "commits", "dead_letters", "dead_letter_audit", PARKED):
        with suppress(Exception):
            await database.create_collection(name)


async def _create(collection: Collection, index: Index) -> None:
    options: dict[str, Any] = {}
    if index.unique:
        options["unique"] = True
    if index.partial is not None:
        options["partialFilterExpression"] = dict(index.partial)
    await collection.create_index([("organization", 1), *index.keys], **options)
