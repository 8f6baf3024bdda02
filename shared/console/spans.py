"""Durations as people type them: `7d`, `90m`, `1w2d`, `30s`."""

import re
from datetime import timedelta
from typing import Any

import click

_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_WHOLE = re.compile(r"(?:\d+[wdhms])+")
_PART = re.compile(r"(\d+)([wdhms])")


def parse(text: str) -> timedelta:
    """The duration. Raises ValueError for anything else, a negative one included."""
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"{text!r} is no duration: write 7d, 12h, 90m or 1w2d")
    try:
        return sum((timedelta(**{_UNITS[unit]: int(n)}) for n, unit in _PART.findall(text)), timedelta())
    except OverflowError:
        raise ValueError(f"{text!r} is too long") from None


def shown(span: timedelta) -> str:
    """A duration in the same form, largest units first; `0s` for none."""
    left = int(span.total_seconds())
    parts = []
    for unit, seconds in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        count, left = divmod(left, seconds)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


class _Span(click.ParamType[timedelta]):
    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        try:
            return parse(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


SPAN = _Span()
