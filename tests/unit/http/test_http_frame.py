"""The frame around every route: problems, correlation, limits, health, metrics, documents."""

import logging
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, Depends
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import BaseModel, ConfigDict, Field

from shared import logs, metrics
from shared.http import Caller, require
from shared.http.testing import client, token


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=5)
    on: date


def routes() -> APIRouter:
    router = APIRouter(prefix="/v1/things")

    @router.post("/imports")
    async def imports(caller: Caller = Depends(require("hr"))) -> None: ...

    @router.post("/{number}")
    async def make(number: int, body: Body, caller: Caller = Depends(require("hr"))) -> Body:
        return body

    @router.get("/broken")
    async def broken(caller: Caller = Depends(require("hr"))) -> None:
        raise RuntimeError("Anna Schmidt, anna@example.org")

    return router


async def test_every_wrong_field_is_named_with_its_fix_and_no_value_is_repeated(
    make: Any, tmp_path: Path
) -> None:
    async with client(make(routes()), token(tmp_path, "hr")) as http:
        answer = await http.post("/v1/things/x", json={"name": "Annabelle", "on": "soon", "more": 1})
    problem = answer.json()
    assert answer.status_code == problem["status"] == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert {each["field"] for each in problem["errors"]} == {"path.number", "/name", "/on", "/more"}
    assert all(each["detail"] and each["fix"] for each in problem["errors"])
    assert "Annabelle" not in answer.text
    assert problem["correlation_id"] == answer.headers["x-correlation-id"]


async def test_broken_json_says_so(make: Any, tmp_path: Path) -> None:
    async with client(make(routes()), token(tmp_path, "hr")) as http:
        answer = await http.post("/v1/things/1", content=b"{", headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert "valid JSON" in answer.json()["errors"][0]["fix"]


async def test_an_exception_tells_nothing_of_the_inside(make: Any, tmp_path: Path, caplog: Any) -> None:
    with caplog.at_level(logging.ERROR):
        async with client(make(routes()), token(tmp_path, "hr")) as http:
            answer = await http.get("/v1/things/broken")
    assert answer.status_code == 500
    assert "Anna" not in answer.text
    line = "".join(logs.JsonFormatter("sessions").format(record) for record in caplog.records)
    assert "Anna" not in line
    assert "builtins.RuntimeError" in line
    assert "test_http_frame.py" in line


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/v1/nope", 404), ("DELETE", "/v1/things/1", 405)]
)
async def test_unknown_routes_are_problems_too(make: Any, method: str, path: str, status: int) -> None:
    async with client(make(routes())) as http:
        answer = await http.request(method, path)
    assert answer.status_code == answer.json()["status"] == status
    assert "/docs" in answer.json()["fix"]


async def test_correlation_comes_back_and_a_bad_one_is_replaced(make: Any) -> None:
    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    async with client(make()) as http:
        good = await http.get("/live", headers={"x-correlation-id": "abc-1", "traceparent": trace})
        bad = await http.get("/live", headers={"x-correlation-id": "a b\tc", "traceparent": "00-0-0-00"})
    assert good.headers["x-correlation-id"] == "abc-1"
    assert good.headers["traceparent"].split("-")[1] == "a" * 32
    assert good.headers["traceparent"].split("-")[2] != "b" * 16
    assert bad.headers["x-correlation-id"] != "a b\tc"
    assert len(bad.headers["traceparent"]) == 55


async def test_a_large_body_is_refused_whether_declared_or_not(make: Any, tmp_path: Path) -> None:
    async def chunks() -> Any:
        for _ in range(5):
            yield b"x" * 500

    app = make(routes(), max_body_bytes=1024, max_import_bytes=4096)
    async with client(app, token(tmp_path, "hr")) as http:
        declared = await http.post("/v1/things/1", content=b"x" * 2000)
        chunked = await http.post(
            "/v1/things/1", content=chunks(), headers={"content-type": "application/json"}
        )
        imported = await http.post("/v1/things/imports", content=b"x" * 2000)
    assert (declared.status_code, chunked.status_code) == (413, 413)
    assert imported.status_code == 200
    assert "1024" in declared.json()["detail"]


async def test_ready_says_what_is_missing_and_how_much_waits(make: Any, kernel: Any) -> None:
    app = make()
    async with client(app) as http:
        ready = await http.get("/ready")
        kernel.missing = ["kafka"]
        missing = await http.get("/ready")
        kernel.away = True
        away = await http.get("/ready")
        kernel.away, kernel.missing = False, []
        app.state.stopping = True
        stopping = await http.get("/ready")
        live = await http.get("/live")
    assert ready.status_code == 200
    assert {
        name: ready.json()[name] for name in ("lag", "outbox", "due", "late_seconds", "clock_offset_seconds")
    } == {
        "lag": 3,
        "outbox": 2,
        "due": 1,
        "late_seconds": 1.5,
        "clock_offset_seconds": 60.0,
    }
    assert (missing.status_code, missing.json()["missing"]) == (503, ["kafka"])
    assert (away.status_code, away.json()["missing"]) == (503, ["database"])
    assert (stopping.status_code, stopping.json()["missing"]) == (503, ["stopping"])
    assert live.status_code == 200


async def test_requests_are_counted_by_template_never_by_path(make: Any, tmp_path: Path) -> None:
    series = {"route": "/v1/things/{number}", "method": "POST", "status": "422"}
    before = metrics.value(metrics.HTTP_REQUESTS, **series)
    async with client(make(routes()), token(tmp_path, "hr")) as http:
        await http.post("/v1/things/seventeen", json={})
        text = (await http.get("/metrics")).text
    assert metrics.value(metrics.HTTP_REQUESTS, **series) == before + 1
    assert "rapport_http_requests_total" in text
    assert "seventeen" not in text


async def test_metrics_can_be_protected(make: Any, tmp_path: Path) -> None:
    app = make(metrics_protected=True)
    async with client(app) as http:
        assert (await http.get("/metrics")).status_code == 401
    async with client(app, token(tmp_path, "ops")) as http:
        assert (await http.get("/metrics")).status_code == 200


async def test_the_document_is_openapi_3_1_and_names_roles(make: Any) -> None:
    async with client(make(routes())) as http:
        document = (await http.get("/openapi.json")).json()
        page = await http.get("/docs")
    assert document["openapi"].startswith("3.1")
    assert not list(OpenAPIV31SpecValidator(document).iter_errors())
    operation = document["paths"]["/v1/things/{number}"]["post"]
    assert operation["x-roles"] == ["hr"]
    assert "application/problem+json" in operation["responses"]["422"]["content"]
    assert page.status_code == 200
    assert "/v1/things/{number}" in page.text
    # Nothing is fetched from anybody else's server.
    assert "<script" not in page.text
    assert "//" not in page.text
