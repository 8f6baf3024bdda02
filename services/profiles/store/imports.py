"""What a batch of imported rows needs to know, read in a few queries, and how its plan is written."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import BaseModel

from services.profiles.domain.enrollments import CLOSED, Enrollment, enrollment_id, exclusions
from services.profiles.domain.importing.job import Batch, Import, batch_id
from services.profiles.domain.importing.rows import Row
from services.profiles.domain.importing.world import MAX_LEVELS, Known, Plan
from services.profiles.domain.links import Link, link_id
from services.profiles.domain.people import Contact, Person
from services.profiles.domain.programs import Program, enrolling
from services.profiles.store.main import Store
from services.profiles.store.writing import Writing
from shared.delivery import Reader, Stored, Transaction

S = TypeVar("S", bound=BaseModel)


@dataclass
class Loaded:
    """What was read for a batch, as stored."""

    links: dict[str, Stored[Link]] = field(default_factory=dict)
    people: dict[str, Stored[Person]] = field(default_factory=dict)
    contacts: dict[str, Stored[Contact]] = field(default_factory=dict)
    enrollments: dict[str, Stored[Enrollment]] = field(default_factory=dict)
    programs: dict[str, Stored[Program]] = field(default_factory=dict)
    excluded: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def known(self, at: Reader, source: str) -> Known:
        """The states alone, for the plan."""
        return Known(
            organization=at.organization,
            source=source,
            now=at.now,
            links=_states(self.links),
            people=_states(self.people),
            contacts=_states(self.contacts),
            enrollments=_states(self.enrollments),
            programs=_states(self.programs),
            excluded=self.excluded,
        )


def _states(stored: Mapping[str, Stored[S]]) -> dict[str, S]:
    return {id: each.state for id, each in stored.items()}


class Imports:
    """Reads for and writes of imports."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.writing = Writing(store)

    async def next_job(self, at: Reader, source: str) -> Stored[Import] | None:
        """The oldest import of a source that still has rows to apply."""
        where = {"state.source": source, "state.state": {"$in": ["queued", "applying"]}}
        found = await self.store.imports.find(at, where, limit=1)
        return found[0] if found else None

    async def jobs(self, at: Reader, after: str | None, limit: int) -> list[Stored[Import]]:
        """All imports, oldest first."""
        return await self.store.imports.find(at, {}, limit=limit, after=after)

    async def batch(self, at: Reader, job: str, number: int) -> Stored[Batch] | None:
        """One batch of a job."""
        return await self.store.batches.get(at, batch_id(job, number))

    async def batches(
        self, at: Reader, job: str, after: str | None, limit: int, result: str | None = None
    ) -> list[Stored[Batch]]:
        """A job's batches in the order of its lines; with `result` those that have such a row."""
        where: dict[str, object] = {"state.job": job}
        if result is not None:
            where[f"state.counts.{result}"] = {"$gt": 0}
        return await self.store.batches.find(at, where, limit=limit, after=after)

    async def load(self, at: Reader, source: str, rows: Sequence[Row]) -> Loaded:
        """Everything the plan of these rows may ask for."""
        store, found = self.store, Loaded()
        numbers = {
            number
            for row in rows
            for number in (
                row.external_id,
                row.previous,
                row.manager,
                *((row.enrollment.choices or ()) if row.enrollment else ()),
            )
            if number is not None
        }
        ids = [link_id(at.organization, source, number) for number in sorted(numbers)]
        found.links = await store.links.get_many(at, ids)
        holders = sorted({each.state.holder for each in found.links.values() if each.state.holder})
        found.people = await store.people.get_many(at, holders)
        await self._managers(at, found.people)
        found.contacts = await store.contacts.get_many(at, holders)
        if any(row.enrollment is not None for row in rows):
            found.programs = {each.id: each for each in await store.all_programs(at)}
            wanted = self._enrollment_ids(at, source, rows, found)
            found.enrollments = await store.enrollments.get_many(at, list(wanted))
            begin = {
                person
                for id, person in wanted.items()
                if id not in found.enrollments or found.enrollments[id].state.state in CLOSED
            }
            for id, theirs in (await store.enrollments_of_people(at, sorted(begin))).items():
                found.excluded[id] = exclusions(theirs)
        return found

    async def _managers(self, at: Reader, people: dict[str, Stored[Person]]) -> None:
        """The people above those, level by level: the plan looks for circles."""
        for _ in range(MAX_LEVELS):
            above = {each.state.manager for each in people.values() if each.state.manager} - people.keys()
            more = await self.store.people.get_many(at, sorted(above))
            if not more:
                return
            people.update(more)

    def _enrollment_ids(self, at: Reader, source: str, rows: Sequence[Row], found: Loaded) -> dict[str, str]:
        """Ids of the enrollments that rows may mean → participant."""
        ids: dict[str, str] = {}
        for row in rows:
            wish = row.enrollment
            if wish is None or (program := found.programs.get(wish.program)) is None:
                continue
            cohorts = [wish.cohort] if wish.cohort else [c.id for c in enrolling(program.state, at.now)]
            for number in (row.external_id, row.previous):
                link = found.links.get(link_id(at.organization, source, number)) if number else None
                holder = link.state.holder if link is not None else None
                if holder is not None:
                    for cohort in cohorts:
                        id = enrollment_id(at.organization, wish.program, cohort, holder, wish.role)
                        ids[id] = holder
        return ids

    async def write(self, tx: Transaction, loaded: Loaded, plan: Plan) -> None:
        """The plan's changes, each published if somebody outside sees a difference.

        Whoever is relied upon without being changed is touched: a program that may close, a person who may leave,
        a manager who may move below the person.
        """
        for id, link in plan.links.items():
            await self._put_link(tx, id, loaded.links.get(id), link)
        for id, person in plan.people.items():
            await self.writing.person(tx, id, loaded.people.get(id), person)
        for id, contact in plan.contacts.items():
            await self.writing.contact(tx, id, loaded.contacts.get(id), contact)
        for id, enrollment in plan.enrollments.items():
            await self.writing.enrollment(tx, id, loaded.enrollments.get(id), enrollment, None)
        relied = {each.participant for each in plan.enrollments.values()} | {
            each.manager for each in plan.people.values() if each.manager is not None
        }
        for id in sorted((relied & loaded.people.keys()) - plan.people.keys()):
            await self.store.people.touch(tx, loaded.people[id])
        for id in sorted({each.program for each in plan.enrollments.values()}):
            await self.store.programs.touch(tx, loaded.programs[id])

    async def _put_link(self, tx: Transaction, id: str, before: Stored[Link] | None, after: Link) -> None:
        if before is None:
            await self.store.links.add(tx, id, after)
        else:
            await self.store.links.save(tx, before, after)

    async def stage(self, tx: Transaction, job: str, batches: Iterable[tuple[int, Batch]]) -> None:
        """Keep rows until they are applied; those that an earlier attempt kept stay."""
        wanted = {batch_id(job, number): batch for number, batch in batches}
        there = await self.store.batches.get_many(tx, list(wanted))
        for id, batch in wanted.items():
            if id not in there:
                await self.store.batches.add(tx, id, batch)

    async def forget(self, tx: Transaction, job: str, limit: int = 200) -> bool:
        """Erase some of a job's batches; whether there are more."""
        found = await self.store.batches.find(tx, {"state.job": job}, limit=limit)
        for each in found:
            await self.store.batches.erase(tx, each)
        return len(found) == limit
