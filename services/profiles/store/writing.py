"""Writes of people and enrollments: an equal state is not written, and what nobody sees is not published."""

from datetime import datetime

from services.profiles.domain import published
from services.profiles.domain.enrollments import Enrollment, settled
from services.profiles.domain.people import Contact, Person, aged
from services.profiles.domain.programs import Program, setting
from services.profiles.store.main import Store
from shared.delivery import Stored, Transaction


class Writing:
    """How each family is put: added or saved, with the type its change goes by, and the decisions it calls for."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def person(
        self, tx: Transaction, id: str, before: Stored[Person] | None, after: Person
    ) -> Stored[Person] | None:
        """The person, and a wake for when the calendar next changes them."""
        state = before.state if before is not None else None
        if state == after:
            return before
        due = aged(after, tx.now)[1]
        if due is not None or after.status == "left":
            tx.wake("participant", id, due)
        type = published.participant_type(state, after)
        if before is None:
            return await self.store.people.add(tx, id, after, type)
        return await self.store.people.save(tx, before, after, type)

    async def contact(
        self, tx: Transaction, id: str, before: Stored[Contact] | None, after: Contact
    ) -> Stored[Contact] | None:
        """Names and addresses."""
        if before is None:
            return await self.store.contacts.add(tx, id, after, "contact.added")
        if before.state == after:
            return before
        return await self.store.contacts.save(tx, before, after, "contact.changed")

    async def program(
        self, tx: Transaction, id: str, before: Stored[Program] | None, after: Program
    ) -> Stored[Program]:
        """The program; every living enrollment of it is looked at again, now and at its windows' edges."""
        state = before.state if before is not None else None
        if before is not None and state == after:
            return before
        tx.wake("program", id)
        type = published.program_type(state, after)
        if before is None:
            return await self.store.programs.add(tx, id, after, type)
        return await self.store.programs.save(tx, before, after, type)

    async def enrollment(
        self,
        tx: Transaction,
        id: str,
        before: Stored[Enrollment] | None,
        after: Enrollment,
        due: datetime | None,
    ) -> Stored[Enrollment]:
        """The enrollment, already settled; `due` is when time alone next changes it."""
        if before is not None and before.state == after:
            return before
        # A program's own edges are watched once for all its enrollments; what remains are days away.
        if due is not None and after.away:
            tx.wake("enrollment", id, due)
        type = published.enrollment_type(before.state if before is not None else None, after)
        if before is None:
            return await self.store.enrollments.add(tx, id, after, type)
        return await self.store.enrollments.save(tx, before, after, type)

    async def settle(
        self,
        tx: Transaction,
        id: str,
        before: Stored[Enrollment] | None,
        wanted: Enrollment,
        person: Stored[Person],
        program: Stored[Program],
    ) -> Stored[Enrollment]:
        """The enrollment as person and program have it at this moment, relying on both staying as they are.

        Without the touch a leaver and a new enrollment could each miss the other.
        """
        cohort = program.state.cohort(wanted.cohort)
        assert cohort is not None
        after, due = settled(wanted, person.state, setting(program.state, cohort), tx.now)
        if before is None or before.state != after:
            await self.store.people.touch(tx, person)
            await self.store.programs.touch(tx, program)
        return await self.enrollment(tx, id, before, after, due)
