"""What every resource is given, and the roles of profiles' routes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict

from services.profiles.store import Imports, Store, Writing
from shared.delivery import Kernel, Reader, Stored
from shared.http import Caller, conflict, invalid, not_found

T = TypeVar("T")

PEOPLE = ("hr", "admin")
"""Roles that see and change all participants."""


@dataclass(frozen=True)
class Parts:
    """The kernel and the store of this process."""

    kernel: Kernel
    store: Store
    imports: Imports
    writing: Writing


class Body(BaseModel):
    """Base of request bodies: an unknown field is an error, so that a typo is not taken for a wish."""

    model_config = ConfigDict(extra="forbid")


def found(stored: T | None, what: str) -> T:
    """What is there; raises 404 otherwise."""
    if stored is None:
        raise not_found(what)
    return stored


def tried(step: Callable[[], T], refused: type[Exception], fix: str) -> T:
    """The result of a pure step; what it refuses becomes a 409 with its reason."""
    try:
        return step()
    except refused as error:
        raise conflict("not-possible", f"{str(error)[:1].upper()}{str(error)[1:]}.", fix) from None


async def check_people(parts: Parts, at: Reader, field: str, ids: list[str]) -> None:
    """Raises 422 when one of these participants is not known."""
    there = await parts.store.people.get_many(at, sorted(set(ids))) if ids else {}
    if set(ids) - there.keys():
        raise invalid(field, "One of these participants is not known.", "Use ids of participants.")


def sees_person(caller: Caller, id: str) -> bool:
    """Whether a caller sees a participant's whole profile."""
    return caller.has(*PEOPLE) or caller.is_one_of(id)


def revision_of(*stored: Stored[Any]) -> int:
    """One number for a resource that is kept in several documents: it grows with each of them."""
    return sum(each.revision for each in stored)
