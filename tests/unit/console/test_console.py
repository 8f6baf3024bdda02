"""The command: what it prints, and the exit code of each kind of end."""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import httpx
import jwt
import pytest

from shared.console import calls, clock, settle
from shared.console.main import COMMANDS, main, rapport
from shared.console.settings import SERVICES
from shared.console.spans import parse, shown

CALM = {
    "ready": True,
    "missing": [],
    "halted": [],
    "lag": 0,
    "outbox": 0,
    "due": 0,
    "clock_offset_seconds": 0.0,
}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Any) -> Callable[..., tuple[int, str, str]]:
    """Runs the command as it is installed; gives exit code, stdout and stderr."""
    import os

    for name in [name for name in os.environ if name.startswith("RAPPORT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("RAPPORT_DATA_DIR", str(tmp_path))

    def ran(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["rapport", *words])
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        out = capsys.readouterr()
        return code, out.out, out.err

    return ran


@pytest.fixture
def embedded(monkeypatch: pytest.MonkeyPatch, run: Any) -> Any:
    monkeypatch.setenv("RAPPORT_PROFILE", "embedded")
    return run


def services(monkeypatch: pytest.MonkeyPatch, answer: Callable[[httpx.Request], httpx.Response]) -> None:
    """All HTTP of the command goes to this function."""
    plain = httpx.Client
    transport = httpx.MockTransport(answer)
    monkeypatch.setattr(httpx, "Client", lambda **options: plain(transport=transport, **options))
    for module in (settle, clock):
        monkeypatch.setattr(module.time, "sleep", lambda _: None)


@pytest.mark.parametrize("name", [[], *[[name] for name in COMMANDS]])
def test_every_command_explains_itself(run: Any, name: list[str]) -> None:
    code, out, _ = run(*name, "--help")
    assert code == 0
    assert "Usage: rapport" in out
    assert len(out.splitlines()) > 4


def test_every_command_can_answer_in_json() -> None:
    def check(path: str, command: click.Command) -> list[str]:
        if isinstance(command, click.Group):
            context = click.Context(command)
            return [
                each
                for name in command.list_commands(context)
                for each in check(f"{path} {name}", command.get_command(context, name))  # type: ignore[arg-type]
            ]
        options = {option for each in command.params for option in each.opts}
        return [] if "--json" in options else [path]

    # The log of `serve` is JSON in any case.
    assert check("rapport", rapport) == ["rapport serve"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["nonsense"], 2),
        (["serve", "kitchen"], 2),
        (["clock", "advance"], 2),
        (["token"], 2),
        (["settle", "-x"], 2),
    ],
)
def test_wrong_usage_is_2(run: Any, words: list[str], code: int) -> None:
    assert run(*words)[0] == code


def test_a_token_says_who_and_what(embedded: Any) -> None:
    words = ["token", "--role", "coordinator", "--role", "hr", "--program", "p1", "--org", "acme", "--json"]
    code, out, _ = embedded(*words)
    claims = jwt.decode(json.loads(out)["token"], options={"verify_signature": False})
    assert code == 0
    assert claims["org"] == "acme"
    assert claims["grants"] == [{"role": "coordinator", "programs": ["p1"]}, {"role": "hr", "programs": []}]


@pytest.mark.parametrize(
    "words",
    [
        ["--role", "participant"],
        ["--role", "coordinator"],
        ["--role", "king"],
        ["--role", "hr", "--org", "a/b"],
        ["--role", "hr", "--lifetime", "soon"],
    ],
)
def test_a_token_that_no_service_would_take_is_not_made(embedded: Any, words: list[str]) -> None:
    assert embedded("token", *words)[0] == 2


def test_outside_the_embedded_profile_there_are_no_tokens_and_no_clock(run: Any, tmp_path: Path) -> None:
    for words in (["token", "--role", "hr"], ["clock", "advance", "7d"], ["clock", "show"]):
        code, _, err = run(*words)
        assert code == 2
        assert "RAPPORT_PROFILE" in err
    assert list(tmp_path.iterdir()) == []


def test_the_file_of_make_up_is_taken_over_and_variables_win(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "environment").write_text("RAPPORT_PROFILE=embedded\nRAPPORT_AUDIENCE=file\nPATH=/nowhere\n")
    monkeypatch.setenv("RAPPORT_AUDIENCE", "variable")
    code, out, _ = run("token", "--role", "hr")
    assert code == 0
    assert jwt.decode(out.strip(), options={"verify_signature": False})["aud"] == "variable"


def test_settle_waits_for_calm_twice_in_a_row(embedded: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # Four services a round: calm, then one is busy again, then calm twice.
    rounds = [CALM, {**CALM, "due": 2}, CALM, CALM, {**CALM, "lag": 1}]
    asked = 0

    def answer(_: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        return httpx.Response(200, json=rounds[(asked - 1) // len(SERVICES)])

    services(monkeypatch, answer)
    code, out, _ = embedded("settle", "--json")
    assert code == 0
    assert json.loads(out)["settled"] is True
    assert asked == 4 * len(SERVICES)


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ({**CALM, "outbox": 3}, 1, "outbox 3"),
        ({**CALM, "ready": False, "missing": ["kafka"]}, 1, "kafka"),
        ({**CALM, "ready": False, "halted": ["inbox: 11 in a row"]}, 1, "consumers list"),
        (None, 3, "no answer"),
    ],
)
def test_settle_says_what_it_waits_for(
    embedded: Any, monkeypatch: pytest.MonkeyPatch, body: Any, code: int, said: str
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if body is None:
            raise httpx.ConnectError("refused", request=request)
        return httpx.Response(503, json=body)

    services(monkeypatch, answer)
    found, _, err = embedded("settle", "--timeout", "0.05")
    assert found == code
    assert said in err


def test_the_clock_returns_when_all_report_it(embedded: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        offset = 604_800.0 if asked > 6 or request.url.port == 8101 else 0.0
        return httpx.Response(200, json={**CALM, "clock_offset_seconds": offset})

    services(monkeypatch, answer)
    monkeypatch.setattr("shared.console.store.advance_clock", lambda _, span: span)
    code, out, _ = embedded("clock", "advance", "7d")
    assert (code, out.strip()) == (0, "program time is 7d ahead")
    assert asked > 6


def test_a_clock_that_a_service_does_not_follow_is_3(embedded: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    services(monkeypatch, lambda _: httpx.Response(200, json=CALM))
    monkeypatch.setattr("shared.console.store.advance_clock", lambda _, span: span)
    code, _, err = embedded("clock", "advance", "1h", "--timeout", "0.05")
    assert code == 3
    assert "notifications" in err


@pytest.mark.parametrize("span", ["0s", "-7d", "tomorrow"])
def test_time_does_not_go_back(embedded: Any, span: str) -> None:
    assert embedded("clock", "advance", span)[0] == 2


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("7d", timedelta(days=7)),
        ("1w2d", timedelta(days=9)),
        ("90m", timedelta(minutes=90)),
        ("5s", timedelta(0, 5)),
    ],
)
def test_durations_are_read_and_shown(text: str, span: timedelta) -> None:
    assert parse(text) == span
    assert parse(shown(span)) == span


@pytest.mark.parametrize("text", ["", "7", "d", "7 d", "-7d", "7.5d", "7dd", "9" * 30 + "w"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse(text)


def test_dead_letters_are_listed_over_all_pages_of_all_services(
    embedded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"].startswith("Bearer ")
        second = "cursor" in request.url.params
        row = {"id": f"g/t/0/{request.url.port}{int(second)}", "reason": "json"}
        return httpx.Response(200, json={"items": [row], "next": None if second else "c"})

    services(monkeypatch, answer)
    code, out, _ = embedded("dead-letters", "list", "--reason", "json", "--json")
    assert code == 0
    assert len(json.loads(out)) == 2 * len(SERVICES)


def test_redrive_of_nothing_named_is_refused_and_of_all_needs_a_word(
    embedded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(json.loads(request.content))
        return httpx.Response(200, json={"dry_run": False, "counts": {"applied": 2}})

    services(monkeypatch, answer)
    assert embedded("dead-letters", "redrive", "matching")[0] == 2
    assert embedded("dead-letters", "redrive", "matching", "--all")[0] == 0
    assert embedded("dead-letters", "redrive", "matching", "a/b/0/1", "--dry-run")[0] == 0
    assert [(each["dry_run"], each["ids"]) for each in sent] == [(False, []), (True, ["a/b/0/1"])]


def test_a_refusal_of_a_service_is_told_in_its_own_words(
    embedded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = {"detail": "There is no such consumer.", "fix": "Check the id.", "errors": []}
    services(monkeypatch, lambda _: httpx.Response(404, json=problem))
    code, _, err = embedded("consumers", "resume", "sessions", "nope")
    assert code == 1
    assert "There is no such consumer. Check the id." in err


def test_a_payload_needs_the_organization_it_belongs_to(
    embedded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(jwt.decode(request.headers["authorization"][7:], options={"verify_signature": False}))
        return httpx.Response(200, json={"id": "a", "value": "e30="})

    services(monkeypatch, answer)
    assert embedded("dead-letters", "show", "sessions", "a/b/0/1", "--payload")[0] == 2
    assert embedded("dead-letters", "show", "sessions", "a/b/0/1", "--payload", "--org", "acme")[0] == 0
    assert (seen[0]["org"], seen[0]["grants"]) == ("acme", [{"role": "admin"}])


def test_in_production_the_ops_api_needs_a_token(run: Any) -> None:
    code, _, err = run("consumers", "list")
    assert code == 2
    assert "RAPPORT_TOKEN" in err


def test_what_reachable_services_say_is_shown_although_one_is_down(
    embedded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.port == 8102:
            raise httpx.ConnectError("refused", request=request)
        return httpx.Response(200, json=[{"consumer": "inbox", "halted": False}])

    services(monkeypatch, answer)
    code, _, err = embedded("consumers", "list")
    assert code == 3
    assert "matching" in err
    assert "inbox" in err
    assert calls.TIMEOUT > 0


@pytest.mark.parametrize("module", ["token", "settle", "clock", "audit", "ops", "topics"])
def test_commands_that_are_called_often_start_without_the_services_frameworks(module: str) -> None:
    heavy = "fastapi", "faststream", "aiokafka", "motor", "uvicorn", "numba", "ortools"
    said = f"import shared.console.{module}, shared.http.keys, sys; print([x for x in {heavy} if x in sys.modules])"
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_was_halted_goes_on_and_says_so_in_json(embedded: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    services(monkeypatch, lambda _: httpx.Response(204))
    code, out, _ = embedded("consumers", "resume", "sessions", "work", "--json")
    assert (code, json.loads(out)) == (0, {"service": "sessions", "consumer": "work"})


def test_documents_say_in_json_which_files_were_written(run: Any, tmp_path: Path) -> None:
    _, out, _ = run("settings", "--folder", str(tmp_path), "--json")
    names = {str(tmp_path / "settings.md"), str(tmp_path / "metrics.md")}
    assert set(json.loads(out)["written"]) == names
    assert json.loads(run("settings", "--folder", str(tmp_path), "--json")[1]) == {"written": [], "files": 2}
    (tmp_path / "metrics.md").write_text("old")
    code, _, err = run("settings", "--folder", str(tmp_path), "--check", "--json")
    assert code == 1
    assert "metrics.md" in err
    assert (tmp_path / "metrics.md").read_text() == "old"
