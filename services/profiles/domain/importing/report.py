"""What became of one row: the entry of an import's report."""

from typing import Literal

from services.profiles.domain.base import Frozen, Problem

Result = Literal["created", "updated", "unchanged", "waiting", "rejected"]


class Outcome(Frozen):
    """`waiting`: applied but for a manager or choices whose people have not arrived yet.

    `applied` is what it will be once nothing is awaited any longer. `problems` of a row that was applied say what
    was left out; of a rejected row, why nothing was applied.
    """

    line: int
    external_id: str | None
    result: Result
    applied: Result | None = None
    participant: str | None = None
    enrollment: str | None = None
    problems: tuple[Problem, ...] = ()

    def then(self, earlier: "Outcome") -> "Outcome":
        """This outcome of a row that waited and was tried again: somebody new is still somebody new."""
        first = earlier.applied or earlier.result
        best = first if first == "created" or self.applied == "unchanged" else self.applied
        result = self.result if self.result in ("waiting", "rejected") else best or self.result
        return self.model_copy(update={"result": result, "applied": best})


class Counts(Frozen):
    """How many rows of an import ended how."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    waiting: int = 0
    rejected: int = 0

    def plus(self, *outcomes: Outcome) -> "Counts":
        """These counts with more rows."""
        found = self.model_dump()
        for outcome in outcomes:
            found[outcome.result] += 1
        return Counts(**found)
