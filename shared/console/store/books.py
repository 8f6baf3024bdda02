"""What `rapport audit` reads in a service's database, by what the service's kernel was registered with."""

from datetime import UTC, datetime
from typing import Any

from shared.console.ledger import Held, Identity, Name, Reader, digest
from shared.contracts.envelope import Decoded, Event, Malformed, Tombstone, Unlisted, decode
from shared.delivery.dead_letters import DEAD_LETTERS
from shared.delivery.inbox.positions import POSITIONS
from shared.delivery.outbox import OUTBOX
from shared.delivery.relay import PARKED

_HEAD = {"organization": 1, "id": 1, "version": 1}
_PLACE = {"topic": 1, "partition": 1, "offset": 1}


class ServiceBooks:
    """What one service's database holds, read from outside by what its kernel was registered with."""

    def __init__(self, kernel: Any, prefix: str) -> None:
        self._kernel, self._prefix, self._database = kernel, prefix, kernel.database
        self._copies = {each.copies.topic.name: each.copies for each in kernel.projections}

    async def close(self) -> None:
        """Close the kernel's client."""
        await self._kernel.mongo.close()

    async def aggregates(self) -> list[Held]:
        """All aggregates that were ever published, with their last published version."""
        found = []
        for each in self._kernel.aggregates:
            if each.topic is None:
                continue
            kept = each.topic.retention
            since = 0 if kept is None else int((datetime.now(UTC) - kept).timestamp() * 1000)
            # Of a topic that forgets, only what it cannot have forgotten yet.
            where = {"version": {"$gt": 0}, "order": {"$gt": since}}
            async for row in self._database[each.collection].find(where, _HEAD):
                found.append(Held(Name(each.topic.name, row["organization"], row["id"]), row["version"]))
        return found

    async def pending(self) -> set[Identity]:
        """Events in the outbox, and those that the broker refused."""
        rows = [each async for row in self._database[OUTBOX].find({}) for each in row["events"]]
        rows += [row["event"] async for row in self._database[PARKED].find({})]
        events = [Event.from_row(each) for each in rows]
        return {Identity(each.topic, each.organization, each.id, each.version) for each in events}

    async def readers(self) -> list[Reader]:
        """A reader for each topic that the service follows."""
        readers = {name: Reader(self._kernel.service, name, expected={}) for name in self._copies}
        for name, copies in self._copies.items():
            async for row in self._database[copies.collection].find({}):
                held = Name(name, row["organization"], row["id"])
                readers[name].copies[held] = Held(held, row["version"], digest(row["state"]))
        async for row in self._database[POSITIONS].find({"group": self._kernel.group}):
            reader = readers.get(row["topic"].removeprefix(self._prefix))
            if reader is not None and row["next"] is not None:
                reader.next[row["partition"]] = row["next"]
        async for row in self._database[DEAD_LETTERS].find(
            {"group": self._kernel.group, "state": "open"}, _PLACE
        ):
            reader = readers.get(row["topic"].removeprefix(self._prefix))
            if reader is not None:
                reader.dead.add((row["partition"], row["offset"]))
        return list(readers.values())

    def expect(self, reader: Reader, raw: Any) -> None:
        """Note what the service's copy must be after this record: by its own pure `keep`, as it was
        registered.
        """
        copies = self._copies[reader.topic]
        match decode(copies.topic, raw.headers, raw.key, raw.value, copies.types):
            case Decoded(state=state):
                kept = None if state is None else copies.keep(state)
                reader.expected[raw.partition, raw.offset] = digest(kept)
            case Tombstone():
                reader.expected[raw.partition, raw.offset] = digest(None)
            case Unlisted() | Malformed():
                pass
