"""Bytes of a CSV file to records with their line numbers, whatever the spreadsheet made of it."""

import csv
import difflib
import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.profiles.domain.base import Frozen, Problem

if TYPE_CHECKING:
    import _csv

MAX_CELL = 20_000
"""Characters a cell may hold; a longer one is nearly always a quote that was never closed."""


MAX_COLUMNS = 500
"""Each unknown one is compared with all known ones: a file on one line would keep that up for hours."""


class Unreadable(Exception):
    """The file as a whole cannot be read; `problems` say why, `line` where."""

    def __init__(self, line: int, *problems: Problem) -> None:
        super().__init__(problems[0].reason)
        self.line = line
        self.problems = problems


class Notice(Frozen):
    """Something about the file that stopped nothing: a column that is not used, say."""

    column: str
    reason: str
    fix: str


@dataclass(frozen=True)
class Record:
    """One row: the line it begins on (a quoted cell may span several) and its cells by column."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True)
class Broken:
    """A row that cannot be read as cells."""

    line: int
    problem: Problem


@dataclass(frozen=True)
class Table:
    records: tuple[Record | Broken, ...]
    notices: tuple[Notice, ...]


def decoded(data: bytes) -> str:
    """The text of a file in UTF-8 (with or without a mark) or UTF-16 with a mark; raises Unreadable."""
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Unreadable(
            line, Problem(column=None, reason="the file is not in UTF-8", fix="save it as 'CSV UTF-8'")
        ) from None


def delimiter_of(header: str) -> str:
    """The separator of a header line: the most frequent of comma, semicolon and tab outside quotes."""
    plain = "".join(header.split('"')[::2])
    return max(",;\t", key=lambda mark: (plain.count(mark), mark == ","))


def header_name(cell: str) -> str:
    """A column's name for comparing: 'Given Name ' and 'given_name' are the same column."""
    return "_".join(cell.strip().casefold().replace("-", " ").replace("_", " ").split())


def read(text: str, known: Iterable[str], required: Iterable[str]) -> Table:
    """The records of a CSV text; unknown columns are passed over and named. Raises Unreadable: the header."""
    text = text.removeprefix("\ufeff")
    skipped = 0
    first, _, rest = text.partition("\n")
    forced = None
    if first.strip().casefold().startswith("sep=") and len(first.strip()) == 5:
        forced, text, skipped = first.strip()[4], rest, 1
        first = rest.partition("\n")[0]
    if not first.strip():
        raise Unreadable(
            1, Problem(column=None, reason="the file has no header", fix="put the column names in line 1")
        )
    reader = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=forced or delimiter_of(first),
        strict=True,
        skipinitialspace=True,
    )
    try:
        header = [header_name(cell) for cell in next(reader)]
    except csv.Error:
        raise Unreadable(
            1 + skipped,
            Problem(column=None, reason="the header cannot be read", fix="check its quotes"),
        ) from None
    if len(header) > MAX_COLUMNS:
        reason, fix = (
            f"the header names {len(header)} columns",
            f"send at most {MAX_COLUMNS}: is line 1 the header?",
        )
        raise Unreadable(1 + skipped, Problem(column=None, reason=reason, fix=fix))
    notices = _check_header(header, tuple(known), tuple(required), 1 + skipped)
    return Table(tuple(_records(reader, header, frozenset(known), skipped)), notices)


def _check_header(
    header: list[str], known: tuple[str, ...], required: tuple[str, ...], line: int
) -> tuple[Notice, ...]:
    problems = [
        Problem(column=name, reason="this column appears twice", fix="keep one of them")
        for name in known
        if header.count(name) > 1
    ]
    unknown = [name for name in dict.fromkeys(header) if name and name not in known]
    near = {name: difflib.get_close_matches(name, known, n=1, cutoff=0.72) for name in unknown}
    for name in required:
        if name not in header:
            meant = next((u for u, found in near.items() if found == [name]), None)
            hint = f"rename the column {meant!r} to {name!r}" if meant else f"add a column {name!r}"
            problems.append(Problem(column=name, reason="this column is missing", fix=hint))
    if problems:
        raise Unreadable(line, *problems)
    return tuple(
        Notice(
            column=name,
            reason="this column is not known and was passed over",
            fix=f"did you mean {near[name][0]!r}?"
            if near[name]
            else "nothing to do, if it is not meant for Rapport",
        )
        for name in unknown
    )


def _records(
    reader: "_csv.Reader", header: list[str], known: frozenset[str], skipped: int
) -> Iterable[Record | Broken]:
    while True:
        line = reader.line_num + 1 + skipped
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield Broken(
                line,
                Problem(
                    column=None,
                    reason="a quote in this row is opened and not closed, or closed too early; "
                    "nothing after it could be read",
                    fix='write a quote inside a quoted cell twice ("")',
                ),
            )
            return
        if not any(cell.strip() for cell in cells):
            continue
        extra = [cell for cell in cells[len(header) :] if cell.strip()]
        if extra or len(cells) < len(header) - _trailing(header):
            yield Broken(
                line,
                Problem(
                    column=None,
                    reason=f"this row has {len(cells)} cells where the header has {len(header)}",
                    fix="quote a cell that contains the separator",
                ),
            )
            continue
        pairs = zip(header, cells, strict=False)
        found = {name: cell.strip() for name, cell in pairs if name in known}
        long = next((name for name, cell in found.items() if len(cell) > MAX_CELL), None)
        if long is not None:
            yield Broken(
                line,
                Problem(
                    column=long,
                    reason=f"this cell is longer than {MAX_CELL} characters",
                    fix="look for a quote that is not closed",
                ),
            )
            continue
        yield Record(line, found)


def _trailing(header: list[str]) -> int:
    """Nameless columns at the end, as spreadsheets leave them: their cells may be missing."""
    count = 0
    while count < len(header) and not header[-1 - count]:
        count += 1
    return count
