"""/live, /ready and /metrics: what a supervisor, a load balancer and a scraper ask."""

import asyncio
import logging
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from shared import metrics
from shared.http.auth import require
from shared.http.ports import Kernel, Readiness

log = logging.getLogger(__name__)

READY_SECONDS = 6.0


class Live(BaseModel):
    service: str
    live: bool = True


class Ready(BaseModel):
    """`ready` is false while something is missing or halted, and from SIGTERM on."""

    service: str
    ready: bool
    missing: list[str] = Field(
        description="What the service waits for, such as `kafka`, `database`, `stopping`."
    )
    halted: list[str] = Field(description="Consumers that wait for `rapport consumers resume`.")
    lag: int = Field(description="Events not yet applied.")
    outbox: int = Field(description="Outbox rows not yet sent.")
    due: int = Field(description="Pieces of work due now.")
    failing: int = Field(description="Decisions that failed and are tried again.")
    dead_letters: int = Field(description="Records put aside that wait for a redrive.")
    late_seconds: float = Field(description="Age of the oldest piece of work that is due.")
    clock_offset_seconds: float = Field(description="How far program time is ahead of the database's.")


def routes(service: str, protected_metrics: bool) -> APIRouter:
    """The three routes; they are free, but for `/metrics` if the setting asks for the role ops."""
    router = APIRouter(tags=["health"])

    @router.get("/live", summary="Whether the process answers")
    async def live() -> Live:
        return Live(service=service)

    @router.get(
        "/ready",
        summary="Whether it can do its work, and how much waits",
        response_model=Ready,
        responses={503: {"model": Ready, "description": "Something is missing or halted."}},
    )
    async def ready(request: Request) -> Response:
        body = await _ready(service, request.app.state.kernel, request.app.state.stopping)
        return JSONResponse(body.model_dump(), 200 if body.ready else 503)

    guard = [Depends(require("ops"))] if protected_metrics else []

    @router.get("/metrics", summary="Metrics for Prometheus", dependencies=guard, response_class=Response)
    async def scrape() -> Response:
        return Response(metrics.exposition(), media_type=metrics.CONTENT_TYPE)

    return router


async def _ready(service: str, kernel: Kernel, stopping: bool) -> Ready:
    try:
        found = await asyncio.wait_for(kernel.readiness(), READY_SECONDS)
    except Exception as error:
        # Not an error of ours: the question could not be answered, so the answer is no.
        log.warning("readiness unknown", extra={"error": type(error).__name__})
        return _body(service, None, ["database"], stopping)
    return _body(service, found, list(found.missing), stopping)


def _body(service: str, found: Readiness | None, missing: list[str], stopping: bool) -> Ready:
    if stopping:
        missing = ["stopping", *missing]
    values: dict[str, Any] = {"halted": [], "lag": 0, "outbox": 0, "due": 0}
    values |= {"failing": 0, "dead_letters": 0, "late_seconds": 0.0}
    values["clock_offset_seconds"] = 0.0
    if found is not None:
        values = {name: getattr(found, name) for name in values} | {"halted": list(found.halted)}
    ready = found is not None and found.ready and not missing
    return Ready(service=service, ready=ready, missing=missing, **values)
