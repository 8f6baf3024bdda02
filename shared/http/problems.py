"""Errors as RFC 9457 problem details: what is wrong, in which field, and what to do about it.

A value that was sent is never repeated: it may be personal data, and a client knows what it sent.
"""

import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from shared import logs
from shared.delivery.failure import TooLarge, Unavailable

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


class FieldError(BaseModel):
    """One wrong field: a JSON pointer into the body, or `query.limit`, `path.id`, `header.If-Match`."""

    field: str
    detail: str
    fix: str


class ProblemBody(BaseModel):
    """The body of every error."""

    type: str = Field(
        description="Identifies the kind of problem; stable, relative to the API's documentation."
    )
    title: str
    status: int
    detail: str
    fix: str | None = None
    correlation_id: str | None = None
    errors: list[FieldError] = []


class Problem(Exception):
    """An answer that is an error. Raised inside a transaction it also undoes the transaction."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        fix: str | None = None,
        errors: Sequence[FieldError] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {kind}")
        self.status, self.kind, self.detail, self.fix = status, kind, detail, fix
        self.errors, self.headers = list(errors), headers or {}

    def response(self) -> JSONResponse:
        body = ProblemBody(
            type=f"/problems/{self.kind}",
            title=self.kind.replace("-", " ").replace("_", " ").capitalize(),
            status=self.status,
            detail=self.detail,
            fix=self.fix,
            correlation_id=logs.correlation_id(),
            errors=self.errors,
        )
        return JSONResponse(
            body.model_dump(exclude_none=True), self.status, headers=self.headers, media_type=MEDIA_TYPE
        )


def not_found(what: str) -> Problem:
    """404, also for what exists but belongs to another organization, program or person: no one learns
    which.
    """
    return Problem(404, "not-found", f"There is no such {what} for this caller.", fix="Check the id.")


def forbidden(roles: Sequence[str]) -> Problem:
    """403: the caller has none of the roles this route is for."""
    names = ", ".join(roles)
    return Problem(
        403, "forbidden", f"This needs one of the roles: {names}.", fix="Use a token with such a grant."
    )


def invalid(field: str, detail: str, fix: str) -> Problem:
    """422 for one field whose value cannot be taken."""
    return Problem(
        422, "invalid", "The request is not valid.", errors=[FieldError(field=field, detail=detail, fix=fix)]
    )


def conflict(kind: str, detail: str, fix: str) -> Problem:
    """409: well formed, but not in this state (a pair that has ended cannot be accepted)."""
    return Problem(409, kind, detail, fix=fix)


def unavailable(seconds: int = 2) -> Problem:
    """503: the database cannot be reached just now; nothing was changed or the change is unknown."""
    return Problem(
        503,
        "unavailable",
        "The service cannot reach its database just now.",
        fix=f"Repeat the request after {seconds} s with the same Idempotency-Key.",
        headers={"Retry-After": str(seconds)},
    )


def install(app: FastAPI) -> None:
    """Every error of the application becomes a problem, unexpected ones too (which tell nothing of the
    inside).
    """

    async def on_problem(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, Problem)
        return error.response()

    async def on_validation(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        found = [_field_error(item) for item in error.errors()]
        return Problem(422, "invalid", "The request is not valid.", errors=found).response()

    async def on_http(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        phrase = HTTPStatus(error.status_code).phrase
        problem = Problem(
            error.status_code,
            phrase.lower().replace(" ", "-"),
            f"{phrase}.",
            fix=_HTTP_FIXES.get(error.status_code),
            headers=dict(error.headers or {}),
        )
        return problem.response()

    async def on_unexpected(_: Request, error: Exception) -> JSONResponse:
        log.error("request failed", exc_info=error)
        return Problem(
            500, "internal", "The request failed inside the service.", fix="Report the correlation id."
        ).response()

    async def on_unavailable(_: Request, error: Exception) -> JSONResponse:
        log.warning("command gave up", extra={"error": type(error).__name__})
        return unavailable().response()

    async def on_too_large(_: Request, __: Exception) -> JSONResponse:
        fix = "Make texts and lists shorter, or split it into several."
        return Problem(422, "too-large", "What would be stored is too large.", fix=fix).response()

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(Unavailable, on_unavailable)
    app.add_exception_handler(TooLarge, on_too_large)
    app.add_exception_handler(RequestValidationError, on_validation)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(Exception, on_unexpected)


_HTTP_FIXES = {
    400: "Send a body as the service's page /docs describes it: valid JSON, nested no deeper than needed.",
    404: "Look the address up on the service's page /docs.",
    405: "Look the method up on the service's page /docs.",
}

_FIXES = {
    "missing": "Add this field.",
    "extra_forbidden": "Remove this field; it is not known here.",
    "json_invalid": "Send valid JSON with Content-Type: application/json.",
    "string_type": "Send text.",
    "int_parsing": "Send a whole number.",
    "int_type": "Send a whole number.",
    "bool_parsing": "Send true or false.",
    "date_from_datetime_parsing": "Send a date as YYYY-MM-DD.",
    "date_parsing": "Send a date as YYYY-MM-DD.",
    "datetime_parsing": "Send a time as 2026-03-01T09:00:00Z.",
    "datetime_from_date_parsing": "Send a time as 2026-03-01T09:00:00Z.",
    "timezone_aware": "Add the offset to the time, such as Z or +02:00.",
}


def _field_error(item: dict[str, Any]) -> FieldError:
    where, *path = item["loc"] or ("body",)
    if where == "body":
        field = "/" + "/".join(str(part).replace("~", "~0").replace("/", "~1") for part in path)
    else:
        field = ".".join(str(part) for part in (where, *path))
    kind = str(item["type"])
    if kind == "json_invalid":
        field = "/"
    # pydantic's own sentence says what is allowed; `input` is left out, and so is a custom message's context.
    detail = str(item["msg"]).removeprefix("Value error, ")
    return FieldError(field=field, detail=detail, fix=_FIXES.get(kind, f"Send a value that fits: {detail}."))


RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"model": ProblemBody, "description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {}}}
    for status in (401, 403, 404, 422, 503)
}
"""Errors that any scoped route may answer, for the OpenAPI document."""
