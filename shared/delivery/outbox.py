"""The outbox: events wait here, written in the transaction that made them, until the relay has sent them. Pure."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from zlib import crc32

from shared.contracts.envelope import Event

OUTBOX = "outbox"
# One document stays far below MongoDB's 16 MB, and one relay round below the producer's memory.
_EVENTS = 100
_BYTES = 4_000_000


def slot_of(event: Event, slots: int) -> int:
    """The slot of an aggregate: all its events pass through one relay, in order."""
    return crc32(event.aggregate_key) % slots


def documents(events: Iterable[Event], order: int, slots: int) -> list[dict[str, Any]]:
    """Outbox documents of one transaction: a few per slot, each with its events in order.

    The id sorts by slot and order, so that reading a slot from its lowest order needs no other index. The events
    of one slot that do not fit one document go on with the next order.
    """
    by_slot: dict[int, list[list[Event]]] = defaultdict(list)
    sizes: dict[int, int] = defaultdict(int)
    for event in events:
        slot, size = slot_of(event, slots), len(event.body or b"")
        chunks = by_slot[slot]
        if not chunks or len(chunks[-1]) >= _EVENTS or sizes[slot] + size > _BYTES:
            chunks.append([])
            sizes[slot] = 0
        chunks[-1].append(event)
        sizes[slot] += size
    return [
        {
            "_id": f"{first_id(slot)}{order + n:016d}/{chunk[0].id_hex}",
            "slot": slot,
            "order": order + n,
            "count": len(chunk),
            "events": [each.to_row() for each in chunk],
        }
        for slot, chunks in sorted(by_slot.items())
        for n, chunk in enumerate(chunks)
    ]


def first_id(slot: int) -> str:
    """The prefix of all ids of a slot."""
    return f"{slot:02d}/"
