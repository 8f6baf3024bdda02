"""From understood rows and what is known to the changes they ask for, and one outcome per row."""

from collections.abc import Iterator, Sequence

from pydantic import ValidationError

from services.profiles.domain import published
from services.profiles.domain.base import Problem
from services.profiles.domain.importing.columns import CLEAR
from services.profiles.domain.importing.report import Outcome, Result
from services.profiles.domain.importing.rows import Row, Wish, problems_of
from services.profiles.domain.importing.wishes import Enrolling
from services.profiles.domain.importing.world import Known, Plan, Rejected, World, put
from services.profiles.domain.links import Held, Holder, Link, New, Same, handed_over, link_id, resolve
from services.profiles.domain.people import (
    HIRED_AGAIN,
    Contact,
    ContactEdit,
    LinkRef,
    Person,
    PersonEdit,
    aged,
    came_back,
    edited,
    renamed,
    too_late,
    without_departure,
)

NEEDED = ("given_name", "family_name", "email")
"""What a row must say about somebody new: without them nobody could be written to."""


def plan(rows: Sequence[Row], known: Known, new_ids: Iterator[str], *, last: bool = False) -> Plan:
    """The changes of these rows, in their order; a rejected row changes nothing.

    A manager or choice that is not there yet leaves the row waiting; with `last` it is left out and named as
    a problem. `new_ids` gives the permanent ids of people who are new.
    """
    found = Plan()
    for row in rows:
        step = _Step(row, World(known, found), last)
        try:
            outcome = step.run(new_ids)
            check_publishable(step.world.mine)
        except Rejected as rejected:
            outcome = _rejection(row, rejected.problems)
        except ValidationError as error:
            # Left to fail at its commit, one row would hold up every later file of its source.
            outcome = _rejection(row, problems_of(error))
        else:
            found.add(step.world.mine)
        found.outcomes.append(outcome)
    return found


def _rejection(row: Row, problems: tuple[Problem, ...]) -> Outcome:
    return Outcome(line=row.line, external_id=row.external_id, result="rejected", problems=problems)


def check_publishable(changes: Plan) -> None:
    """Raises ValidationError where a change is nothing that could be told to others."""
    for id, person in changes.people.items():
        published.participant(id, person)
    for id, contact in changes.contacts.items():
        published.contact(id, contact)
    for id, enrollment in changes.enrollments.items():
        published.enrollment(id, enrollment)


def references_of(row: Row) -> Row:
    """The row with only what may wait for others, to be tried again without undoing newer edits."""
    wish = row.enrollment
    if wish is not None:
        kept = {"program": wish.program, "cohort": wish.cohort, "role": wish.role, "choices": wish.choices}
        wish = Wish.model_validate(kept) if wish.choices else None
    return row.model_copy(
        update={"person": PersonEdit(), "contact": ContactEdit(), "enrollment": wish, "identity": "same"}
    )


class _Step:
    """One row against the world."""

    def __init__(self, row: Row, world: World, last: bool) -> None:
        self.row = row
        self.world = world
        self.last = last
        self.left_out: list[Problem] = []
        self.waits = False

    def run(self, new_ids: Iterator[str]) -> Outcome:
        row, world, mine = self.row, self.world, self.world.mine
        who = self._identify()
        id = next(new_ids) if who is None else who
        before, contact = world.person(id), world.contact(id)
        self._link(id, self._described(before))
        person = mine.people[id]
        person = person.model_copy(update={"manager": self._manager(id, person)})
        put(mine.people, id, before, person)
        put(mine.contacts, id, contact, self._named(contact))
        enrollment = None
        if row.enrollment is not None and person.status == "left":
            fix = f"start_date: {HIRED_AGAIN}"
            reason = "this person has left and cannot be enrolled; the rest was applied"
            self.left_out.append(Problem(column="program", reason=reason, fix=fix))
        elif row.enrollment is not None:
            wish = Enrolling(world, id, row.enrollment)
            enrollment = wish.run()
            self.left_out += wish.left_out
            for number in wish.unknown:
                self._wait("choices", f"nobody is known by the number {number} in this source", None)
        result: Result = "created" if who is None else "updated" if mine.changes else "unchanged"
        return Outcome(
            line=row.line,
            external_id=row.external_id,
            result="waiting" if self.waits else result,
            applied=result,
            participant=id,
            enrollment=enrollment,
            problems=tuple(self.left_out),
        )

    def _identify(self) -> str | None:
        """The participant whom the row means; None for somebody new."""
        row = self.row
        if self.world.link(row.external_id) is None and row.previous is not None:
            earlier = self.world.holder(row.previous)
            if earlier is None:
                raise Rejected(
                    Problem(
                        column="previous_external_id",
                        reason="nobody is known by this earlier number",
                        fix="correct it, or leave it empty for somebody new",
                    )
                )
            return earlier
        holder = self._known_as(self.world.holder(row.external_id))
        match resolve(holder, self._full_name(), row.person.started_on, row.identity):
            case Same(participant):
                return participant
            case Held(problem):
                raise Rejected(problem)
            case New():
                return None

    def _known_as(self, id: str | None) -> Holder | None:
        if id is None:
            return None
        person, contact = self.world.person(id), self.world.contact(id)
        if person is None or contact is None:
            return None
        return Holder(id, contact.display_name, person.started_on, person.status == "left")

    def _full_name(self) -> str | None:
        edit = self.row.contact
        if edit.given_name is None or edit.family_name is None:
            return None
        return f"{edit.given_name} {edit.family_name}"

    def _described(self, before: Person | None) -> Person:
        row = self.row
        missing = [name for name in NEEDED if getattr(row.contact, name) is None] if before is None else []
        if missing:
            raise Rejected(
                *(
                    Problem(column=name, reason="this is needed for somebody new", fix=f"give the {name}")
                    for name in missing
                )
            )
        now, said = self.world.known.now, row.person
        person = came_back(before or Person(), said)
        if too_late(person, said, now.date()):
            said = without_departure(said)
            reason = "this person has left, which is not taken back; the rest was applied"
            self.left_out.append(
                Problem(column="leaving_on", reason=reason, fix=f"start_date: {HIRED_AGAIN}")
            )
        after = aged(edited(person, said, now.date()), now)[0]
        if after.leaving_on and after.started_on and after.leaving_on < after.started_on:
            raise Rejected(
                Problem(
                    column="leaving_on",
                    reason="the person would leave before the first day of employment",
                    fix=f"correct one of the two dates, or write {CLEAR} to take the departure back",
                )
            )
        return after

    def _link(self, id: str, person: Person) -> None:
        """Sees that the number means this person, who is put into the row's changes either way."""
        row, known, mine = self.row, self.world.known, self.world.mine
        mine.people[id] = person
        before = self.world.link(row.external_id)
        link = before or Link(source=known.source, external_id=row.external_id)
        after = handed_over(link, id, row.person.started_on)
        if after == before:
            return
        mark = LinkRef(source=known.source, external_id=row.external_id)
        loser = before.holder if before is not None else None
        lost = self.world.person(loser) if loser is not None else None
        if loser is not None and lost is not None:
            kept = tuple(each for each in lost.links if each != mark)
            mine.people[loser] = lost.model_copy(update={"links": kept})
        mine.links[link_id(known.organization, known.source, row.external_id)] = after
        mine.people[id] = person.model_copy(update={"links": (*person.links, mark)})

    def _manager(self, id: str, person: Person) -> str | None:
        if self.row.clears_manager:
            return None
        if self.row.manager is None:
            return person.manager
        manager = self.world.holder(self.row.manager)
        if manager is None:
            return self._wait("manager", "nobody is known by this number in this source", person.manager)
        if manager != person.manager and self.world.reaches(manager, id):
            return self._wait(
                "manager", "two people would be managers of each other in a circle", person.manager
            )
        return manager

    def _wait(self, column: str, reason: str, otherwise: str | None) -> str | None:
        """What is not possible yet: somebody may arrive, or a later row may take the circle apart."""
        if self.last:
            fix = "send the row again once the other person is there, or correct the number"
            self.left_out.append(Problem(column=column, reason=f"{reason}; the rest was applied", fix=fix))
        else:
            self.waits = True
        return otherwise

    def _named(self, contact: Contact | None) -> Contact:
        if contact is not None:
            return renamed(contact, self.row.contact)
        return Contact.model_validate(self.row.contact.model_dump(exclude_unset=True))
