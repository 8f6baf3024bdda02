"""How commands speak: text for people, `--json` for programs, one exit code for one kind of failure."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click

FAILED = 1
USAGE = 2
UNREACHABLE = 3

F = TypeVar("F", bound=Callable[..., Any])


class Failed(Exception):
    """Ends the command with a message on stderr and this exit code."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code


def json_option(command: F) -> F:
    """Adds `--json` to a command (parameter `as_json`)."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def say(value: Any, as_json: bool, text: str) -> None:
    """Print the value as one line of JSON, or the text."""
    click.echo(json.dumps(value, ensure_ascii=False, default=str) if as_json else text)


def table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    """Rows as an aligned table; `nothing` if there are none."""
    if not rows:
        return "nothing"
    cells = [list(columns)] + [[_cell(row.get(column)) for column in columns] for row in rows]
    widths = [max(len(line[index]) for line in cells) for index in range(len(columns))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    )


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return json.dumps(value) if isinstance(value, dict | list) else str(value)
