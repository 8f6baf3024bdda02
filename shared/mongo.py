"""MongoDB for every service: all that differs between Motor and PyMongo's own async API stands here.

Motor's support ends in May 2027; the setting `driver` chooses, and the test suite passes on both. The static types
are PyMongo's async ones: Motor's objects have the same methods where this file does not bridge them.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Literal, cast

from bson.codec_options import CodecOptions
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import AsyncMongoClient, ReadPreference
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

Driver = Literal["motor", "pymongo"]
Document = dict[str, Any]
Database = AsyncDatabase[Document]
Collection = AsyncCollection[Document]
Session = AsyncClientSession

# Majority and journaled: what a transaction or a lease says must survive a crash of the primary.
_WRITES = WriteConcern(w="majority", j=True)
_READS = ReadConcern("majority")
_SNAPSHOT = ReadConcern("snapshot")
# Aware datetimes: a naive one compared with program time would raise deep in a decision.
_CODEC: CodecOptions[Document] = CodecOptions(tz_aware=True, tzinfo=UTC)


class Mongo:
    """One client of one MongoDB deployment.

    `operation_timeout` (seconds) goes to the server as maxTimeMS with every operation: one that only timed out on
    the socket would be applied later, behind the back of whoever gave up on it.
    """

    def __init__(
        self,
        uri: str,
        *,
        driver: Driver = "motor",
        operation_timeout: float = 10.0,
        selection_timeout: float = 2.0,
    ) -> None:
        options: dict[str, Any] = {
            "tz_aware": True,
            "timeoutMS": int(operation_timeout * 1000),
            "serverSelectionTimeoutMS": int(selection_timeout * 1000),
            "connectTimeoutMS": int(selection_timeout * 1000),
            # A frozen heartbeat must not hide a restarted server for the default 10 s.
            "heartbeatFrequencyMS": 1000,
            "retryWrites": False,
            "retryReads": False,
            "maxPoolSize": 64,
        }
        self.driver: Driver = driver
        self._motor = driver == "motor"
        if self._motor:
            self._client = cast("AsyncMongoClient[Document]", AsyncIOMotorClient(uri, **options))
        else:
            self._client = AsyncMongoClient(uri, **options)

    def database(self, name: str) -> Database:
        """The database of this name, with majority reads and majority, journaled writes."""
        return self._client.get_database(
            name,
            codec_options=_CODEC,
            read_preference=ReadPreference.PRIMARY,
            write_concern=_WRITES,
            read_concern=_READS,
        )

    async def server_time(self) -> datetime:
        """The database server's own clock (UTC), as `hello` tells it."""
        hello = await self._client.get_database("admin").command("hello")
        return cast("datetime", hello["localTime"]).astimezone(UTC)

    async def drop(self, name: str) -> None:
        """Forget a database with all that is in it (tests and `make clean`)."""
        await self._client.drop_database(name)

    async def database_names(self) -> list[str]:
        """Names of all databases."""
        return await self._client.list_database_names()

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        """A session in which transactions can be started; ended in any case."""
        session = cast(
            "Session",
            await cast("Any", self._client).start_session() if self._motor else self._client.start_session(),
        )
        try:
            yield session
        finally:
            await session.end_session()

    async def begin(self, session: Session) -> None:
        """Start a snapshot transaction with majority, journaled commit."""
        started = cast("Any", session.start_transaction)(
            read_concern=_SNAPSHOT, write_concern=_WRITES, read_preference=ReadPreference.PRIMARY
        )
        if not self._motor:
            await started

    async def aggregate(
        self, collection: Collection, pipeline: Sequence[Mapping[str, Any]], session: Session | None = None
    ) -> list[Document]:
        """All result documents of an aggregation (callers bound it by a `$limit` or a `$group`)."""
        cursor = cast("Any", collection.aggregate)(list(pipeline), session=session)
        if not self._motor:
            cursor = await cursor
        return cast("list[Document]", await cursor.to_list(None))

    async def stream(
        self, collection: Collection, pipeline: Sequence[Mapping[str, Any]], size: int
    ) -> AsyncIterator[list[Document]]:
        """The result documents of an aggregation outside a transaction, `size` at a time: one query, where pages by
        id would look at everything again for each page."""
        cursor = cast("Any", collection.aggregate)(list(pipeline), batchSize=size)
        if not self._motor:
            cursor = await cursor
        while found := await cursor.to_list(size):
            yield cast("list[Document]", found)

    async def close(self) -> None:
        """Close all connections."""
        closed = cast("Any", self._client).close()
        if not self._motor:
            await closed
