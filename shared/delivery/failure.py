"""What failed and what follows: transient or for good, how long to wait, when to stop loudly. Pure."""

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from aiokafka.errors import KafkaError
from bson.errors import BSONError
from pymongo.errors import (
    BulkWriteError,
    ConfigurationError,
    DocumentTooLarge,
    InvalidOperation,
    OperationFailure,
    PyMongoError,
)

# Server codes: WriteConflict, NoSuchTransaction (the server gave it up), duplicate key (somebody was first).
_CONFLICTS = {112, 251, 11000}
# BadValue, FailedToParse, TypeMismatch and friends: the server understood and refused what the code asked for.
_BUGS = {2, 9, 14, 40, 52, 66, 16755}
# Server codes and sizes that no repetition cures while the transaction stays as large as it is.
_TOO_LARGE = {257, 10334, 17280, 17419, 17420}


class Conflict(Exception):
    """Somebody else changed what this transaction relied on; it is run again from its beginning."""


class Unavailable(Exception):
    """The database did not answer within the deadline of a command; nothing is known to have changed."""


class TooLarge(Exception):
    """An event or document is larger than the platform carries; names the aggregate and the size, never a value."""


class Halted(Exception):
    """A consumer stands still until an operator resumes it."""


def is_conflict(error: BaseException) -> bool:
    """Whether another transaction got in the way, so that a repetition at once is right."""
    if isinstance(error, Conflict):
        return True
    return isinstance(error, OperationFailure) and bool(_codes(error) & _CONFLICTS)


def is_too_large(error: BaseException) -> bool:
    """Whether a smaller transaction could pass where this one cannot."""
    return isinstance(error, DocumentTooLarge) or (
        isinstance(error, OperationFailure) and bool(_codes(error) & _TOO_LARGE)
    )


def is_outage(error: BaseException) -> bool:
    """Whether database, broker or network failed: retried without limit, never a dead letter."""
    if isinstance(error, DocumentTooLarge | ConfigurationError | InvalidOperation | BSONError):
        return False
    if isinstance(error, OperationFailure):
        return not _codes(error) & (_CONFLICTS | _TOO_LARGE | _BUGS)
    return isinstance(error, PyMongoError | KafkaError | OSError | TimeoutError)


def is_for_good(error: BaseException) -> bool:
    """Whether the pure functions or the data are at fault, so that a repetition would fail the same way."""
    return isinstance(error, Exception) and not (
        is_conflict(error) or is_outage(error) or is_too_large(error)
    )


def _codes(error: OperationFailure) -> set[int]:
    found = {error.code} if error.code is not None else set()
    if isinstance(error, BulkWriteError):
        found |= {int(each.get("code", 0)) for each in (error.details or {}).get("writeErrors", ())}
    return found


def describe(error: BaseException) -> str:
    """The class of an error and where it was raised; never its text, which may carry a person's data."""
    trace, place = error.__traceback__, ""
    while trace is not None:
        code = trace.tb_frame.f_code
        place = f"{code.co_filename.rsplit('/', 2)[-1]}:{trace.tb_lineno} {code.co_name}"
        trace = trace.tb_next
    return f"{type(error).__name__} at {place}" if place else type(error).__name__


@dataclass(slots=True)
class Backoff:
    """Jittered waits that double from `least` to `most` seconds, and start again after a success."""

    least: float = 0.1
    most: float = 30.0
    chance: Callable[[], float] = random.random
    _attempt: int = 0

    def next(self) -> float:
        """Seconds to wait before the next attempt."""
        ceiling = min(self.most, self.least * 2.0 ** min(self._attempt, 30))
        self._attempt += 1
        return ceiling * (0.5 + 0.5 * self.chance())

    def reset(self) -> None:
        """What was tried has worked."""
        self._attempt = 0


@dataclass(slots=True)
class Breaker:
    """Counts failures for good; trips past `in_a_row` in a row or at `of_last` of the last `window` outcomes."""

    in_a_row: int = 10
    of_last: int = 20
    window: int = 400
    _outcomes: deque[bool] = field(default_factory=deque)
    _row: int = 0
    _failed: int = 0

    def would_trip(self) -> bool:
        """Whether one more failure is one too many: asked before the failure is accepted as a dead letter."""
        return self._row >= self.in_a_row or self._failed + 1 > self.of_last

    def succeeded(self, count: int = 1) -> None:
        """So many records or decisions were fine."""
        self._row = 0
        if not self._failed and len(self._outcomes) >= self.window:
            return  # one more success would take the place of another
        for _ in range(min(count, self.window)):
            self._add(False)

    def failed(self) -> None:
        """One record or decision failed for good."""
        self._row += 1
        self._add(True)

    def reset(self) -> None:
        """An operator said to go on."""
        self._outcomes.clear()
        self._row = self._failed = 0

    def _add(self, failed: bool) -> None:
        self._outcomes.append(failed)
        self._failed += failed
        if len(self._outcomes) > self.window:
            self._failed -= self._outcomes.popleft()
