"""What an operator does to a service, under `/v1/ops`: consumers, positions, dead letters. Role ops.

A payload is shown to an admin of the organization it belongs to and to nobody else: ops may repair what it
may not read.
"""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from shared.http.auth import require
from shared.http.identity import Caller
from shared.http.paging import Page, Paged, encode
from shared.http.ports import Filters, Ops
from shared.http.problems import Problem, forbidden, invalid, not_found

UNKNOWN = "unknown"
"""What the kernel writes as organization of a record whose key does not tell it."""

OpsCaller = Annotated[Caller, Depends(require("ops"))]
Row = dict[str, Any]


class Rebuild(BaseModel):
    """Where to set a position: an offset, or null for the beginning of the topic."""

    model_config = ConfigDict(extra="forbid")

    topic: str
    partition: int = Field(ge=0)
    to: int | None = Field(None, ge=0)


class Redrive(BaseModel):
    """Which dead letters to apply again: ids, or filters; all given conditions hold."""

    model_config = ConfigDict(extra="forbid")

    ids: list[str] = Field([], max_length=1000)
    topic: str | None = None
    reason: str | None = Field(None, description="Class of error.")
    organization: str | None = None
    since: datetime | None = Field(None, description="Records of this time or later.")
    until: datetime | None = Field(None, description="Records before this time.")
    dry_run: bool = Field(True, description="Only say what would happen. On by default.")


def routes() -> APIRouter:
    """The ops router, mounted in every service."""
    router = APIRouter(prefix="/v1/ops", tags=["ops"])

    @router.get("/consumers", summary="Consumers, their lag, whether they are halted and why")
    async def consumers(request: Request, caller: OpsCaller) -> list[Row]:
        return await _ops(request).consumers()

    @router.post("/consumers/{consumer}/resume", summary="Let a halted consumer go on", status_code=204)
    async def resume(request: Request, consumer: str, caller: OpsCaller) -> None:
        if not await _ops(request).resume(consumer, caller.subject):
            raise not_found("consumer")

    @router.get("/positions", summary="Where each partition is read next")
    async def positions(request: Request, caller: OpsCaller) -> list[Row]:
        return await _ops(request).positions()

    @router.post(
        "/positions/rebuild", summary="Set a position; events already applied are applied again as duplicates"
    )
    async def rebuild(request: Request, body: Rebuild, caller: OpsCaller) -> Row:
        found = await _ops(request).rebuild(body.topic, body.partition, body.to, caller.subject)
        if found is None:
            raise not_found("position")
        return found

    @router.get("/dead-letters", summary="Records put aside, without their payload")
    async def dead_letters(
        request: Request,
        caller: OpsCaller,
        paging: Paged,
        topic: str | None = None,
        reason: Annotated[str | None, Query(description="Class of error.")] = None,
        organization: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Page[Row]:
        filters = Filters(topic, reason, organization, _iso(since), _iso(until))
        rows, after = await _ops(request).dead_letters(filters, paging.after, paging.limit)
        return Page(items=rows, next=encode(after, paging.scope) if after else None)

    @router.post("/dead-letters/redrive", summary="Apply dead letters again; twice is harmless")
    async def redrive(request: Request, body: Redrive, caller: OpsCaller) -> Row:
        filters = Filters(
            body.topic, body.reason, body.organization, _iso(body.since), _iso(body.until), tuple(body.ids)
        )
        if not body.dry_run and filters == Filters():
            raise invalid(
                "/ids", "Nothing is chosen.", "Name ids or a filter; to see all that wait, send dry_run true."
            )
        return await _ops(request).redrive(filters, body.dry_run, caller.subject)

    # Ids hold slashes (group/topic/partition/offset), hence `:path`; declared last, so that it shadows
    # nothing.
    @router.get("/dead-letters/{id:path}", summary="One dead letter; its payload for an admin only")
    async def dead_letter(
        request: Request,
        id: str,
        caller: Annotated[Caller, Depends(require("ops", "admin"))],
        payload: Annotated[bool, Query(description="Also the record's bytes. Role admin; audited.")] = False,
    ) -> Row:
        found = await _ops(request).dead_letter(id, False, caller.subject)
        if found is None:
            raise not_found("dead letter")
        if not payload:
            return found
        _may_read(caller, found.get("organization"))
        shown = await _ops(request).dead_letter(id, True, caller.subject)
        if shown is None:
            raise not_found("dead letter")
        return shown

    return router


def _iso(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


def _may_read(caller: Caller, organization: object) -> None:
    if not caller.has("admin"):
        raise forbidden(["admin"])
    if organization in (None, UNKNOWN):
        raise Problem(
            403,
            "forbidden",
            "The record does not say whose it is, so no organization's admin may read it here.",
            fix="Look at the record in Kafka, at the topic, partition and offset shown without payload.",
        )
    if organization != caller.organization:
        raise not_found("dead letter")


def _ops(request: Request) -> Ops:
    ops: Ops = request.app.state.kernel.ops
    return ops
