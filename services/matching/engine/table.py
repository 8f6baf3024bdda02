"""Bytes of a CSV file to rows with the line each begins on, whatever the spreadsheet made of it."""

import csv
import io
from collections.abc import Iterator
from typing import NamedTuple

MOST = 20_000
"""Characters a cell may hold; a longer one is nearly always a quote that was never closed."""


class Unreadable(Exception):
    """From `line` on nothing can be read; `fix` says what to do."""

    def __init__(self, line: int, reason: str, fix: str) -> None:
        super().__init__(reason)
        self.line, self.reason, self.fix = line, reason, fix


class Row(NamedTuple):
    line: int
    cells: list[str]


def named(cell: str) -> str:
    """A column's name for comparing: 'Given-Name ' and 'given_name' are the same column."""
    return "_".join(cell.strip().casefold().replace("-", " ").replace("_", " ").split())


def rows(content: bytes) -> Iterator[Row]:
    """Every row that is not empty, the header first. Raises Unreadable, also after some rows.

    Commas, semicolons or tabs; UTF-8 with or without a mark, UTF-16 with one; a first line 'sep=;' is obeyed.
    """
    text, skipped, mark = _text(content), 0, None
    first, _, rest = text.partition("\n")
    if first.strip().casefold().startswith("sep=") and len(first.strip()) == 5:
        text, skipped, mark = rest, 1, first.strip()[4]
        first = rest.partition("\n")[0]
    plain = "".join(first.split('"')[::2])
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=mark or max(",;\t", key=plain.count), strict=True
    )
    while True:
        line = reader.line_num + 1 + skipped
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            reason = "a quote is opened and not closed, or closed too early; nothing after it can be read"
            raise Unreadable(line, reason, 'write a quote inside a quoted cell twice ("")') from None
        if any(len(cell) > MOST for cell in cells):
            reason = f"a cell is longer than {MOST} characters"
            raise Unreadable(line, reason, "look for a quote that is not closed")
        if any(cell.strip() for cell in cells):
            yield Row(line, cells)


def _text(content: bytes) -> str:
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Unreadable(line, "this is not UTF-8", "save as CSV UTF-8") from None
