"""Lost updates are refused: a read gives an ETag made of the revision, an update sends it back as
If-Match.
"""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header

from shared.http.problems import Problem


def etag(revision: int) -> str:
    """The strong entity tag of a revision."""
    return f'"{revision}"'


@dataclass(frozen=True)
class IfMatch:
    """The precondition of an update, to be checked inside the transaction, on the revision read there."""

    tags: frozenset[str] | None

    def check(self, revision: int) -> None:
        """Raises Problem 412 if the object has changed since the caller read it."""
        if self.tags is None or "*" in self.tags or etag(revision) in self.tags:
            return
        raise Problem(
            412,
            "precondition-failed",
            "The object has changed since it was read.",
            fix="Read it again, look at what changed, and repeat the update with its new ETag as If-Match.",
            headers={"ETag": etag(revision)},
        )

    def demand(self, revision: int) -> None:
        """The same for an object that a PUT may also make: raises Problem 428 where nothing was sent."""
        if self.tags is None:
            raise _needed()
        self.check(revision)


def _needed() -> Problem:
    return Problem(
        428,
        "precondition-required",
        "An update must say which version it changes.",
        fix="Send the ETag of the object you read as If-Match.",
    )


def _parse(value: str) -> IfMatch:
    # Weak tags never match under strong comparison (RFC 9110, 13.1.1): they stay in the set and equal
    # nothing.
    return IfMatch(frozenset(tag.strip() for tag in value.split(",") if tag.strip()))


async def _required(
    if_match: Annotated[str | None, Header(description="ETag of the version this changes.")] = None,
) -> IfMatch:
    if if_match is None or not if_match.strip():
        raise _needed()
    return _parse(if_match)


async def _optional(
    if_match: Annotated[str | None, Header(description="ETag of the version this changes.")] = None,
) -> IfMatch:
    return _parse(if_match) if if_match else IfMatch(None)


MustMatch = Annotated[IfMatch, Depends(_required)]
"""Parameter of PUT and PATCH handlers: 428 without If-Match."""

MayMatch = Annotated[IfMatch, Depends(_optional)]
"""Parameter of actions (accept, end): checked if sent."""
