"""A TCP proxy between a service and the database or the broker, which can do to the network what networks do.

    async with Proxy(database.port) as proxy:            # a service connects to proxy.port
        proxy.blackhole()
        ...
        proxy.heal()

    async with MongoProxy(database.port) as proxy:
        lost = proxy.drop_commit_reply(2, then=service.kill)   # the second commit from now
        ...
        await lost.wait()

In front of Kafka it must stand where the broker sends its clients: `Proxy(kafka.proxied_port,
kafka.proxy_port)`, and the service's bootstrap is `kafka.proxied_bootstrap`.
"""

import asyncio
import contextlib
import inspect
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Self

import bson

from deploy.local.node import HOST, free_port

_CHUNK = 1 << 16
_OP_MSG = 2013
Then = Callable[[], Awaitable[Any] | Any]


class Proxy:
    """Listens on `port` and forwards to `to`, both on this machine, until told otherwise."""

    def __init__(self, to: int, port: int = 0) -> None:
        self.to = to
        self.port = port or free_port()
        self._server: asyncio.Server | None = None
        self._links: set[asyncio.Task[None]] = set()
        self._flow = asyncio.Event()
        self._flow.set()
        self._seconds = 0.0

    @property
    def address(self) -> str:
        """`host:port` for clients."""
        return f"{HOST}:{self.port}"

    async def __aenter__(self) -> Self:
        await self.accept()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.refuse()

    async def accept(self) -> None:
        """Listen (again, after `refuse`)."""
        if self._server is None:
            self._server = await asyncio.start_server(self._link, HOST, self.port)

    async def refuse(self) -> None:
        """End all connections and refuse new ones, as when nothing runs there."""
        if self._server is not None:
            self._server.close()
            self._server = None
        await self.cut()

    async def cut(self) -> None:
        """End all connections; new ones are accepted."""
        links = list(self._links)
        for link in links:
            link.cancel()
        await asyncio.gather(*links, return_exceptions=True)

    def blackhole(self) -> None:
        """Let nothing through in either direction; connections stay open and new ones are accepted."""
        self._flow.clear()

    def delay(self, seconds: float) -> None:
        """Hold back every piece of data for so long."""
        self._seconds = seconds

    def heal(self) -> None:
        """End `blackhole` and `delay`: what was held back arrives, as after a lost route comes back."""
        self._seconds = 0.0
        self._flow.set()

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = asyncio.current_task()
        assert link is not None
        self._links.add(link)
        upstream: asyncio.StreamWriter | None = None
        try:
            source, upstream = await asyncio.open_connection(HOST, self.to)
            there = asyncio.create_task(self._requests(reader, upstream))
            back = asyncio.create_task(self._replies(source, writer))
            try:
                await asyncio.wait((there, back), return_when=asyncio.FIRST_COMPLETED)
            finally:
                there.cancel()
                back.cancel()
                await asyncio.gather(there, back, return_exceptions=True)
        except (OSError, asyncio.CancelledError):
            pass  # the other side is gone, or `cut`: either way this connection ends now
        finally:
            for end in (writer, upstream):
                if end is not None:
                    end.transport.abort()  # at once; a polite end would wait for a peer that may be frozen
            self._links.discard(link)

    async def _requests(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._pump(reader, writer)

    async def _replies(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._pump(reader, writer)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK):
                await self._send(writer, data)

    async def _send(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        if self._seconds:
            await asyncio.sleep(self._seconds)
        await self._flow.wait()
        writer.write(data)
        await writer.drain()


@dataclass
class LostReply:
    """A commit whose reply is to be lost. `happened` once the server has executed it and the client will not know."""

    nth: int
    then: Then | None
    wrote: str = ""
    seen: int = 0
    happened: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait(self, seconds: float = 30.0) -> None:
        """Until it has happened and `then` has returned; `TimeoutError` after `seconds`."""
        async with asyncio.timeout(seconds):
            await self.happened.wait()


class MongoProxy(Proxy):
    """Understands just enough of MongoDB's wire protocol to tell a commit and its reply."""

    def __init__(self, to: int, port: int = 0) -> None:
        super().__init__(to, port)
        self._wanted: LostReply | None = None
        self._commits: dict[int, LostReply] = {}
        # What each session's transaction has written so far, as "delete outbox".
        self._writes: dict[bytes, set[str]] = {}
        self._losing: asyncio.Task[None] | None = None

    def drop_commit_reply(self, nth: int = 1, then: Then | None = None, wrote: str = "") -> LostReply:
        """Lose the reply of the `nth` commitTransaction from now on, after the server has executed it.

        With `wrote`, a command and its collection such as "delete outbox", only commits of transactions that
        have done this count.

        At that moment `then` is called, and awaited if it can be (in a thread, if not); then the client's
        connection ends. A `then` that kills the client leaves no other trace of it than the commit.
        """
        self._wanted = LostReply(nth, then, wrote)
        return self._wanted

    async def _requests(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                message = await _message(reader)
                request = struct.unpack_from("<i", message, 4)[0]
                self._note(request, _command(message))
                await self._send(writer, message)

    def _note(self, request: int, command: dict[str, Any]) -> None:
        if "txnNumber" not in command:
            return
        name, session = next(iter(command)), bytes(command["lsid"]["id"])
        if command.get("startTransaction"):
            self._writes[session] = set()
        if name != "commitTransaction":
            self._writes.setdefault(session, set()).add(f"{name} {command[name]}")
            return
        wanted, writes = self._wanted, self._writes.get(session, set())
        if wanted is not None and (not wanted.wrote or wanted.wrote in writes):
            wanted.seen += 1
            if wanted.seen == wanted.nth:
                self._wanted = None
                self._commits[request] = wanted

    async def _replies(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                message = await _message(reader)
                lost = self._commits.pop(struct.unpack_from("<i", message, 8)[0], None)
                if lost is None:
                    await self._send(writer, message)
                    continue
                # In a task that this connection does not wait for itself with: `then` may well cut it.
                self._losing = asyncio.create_task(_lose(lost))
                await lost.happened.wait()
                return  # and with it both connections


async def _lose(lost: LostReply) -> None:
    try:
        if inspect.iscoroutinefunction(lost.then):
            await lost.then()
        elif lost.then is not None:
            await asyncio.to_thread(lost.then)
    finally:
        lost.happened.set()


async def _message(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(4)
    return head + await reader.readexactly(struct.unpack("<i", head)[0] - 4)


def _command(message: bytes) -> dict[str, Any]:
    """The command in an OP_MSG; empty for anything else. Layout: MongoDB wire protocol, OP_MSG."""
    if struct.unpack_from("<i", message, 12)[0] != _OP_MSG:
        return {}
    at = 20  # after the header and the flags
    while at < len(message):
        kind, size = message[at], struct.unpack_from("<i", message, at + 1)[0]
        if kind == 0:
            return bson.decode(message[at + 1 : at + 1 + size])
        at += 1 + size
    return {}
