"""Programs and their cohorts."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field, ValidationError

from services.profiles.api.parts import Body, Parts, check_people, found, tried
from services.profiles.domain import programs
from services.profiles.domain.base import Text
from services.profiles.domain.programs import TEMPLATES, Break, Cohort, Program, Refused, Rules, Slug, State
from services.profiles.work import new_ids
from shared.delivery import Stored, Transaction
from shared.http import (
    Caller,
    FieldError,
    Idempotent,
    MayMatch,
    MustMatch,
    Page,
    Paged,
    Problem,
    Reply,
    conflict,
    etag,
    invalid,
    require,
)

Anybody = Annotated[
    Caller, Depends(require("participant", "coordinator", "safeguarding_lead", "hr", "admin"))
]
Admin = Annotated[Caller, Depends(require("admin"))]


class ProgramEdit(Body):
    """A program without its id. `rules` are what differs from the template; weights change one by one."""

    name: Text
    template: str = Field("professional", description=f"One of: {', '.join(TEMPLATES)}.")
    rules: dict[str, Any] = Field(default_factory=dict)
    coordinators: list[str] = Field(default_factory=list)
    stand_ins: list[str] = Field(default_factory=list)
    safeguarding_leads: list[str] = Field(default_factory=list)
    deputies: list[str] = Field(default_factory=list)
    breaks: list[Break] = Field(default_factory=list)


class ProgramIn(ProgramEdit):
    """A new program. The id stands in URLs, in tokens' grants and in HR's files: a short word."""

    id: Slug
    cohorts: list[Cohort] = Field(default_factory=list)


class ProgramOut(BaseModel):
    """A program with all its rules. `warnings` say what a coordinator should know before opening it."""

    id: str
    name: str
    state: State
    rules: Rules
    coordinators: list[str]
    stand_ins: list[str]
    safeguarding_leads: list[str]
    deputies: list[str]
    breaks: list[Break]
    cohorts: list[Cohort]
    warnings: list[str]


def shown(stored: Stored[Program]) -> ProgramOut:
    """The program as the API shows it."""
    state = stored.state
    return ProgramOut(
        id=stored.id,
        name=state.name,
        state=state.state,
        rules=state.rules,
        coordinators=list(state.coordinators),
        stand_ins=list(state.stand_ins),
        safeguarding_leads=list(state.safeguarding_leads),
        deputies=list(state.deputies),
        breaks=list(state.breaks),
        cohorts=list(state.cohorts),
        warnings=programs.warnings(state),
    )


def rules_of(body: ProgramEdit) -> Rules:
    """The template's rules with the body's changes; raises 422 naming each wrong rule."""
    if body.template not in TEMPLATES:
        raise invalid("/template", "There is no such template.", f"Use one of: {', '.join(TEMPLATES)}.")
    try:
        rules = programs.rules_of(body.template, body.rules)
    except ValidationError as error:
        fix = "GET /v1/programs shows the rules of a program, each in its form."
        errors = [
            FieldError(
                field="/rules/" + "/".join(str(part) for part in each["loc"]),
                detail=each["msg"].removeprefix("Value error, "),
                fix="Remove this rule; it is not known." if each["type"] == "extra_forbidden" else fix,
            )
            for each in error.errors()
        ]
        raise Problem(422, "invalid", "The rules are not valid.", errors=errors) from None
    errors = [
        FieldError(field=f"/rules/{rule}", detail=f"{name!r} is not known.", fix=f"Did you mean {meant!r}?")
        for rule, name, meant in programs.strange_names(rules)
        if meant is not None
    ]
    if errors:
        raise Problem(422, "invalid", "The rules are not valid.", errors=errors)
    return rules


def add(router: APIRouter, parts: Parts) -> None:
    """The routes of `programs`."""
    store, kernel, writing = parts.store, parts.kernel, parts.writing

    async def _known(tx: Transaction, body: ProgramEdit) -> None:
        for field in ("coordinators", "stand_ins", "safeguarding_leads", "deputies"):
            await check_people(parts, tx, f"/{field}", getattr(body, field))

    @router.get("/programs")
    async def list_programs(caller: Anybody, paging: Paged) -> Page[ProgramOut]:
        """All programs of the organization."""
        stored = await store.programs.find(
            kernel.view(caller.organization), {}, limit=paging.fetch, after=paging.after
        )
        return paging.page(stored, lambda each: each.id, shown)

    @router.post("/programs", status_code=201, response_model=ProgramOut)
    async def create_program(body: ProgramIn, caller: Admin, once: Idempotent) -> Response:
        """Set up a program from a template; it is a draft until it is opened."""
        state = _state(body, rules_of(body)).model_copy(update={"cohorts": tuple(body.cohorts)})
        state = programs.with_tokens(state, new_ids())
        if len({each.id for each in body.cohorts}) != len(body.cohorts):
            raise invalid("/cohorts", "Two cohorts have the same id.", "Give each cohort an id of its own.")

        async def run(tx: Transaction) -> Reply:
            if await store.programs.get(tx, body.id) is not None:
                raise conflict("exists", "There is a program with this id.", "Choose another id.")
            await _known(tx, body)
            stored = await writing.program(tx, body.id, None, state)
            return Reply(shown(stored), 201, stored.revision, f"/v1/programs/{body.id}")

        return await once(caller, run)

    @router.get("/programs/{program}")
    async def get_program(program: str, caller: Anybody, response: Response) -> ProgramOut:
        """One program."""
        stored = found(await store.programs.get(kernel.view(caller.organization), program), "program")
        response.headers["etag"] = etag(stored.revision)
        return shown(stored)

    @router.put("/programs/{program}")
    async def put_program(
        program: str, body: ProgramEdit, caller: Admin, if_match: MustMatch, response: Response
    ) -> ProgramOut:
        """Change name, rules, breaks and the people in charge; cohorts and state have routes of their own."""
        rules = rules_of(body)

        async def run(tx: Transaction) -> Stored[Program]:
            before = found(await store.programs.get(tx, program), "program")
            if_match.check(before.revision)
            await _known(tx, body)
            kept = {
                "state": before.state.state,
                "cohorts": before.state.cohorts,
                "affinity_tokens": before.state.affinity_tokens,
            }
            after = programs.with_tokens(_state(body, rules).model_copy(update=kept), new_ids())
            if after.state == "open" and not after.coordinators:
                raise conflict(
                    "not-possible", "An open program needs a coordinator.", "Name one, or close it first."
                )
            return await writing.program(tx, program, before, after)

        return _answer(response, await kernel.command(caller.organization, run))

    @router.post("/programs/{program}/open", response_model=ProgramOut)
    async def open_program(program: str, caller: Admin, once: Idempotent, if_match: MayMatch) -> Response:
        """Open it: enrollments with a consent open, and matching begins. Refused without a coordinator."""
        return await once(caller, _moves(program, "open", if_match))

    @router.post("/programs/{program}/close", response_model=ProgramOut)
    async def close_program(program: str, caller: Admin, once: Idempotent, if_match: MayMatch) -> Response:
        """Close it for good."""
        return await once(caller, _moves(program, "closed", if_match))

    def _moves(program: str, state: State, if_match: MayMatch) -> Any:
        async def run(tx: Transaction) -> Reply:
            before = found(await store.programs.get(tx, program), "program")
            if_match.check(before.revision)
            fix = "Name a coordinator; a closed program stays closed."
            after = tried(lambda: programs.with_state(before.state, state), Refused, fix)
            stored = await writing.program(tx, program, before, after)
            return Reply(shown(stored), revision=stored.revision)

        return run

    @router.get("/programs/{program}/cohorts")
    async def list_cohorts(program: str, caller: Anybody, response: Response) -> list[Cohort]:
        """The cohorts of a program, by their start."""
        stored = found(await store.programs.get(kernel.view(caller.organization), program), "program")
        response.headers["etag"] = etag(stored.revision)
        return list(stored.state.cohorts)

    @router.post("/programs/{program}/cohorts", status_code=201, response_model=ProgramOut)
    async def add_cohort(program: str, body: Cohort, caller: Admin, once: Idempotent) -> Response:
        """Add a cohort; answers the program with its warnings."""

        async def run(tx: Transaction) -> Reply:
            before = found(await store.programs.get(tx, program), "program")
            if before.state.cohort(body.id) is not None:
                raise conflict("exists", "The program has a cohort with this id.", "Choose another id.")
            stored = await writing.program(tx, program, before, programs.with_cohort(before.state, body))
            place = f"/v1/programs/{program}/cohorts/{body.id}"
            return Reply(shown(stored), 201, stored.revision, place)

        return await once(caller, run)

    @router.put("/programs/{program}/cohorts/{cohort}")
    async def put_cohort(
        program: str, cohort: str, body: Cohort, caller: Admin, if_match: MustMatch, response: Response
    ) -> ProgramOut:
        """Change a cohort's name or days. The ETag is that of its program."""
        if body.id != cohort:
            raise invalid("/id", "The id in the body is not the one in the address.", "Use the same id.")

        async def run(tx: Transaction) -> Stored[Program]:
            before = found(await store.programs.get(tx, program), "program")
            if_match.check(before.revision)
            found(before.state.cohort(cohort), "cohort")
            return await writing.program(tx, program, before, programs.with_cohort(before.state, body))

        return _answer(response, await kernel.command(caller.organization, run))


def _state(body: ProgramEdit, rules: Rules) -> Program:
    return Program(
        name=body.name,
        rules=rules,
        coordinators=tuple(body.coordinators),
        stand_ins=tuple(body.stand_ins),
        safeguarding_leads=tuple(body.safeguarding_leads),
        deputies=tuple(body.deputies),
        breaks=tuple(body.breaks),
    )


def _answer(response: Response, stored: Stored[Program]) -> ProgramOut:
    response.headers["etag"] = etag(stored.revision)
    return shown(stored)
