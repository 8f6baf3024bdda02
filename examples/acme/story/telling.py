"""How the story is told: what happens in words a program coordinator understands, and what must hold."""

import time
from collections.abc import Iterable


class Unexpected(Exception):
    """Something that must hold does not; the message says what, in words."""


class Telling:
    """Prints the story as it happens, each line after the seconds since its beginning."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self._began

    def chapter(self, title: str) -> None:
        """Begin a chapter."""
        print(f"\n── {title}", flush=True)

    def say(self, line: str) -> None:
        """One sentence."""
        print(f"{self.seconds:6.1f} s  {line}", flush=True)

    def quote(self, lines: Iterable[str]) -> None:
        """Something read out: a report, a reason, a mail."""
        for line in lines:
            print(f"          │ {line}".rstrip(), flush=True)


def expect(holds: object, what: str) -> None:
    """Raises Unexpected with `what` unless it holds."""
    if not holds:
        raise Unexpected(what)


def listed(words: Iterable[str]) -> str:
    """`a, b and c`."""
    found = list(words)
    return " and ".join([", ".join(found[:-1]), found[-1]]) if len(found) > 1 else "".join(found)
