"""Enrollments: invitation, application, approval, consent, days away, withdrawal."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, Field

from services.profiles.api.parts import Body, Parts, found, tried
from services.profiles.domain import enrollments as domain
from services.profiles.domain.base import Day
from services.profiles.domain.enrollments import (
    Away,
    Consent,
    Enrollment,
    Refused,
    Role,
    State,
    enrollment_id,
)
from services.profiles.domain.people import Person
from services.profiles.domain.programs import Program, enrolling, setting
from services.profiles.domain.tastes import Wants
from shared.contracts import Preferences
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
    conflict,
    etag,
    in_program,
    invalid,
    not_found,
    require,
)

STAFF = ("coordinator", "admin")
Staff = Annotated[Caller, Depends(require(*STAFF))]
Anybody = Annotated[Caller, Depends(require(*STAFF, "participant"))]
Self = Annotated[Caller, Depends(require("participant"))]


OF_STAFF = frozenset({"trained", "screened", "boost"})
"""What people do not say about themselves."""


class EnrollmentIn(Body):
    """An invitation by staff, or one's own application."""

    participant: str
    role: Role
    cohort: str | None = Field(None, description="Default: the one cohort that enrolls now.")
    capacity: int | None = Field(None, ge=0, le=50, description="Default: the program's.")
    first_time: bool | None = None
    preferences: Wants = Wants()


class EnrollmentEdit(Body):
    """What a person seeks and offers, and how many partners at once; what is not sent is left."""

    capacity: int | None = Field(None, ge=0, le=50)
    first_time: bool | None = None
    trained: bool | None = None
    screened: bool | None = None
    boost: int | None = Field(
        None, ge=0, le=1_000_000, description="By staff: points added to every pair of this person."
    )
    preferences: Wants | None = Field(None, description="Each list is left if not sent; null clears it.")


class AwayIn(Body):
    """Days away, both included; without `since` the person is back."""

    since: Day | None = None
    until: Day | None = None


class EnrollmentOut(BaseModel):
    """An enrollment as its person and the staff of its program see it."""

    id: str
    enrollment: Enrollment


def shown(stored: Stored[Enrollment], program: Program | None, caller: Caller) -> EnrollmentOut:
    """The enrollment as the API shows it to this caller."""
    state = stored.state
    seen = domain.seen_by(
        state,
        program.affinity_tokens if program else {},
        own=caller.is_one_of(state.participant),
        staff=caller.may(state.program, *STAFF),
    )
    return EnrollmentOut(id=stored.id, enrollment=seen)


def add(router: APIRouter, parts: Parts) -> None:
    """The routes of `enrollments`."""
    store, kernel, writing = parts.store, parts.kernel, parts.writing

    async def seen(at: Reader, id: str, caller: Caller) -> Stored[Enrollment]:
        stored = found(await store.enrollments.get(at, id), "enrollment")
        if not (caller.may(stored.state.program, *STAFF) or caller.is_one_of(stored.state.participant)):
            raise not_found("enrollment")
        return stored

    async def around(at: Reader, state: Enrollment) -> tuple[Stored[Person], Stored[Program]]:
        person = found(await store.people.get(at, state.participant), "participant")
        return person, found(await store.programs.get(at, state.program), "program")

    async def everywhere(tx: Transaction, said: Stored[Enrollment], excluded: tuple[str, ...]) -> None:
        """An exclusion is between two people: said in one role or cohort, it holds in all."""
        for each in await store.enrollments_of_person(tx, said.state.participant):
            if each.id != said.id:
                await writing.enrollment(tx, each.id, each, domain.excluding(each.state, excluded), None)

    @router.get("/programs/{program}/enrollments")
    async def list_enrollments(
        program: str,
        caller: Anybody,
        paging: Paged,
        state: Annotated[State | None, Query()] = None,
        role: Annotated[Role | None, Query()] = None,
        participant: Annotated[str | None, Query()] = None,
    ) -> Page[EnrollmentOut]:
        """A program's enrollments for its staff; participants see their own."""
        if not caller.may(program, *STAFF):
            if caller.participant is None or not caller.has("participant"):
                raise not_found("program")
            participant = caller.participant
        at = kernel.view(caller.organization)
        plan = await store.programs.get(at, program)
        stored = await store.enrollments_of_program(
            at,
            program,
            paging.after,
            paging.fetch,
            state=state,
            role=role,
            participant=participant,
        )
        state_of = plan.state if plan is not None else None
        return paging.page(stored, lambda each: each.id, lambda each: shown(each, state_of, caller))

    @router.post("/programs/{program}/enrollments", status_code=201, response_model=EnrollmentOut)
    async def enroll(program: str, body: EnrollmentIn, caller: Anybody, once: Idempotent) -> Response:
        """Invite somebody (staff) or apply oneself; only the person's consent opens the enrollment."""
        own = caller.is_one_of(body.participant)
        if not own:
            in_program(caller, program, *STAFF)

        async def run(tx: Transaction) -> Reply:
            plan = found(await store.programs.get(tx, program), "program")
            person = found(await store.people.get(tx, body.participant), "participant")
            if person.state.status == "left":
                raise conflict("not-possible", "This person has left.", "Choose somebody else.")
            if plan.state.state == "closed":
                raise conflict("not-possible", "This program is closed.", "Choose a program that is not.")
            cohort = _cohort(plan, body.cohort, tx)
            id = enrollment_id(tx.organization, program, cohort, body.participant, body.role)
            before = await store.enrollments.get(tx, id)
            others = [each.state for each in await store.enrollments_of_person(tx, body.participant)]
            default = plan.state.rules.mentor_capacity if body.role == "mentor" else 1
            fresh = Enrollment(
                participant=body.participant,
                program=program,
                cohort=cohort,
                role=body.role,
                capacity=default if body.capacity is None else body.capacity,
                first_time=body.first_time,
                preferences=_worded(body.preferences, Preferences(), plan.state, own),
            )
            fresh = domain.excluding(fresh, domain.exclusions([*others, fresh]))
            wanted = domain.invited(before.state if before is not None else None, fresh)
            if own and wanted.state == "invited":
                wanted = domain.applied(wanted)
            stored = await writing.settle(tx, id, before, wanted, person, plan)
            answer = shown(stored, plan.state, caller)
            return Reply(answer, 201, stored.revision, f"/v1/enrollments/{id}", about=body.participant)

        return await once(caller, run)

    @router.get("/enrollments/{id}")
    async def get_enrollment(id: str, caller: Anybody, response: Response) -> EnrollmentOut:
        """One enrollment, for its person and the staff of its program."""
        at = kernel.view(caller.organization)
        stored = await seen(at, id, caller)
        program = await store.programs.get(at, stored.state.program)
        response.headers["etag"] = etag(stored.revision)
        return shown(stored, program.state if program else None, caller)

    @router.patch("/enrollments/{id}")
    async def patch_enrollment(
        id: str, body: EnrollmentEdit, caller: Anybody, if_match: MustMatch, response: Response
    ) -> EnrollmentOut:
        """Change capacity and preferences; who is trained, screened or boosted is for staff to say, by which
        groups of the program (`affinity_groups`) somebody wants to be matched for the person alone."""

        async def run(tx: Transaction) -> tuple[Stored[Enrollment], Program]:
            before = await seen(tx, id, caller)
            if_match.check(before.revision)
            theirs = sorted(OF_STAFF & body.model_fields_set)
            if theirs and not caller.may(before.state.program, *STAFF):
                detail = f"Only the staff of the program say: {', '.join(theirs)}."
                raise Problem(403, "forbidden", detail, fix="Leave it out, or ask a coordinator.")
            changes = {name: getattr(body, name) for name in body.model_fields_set}
            changes = {
                name: value for name, value in changes.items() if value is not None or name == "first_time"
            }
            person, program = await around(tx, before.state)
            if body.preferences is not None:
                own = caller.is_one_of(before.state.participant)
                said, had = body.preferences, before.state.preferences
                changes["preferences"] = _worded(said, had, program.state, own)
            wanted = before.state.model_copy(update=changes)
            if body.preferences is not None and "excluded" in body.preferences.model_fields_set:
                await everywhere(tx, before, wanted.preferences.excluded)
            return await writing.settle(tx, id, before, wanted, person, program), program.state

        stored, program = await kernel.command(caller.organization, run)
        response.headers["etag"] = etag(stored.revision)
        return shown(stored, program, caller)

    Step = Callable[[Enrollment, Transaction], Enrollment]

    async def act(
        id: str, caller: Caller, once: Idempotent, if_match: MayMatch, step: Step, *who: str
    ) -> Response:
        """One step of an enrollment by its person (`self`) or the staff of its program (`staff`)."""

        async def run(tx: Transaction) -> Reply:
            before = await seen(tx, id, caller)
            if_match.check(before.revision)
            own = "self" in who and caller.is_one_of(before.state.participant)
            if not own and not ("staff" in who and caller.may(before.state.program, *STAFF)):
                raise not_found("enrollment")
            wanted = tried(lambda: step(before.state, tx), Refused, "Look at the enrollment's state.")
            person, program = await around(tx, before.state)
            stored = await writing.settle(tx, id, before, wanted, person, program)
            answer = shown(stored, program.state, caller)
            return Reply(answer, revision=stored.revision, about=before.state.participant)

        return await once(caller, run)

    @router.post("/enrollments/{id}/apply", response_model=EnrollmentOut)
    async def apply(id: str, caller: Self, once: Idempotent, if_match: MayMatch) -> Response:
        """The invited person wants to take part."""
        return await act(id, caller, once, if_match, lambda state, _: domain.applied(state), "self")

    @router.post("/enrollments/{id}/approve", response_model=EnrollmentOut)
    async def approve(id: str, caller: Staff, once: Idempotent, if_match: MayMatch) -> Response:
        """Staff agree; it also lets somebody in from the waiting list after the enrollment window."""
        return await act(id, caller, once, if_match, lambda state, _: domain.approved(state), "staff")

    @router.post("/enrollments/{id}/consent", response_model=EnrollmentOut)
    async def consent(id: str, caller: Self, once: Idempotent, if_match: MayMatch) -> Response:
        """The person agrees to take part. Nobody can do this for somebody else."""

        def step(state: Enrollment, tx: Transaction) -> Enrollment:
            return domain.consented(state, Consent(on=tx.now.date(), source="Rapport"))

        return await act(id, caller, once, if_match, step, "self")

    @router.post("/enrollments/{id}/away", response_model=EnrollmentOut)
    async def away(id: str, body: AwayIn, caller: Anybody, once: Idempotent, if_match: MayMatch) -> Response:
        """Away for some days, or (an empty object) back."""
        if body.since is None and body.until is not None:
            raise invalid("/since", "Days away need their first day.", "Send since with until.")

        def step(state: Enrollment, tx: Transaction) -> Enrollment:
            days = None if body.since is None else Away(since=body.since, until=body.until)
            return domain.away(state, days, tx.now.date())

        return await act(id, caller, once, if_match, step, "self", "staff")

    @router.post("/enrollments/{id}/withdraw", response_model=EnrollmentOut)
    async def withdraw(id: str, caller: Anybody, once: Idempotent, if_match: MayMatch) -> Response:
        """Take part no longer."""
        return await act(
            id, caller, once, if_match, lambda state, tx: domain.withdrawn(state, tx.now), "self", "staff"
        )


def _worded(said: Wants, before: Preferences, program: Program, own: bool) -> Preferences:
    groups = ", ".join(program.affinity_tokens) or "none"
    return tried(
        lambda: domain.worded(said, before, program.affinity_tokens, own=own),
        Refused,
        f"Leave affinity out, or use the program's groups: {groups}.",
    )


def _cohort(program: Stored[Program], wanted: str | None, at: Reader) -> str:
    if wanted is not None:
        cohort = found(program.state.cohort(wanted), "cohort")
        ends = setting(program.state, cohort).ends
        if ends is not None and at.now >= ends:
            raise conflict("not-possible", "This cohort is over.", "Name one that is not.")
        return cohort.id
    cohorts = enrolling(program.state, at.now)
    if len(cohorts) != 1:
        count = "No cohort" if not cohorts else "More than one cohort"
        raise invalid("/cohort", f"{count} of this program enrolls now.", "Name the cohort.")
    return cohorts[0].id
