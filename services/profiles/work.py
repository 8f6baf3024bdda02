"""Decisions of profiles: load, decide, save. One function per kind of work."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from services.profiles.domain.enrollments import settled
from services.profiles.domain.importing.job import (
    ABANDONED_AFTER,
    KEPT_FOR,
    Batch,
    Import,
    advanced,
    pending,
    reported,
    waiting,
)
from services.profiles.domain.importing.plan import plan
from services.profiles.domain.people import aged
from services.profiles.domain.programs import edges, setting
from services.profiles.store import Imports, Store, Writing
from shared.delivery import Fanout, Reader, Stored, Transaction, Work

TRY_AGAIN = timedelta(seconds=5)
"""Program time between two looks at rows that wait."""


def new_ids() -> Iterator[str]:
    """Random and permanent ids of participants."""
    while True:
        yield uuid4().hex


@dataclass(frozen=True)
class Decisions:
    """The handlers; `wait` is how long a row waits for whom it names."""

    store: Store
    imports: Imports
    writing: Writing
    wait: timedelta

    # --- people ------------------------------------------------------------------------------

    async def participant(self, tx: Transaction, id: str) -> datetime | None:
        """Leave begins and ends, a departure acts; whoever has left is withdrawn from everything."""
        stored = await self.store.people.get(tx, id)
        if stored is None:
            return None
        person, due = aged(stored.state, tx.now)
        manager = person.manager
        if manager is not None and await self.store.people.get(tx, manager) is None:
            person = person.model_copy(update={"manager": None})
        await self.writing.person(tx, id, stored, person)
        if person.status == "left":
            for each in await self.store.enrollments_of_person(tx, id):
                tx.wake("enrollment", each.id)
        return due

    async def enrollment(self, tx: Transaction, id: str) -> datetime | None:
        """What follows from person, program and calendar."""
        stored = await self.store.enrollments.get(tx, id)
        if stored is None:
            return None
        person = await self.store.people.get(tx, stored.state.participant)
        program = await self.store.programs.get(tx, stored.state.program)
        cohort = program.state.cohort(stored.state.cohort) if program is not None else None
        if person is None or program is None or cohort is None:
            return None
        after, due = settled(stored.state, person.state, setting(program.state, cohort), tx.now)
        await self.writing.enrollment(tx, id, stored, after, None)
        return due if after.away else None

    async def program(self, tx: Transaction, id: str) -> datetime | None:
        """A program changed, or one of its cohorts' windows opens or ends: look at every enrollment."""
        stored = await self.store.programs.get(tx, id)
        if stored is None:
            return None
        tx.wake("program-enrollments", id)
        return next(iter(edges(stored.state, tx.now)), None)

    # --- imports -------------------------------------------------------------------------------

    async def import_rows(self, tx: Transaction, source: str) -> datetime | None:
        """The next batch of the oldest import of a source; one at a time, since later files build on earlier ones."""
        job = await self.imports.next_job(tx, source)
        if job is None:
            return None
        batch = await self.imports.batch(tx, job.id, job.state.cursor)
        if batch is None:
            done = {"state": "done", "cursor": job.state.batches, "applied_at": tx.now, "done_at": tx.now}
            await self.store.imports.save(tx, job, job.state.model_copy(update=done))
            return tx.now
        after = await self._apply(tx, job, batch)
        if after.state == "waiting":
            tx.wake("import-waiting", job.id)
        return tx.now

    async def import_waiting(self, tx: Transaction, id: str) -> datetime | None:
        """Rows whose manager or choices were not there: once more, and after the wait for the last time."""
        job = await self.store.imports.get(tx, id)
        if job is None or job.state.state != "waiting" or job.state.applied_at is None:
            return None
        ends = job.state.applied_at + self.wait
        found = await self.imports.batches(tx, id, job.state.looked, 1, "waiting")
        if not found:
            again = tx.now if job.state.moved else min(ends, tx.now + TRY_AGAIN)
            await self.store.imports.save(
                tx, job, job.state.model_copy(update={"looked": None, "moved": False})
            )
            return again
        after = await self._apply(tx, job, found[0], again=True, last=tx.now >= ends)
        return None if after.state == "done" else tx.now

    async def _apply(
        self,
        tx: Transaction,
        job: Stored[Import],
        batch: Stored[Batch],
        *,
        again: bool = False,
        last: bool = False,
    ) -> Import:
        """A batch's rows: plan, write, report and move on, all in this transaction.

        `again`: only those that wait; `last`: what still cannot be done is left out.
        """
        source, items = job.state.source, [item.row for item in batch.state.items if item.row is not None]
        loaded = await self.imports.load(tx, source, items)
        managers = {id: each.state.manager for id, each in loaded.people.items()}
        rows = waiting(batch.state, managers) if again else pending(batch.state)
        made = plan(rows, loaded.known(tx, source), new_ids(), last=last)
        await self.imports.write(tx, loaded, made)
        managers |= {id: each.manager for id, each in made.people.items()}
        after = reported(batch.state, made.outcomes, managers)
        if after != batch.state:
            await self.store.batches.save(tx, batch, after)
        moved = advanced(job.state, batch.state, after, tx.now, again=again)
        if again:
            fewer = after.counts.waiting < batch.state.counts.waiting
            moved = moved.model_copy(update={"looked": batch.id, "moved": job.state.moved or fewer})
        if moved != job.state:
            await self.store.imports.save(tx, job, moved)
        return moved

    async def import_age(self, tx: Transaction, id: str) -> datetime | None:
        """A job that never arrived completely is given up, and an old report is forgotten."""
        job = await self.store.imports.get(tx, id)
        if job is None:
            return None
        if job.state.state == "staging":
            if tx.now < job.state.created_at + ABANDONED_AFTER:
                return job.state.created_at + ABANDONED_AFTER
            await self.store.imports.save(tx, job, job.state.model_copy(update={"state": "abandoned"}))
            return tx.now
        if job.state.state == "abandoned" or tx.now >= job.state.created_at + KEPT_FOR:
            return tx.now if await self.imports.forget(tx, id) else None
        return job.state.created_at + KEPT_FOR

    # --- one fact about many ----------------------------------------------------------------------

    async def enrollments_of(self, at: Reader, program: str, after: str | None, limit: int) -> list[str]:
        """The living enrollments of a program."""
        return await self.store.enrollment_ids_of_program(at, program, after, limit)

    async def reports_of(self, at: Reader, manager: str, after: str | None, limit: int) -> list[str]:
        """Whoever reported to somebody who was erased."""
        return await self.store.report_ids_of(at, manager, after, limit)

    def work(self) -> list[Work]:
        """The kinds of work, for the kernel."""
        return [
            Work("participant", self.participant),
            Work("enrollment", self.enrollment),
            Work("program", self.program),
            Work("import", self.import_rows),
            Work("import-waiting", self.import_waiting),
            Work("import-age", self.import_age),
        ]

    def fanouts(self) -> list[Fanout]:
        """The facts about many, for the kernel."""
        return [
            Fanout("program-enrollments", self.enrollments_of, "enrollment"),
            Fanout("manager-gone", self.reports_of, "participant"),
        ]
