"""The caller's own organization: what to call it, and the zone of whoever has none."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel

from services.profiles.api.parts import Body, Parts, found
from services.profiles.domain.base import Text
from services.profiles.domain.people import Zone
from services.profiles.store.main import Organization
from shared.delivery import Transaction
from shared.http import Caller, MayMatch, Reply, etag, not_found, require

Anybody = Annotated[
    Caller, Depends(require("participant", "coordinator", "safeguarding_lead", "hr", "admin"))
]
Admin = Annotated[Caller, Depends(require("admin"))]


class OrganizationIn(Body):
    """What an administrator says of the organization."""

    name: Text
    time_zone: Zone = "UTC"


class OrganizationOut(BaseModel):
    """The organization, under the id that its tokens carry."""

    id: str
    name: str
    time_zone: str


def add(router: APIRouter, parts: Parts) -> None:
    """The routes of `organizations`."""
    store, kernel = parts.store, parts.kernel

    @router.get("/organizations/{id}")
    async def get_organization(id: str, caller: Anybody, response: Response) -> OrganizationOut:
        """The caller's own organization; any other is not there."""
        if id != caller.organization:
            raise not_found("organization")
        stored = found(await store.organizations.get(kernel.view(id), id), "organization")
        response.headers["etag"] = etag(stored.revision)
        return OrganizationOut(id=id, name=stored.state.name, time_zone=stored.state.time_zone)

    @router.put("/organizations/{id}")
    async def put_organization(
        id: str, body: OrganizationIn, caller: Admin, if_match: MayMatch, response: Response
    ) -> OrganizationOut:
        """Name the caller's own organization."""
        if id != caller.organization:
            raise not_found("organization")
        state = Organization(name=body.name, time_zone=body.time_zone)

        async def run(tx: Transaction) -> Reply:
            stored = await store.organizations.get(tx, id)
            if stored is None:
                return Reply(revision=(await store.organizations.add(tx, id, state)).revision)
            if_match.demand(stored.revision)
            return Reply(revision=(await store.organizations.save(tx, stored, state)).revision)

        reply = await kernel.command(id, run)
        response.headers.update(reply.headers())
        return OrganizationOut(id=id, name=state.name, time_zone=state.time_zone)
