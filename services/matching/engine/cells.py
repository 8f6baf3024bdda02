"""Cells of a spreadsheet as values; what cannot be read says why and what to write instead.

The form is the one of the HR import (docs/hr-import.md), so that one file serves both.
"""

import difflib
import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any
from zoneinfo import available_timezones

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class BadCell(ValueError):
    """`fix` says what to write instead."""

    def __init__(self, reason: str, fix: str) -> None:
        super().__init__(reason)
        self.fix = fix


Parser = Callable[[str], Any]


def near(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=0.7)), None)


def parts(cell: str) -> list[str]:
    """The entries of a cell that holds several, between bars or semicolons, each once."""
    return list(dict.fromkeys(part.strip() for part in re.split(r"[|;]", cell) if part.strip()))


def words(cell: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.casefold() for part in parts(cell)))


def ids(cell: str) -> tuple[str, ...]:
    return tuple(parts(cell))


def whole(least: int, most: int) -> Parser:
    """A whole number in a range; a spreadsheet's '3.0' is one too."""

    def parse(cell: str) -> int:
        if not re.fullmatch(r"-?\d{1,6}(\.0+)?", cell):
            raise BadCell(f"{cell!r} is not a whole number", f"write a number from {least} to {most}")
        number = int(cell.split(".")[0])
        if not least <= number <= most:
            raise BadCell(f"{number} is not from {least} to {most}", f"write a number from {least} to {most}")
        return number

    return parse


def listed(*known: str) -> Parser:
    """Some of a few words."""

    def parse(cell: str) -> tuple[str, ...]:
        found = words(cell)
        for word in found:
            if word not in known:
                meant = near(word, known)
                fix = f"did you mean {meant!r}?" if meant else "use: " + ", ".join(known)
                raise BadCell(f"{word!r} is not one of: {', '.join(known)}", fix)
        return found

    return parse


def country(cell: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{2}", cell):
        raise BadCell(f"{cell!r} is not a country code", "use two letters of ISO 3166, such as FR")
    return cell.upper()


def role(cell: str) -> str:
    word = cell.casefold()
    if word not in ("mentor", "mentee"):
        meant = near(word, ("mentor", "mentee"))
        raise BadCell(
            f"{cell!r} is no role", f"did you mean {meant!r}?" if meant else "write mentor or mentee"
        )
    return word


def yes_no(cell: str) -> bool:
    if cell.casefold() not in ("yes", "no", "true", "false", "1", "0"):
        raise BadCell(f"{cell!r} is neither yes nor no", "write yes or no")
    return cell.casefold() in ("yes", "true", "1")


def languages(cell: str) -> tuple[str, ...]:
    found = words(cell)
    for word in found:
        if not re.fullmatch(r"[a-z]{2,3}", word):
            raise BadCell(f"{word!r} is not a language code", "use letters of ISO 639, such as en | fr")
    return found


def skills(cell: str) -> dict[str, int]:
    """Skills with a level from 1 to 5, as 'python:4 | public speaking'; without a level it is 3."""
    found: dict[str, int] = {}
    for part in parts(cell):
        name, mark, level = part.rpartition(":")
        name, level = (name, level.strip()) if mark else (part, "3")
        name = name.strip().casefold()
        if not name:
            raise BadCell(f"{part!r} names no skill", "write it like python:4")
        if not re.fullmatch(r"[1-5]", level):
            raise BadCell(f"{level!r} is not a level from 1 to 5", f"write it like {name}:4")
        if name in found:
            raise BadCell(f"the skill {name!r} appears twice", "keep one of them")
        found[name] = int(level)
    return found


def zone(cell: str) -> str:
    known = _zones()
    found = known.get(cell.casefold().replace(" ", "_"))
    if found is None:
        meant = near(cell.casefold(), known)
        fix = f"did you mean {known[meant]!r}?" if meant else "use a name such as 'Europe/Paris'"
        raise BadCell(f"{cell!r} is not a time zone of the IANA list", fix)
    return found


@cache
def _zones() -> dict[str, str]:
    return {name.casefold(): name for name in available_timezones()}


def hours(cell: str) -> tuple[tuple[int, int], ...]:
    """Weekly hours as 'mon 09:00-12:00 | thu 14:00-16:00', in minutes since Monday 00:00 of the own zone."""
    found = []
    for part in parts(cell):
        match = re.fullmatch(r"(\w+)\s+(\d{1,2})(?::(\d\d))?\s*[-–]\s*(\d{1,2})(?::(\d\d))?", part)
        if match is None:
            raise BadCell(f"{part!r} is not a day with hours", "write it like mon 09:00-12:00")
        day = next((n for n, name in enumerate(DAYS) if match[1].casefold().startswith(name)), None)
        if day is None:
            raise BadCell(f"{match[1]!r} is not a day of the week", "use one of: " + ", ".join(DAYS))
        start, end = (int(match[a]) * 60 + int(match[b] or 0) for a, b in ((2, 3), (4, 5)))
        if end > 24 * 60:
            raise BadCell(f"{part!r} runs past midnight", "write it like mon 09:00-12:00")
        if start >= end:
            raise BadCell(f"{part!r} ends before it begins", "split hours over midnight into two days")
        found.append((day * 1440 + start, day * 1440 + end))
    return tuple(sorted(found))
