"""HTTP: the milestones of a program's pairs, for its coordinators."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from shared.delivery import View
from shared.http import Caller, Page, Paged, in_program, require

from .domain import Reached
from .store import Store

ROLE = "coordinator"


class MilestonesOut(BaseModel):
    """What one pair has reached."""

    pair: str
    reached: list[Reached]


def routes(store: Store, view: Callable[[str], View]) -> APIRouter:
    """The routes under /v1."""
    router = APIRouter(prefix="/v1", tags=["milestones"])

    @router.get("/programs/{program}/milestones")
    async def list_milestones(
        program: str, paging: Paged, caller: Annotated[Caller, Depends(require(ROLE))]
    ) -> Page[MilestonesOut]:
        """What each pair of a program has reached, by pair."""
        in_program(caller, program, ROLE)
        found = await store.page_of_program(
            view(caller.organization), program, limit=paging.fetch, after=paging.after
        )
        return paging.page(
            found,
            lambda one: one.id,
            lambda one: MilestonesOut(pair=one.id, reached=list(one.state.reached)),
        )

    return router
