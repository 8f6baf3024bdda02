"""The proxy does what the fault tests believe it does."""

import asyncio
import struct
import time
from collections.abc import AsyncIterator

import bson
import pytest

from deploy.local.node import HOST, free_port
from tests.support.proxy import MongoProxy, Proxy


@pytest.fixture
async def echo() -> AsyncIterator[int]:
    """A server that sends back every message it gets; its port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1000):
            writer.write(data)
        writer.close()

    port = free_port()
    async with await asyncio.start_server(answer, HOST, port):
        yield port


async def _ask(proxy: Proxy, word: bytes = b"hello") -> bytes:
    reader, writer = await asyncio.open_connection(HOST, proxy.port)
    try:
        writer.write(word)
        return await reader.read(100)
    finally:
        writer.close()


async def test_it_forwards(echo: int) -> None:
    async with Proxy(echo) as proxy:
        assert await _ask(proxy) == b"hello"


async def test_refused_connections_end_and_none_is_made_until_it_accepts(echo: int) -> None:
    async with Proxy(echo) as proxy:
        reader, _ = await asyncio.open_connection(HOST, proxy.port)
        await proxy.refuse()
        with pytest.raises(ConnectionError):
            await _ask(proxy)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        await proxy.accept()
        assert await _ask(proxy) == b"hello"


async def test_cut_connections_end_and_new_ones_work(echo: int) -> None:
    async with Proxy(echo) as proxy:
        reader, writer = await asyncio.open_connection(HOST, proxy.port)
        writer.write(b"one")
        assert await reader.read(10) == b"one"
        await proxy.cut()
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        assert await _ask(proxy) == b"hello"


async def test_a_black_hole_holds_everything_until_it_heals(echo: int) -> None:
    async with Proxy(echo) as proxy:
        reader, writer = await asyncio.open_connection(HOST, proxy.port)
        proxy.blackhole()
        writer.write(b"late")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await reader.read(10)
        proxy.heal()
        assert await reader.read(10) == b"late"


async def test_delay_is_felt_both_ways(echo: int) -> None:
    async with Proxy(echo) as proxy:
        proxy.delay(0.1)
        began = time.monotonic()
        assert await _ask(proxy) == b"hello"
        assert time.monotonic() - began >= 0.2


async def test_nothing_listening_behind_it_ends_the_connection() -> None:
    async with Proxy(free_port()) as proxy:
        reader, _ = await asyncio.open_connection(HOST, proxy.port)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)


def _op_msg(request: int, answering: int, body: dict[str, object]) -> bytes:
    document = bson.encode(body)
    head = struct.pack("<iiii", 21 + len(document), request, answering, 2013)
    return head + struct.pack("<i", 0) + b"\0" + document


async def test_the_second_commits_reply_is_lost_after_the_server_had_it() -> None:
    executed: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.read(4):
            rest = await reader.readexactly(struct.unpack("<i", head)[0] - 4)
            executed.append(next(iter(bson.decode(rest[17:]))))
            writer.write(_op_msg(900, struct.unpack_from("<i", rest, 0)[0], {"ok": 1}))
        writer.close()

    port = free_port()
    seen_by_then: list[list[str]] = []
    async with await asyncio.start_server(serve, HOST, port), MongoProxy(port) as proxy:
        lost = proxy.drop_commit_reply(2, then=lambda: seen_by_then.append(list(executed)))
        reader, writer = await asyncio.open_connection(HOST, proxy.port)

        async def call(request: int, name: str) -> None:
            session = {"lsid": {"id": b"1" * 16}, "txnNumber": 1, "autocommit": False}
            writer.write(_op_msg(request, 0, {name: 1, **session}))
            head = await reader.readexactly(4)
            await reader.readexactly(struct.unpack("<i", head)[0] - 4)

        await call(1, "insert")
        await call(2, "commitTransaction")
        await call(3, "insert")
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await call(4, "commitTransaction")
        await lost.wait()
        assert seen_by_then == [["insert", "commitTransaction", "insert", "commitTransaction"]]
        reader, writer = await asyncio.open_connection(HOST, proxy.port)
        await call(5, "commitTransaction")  # only that one
