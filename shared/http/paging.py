"""Lists in pages: an opaque cursor, at most 200 items, stable while items come and go."""

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Query, Request
from pydantic import BaseModel, Field

from shared.http.problems import invalid

T = TypeVar("T")
R = TypeVar("R")

MAX_LIMIT = 200


class Page(BaseModel, Generic[T]):
    """One page of a list. `next` is the cursor of the following page, null on the last."""

    items: list[T]
    next: str | None = Field(
        None, description="Send it as `cursor` for the following page; null: this is the last."
    )


@dataclass(frozen=True)
class Paging:
    """What a list handler asks its store: `limit + 1` items after the id `after`, ordered by id.

    `store.find(at, where, after=paging.after, limit=paging.fetch)`, then `paging.page(found, id_of, shown)`.
    """

    after: str | None
    limit: int
    scope: str

    @property
    def fetch(self) -> int:
        """One more than shown: its presence says that there is a following page."""
        return self.limit + 1

    def page(self, found: Sequence[R], id_of: Callable[[R], str], shown: Callable[[R], T]) -> Page[T]:
        """The page of what was found with `fetch` as limit."""
        items = found[: self.limit]
        next_cursor = encode(id_of(items[-1]), self.scope) if len(found) > self.limit and items else None
        return Page(items=[shown(item) for item in items], next=next_cursor)


def encode(after: str, scope: str) -> str:
    """Cursor that goes on after this id in the list `scope`."""
    return base64.urlsafe_b64encode(f"{_mark(scope)}{after}".encode()).decode().rstrip("=")


def decode(cursor: str, scope: str) -> str:
    """The id in a cursor. Raises Problem 422 for one that is not ours or of another list."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        text = ""
    mark = _mark(scope)
    if not text.startswith(mark):
        raise invalid(
            "query.cursor", "This is no cursor of this list.", "Send `next` of the page before, unchanged."
        )
    return text[len(mark) :]


def _mark(scope: str) -> str:
    # A cursor of one list used on another would skip silently; eight characters tell them apart.
    return hashlib.sha256(scope.encode()).hexdigest()[:8] + ":"


def _paging(
    request: Request,
    cursor: Annotated[str | None, Query(max_length=1024, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Items a page, at most 200.")] = 50,
) -> Paging:
    scope = request.url.path
    return Paging(decode(cursor, scope) if cursor else None, limit, scope)


Paged = Annotated[Paging, Depends(_paging)]
"""Parameter of a list handler: `async def list_pairs(paging: Paged, …) -> Page[PairOut]`."""
