"""What became of one row: the entry of an import's report."""

from typing import Literal

from services.profiles.domain.base import Frozen, Problem

Result = Literal["created", "updated", "unchanged", "waiting", "rejected"]


class Outcome(Frozen):
    """`waiting`: applied but for a manager or choices whose people have not arrived yet.

    `problems` of a row that was applied say what was left out; of a rejected row, why nothing was applied.
    """

    line: int
    external_id: str | None
    result: Result
    participant: str | None = None
    enrollment: str | None = None
    problems: tuple[Problem, ...] = ()

    def then(self, earlier: "Outcome") -> "Outcome":
        """This outcome of a row tried again, after an earlier one in which it was applied."""
        if self.result in ("waiting", "rejected") or earlier.result == "waiting":
            return self
        return self.model_copy(update={"result": earlier.result})


class Counts(Frozen):
    """How many rows of an import ended how."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    waiting: int = 0
    rejected: int = 0

    def plus(self, *outcomes: Outcome) -> "Counts":
        return self._moved(1, outcomes)

    def minus(self, *outcomes: Outcome) -> "Counts":
        return self._moved(-1, outcomes)

    def _moved(self, step: int, outcomes: tuple[Outcome, ...]) -> "Counts":
        found = self.model_dump()
        for outcome in outcomes:
            found[outcome.result] += step
        return Counts(**found)
