"""The aggregates of profiles, the pairs it hears of, and the named questions about them."""

from collections.abc import Iterable, Sequence

from services.profiles.domain import published
from services.profiles.domain.base import Frozen, Text
from services.profiles.domain.enrollments import Enrollment
from services.profiles.domain.importing.job import Batch, Import
from services.profiles.domain.links import Link, link_id
from services.profiles.domain.people import Contact, Person, Zone
from services.profiles.domain.programs import Program
from shared.contracts import CONTACTS, ENROLLMENTS, PAIRS, PARTICIPANTS, PROGRAMS
from shared.contracts.pairs import LIVING, Pair, State
from shared.delivery import Aggregates, Copies, Index, Reader, Stored
from shared.delivery.model import Document

KNOWN_TO_EACH_OTHER = sorted((*LIVING, State.PROPOSED.value))
"""States of a pair in which its members see each other's names."""


PAGE = 500
"""Documents of one read."""


class Organization(Frozen):
    """What is known of a customer: what to call it, and the zone of whoever has none."""

    name: Text
    time_zone: Zone = "UTC"


def kept_pair(pair: Pair) -> Document:
    """Who is in it, and whether that still tells them each other's names."""
    return {
        "program": pair.program,
        "state": pair.state,
        "people": [member.participant for member in pair.members],
    }


class Store:
    """Own aggregates, the copy of pairs, and the questions that are asked of them."""

    organizations = Aggregates("organizations", Organization)
    people = Aggregates(
        "participants",
        Person,
        topic=PARTICIPANTS,
        event=published.participant,
        indexes=[Index((("state.manager", 1), ("id", 1)))],
    )
    contacts = Aggregates("contacts", Contact, topic=CONTACTS, event=published.contact)
    programs = Aggregates("programs", Program, topic=PROGRAMS, event=published.program)
    enrollments = Aggregates(
        "enrollments",
        Enrollment,
        topic=ENROLLMENTS,
        event=published.enrollment,
        indexes=[
            Index((("state.participant", 1), ("id", 1))),
            Index((("state.program", 1), ("state.cohort", 1), ("id", 1))),
        ],
    )
    links = Aggregates("links", Link, indexes=[Index((("state.spells.participant", 1), ("id", 1)))])
    imports = Aggregates(
        "imports", Import, indexes=[Index((("state.source", 1), ("state.state", 1), ("id", 1)))]
    )
    batches = Aggregates("import_batches", Batch, indexes=[Index((("state.job", 1), ("id", 1)))])
    pairs: Copies[Pair] = Copies(
        "pairs", PAIRS, keep=kept_pair, indexes=[Index((("state.people", 1), ("id", 1)))]
    )

    @classmethod
    def aggregates(cls) -> Sequence[Aggregates]:  # type: ignore[type-arg]
        """All families, for the kernel."""
        return [
            cls.organizations,
            cls.people,
            cls.contacts,
            cls.programs,
            cls.enrollments,
            cls.links,
            cls.imports,
            cls.batches,
        ]

    # --- people ----------------------------------------------------------------------------

    async def person_by_number(self, at: Reader, source: str, external_id: str) -> Stored[Person] | None:
        """Whom a number of a source means now."""
        link = await self.links.get(at, link_id(at.organization, source, external_id))
        if link is None or link.state.holder is None:
            return None
        return await self.people.get(at, link.state.holder)

    async def people_page(self, at: Reader, after: str | None, limit: int) -> list[Stored[Person]]:
        """All participants, in order of id."""
        return await self.people.find(at, {}, limit=limit, after=after)

    async def links_of(self, at: Reader, participant: str) -> list[Stored[Link]]:
        """Every number that means or ever meant this person."""
        return await self.links.find(at, {"state.spells.participant": participant})

    async def report_ids_of(self, at: Reader, manager: str, after: str | None, limit: int) -> list[str]:
        """Whoever reports to this person directly."""
        found = await self.people.find(at, {"state.manager": manager}, limit=limit, after=after)
        return [each.id for each in found]

    async def visible_to_members(self, at: Reader, participant: str, ids: Sequence[str]) -> set[str]:
        """Those of `ids` who are in a proposed or living pair with this person."""
        where = {"state.people": participant, "state.state": {"$in": KNOWN_TO_EACH_OTHER}}
        pairs = await self.pairs.find(at, where)
        return {each for pair in pairs for each in pair.state["people"]} & set(ids)

    async def visible_to_coordinators(
        self, at: Reader, programs: Iterable[str], ids: Sequence[str]
    ) -> set[str]:
        """Those of `ids` who are enrolled in one of these programs, or in charge of it."""
        wanted = sorted(programs)
        if not wanted or not ids:
            return set()
        where = {"state.participant": {"$in": list(ids)}, "state.program": {"$in": wanted}}
        found = {each.state.participant for each in await self.enrollments.find(at, where, limit=5000)}
        for program in (await self.programs.get_many(at, wanted)).values():
            found |= {*program.state.coordinators, *program.state.stand_ins}
        return found & set(ids)

    # --- programs and enrollments -------------------------------------------------------------

    async def all_programs(self, at: Reader) -> list[Stored[Program]]:
        """Every program of the organization."""
        return await self.programs.find(at, {})

    async def enrollments_of_person(self, at: Reader, participant: str) -> list[Stored[Enrollment]]:
        """All of one person, ended ones too."""
        return await self.enrollments.find(at, {"state.participant": participant})

    async def enrollments_of_people(self, at: Reader, ids: Sequence[str]) -> dict[str, list[Enrollment]]:
        """All of these people, ended ones too, by person."""
        found: dict[str, list[Enrollment]] = {}
        after: str | None = None
        while ids:
            where = {"state.participant": {"$in": list(ids)}}
            page = await self.enrollments.find(at, where, limit=PAGE, after=after)
            for each in page:
                found.setdefault(each.state.participant, []).append(each.state)
            if len(page) < PAGE:
                break
            after = page[-1].id
        return found

    async def enrollments_of_program(
        self,
        at: Reader,
        program: str,
        after: str | None,
        limit: int,
        *,
        state: str | None = None,
        role: str | None = None,
        participant: str | None = None,
    ) -> list[Stored[Enrollment]]:
        """A page of a program's enrollments, by state, role and person where given."""
        where: Document = {"state.program": program}
        for name, value in (("state", state), ("role", role), ("participant", participant)):
            if value is not None:
                where[f"state.{name}"] = value
        return await self.enrollments.find(at, where, limit=limit, after=after)

    async def enrollment_ids_of_program(
        self, at: Reader, program: str, after: str | None, limit: int
    ) -> list[str]:
        """For the fan-out of a program's change; ended ones never change again."""
        where = {"state.program": program, "state.state": {"$nin": ["withdrawn", "completed"]}}
        found = await self.enrollments.find(at, where, limit=limit, after=after)
        return [each.id for each in found]
