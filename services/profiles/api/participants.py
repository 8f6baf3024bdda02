"""Participants: profile and contact of one person as one resource."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ValidationError

from services.profiles.api.parts import PEOPLE, Parts, found, revision_of, sees_person
from services.profiles.domain.base import Text
from services.profiles.domain.links import Link, Spell, link_id
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
)
from services.profiles.store.erasing import erase_person
from services.profiles.work import new_ids
from shared.delivery import Reader, Stored, Transaction
from shared.http import (
    Caller,
    Idempotent,
    MayMatch,
    MustMatch,
    Page,
    Paged,
    Problem,
    Reply,
    answers_of,
    conflict,
    etag,
    invalid,
    not_found,
    require,
)

People = Annotated[Caller, Depends(require(*PEOPLE))]
PeopleOrSelf = Annotated[Caller, Depends(require(*PEOPLE, "participant"))]
Admin = Annotated[Caller, Depends(require("admin"))]

OWN = frozenset({"time_zone", "locale"})
"""What participants may change of their own profile; the rest is HR's to say."""


class ParticipantEdit(PersonEdit):
    """Some fields of a participant: what is not sent is left as it is, null clears it."""

    given_name: Text | None = None
    family_name: Text | None = None
    email: str | None = None
    locale: str | None = None
    manager: str | None = None


class ParticipantIn(ParticipantEdit):
    """Somebody new, or (PUT) the whole of somebody: what is not sent is empty."""

    given_name: Text
    family_name: Text
    links: tuple[LinkRef, ...] = ()


class ParticipantOut(BaseModel):
    """A participant with names and addresses: for HR, administrators and the person."""

    id: str
    contact: Contact
    person: Person


def shown(person: Stored[Person], contact: Stored[Contact]) -> ParticipantOut:
    """The participant as the API shows it."""
    return ParticipantOut(id=person.id, contact=contact.state, person=person.state)


def contact_edit(body: ParticipantEdit) -> ContactEdit:
    """The contact's part of a body; raises 422 for an address or locale that is none, and for a name cleared."""
    given = body.model_dump(include=set(ContactEdit.model_fields), exclude_unset=True)
    for name in ("given_name", "family_name"):
        if given.get(name, "") is None:
            raise invalid(f"/{name}", "A name cannot be cleared.", "Leave it out, or send the name.")
    try:
        return ContactEdit.model_validate(given)
    except ValidationError as error:
        wrong = {str(each["loc"][0]) for each in error.errors()}
        if "email" in wrong:
            raise invalid("/email", "This is no mail address.", "Send it like name@example.org.") from None
        raise invalid("/locale", "This is no locale.", "Send a language: fr, or fr-CA.") from None


def person_edit(body: ParticipantEdit) -> PersonEdit:
    """The person's part of a body."""
    return PersonEdit.model_validate(
        body.model_dump(include=set(PersonEdit.model_fields), exclude_unset=True)
    )


def add(router: APIRouter, parts: Parts) -> None:
    """The routes of `participants`."""
    store, kernel, writing = parts.store, parts.kernel, parts.writing

    async def both(at: Reader, id: str) -> tuple[Stored[Person], Stored[Contact]]:
        person = found(await store.people.get(at, id), "participant")
        return person, found(await store.contacts.get(at, id), "participant")

    @router.get("/participants")
    async def list_participants(
        caller: People,
        paging: Paged,
        source: Annotated[str | None, Query(description="With external_id: whom this source means.")] = None,
        external_id: Annotated[str | None, Query(description="The number in that source.")] = None,
    ) -> Page[ParticipantOut]:
        """All participants, or the one that a number of a source means."""
        at = kernel.view(caller.organization)
        if (source is None) != (external_id is None):
            raise invalid("query.source", "A number means somebody only in its source.", "Send both.")
        if source is not None and external_id is not None:
            one = await store.person_by_number(at, source, external_id)
            people = [one] if one is not None else []
        else:
            people = await store.people_page(at, paging.after, paging.fetch)
        contacts = await store.contacts.get_many(at, [each.id for each in people])
        people = [each for each in people if each.id in contacts]
        return paging.page(people, lambda each: each.id, lambda each: shown(each, contacts[each.id]))

    @router.post("/participants", status_code=201, response_model=ParticipantOut)
    async def create_participant(body: ParticipantIn, caller: People, once: Idempotent) -> Response:
        """Add somebody by hand: people whom no HR system knows, such as mentors from outside."""
        contact = Contact.model_validate(contact_edit(body).model_dump(exclude_unset=True))

        async def run(tx: Transaction) -> Reply:
            id = next(new_ids())
            for link in body.links:
                await _link(tx, id, link)
            person = edited(Person(links=body.links), person_edit(body), tx.now.date())
            person = await _managed(tx, id, aged(person, tx.now)[0], body)
            stored = found(await writing.person(tx, id, None, person), "participant")
            named = found(await writing.contact(tx, id, None, contact), "participant")
            place = f"/v1/participants/{id}"
            return Reply(shown(stored, named), 201, revision_of(stored, named), place, about=id)

        return await once(caller, run)

    async def _link(tx: Transaction, id: str, link: LinkRef) -> None:
        number = link_id(tx.organization, link.source, link.external_id)
        if await store.links.get(tx, number) is not None:
            raise conflict(
                "exists", "One of these numbers already means somebody.", "Change that participant."
            )
        spell = Spell(participant=id)
        state = Link(source=link.source, external_id=link.external_id, spells=(spell,))
        await store.links.add(tx, number, state)

    async def _managed(tx: Transaction, id: str, person: Person, body: ParticipantEdit) -> Person:
        if "manager" not in body.model_fields_set:
            return person
        at = body.manager
        seen = {id}
        while at is not None:
            above = await store.people.get(tx, at)
            if above is None or at in seen:
                detail = "nobody has this id" if above is None else "that makes a circle of managers"
                raise invalid("/manager", f"Not possible: {detail}.", "Send the id of another participant.")
            seen.add(at)
            if at == body.manager:
                await store.people.touch(tx, above)
            at = above.state.manager
        return person.model_copy(update={"manager": body.manager})

    @router.get("/participants/{id}")
    async def get_participant(id: str, caller: PeopleOrSelf, response: Response) -> ParticipantOut:
        """One participant, for HR, administrators and the person."""
        if not sees_person(caller, id):
            raise not_found("participant")
        person, contact = await both(kernel.view(caller.organization), id)
        response.headers["etag"] = etag(revision_of(person, contact))
        return shown(person, contact)

    async def _change(
        id: str, caller: Caller, body: ParticipantEdit, if_match: MayMatch, response: Response
    ) -> Any:
        async def run(tx: Transaction) -> tuple[ParticipantOut, int]:
            person, contact = await both(tx, id)
            if_match.check(revision_of(person, contact))
            said = person_edit(body)
            now = came_back(person.state, said)
            if too_late(now, said, tx.now.date()):
                fix = f"Leave leaving_on as it is. started_on: {HIRED_AGAIN}."
                raise conflict("not-possible", "This person has left, which is not taken back.", fix)
            after = edited(now, said, tx.now.date())
            after = await _managed(tx, id, aged(after, tx.now)[0], body)
            stored = found(await writing.person(tx, id, person, after), "participant")
            named = found(
                await writing.contact(tx, id, contact, renamed(contact.state, contact_edit(body))),
                "participant",
            )
            return shown(stored, named), revision_of(stored, named)

        answer, revision = await kernel.command(caller.organization, run)
        response.headers["etag"] = etag(revision)
        return answer

    @router.put("/participants/{id}", response_model=ParticipantOut)
    async def put_participant(
        id: str, body: ParticipantIn, caller: People, if_match: MustMatch, response: Response
    ) -> Any:
        """The whole of a participant: what is not sent becomes empty. Links stay as they are."""
        fields = {name for name in ParticipantEdit.model_fields if name != "leave"} | body.model_fields_set
        whole = ParticipantEdit.model_construct(
            _fields_set=fields, **{name: getattr(body, name) for name in ParticipantEdit.model_fields}
        )
        return await _change(id, caller, whole, if_match, response)

    @router.patch("/participants/{id}", response_model=ParticipantOut)
    async def patch_participant(
        id: str, body: ParticipantEdit, caller: PeopleOrSelf, if_match: MustMatch, response: Response
    ) -> Any:
        """Change some fields; participants change their own time zone and locale only."""
        if not sees_person(caller, id):
            raise not_found("participant")
        if not caller.has(*PEOPLE) and body.model_fields_set - OWN:
            detail = f"Participants change only: {', '.join(sorted(OWN))}."
            raise Problem(403, "forbidden", detail, fix="Ask HR to change the rest.")
        return await _change(id, caller, body, if_match, response)

    @router.delete("/participants/{id}", status_code=204)
    async def erase_participant(id: str, caller: Admin, if_match: MayMatch, request: Request) -> Response:
        """Erase a person: profile, names, enrollments and links, here and in every reader of the events."""

        async def run(tx: Transaction) -> None:
            person, contact = await both(tx, id)
            if_match.check(revision_of(person, contact))
            await erase_person(store, tx, person, contact)
            await answers_of(request).erase(tx, id)

        await kernel.command(caller.organization, run)
        return Response(status_code=204)
