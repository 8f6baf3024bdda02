"""Logs: one JSON object a line, tied together by correlation ids, and unable to carry personal data by
mistake.

The rule: a value reaches a log only under a whitelisted key of `extra`. A message is its template, never
filled in; an exception is its class and its frames, never its text (a validation or duplicate-key error
repeats the value).
"""

import contextvars
import json
import logging
import re
import secrets
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import TextIO

CORRELATION_HEADER = "x-correlation-id"

_ALLOWED = """
attempt batch_size caller_kind class code collection commit consumer correlation_id count database
delay_seconds driver due duration_ms epoch error event_id event_type fields group halted host id kind lag
late_seconds limit method missing next offset offset_seconds order organization outcome partition
path_template pid port position profile program reason_code revision role route rows seconds seed seq
service signal size slot source state status subject target threshold topic version work_due
"""
ALLOWED = frozenset(_ALLOWED.split())
"""Every key that `extra` may carry. Values are ids, numbers, names of our own things; strings are cut at
200.
"""

TRUSTED = ("aiokafka", "uvicorn.error", "shared.delivery", "shared.clock", "deploy.local")
"""Loggers whose messages are filled in: they name topics, partitions, hosts, classes of errors, never
values.
"""

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
_CORRELATION = re.compile(r"^[A-Za-z0-9._-]{1,64}$")
_TRACEPARENT = re.compile(r"^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$")

_correlation: contextvars.ContextVar[str | None] = contextvars.ContextVar("rapport_correlation", default=None)
_trace: contextvars.ContextVar[str | None] = contextvars.ContextVar("rapport_trace", default=None)


def correlation_id() -> str | None:
    """The id that ties together all that one request or event caused; None outside of any."""
    return _correlation.get()


def traceparent() -> str | None:
    """The W3C trace context of the current request or event, for the event envelope; None outside of any."""
    return _trace.get()


def child_traceparent(incoming: str | None) -> str:
    """A new span of the incoming trace, or of a new trace if the incoming value is missing or malformed."""
    match = _TRACEPARENT.match(incoming or "")
    if match and set(match[1]) != {"0"} and set(match[2]) != {"0"}:
        return f"00-{match[1]}-{secrets.token_hex(8)}-{match[3]}"
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def accepted_correlation(incoming: str | None) -> str:
    """The incoming id if it is one we would write into a log line unchanged, else a new one."""
    return incoming if incoming and _CORRELATION.match(incoming) else secrets.token_hex(8)


@contextmanager
def correlated(correlation: str | None = None, trace: str | None = None) -> Iterator[None]:
    """Everything logged inside carries this correlation id and trace (made here if not given)."""
    correlation_token = _correlation.set(accepted_correlation(correlation))
    trace_token = _trace.set(child_traceparent(trace))
    try:
        yield
    finally:
        _trace.reset(trace_token)
        _correlation.reset(correlation_token)


class JsonFormatter(logging.Formatter):
    """Turns a record into one line of JSON, dropping all that the rule above does not let through."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "service": self._service,
            "logger": record.name,
            "event": _message(record),
        }
        for key, value in vars(record).items():
            if key in _STANDARD:
                continue
            if key in ALLOWED:
                line[key] = _plain(value)
            else:
                # Named, so that an author sees why it is missing; its value is what must not come out.
                line.setdefault("dropped", [])
                line["dropped"] = [*_names(line["dropped"]), key]
        if correlation := _correlation.get():
            line["correlation_id"] = correlation
        if trace := _trace.get():
            line["traceparent"] = trace
        if record.exc_info and record.exc_info[0]:
            line["exception"] = _class_chain(record.exc_info[1])
            line["frames"] = _frames(record.exc_info[2])
        return json.dumps(line, ensure_ascii=False)


def configure(service: str, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send all logs of this process through the formatter above. Called once by `serve`."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter(service))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        # uvicorn installs handlers of its own, whose access lines carry whole paths with their queries.
        logger = logging.getLogger(name)
        logger.handlers[:] = []
        logger.propagate = name != "uvicorn.access"
    for name in ("pymongo", "aiokafka", "faststream", "httpx", "httpcore", "asyncio"):
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))


def _message(record: logging.LogRecord) -> str:
    if record.name.startswith(TRUSTED):
        return record.getMessage()[:500]
    return str(record.msg)[:500]


def _plain(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in list(value)[:20]]
    return str(value)[:200]


def _names(value: object) -> list[str]:
    return value if isinstance(value, list) else []


def _class_chain(error: BaseException | None) -> list[str]:
    chain: list[str] = []
    while error is not None and len(chain) < 5:
        chain.append(f"{type(error).__module__}.{type(error).__qualname__}")
        error = error.__cause__ or error.__context__
    return chain


def _frames(trace: TracebackType | None) -> list[str]:
    # No source lines and no locals: only where.
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)][-12:]
