"""An import as a job: what is staged, how far it has come, and which step is next. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

from services.profiles.domain.base import Frozen
from services.profiles.domain.importing.plan import references_of
from services.profiles.domain.importing.reading import Notice
from services.profiles.domain.importing.report import Counts, Outcome
from services.profiles.domain.importing.rows import Rejected, Row

BATCH_ROWS = 50
"""Rows a transaction: one of fifty costs little more than one of one (architecture.md, Exactly-once effects)."""
ABANDONED_AFTER = timedelta(hours=1)
"""A job whose rows never arrived completely is given up after this; its sender got no answer."""
KEPT_FOR = timedelta(days=30)
"""How long the report of a finished import is kept (p)."""

State = Literal["staging", "queued", "applying", "waiting", "done", "abandoned"]


class Import(Frozen):
    """One import. `cursor`: batches that were applied.

    `looked` is the last batch that the present round over waiting rows has seen, `moved` whether that round got
    anywhere.
    """

    source: str
    state: State = "staging"
    rows: int
    batches: int
    cursor: int = 0
    counts: Counts = Counts()
    notices: tuple[Notice, ...] = ()
    looked: str | None = None
    moved: bool = False
    created_at: datetime
    applied_at: datetime | None = None
    done_at: datetime | None = None


class Item(Frozen):
    """One row of a batch: what is still to be done with it, and what became of it.

    What HR wrote is forgotten as soon as it is not needed any longer: the report keeps numbers and ids only.
    """

    row: Row | None = None
    outcome: Outcome | None = None
    manager_then: str | None = None


class Batch(Frozen):
    """Rows that are applied in one transaction, in the order of their lines."""

    job: str
    items: tuple[Item, ...]
    counts: Counts = Counts()


def batch_id(job: str, number: int) -> str:
    """Ids in the order of the file."""
    return f"{job}.{number:06d}"


def staged(job: str, rows: Sequence[Row | Rejected]) -> list[Batch]:
    """The batches of a file; a row that was rejected has its outcome from the start."""
    items = [
        Item(row=row)
        if isinstance(row, Row)
        else Item(
            outcome=Outcome(
                line=row.line, external_id=row.external_id, result="rejected", problems=row.problems
            )
        )
        for row in rows
    ]
    groups = [tuple(items[at : at + BATCH_ROWS]) for at in range(0, len(items), BATCH_ROWS)]
    return [Batch(job=job, items=group, counts=counted(group)) for group in groups]


def counted(items: Sequence[Item]) -> Counts:
    """How the rows of a batch ended, as far as they have."""
    return Counts().plus(*(item.outcome for item in items if item.outcome is not None))


def pending(batch: Batch) -> list[Row]:
    """Rows that were never tried."""
    return [item.row for item in batch.items if item.row is not None and item.outcome is None]


def waiting(batch: Batch, managers: Mapping[str, str | None]) -> list[Row]:
    """What of the rows that wait for somebody is still wanted. `managers`: who manages whom by now.

    Whoever was given a manager meanwhile (by a later file, in Rapport) keeps that one.
    """
    found = []
    for item in batch.items:
        if item.row is None or item.outcome is None or item.outcome.result != "waiting":
            continue
        row, person = references_of(item.row), item.outcome.participant or ""
        superseded = managers.get(person) != item.manager_then
        found.append(row.model_copy(update={"manager": None}) if superseded else row)
    return found


def reported(batch: Batch, outcomes: Sequence[Outcome], managers: Mapping[str, str | None]) -> Batch:
    """The batch with these outcomes. `managers`: who the participants' managers are after this step."""
    found = {outcome.line: outcome for outcome in outcomes}
    items = []
    for item in batch.items:
        outcome = found.get(item.row.line) if item.row is not None else None
        if outcome is None:
            items.append(item)
            continue
        if item.outcome is not None:
            outcome = outcome.then(item.outcome)
        keeps = item.row if outcome.result == "waiting" else None
        then = managers.get(outcome.participant or "") if keeps else None
        items.append(Item(row=keeps, outcome=outcome, manager_then=then))
    return Batch(job=batch.job, items=tuple(items), counts=counted(items))


def advanced(job: Import, before: Batch, after: Batch, now: datetime, *, again: bool) -> Import:
    """The job after one of its batches was applied for the first time (or, with `again`, tried once more)."""
    old, new = before.counts.model_dump(), after.counts.model_dump()
    counts = {name: value - old[name] + new[name] for name, value in job.counts.model_dump().items()}
    cursor = job.cursor if again else job.cursor + 1
    moved = job.model_copy(update={"counts": Counts(**counts), "cursor": cursor})
    if moved.cursor < moved.batches:
        return moved.model_copy(update={"state": "applying"})
    applied = moved.applied_at or now
    if moved.counts.waiting:
        return moved.model_copy(update={"state": "waiting", "applied_at": applied})
    return moved.model_copy(update={"state": "done", "applied_at": applied, "done_at": now})
