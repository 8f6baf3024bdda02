"""What a cell may say: one small parser per kind of value, each failing with a reason and a fix."""

import difflib
import re
from collections.abc import Callable, Iterable
from datetime import date
from functools import cache
from itertools import pairwise
from typing import Any
from zoneinfo import available_timezones

from services.profiles.domain.base import CONTROL, FIRST_DAY, LAST_DAY, WEEKDAYS
from services.profiles.domain.tastes import MOST


class CellError(Exception):
    """Why a cell cannot be used, and what would make it usable."""

    def __init__(self, reason: str, fix: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.fix = fix


Parser = Callable[[str], Any]

_TIME = re.compile(r"^(\d{1,2})(?::?(\d{2}))?$")


def text(cell: str) -> str:
    """Up to 200 characters of one line."""
    if CONTROL.search(cell):
        raise CellError("this cell contains a line break or a control character", "write it in one line")
    if len(cell) > 200:
        raise CellError(f"this cell has {len(cell)} characters", "shorten it to 200")
    return cell


def number(low: int, high: int) -> Parser:
    """A whole number from `low` to `high`."""

    def parse(cell: str) -> int:
        if not re.fullmatch(r"\d{1,9}", cell) or not low <= int(cell) <= high:
            raise CellError(f"{cell!r} is not a whole number from {low} to {high}", f"write {low} to {high}")
        return int(cell)

    return parse


def day(cell: str) -> date:
    """A date as YYYY-MM-DD. Other orders are refused: 03/04 is two different days in two countries."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", cell):
        raise CellError(f"{cell!r} is not a date as YYYY-MM-DD", "write it like 2026-03-31")
    try:
        found = date.fromisoformat(cell)
    except ValueError:
        raise CellError(f"{cell} does not exist in the calendar", "check day and month") from None
    if not FIRST_DAY <= found <= LAST_DAY:
        fix = "leave the cell empty where there is no such day, or write - to clear it"
        raise CellError(f"{cell} is not a day from {FIRST_DAY} to {LAST_DAY}", fix)
    return found


@cache
def _zones() -> dict[str, str]:
    return {name.casefold(): name for name in available_timezones()}


def zone(cell: str) -> str:
    """An IANA time zone, in any case."""
    found = _zones().get(cell.casefold().replace(" ", "_"))
    if found is not None:
        return found
    near = difflib.get_close_matches(cell.casefold(), _zones(), n=1, cutoff=0.75)
    fix = f"did you mean {_zones()[near[0]]!r}?" if near else "use a name such as 'Europe/Paris'"
    raise CellError(f"{cell!r} is not a time zone of the IANA list", fix)


def country(cell: str) -> str:
    """A country as two letters of ISO 3166."""
    if not re.fullmatch(r"[A-Za-z]{2}", cell):
        raise CellError(f"{cell!r} is not a country code", "use two letters of ISO 3166, such as FR")
    return cell.upper()


def language(cell: str) -> str:
    """A language as two or three letters of ISO 639."""
    if not re.fullmatch(r"[A-Za-z]{2,3}", cell):
        raise CellError(f"{cell!r} is not a language code", "use letters of ISO 639, such as en or fr")
    return cell.lower()


def locale(cell: str) -> str:
    """A language, with a country if it matters: fr or fr-CA."""
    head, _, tail = cell.replace("_", "-").partition("-")
    return f"{language(head)}-{country(tail)}" if tail else language(head)


def address(cell: str) -> str:
    """A mail address; only its shape is checked."""
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", cell) or len(cell) > 254 or CONTROL.search(cell):
        raise CellError("this is not a mail address", "write it like name@example.org")
    return cell


def one_of(*words: str) -> Parser:
    """One of a few words, in any case."""

    def parse(cell: str) -> str:
        word = cell.casefold()
        if word in words:
            return word
        near = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
        fix = f"did you mean {near[0]!r}?" if near else "use one of: " + ", ".join(words)
        raise CellError(f"{cell!r} is not one of: {', '.join(words)}", fix)

    return parse


def yes_no(cell: str) -> bool:
    """yes or no."""
    if cell.casefold() not in ("yes", "no", "true", "false", "1", "0"):
        raise CellError(f"{cell!r} is neither yes nor no", "write yes or no")
    return cell.casefold() in ("yes", "true", "1")


def parts(cell: str) -> list[str]:
    """The entries of a cell that holds several, between bars (or semicolons)."""
    found = [part.strip() for part in re.split(r"[|;]", cell) if part.strip()]
    if len(found) > MOST:
        raise CellError(f"this cell holds {len(found)} entries", f"keep the {MOST} that matter most")
    return found


def many(parse: Parser) -> Parser:
    """Several values of one kind, in their order, each once."""

    def parse_all(cell: str) -> list[Any]:
        return list(dict.fromkeys(parse(part) for part in parts(cell)))

    return parse_all


def word(cell: str) -> str:
    """A word of a list: case does not matter."""
    return text(cell).casefold()


def levels(cell: str) -> dict[str, int]:
    """Skills with a level from 1 to 5, as 'python:4 | public speaking'; without a level it is 3."""
    found: dict[str, int] = {}
    for part in parts(cell):
        name, mark, level = part.rpartition(":")
        if not mark:
            name, level = part, "3"
        name = text(name.strip().casefold())
        if not name:
            raise CellError(f"{part!r} names no skill", "write it like python:4")
        if name in found:
            raise CellError(f"the skill {name!r} appears twice", "keep one of them")
        if not re.fullmatch(r"[1-5]", level.strip()):
            raise CellError(f"{level.strip()!r} is not a level from 1 to 5", f"write it like {name}:4")
        found[name] = int(level)
    return found


def _minutes(word: str) -> int:
    match = _TIME.match(word.strip())
    hour, minute = (int(match[1]), int(match[2] or 0)) if match else (99, 0)
    if hour * 60 + minute > 24 * 60 or minute > 59:
        raise CellError(f"{word.strip()!r} is not a time of day", "write it like 09:30")
    return hour * 60 + minute


def _weekday(word: str) -> int:
    found = next((n for n, d in enumerate(WEEKDAYS) if word.casefold().startswith(d)), None)
    if found is None:
        raise CellError(f"{word!r} is not a day of the week", "use one of: " + ", ".join(WEEKDAYS))
    return found


def windows(cell: str) -> list[dict[str, int]]:
    """Weekly hours as 'mon 09:00-12:00 | thu 14:00-16:00', in minutes since Monday 00:00 of the own zone."""
    found: list[tuple[int, int]] = []
    for part in parts(cell):
        match = re.fullmatch(r"(\w+)\s+([\d:]+)\s*[-–]\s*([\d:]+)", part)
        if match is None:
            raise CellError(f"{part!r} is not a day with hours", "write it like mon 09:00-12:00")
        day, start, end = _weekday(match[1]) * 24 * 60, _minutes(match[2]), _minutes(match[3])
        if start >= end:
            raise CellError(f"{part!r} ends before it begins", "split hours over midnight into two days")
        found.append((day + start, day + end))
    for earlier, later in pairwise(sorted(found)):
        if later[0] < earlier[1]:
            raise CellError(f"two spans of {WEEKDAYS[later[0] // 1440]} overlap", "join them into one")
    return [{"start": start, "end": end} for start, end in sorted(found)]


def near(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=0.7)), None)
