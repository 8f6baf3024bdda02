"""Changes over HTTP: keys that make a repetition harmless, preconditions, pages, and the database being away."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel

from shared.http import (
    Caller,
    Idempotent,
    MayMatch,
    MustMatch,
    Page,
    Paged,
    Problem,
    Reply,
    conflict,
    etag,
    require,
)
from shared.http.paging import decode, encode
from shared.http.testing import client, token


class Made(BaseModel):
    name: str


class Gate:
    """Holds a command until it is opened."""

    def __init__(self) -> None:
        self.entered, self.open = asyncio.Event(), asyncio.Event()
        self.open.set()


def routes(gate: Gate) -> APIRouter:
    router = APIRouter(prefix="/v1/things")

    @router.post("/{group}", response_model=Made, status_code=201)
    async def make(
        group: str, body: Made, once: Idempotent, caller: Caller = Depends(require("hr"))
    ) -> Response:
        async def run(tx: Any) -> Reply:
            gate.entered.set()
            await gate.open.wait()
            if body.name == "refused":
                tx.rows["half"] = True
                raise conflict("taken", "It is taken.", "Take another.")
            tx.rows["count"] = tx.rows.get("count", 0) + 1
            made = {"name": body.name, "number": tx.rows["count"]}
            return Reply(made, 201, revision=1, location=f"/v1/things/{group}/{tx.rows['count']}")

        return await once(caller, run)

    @router.put("/{id}")
    async def update(id: str, match: MustMatch, caller: Caller = Depends(require("hr"))) -> str:
        match.check(7)
        return "changed"

    @router.post("/{id}/end")
    async def end(id: str, match: MayMatch, caller: Caller = Depends(require("hr"))) -> str:
        match.check(7)
        return "ended"

    @router.get("")
    async def find(paging: Paged, caller: Caller = Depends(require("hr"))) -> Page[str]:
        everything = [f"{n:03}" for n in range(120)]
        found = [each for each in everything if paging.after is None or each > paging.after]
        return paging.page(found[: paging.fetch], str, str)

    return router


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def app(make: Any, gate: Gate) -> Any:
    return make(routes(gate))


async def post(http: Any, key: str | None, name: str = "a", path: str = "/v1/things/g") -> Any:
    return await http.post(path, json={"name": name}, headers={"Idempotency-Key": key} if key else {})


async def test_the_same_post_twice_is_done_once_and_answered_alike(
    app: Any, kernel: Any, tmp_path: Path
) -> None:
    async with client(app, token(tmp_path, "hr")) as http:
        first, again, other = await post(http, "k"), await post(http, "k"), await post(http, "k2")
    assert kernel.rows["acme"]["count"] == 2
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content != other.content
    assert (first.headers["etag"], first.headers["location"]) == (
        again.headers["etag"],
        again.headers["location"],
    )
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"


async def test_without_a_key_a_post_is_done_as_often_as_it_comes(
    app: Any, kernel: Any, tmp_path: Path
) -> None:
    async with client(app, token(tmp_path, "hr")) as http:
        await post(http, None)
        await post(http, None)
    assert kernel.rows["acme"]["count"] == 2


async def test_a_key_used_for_something_else_is_refused(app: Any, kernel: Any, tmp_path: Path) -> None:
    async with client(app, token(tmp_path, "hr")) as http:
        await post(http, "k")
        body = await post(http, "k", name="b")
        path = await post(http, "k", path="/v1/things/h")
    assert (body.status_code, path.status_code) == (422, 422)
    assert kernel.rows["acme"]["count"] == 1


async def test_a_key_belongs_to_one_caller_of_one_organization(app: Any, kernel: Any, tmp_path: Path) -> None:
    people = [("acme", "u1"), ("acme", "u2"), ("other", "u1")]
    for organization, subject in people:
        made = token(tmp_path, "hr", organization=organization, subject=subject)
        async with client(app, made) as http:
            assert "idempotency-replayed" not in (await post(http, "k")).headers
    assert (kernel.rows["acme"]["count"], kernel.rows["other"]["count"]) == (2, 1)


async def test_a_refusal_is_undone_whole_and_not_remembered(app: Any, kernel: Any, tmp_path: Path) -> None:
    async with client(app, token(tmp_path, "hr")) as http:
        refused = await post(http, "k", name="refused")
        done = await post(http, "k", name="fine")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/taken")
    assert done.status_code == 201
    assert "half" not in kernel.rows["acme"]


async def test_while_the_first_is_in_flight_the_second_gets_409(
    app: Any, kernel: Any, gate: Gate, tmp_path: Path
) -> None:
    gate.open.clear()
    async with client(app, token(tmp_path, "hr")) as http:
        first = asyncio.create_task(post(http, "k"))
        await gate.entered.wait()
        second = await post(http, "k")
        gate.open.set()
        assert (await first).status_code == 201
        third = await post(http, "k")
    assert (second.status_code, second.json()["type"]) == (409, "/problems/in-flight")
    assert second.headers["retry-after"] == "1"
    assert third.headers["idempotency-replayed"] == "true"
    assert kernel.rows["acme"]["count"] == 1


@pytest.mark.parametrize("key", ["", "a b", "ä", "x" * 201])
async def test_a_malformed_key_is_refused(app: Any, tmp_path: Path, key: str) -> None:
    async with client(app, token(tmp_path, "hr")) as http:
        answer = await http.post(
            "/v1/things/g", json={"name": "a"}, headers={"Idempotency-Key": key.encode("latin-1")}
        )
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "header.idempotency-key"


async def test_a_database_that_is_away_is_503_with_retry_after(app: Any, kernel: Any, tmp_path: Path) -> None:
    kernel.away = True
    async with client(app, token(tmp_path, "hr")) as http:
        for key in ("k", None):
            answer = await post(http, key)
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) > 0
        kernel.away = False
        assert (await post(http, "k")).status_code == 201


@pytest.mark.parametrize(
    ("sent", "status"),
    [('"7"', 200), ('"6", "7"', 200), ("*", 200), ('"6"', 412), ('W/"7"', 412), (None, 428), (" ", 428)],
)
async def test_an_update_names_the_version_it_changes(
    app: Any, tmp_path: Path, sent: str | None, status: int
) -> None:
    async with client(app, token(tmp_path, "hr")) as http:
        answer = await http.put("/v1/things/1", headers={"If-Match": sent} if sent is not None else {})
    assert answer.status_code == status
    if status == 412:
        assert answer.headers["etag"] == etag(7)
        assert "again" in answer.json()["fix"]


async def test_an_action_checks_the_version_only_if_sent(app: Any, tmp_path: Path) -> None:
    async with client(app, token(tmp_path, "hr")) as http:
        assert (await http.post("/v1/things/1/end")).status_code == 200
        assert (await http.post("/v1/things/1/end", headers={"If-Match": '"6"'})).status_code == 412


@pytest.mark.parametrize(("limit", "pages"), [(50, 3), (60, 2), (120, 1), (200, 1)])
async def test_pages_cover_the_list_once(app: Any, tmp_path: Path, limit: int, pages: int) -> None:
    seen: list[str] = []
    asked = 0
    cursor: str | None = None
    async with client(app, token(tmp_path, "hr")) as http:
        for _ in range(10):
            asked += 1
            params = {"limit": limit, **({"cursor": cursor} if cursor else {})}
            page = (await http.get("/v1/things", params=params)).json()
            seen += page["items"]
            cursor = page["next"]
            if cursor is None:
                break
    assert seen == [f"{n:03}" for n in range(120)]
    assert asked == pages


@pytest.mark.parametrize("params", [{"limit": 201}, {"limit": 0}, {"cursor": "zzz"}, {"cursor": "ä"}])
async def test_a_wrong_page_is_refused(app: Any, tmp_path: Path, params: dict[str, Any]) -> None:
    async with client(app, token(tmp_path, "hr")) as http:
        answer = await http.get("/v1/things", params=params)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] in ("query.limit", "query.cursor")


def test_a_cursor_of_another_list_is_refused() -> None:
    cursor = encode("Zoë/1", "/v1/a")
    assert decode(cursor, "/v1/a") == "Zoë/1"
    with pytest.raises(Problem):
        decode(cursor, "/v1/b")
