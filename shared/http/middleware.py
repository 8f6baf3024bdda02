"""Around every request: correlation, the size limit, one log line, two metrics, and no exception let out."""

import logging
import time
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import logs, metrics
from shared.http.idempotency import route_of
from shared.http.problems import Problem

log = logging.getLogger(__name__)

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_QUIET = frozenset({"/live", "/ready", "/metrics"})


class TooLarge(Exception):
    """More came than the limit; raised out of `receive`, through whatever was reading the body."""


class Edge:
    """The outermost part of an application (pure ASGI: a body is not held in memory on its account)."""

    def __init__(self, app: ASGIApp, max_body: int, max_import: int) -> None:
        self._app, self._max_body, self._max_import = app, max_body, max_import

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        with logs.correlated(headers.get(b"x-correlation-id"), headers.get(b"traceparent")):
            await self._one(scope, receive, send, headers)

    async def _one(self, scope: Scope, receive: Receive, send: Send, headers: dict[bytes, str]) -> None:
        started = time.monotonic()
        status = 0
        limit = self._max_import if scope["path"].rstrip("/").endswith("/imports") else self._max_body
        counted = _Counted(receive, limit)

        async def answer(message: Message) -> None:
            nonlocal status
            if counted.over and not status:
                # Whoever was reading the body has made an error of its own of it (FastAPI a 400): ours says why.
                return
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message.get("headers", []),
                    (logs.CORRELATION_HEADER.encode(), str(logs.correlation_id()).encode()),
                    (b"traceparent", str(logs.traceparent()).encode()),
                    (b"cache-control", b"no-store"),
                    (b"x-content-type-options", b"nosniff"),
                    # A page behind a signed link must not hand its address on.
                    (b"referrer-policy", b"no-referrer"),
                ]
            await send(message)

        try:
            if _declared(headers) > limit:
                counted.over = True
            else:
                await self._app(scope, counted, answer)
        except Exception as error:
            if not counted.over:
                log.error("request failed", exc_info=error)
                if not status:
                    await _internal()(scope, receive, answer)
        finally:
            if counted.over and not status:
                counted.over = False
                await _too_large(limit)(scope, receive, answer)
            self._count(scope, status or 499, time.monotonic() - started)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        # Templates, never paths: a path holds ids, and each would be a time series of its own.
        route = route_of(scope)
        method = scope["method"] if scope["method"] in _METHODS else "other"
        metrics.HTTP_REQUESTS.labels(route=route, method=method, status=str(status)).inc()
        metrics.HTTP_SECONDS.labels(route=route, method=method).observe(seconds)
        level = logging.DEBUG if route in _QUIET else logging.INFO
        found: dict[str, Any] = {"route": route, "method": method, "status": status}
        log.log(level, "request", extra={**found, "duration_ms": round(seconds * 1000, 1)})


def _declared(headers: dict[bytes, str]) -> int:
    value = headers.get(b"content-length", "0")
    return int(value) if value.isdigit() else 0


class _Counted:
    """The request's `receive`, which stops at the limit: a chunked body declares no length."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive, self._left, self.over = receive, limit, False

    async def __call__(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            self.over = True
            raise TooLarge
        return message


def _too_large(limit: int) -> Any:
    return Problem(
        413, "too-large", f"The body is larger than {limit} bytes.", fix="Send it in several requests."
    ).response()


def _internal() -> Any:
    return Problem(
        500, "internal", "The request failed inside the service.", fix="Report the correlation id."
    ).response()
