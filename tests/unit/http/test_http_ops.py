"""The ops API: what an operator may do, and what even an operator may not read."""

from pathlib import Path
from typing import Any

import pytest

from shared.http.ports import Filters
from shared.http.testing import client, token


async def test_an_operator_sees_and_repairs(make: Any, kernel: Any, tmp_path: Path) -> None:
    async with client(make(), token(tmp_path, "ops", subject="olga")) as http:
        assert (await http.get("/v1/ops/consumers")).json() == [{"consumer": "inbox", "halted": True}]
        assert (await http.get("/v1/ops/positions")).json()[0]["next"] == 7
        assert (await http.post("/v1/ops/consumers/inbox/resume")).status_code == 204
        assert (await http.post("/v1/ops/consumers/nope/resume")).status_code == 404
        rebuilt = await http.post("/v1/ops/positions/rebuild", json={"topic": "t", "partition": 0, "to": 3})
        assert rebuilt.json()["next"] == 3
        missing = await http.post("/v1/ops/positions/rebuild", json={"topic": "x", "partition": 0})
        assert missing.status_code == 404
    assert kernel.calls[0] == ("resume", ("inbox", "olga"))


async def test_dead_letters_come_in_pages_and_by_filter(make: Any, kernel: Any, tmp_path: Path) -> None:
    async with client(make(), token(tmp_path, "ops")) as http:
        params = {"limit": 2, "topic": "t", "since": "2026-01-01T00:00:00Z"}
        first = (await http.get("/v1/ops/dead-letters", params=params)).json()
        second = (await http.get("/v1/ops/dead-letters", params={**params, "cursor": first["next"]})).json()
    ids = [row["id"] for row in first["items"] + second["items"]]
    assert ids == ["g/t/0/0", "g/t/0/1", "g/t/0/2", "g/t/0/3"]
    assert kernel.calls[0][1][0] == Filters(topic="t", since="2026-01-01T00:00:00+00:00")


@pytest.mark.parametrize(
    ("roles", "id", "status"),
    [
        (["ops"], "g/t/0/1", 403),
        (["admin"], "g/t/0/1", 200),
        (["admin"], "g/t/0/2", 404),
        (["admin"], "g/t/0/3", 403),
        (["admin"], "g/t/0/9", 404),
        (["hr"], "g/t/0/1", 403),
    ],
)
async def test_a_payload_is_for_an_admin_of_its_organization(
    make: Any, kernel: Any, tmp_path: Path, roles: list[str], id: str, status: int
) -> None:
    async with client(make(), token(tmp_path, *roles)) as http:
        answer = await http.get(f"/v1/ops/dead-letters/{id}", params={"payload": "true"})
    assert answer.status_code == status
    read = [call for call in kernel.calls if call[0] == "dead_letter" and call[1][1]]
    assert bool(read) == ("value" in answer.text) == (status == 200)


async def test_ops_sees_a_dead_letter_without_its_payload(make: Any, tmp_path: Path) -> None:
    async with client(make(), token(tmp_path, "ops")) as http:
        answer = await http.get("/v1/ops/dead-letters/g/t/0/2")
    assert answer.json() == {"id": "g/t/0/2", "organization": "other"}


async def test_redrive_is_a_dry_run_unless_told_and_never_of_nothing(
    make: Any, kernel: Any, tmp_path: Path
) -> None:
    async with client(make(), token(tmp_path, "ops", subject="olga")) as http:
        dry = await http.post("/v1/ops/dead-letters/redrive", json={})
        nothing = await http.post("/v1/ops/dead-letters/redrive", json={"dry_run": False})
        wet = await http.post("/v1/ops/dead-letters/redrive", json={"dry_run": False, "ids": ["g/t/0/1"]})
    assert dry.json()["dry_run"] is True
    assert nothing.status_code == 422
    assert wet.json()["dry_run"] is False
    assert kernel.calls[-1] == ("redrive", (Filters(ids=("g/t/0/1",)), False, "olga"))


@pytest.mark.parametrize("path", ["consumers", "positions", "dead-letters", "dead-letters/g/t/0/1"])
async def test_nobody_else_gets_in(make: Any, tmp_path: Path, path: str) -> None:
    made = token(tmp_path, "hr", "coordinator", "participant", programs=["p"], participant="a")
    async with client(make(), made) as http:
        assert (await http.get(f"/v1/ops/{path}")).status_code == 403
