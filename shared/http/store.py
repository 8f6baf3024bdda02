"""Stored answers of idempotent requests in a service's own database; the only file of the kit that names
MongoDB.
"""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from shared.http.idempotency import Answer

if TYPE_CHECKING:
    from shared.delivery.transaction import Reader, Transaction

COLLECTION = "http_answers"
KEPT = timedelta(days=2)
"""How long a key is remembered. Real time: a moved program clock must not forget what was just answered."""


class StoredAnswers:
    """One document per key: `{_id: organization/key, expire_at, fingerprint, status, content, headers}`."""

    async def prepare(self, at: "Reader") -> None:
        """The index by which the database forgets; it also makes the collection, before any transaction needs
        it.
        """
        await at.database[COLLECTION].create_index([("expire_at", 1)], expireAfterSeconds=0)
        await at.database[COLLECTION].create_index([("about", 1)])

    async def get(self, tx: "Transaction", id: str) -> Answer | None:
        """The answer stored under this key, or None."""
        row = await tx.database[COLLECTION].find_one({"_id": f"{tx.organization}/{id}"}, session=tx.session)
        return None if row is None else Answer.model_validate(row)

    async def add(self, tx: "Transaction", id: str, answer: Answer) -> None:
        """Store it. Of two transactions that add one key the database refuses one, which the kernel runs
        again.
        """
        row: dict[str, Any] = {
            "_id": f"{tx.organization}/{id}",
            "organization": tx.organization,
            "expire_at": datetime.now(UTC) + KEPT,
            **answer.model_dump(mode="json"),
        }
        await tx.database[COLLECTION].insert_one(row, session=tx.session)

    async def erase(self, tx: "Transaction", about: str) -> None:
        """Empty all answers about a person of the transaction's organization; their keys stay until they expire."""
        where = {"about": about, "organization": tx.organization}
        await tx.database[COLLECTION].update_many(where, {"$set": {"content": None}}, session=tx.session)
