"""Names for ids, for those who may see them: every other API answers ids."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from services.profiles.api.parts import PEOPLE, Body, Parts
from shared.http import Caller, require

Anybody = Annotated[
    Caller, Depends(require("participant", "coordinator", "safeguarding_lead", "hr", "admin"))
]


class NamesIn(Body):
    """Whose names are wanted."""

    ids: list[str] = Field(max_length=500)


class NamesOut(BaseModel):
    """Names by id; whoever is not known, or not for this caller to see, is left out."""

    names: dict[str, str]


def add(router: APIRouter, parts: Parts) -> None:
    """The route of `participants/names`."""
    store, kernel = parts.store, parts.kernel

    @router.post("/participants/names")
    async def names(body: NamesIn, caller: Anybody) -> NamesOut:
        """Display names: HR and administrators see all, coordinators and safeguarding leads whoever takes part
        in their programs, participants themselves and the members of their proposed and living pairs."""
        at, wanted = kernel.view(caller.organization), sorted(set(body.ids))
        if caller.has(*PEOPLE):
            allowed = set(wanted)
        else:
            programs = caller.programs("coordinator", "safeguarding_lead")
            allowed = await store.visible_to_coordinators(at, programs, wanted)
            if caller.participant is not None and caller.has("participant"):
                allowed |= {caller.participant} & set(wanted)
                allowed |= await store.visible_to_members(at, caller.participant, wanted)
        contacts = await store.contacts.get_many(at, sorted(allowed))
        return NamesOut(names={id: each.state.display_name for id, each in contacts.items()})
