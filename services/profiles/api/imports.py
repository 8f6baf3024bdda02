"""Imports: people and enrollments by the CSV form or by JSON, as jobs with a report row per line."""

import asyncio
import json
from datetime import date, datetime
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from services.profiles.api.parts import PEOPLE, Parts, found
from services.profiles.domain.base import Problem as RowProblem
from services.profiles.domain.base import Source
from services.profiles.domain.importing import jsonrows
from services.profiles.domain.importing.against import checked
from services.profiles.domain.importing.columns import NAMES, REQUIRED
from services.profiles.domain.importing.job import Batch, Import, State, staged
from services.profiles.domain.importing.reading import Notice, Unreadable, decoded, read
from services.profiles.domain.importing.report import Counts, Outcome, Result
from services.profiles.domain.importing.rows import Rejected, Row, rows_of
from shared.delivery import Stored, Transaction
from shared.http import (
    Caller,
    FieldError,
    Idempotent,
    Page,
    Paged,
    Paging,
    Problem,
    Reply,
    etag,
    invalid,
    require,
)

People = Annotated[Caller, Depends(require(*PEOPLE))]

STAGED_AT_ONCE = 20
"""Batches kept in one transaction while a file is staged: a thousand rows, well below any limit of size."""


class ImportTaken(BaseModel):
    """The answer to a file: it was read; its rows are applied one batch after the other."""

    id: str
    source: str
    rows: int
    rejected: int = Field(
        description="Rows that cannot be understood; more may be rejected when they are applied."
    )
    notices: list[Notice]


class ImportOut(BaseModel):
    """How far an import has come. `waiting` rows name somebody who has not arrived yet."""

    id: str
    source: str
    state: State
    rows: int
    counts: Counts
    notices: list[Notice]
    created_at: datetime
    applied_at: datetime | None
    done_at: datetime | None


class RowOut(BaseModel):
    """What became of one line; `result` null: not applied yet."""

    line: int
    external_id: str | None
    result: Result | None
    participant: str | None = None
    enrollment: str | None = None
    problems: list[RowProblem] = Field(default_factory=list)


def shown(stored: Stored[Import]) -> ImportOut:
    """The import as the API shows it."""
    fields = set(ImportOut.model_fields) - {"id"}
    return ImportOut.model_validate({"id": stored.id, **stored.state.model_dump(include=fields)})


def understood(data: bytes, kind: str, today: date) -> tuple[list[Row | Rejected], tuple[Notice, ...]]:
    """The rows of a request's body; raises Problem 422 for a file that cannot be read as a whole."""
    if kind == "application/json":
        try:
            return jsonrows.rows_of(json.loads(data), today), ()
        except (ValueError, RecursionError):
            raise _unreadable(
                [("/rows", "The body is not JSON as {rows: [...]}.", "See the API's page.")]
            ) from None
    try:
        table = read(decoded(data), NAMES, REQUIRED)
    except Unreadable as error:
        raise _unreadable(
            [
                (f"line {error.line}, column {each.column or '-'}", each.reason, each.fix)
                for each in error.problems
            ]
        ) from None
    return checked(rows_of(table, today)), table.notices


def _unreadable(found: list[tuple[str, str, str]]) -> Problem:
    errors = [FieldError(field=field, detail=detail, fix=fix) for field, detail, fix in found]
    return Problem(
        422, "unreadable", "The file as a whole cannot be read; nothing was changed.", errors=errors
    )


_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {
                "schema": {"type": "string", "description": "See docs/hr-import.md for the columns."}
            },
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["rows"],
                    "properties": {"rows": {"type": "array", "items": jsonrows.JsonRow.model_json_schema()}},
                }
            },
        },
    }
}


def add(router: APIRouter, parts: Parts) -> None:
    """The routes of `imports`."""
    store, kernel, imports = parts.store, parts.kernel, parts.imports

    @router.post("/imports", status_code=202, response_model=ImportTaken, openapi_extra=_BODY)
    async def start_import(
        request: Request,
        caller: People,
        once: Idempotent,
        source: Annotated[
            Source,
            Query(description="The HR system that these numbers belong to."),
        ],
    ) -> Response:
        """Take a file. Rows are staged, then applied in batches, one import of a source after the other."""
        data = await request.body()
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in ("text/csv", "application/json"):
            detail = "An import is text/csv or application/json."
            raise Problem(415, "unsupported-media-type", detail, fix="Send Content-Type: text/csv.")
        now = kernel.view(caller.organization).now
        # In a thread: a hundred thousand rows take seconds, and the loop has leases to renew.
        rows, notices = await asyncio.to_thread(understood, data, kind, now.date())
        # Ids in the order of arrival: the oldest import of a source goes first.
        id = f"{int(now.timestamp() * 1000):012x}{uuid4().hex[12:]}"
        batches = await asyncio.to_thread(staged, id, rows)
        counts = Counts.model_validate(
            {name: sum(getattr(each.counts, name) for each in batches) for name in Counts.model_fields}
        )

        async def run(tx: Transaction) -> Reply:
            state = Import(
                source=source,
                rows=len(rows),
                batches=len(batches),
                counts=counts,
                notices=notices,
                created_at=tx.now,
            )
            await store.imports.add(tx, id, state)
            tx.wake("import-age", id)
            taken = ImportTaken(
                id=id, source=source, rows=len(rows), rejected=counts.rejected, notices=list(notices)
            )
            return Reply(taken, 202, location=f"/v1/imports/{id}")

        answer = await once(caller, run)
        await _stage(caller.organization, json.loads(bytes(answer.body))["id"], batches)
        return answer

    async def _stage(organization: str, id: str, batches: list[Batch]) -> None:
        """Keeps the rows and lets the import begin. A repeated request goes on where the first one stopped."""
        numbered = [(number, each.model_copy(update={"job": id})) for number, each in enumerate(batches)]

        async def is_staging(tx: Transaction) -> Stored[Import] | None:
            job = await store.imports.get(tx, id)
            return job if job is not None and job.state.state == "staging" else None

        for start in range(0, len(numbered), STAGED_AT_ONCE):

            async def some(tx: Transaction, start: int = start) -> bool:
                if await is_staging(tx) is None:
                    return False
                await imports.stage(tx, id, numbered[start : start + STAGED_AT_ONCE])
                return True

            if not await kernel.command(organization, some):
                return

        async def ready(tx: Transaction) -> None:
            job = await is_staging(tx)
            if job is not None:
                await store.imports.save(tx, job, job.state.model_copy(update={"state": "queued"}))
                tx.wake("import", job.state.source)

        await kernel.command(organization, ready)

    @router.get("/imports")
    async def list_imports(caller: People, paging: Paged) -> Page[ImportOut]:
        """All imports, oldest first."""
        stored = await imports.jobs(kernel.view(caller.organization), paging.after, paging.fetch)
        return paging.page(stored, lambda each: each.id, shown)

    @router.get("/imports/{id}")
    async def get_import(id: str, caller: People, response: Response) -> ImportOut:
        """How far an import has come."""
        stored = found(await store.imports.get(kernel.view(caller.organization), id), "import")
        response.headers["etag"] = etag(stored.revision)
        return shown(stored)

    @router.get("/imports/{id}/rows")
    async def list_rows(
        id: str,
        caller: People,
        paging: Paged,
        result: Annotated[Result | None, Query(description="Only rows that ended so.")] = None,
    ) -> Page[RowOut]:
        """The report: what became of each line, in the order of the file."""
        at = kernel.view(caller.organization)
        found(await store.imports.get(at, id), "import")
        rows = await _rows(at, id, paging, result)
        return paging.page(rows, lambda each: each[0], lambda each: each[1])

    async def _rows(at: Any, id: str, paging: Paging, result: Result | None) -> list[tuple[str, RowOut]]:
        """Rows after the cursor `batch:place`, a few batches at a time until there are enough."""
        batch, _, place = (paging.after or "").partition(":")
        rows: list[tuple[str, RowOut]] = []
        if batch:
            stored = await store.batches.get(at, batch)
            if stored is None or not place.isdecimal():
                raise invalid("query.cursor", "This is no cursor of this list.", "Send `next` unchanged.")
            rows += _of(stored, result, int(place))
        last: str | None = batch or None
        while len(rows) < paging.fetch:
            more = await imports.batches(at, id, last, 5, result)
            if not more:
                break
            for each in more:
                rows += _of(each, result, -1)
            last = more[-1].id
        return rows[: paging.fetch]


def _of(batch: Stored[Batch], result: Result | None, after: int) -> list[tuple[str, RowOut]]:
    found = []
    for place, item in enumerate(batch.state.items):
        outcome = item.outcome
        if place <= after or (result is not None and (outcome is None or outcome.result != result)):
            continue
        found.append((f"{batch.id}:{place}", _row(outcome) if outcome is not None else _untried(item.row)))
    return found


def _row(outcome: Outcome) -> RowOut:
    return RowOut(
        line=outcome.line,
        external_id=outcome.external_id,
        result=outcome.result,
        participant=outcome.participant,
        enrollment=outcome.enrollment,
        problems=list(outcome.problems),
    )


def _untried(row: Row | None) -> RowOut:
    assert row is not None
    return RowOut(line=row.line, external_id=row.external_id, result=None)
