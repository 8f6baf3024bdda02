"""The application of one service: its routers in the frame that all services share."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse

from shared.delivery.failure import is_outage
from shared.http import health, openapi, ops, page, problems
from shared.http.auth import Verifier, verifier
from shared.http.idempotency import Answers
from shared.http.middleware import Edge
from shared.http.ports import Kernel
from shared.http.store import StoredAnswers
from shared.settings import Settings

log = logging.getLogger(__name__)

Lifespan = Callable[[], AbstractAsyncContextManager[None]]


@dataclass(frozen=True)
class Service:
    """An assembled service: what each `services.<name>.app:build(settings)` returns. Nothing runs yet."""

    name: str
    settings: Settings
    kernel: Kernel
    app: FastAPI


def create_app(
    service: str,
    settings: Settings,
    kernel: Kernel,
    routers: Sequence[APIRouter] = (),
    *,
    lifespan: Lifespan | None = None,
    check: Verifier | None = None,
    answers: Answers | None = None,
    description: str = "",
) -> FastAPI:
    """The FastAPI application: the routers, health, ops, errors, correlation, limits.

    `lifespan` opens what a service has besides the kernel, for as long as it runs. `check` replaces the
    verifier made from the settings, `answers` the store of idempotent answers (tests).
    """
    app = FastAPI(
        title=f"Rapport {service}",
        version="1",
        description=description,
        lifespan=_lifespan(kernel, settings, lifespan),
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        separate_input_output_schemas=False,
    )
    app.state.service, app.state.kernel = service, kernel
    app.state.verifier = check or verifier(settings)
    app.state.answers = answers or StoredAnswers()
    app.state.in_flight = set()
    app.state.stopping = False
    app.state.fatal = asyncio.Event()
    problems.install(app)
    app.include_router(health.routes(service, settings.metrics_protected))
    for router in routers:
        app.include_router(router, responses=problems.RESPONSES)
    app.include_router(ops.routes(), responses=problems.RESPONSES)
    app.add_api_route("/docs", _docs, response_class=HTMLResponse, include_in_schema=False)
    app.add_middleware(Edge, max_body=settings.max_body_bytes, max_import=settings.max_import_bytes)
    openapi.install(app)
    return app


async def _docs(request: Request) -> HTMLResponse:
    return HTMLResponse(page.html(request.app.openapi()))


def _lifespan(
    kernel: Kernel, settings: Settings, own: Lifespan | None
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def run(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            if own is not None:
                await stack.enter_async_context(own())
            # In the background: while Kafka or the database is away, /live answers and /ready says what is
            # missing.
            starting = asyncio.create_task(_start(app, kernel), name="kernel-start")
            try:
                yield
            finally:
                app.state.stopping = True
                starting.cancel()
                await asyncio.gather(starting, return_exceptions=True)
                await _stop(kernel, settings.stop_seconds)

    return run


async def _start(app: FastAPI, kernel: Kernel) -> None:
    try:
        await kernel.start()
        await _prepare(app, kernel)
    except Exception as error:
        # A kernel that refuses to start (another number of slots, say) must end the process, not idle in it.
        log.critical("kernel did not start", exc_info=error)
        app.state.fatal.set()


async def _prepare(app: FastAPI, kernel: Kernel) -> None:
    while True:
        try:
            await app.state.answers.prepare(kernel.view("-"))
            return
        except Exception as error:
            if not is_outage(error):
                raise
            # Keys work without it; answers would only be kept too long.
            log.warning("answers not prepared", extra={"error": type(error).__name__})
        await asyncio.sleep(1.0)


async def _stop(kernel: Kernel, seconds: float) -> None:
    try:
        await asyncio.wait_for(kernel.stop(), seconds)
    except Exception as error:
        # Nothing is lost by it: what was not committed is done again after the next start.
        log.warning("kernel did not stop in time", exc_info=error)
