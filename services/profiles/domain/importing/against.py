"""Rows of one file against each other: who appears twice, and who manages whom in a circle."""

from collections.abc import Iterable

from services.profiles.domain.base import Problem
from services.profiles.domain.importing.rows import Rejected, Row


def checked(rows: Iterable[Row | Rejected]) -> list[Row | Rejected]:
    """The same rows, rejecting those that contradict another row of the same file."""
    return _without_cycles(_without_duplicates(list(rows)))


def _reject(row: Row, column: str, reason: str, fix: str) -> Rejected:
    return Rejected(
        line=row.line,
        external_id=row.external_id,
        problems=(Problem(column=column, reason=reason, fix=fix),),
    )


def _without_duplicates(rows: list[Row | Rejected]) -> list[Row | Rejected]:
    """A person may appear again only to be enrolled once more: a second opinion on one person is refused."""
    first: dict[str, Row] = {}
    wishes: dict[tuple[str, tuple[str, str, str] | None], int] = {}
    result: list[Row | Rejected] = []
    for row in rows:
        if isinstance(row, Rejected):
            result.append(row)
            continue
        wish = (row.external_id, row.enrollment.key if row.enrollment else None)
        earlier = first.setdefault(row.external_id, row)
        if wish in wishes:
            result.append(
                _reject(
                    row,
                    "external_id",
                    f"this number is already in line {wishes[wish]}",
                    "keep one of the two lines, or correct the number",
                )
            )
        elif earlier is not row and _differs(earlier, row):
            result.append(
                _reject(
                    row,
                    "external_id",
                    f"line {earlier.line} says something else about the same person",
                    "leave the person's columns empty in the second line, or make them equal",
                )
            )
        else:
            wishes[wish] = row.line
            result.append(row)
    return result


def _differs(earlier: Row, later: Row) -> bool:
    for part in ("person", "contact"):
        said, again = getattr(earlier, part), getattr(later, part)
        if any(getattr(said, name) != getattr(again, name) for name in again.model_fields_set):
            return True
    again_manager = later.manager is not None or later.clears_manager
    return again_manager and (earlier.manager, earlier.clears_manager) != (
        later.manager,
        later.clears_manager,
    )


def _without_cycles(rows: list[Row | Rejected]) -> list[Row | Rejected]:
    above = {row.external_id: row.manager for row in rows if isinstance(row, Row) and row.manager is not None}
    member: dict[str, tuple[str, ...]] = {}
    seen: set[str] = set()
    for start in above:
        path: list[str] = []
        at: str | None = start
        while at is not None and at not in seen:
            seen.add(at)
            path.append(at)
            at = above.get(at)
        if at in path:
            ring = tuple(path[path.index(at) :])
            member.update(dict.fromkeys(ring, ring))
    return [
        _reject(
            row,
            "manager",
            f"these {len(member[row.external_id])} people are managers of each other in a circle: "
            + " → ".join((*_shown(member[row.external_id]), member[row.external_id][0])),
            "correct the manager of one of them",
        )
        if isinstance(row, Row) and row.external_id in member and row.manager is not None
        else row
        for row in rows
    ]


def _shown(ring: tuple[str, ...]) -> tuple[str, ...]:
    return ring if len(ring) <= 6 else (*ring[:5], "…")
