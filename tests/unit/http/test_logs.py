"""Logs: what comes out, and above all what never does."""

import io
import json
import logging
from typing import Any

import pytest

from shared import logs


@pytest.fixture
def lines() -> Any:
    """Logs through the real handler; gives a function that returns the lines so far."""
    root, stream = logging.getLogger(), io.StringIO()
    before, level = root.handlers[:], root.level
    logs.configure("sessions", "DEBUG", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:] = before
    root.setLevel(level)


def test_only_whitelisted_keys_come_out_and_the_others_are_named(lines: Any) -> None:
    extra = {"topic": "t", "offset": 7, "email": "anna@example.org", "body": {"name": "Anna"}}
    logging.getLogger("services.sessions").info("stored", extra=extra)
    (line,) = lines()
    assert (line["event"], line["topic"], line["offset"], line["service"]) == ("stored", "t", 7, "sessions")
    assert line["dropped"] == ["email", "body"]
    assert "nna" not in json.dumps(line)


def test_messages_of_services_are_not_filled_in_those_of_the_kernel_are(lines: Any) -> None:
    logging.getLogger("services.profiles.api").warning("no place for %s", "Anna")
    logging.getLogger("services.sharedish").warning("no place for %s", "Anna")
    logging.getLogger("shared.delivery.relay").warning("slot %s", 3)
    assert [line["event"] for line in lines()] == ["no place for %s", "no place for %s", "slot 3"]


def test_an_exception_is_its_class_and_frames_never_its_text(lines: Any) -> None:
    try:
        try:
            raise KeyError("Anna")
        except KeyError as error:
            raise ValueError("Schmidt") from error
    except ValueError:
        logging.getLogger("services.x").exception("failed")
    (line,) = lines()
    assert line["exception"] == ["builtins.ValueError", "builtins.KeyError"]
    assert line["frames"][-1].endswith("test_an_exception_is_its_class_and_frames_never_its_text")
    assert "Anna" not in json.dumps(line)
    assert "Schmidt" not in json.dumps(line)


def test_correlation_goes_with_everything_logged_inside(lines: Any) -> None:
    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    with logs.correlated("abc", trace):
        inside = logs.traceparent()
        logging.getLogger("services.x").info("inside")
    logging.getLogger("services.x").info("outside")
    first, second = lines()
    assert first["correlation_id"] == "abc"
    assert first["traceparent"] == inside
    assert str(inside).startswith(f"00-{'a' * 32}-")
    assert "correlation_id" not in second
    assert logs.traceparent() is None


def test_values_are_cut_and_objects_become_text(lines: Any) -> None:
    logging.getLogger("services.x").info(
        "x", extra={"id": "i" * 1000, "missing": ["a", "b"], "error": ValueError}
    )
    (line,) = lines()
    assert len(line["id"]) == 200
    assert line["missing"] == ["a", "b"]


def test_whole_paths_of_requests_are_not_logged(lines: Any) -> None:
    logging.getLogger("uvicorn.access").info("GET /v1/participants?name=Anna")
    assert lines() == []
