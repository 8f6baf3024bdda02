"""A program's pairs, who is left over, and how good a cohort's plan is."""

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import Field

from services.matching.api.common import (
    COORDINATORS,
    Body,
    InCharge,
    People,
    end_later,
    in_charge,
)
from services.matching.domain.facts import subject_of
from services.matching.domain.pair import DECLINED, DROPPED, WITHDRAWN
from services.matching.domain.reasons import NOT_NOW
from services.matching.shown import (
    LeftOut,
    PairOut,
    PlanOut,
    RematchOut,
    WhyNotOut,
    left_out,
    pair_out,
    plan_out,
    why_not_out,
)
from services.matching.store import CohortState, Store
from services.matching.work.gather import gather
from services.matching.work.pairs import Pairs
from services.matching.work.standing import Plans
from shared.delivery import Reader, Transaction, View
from shared.http import (
    Idempotent,
    Page,
    Paged,
    Reply,
    conflict,
    in_program,
    not_found,
)

State = Literal[
    "draft",
    "proposed",
    "accepted",
    "active",
    "paused",
    "completed",
    "ended",
    "declined",
    "expired",
    "withdrawn",
]


class RematchBody(Body):
    pair: str = Field(min_length=1, max_length=200)


def programs(api: APIRouter, store: Store, pairs: Pairs, view: Callable[[str], Reader]) -> None:
    @api.get("/programs/{program}/pairs", tags=["programs"])
    async def list_pairs(
        program: str,
        caller: People,
        paging: Paged,
        state: Annotated[list[State] | None, Query(description="Only these states.")] = None,
        participant: Annotated[str | None, Query(description="Only pairs of this person.")] = None,
    ) -> Page[PairOut]:
        """A program's pairs, by id. Participants read their own; drafts are for coordinators."""
        reader = None if in_charge(caller, program) else caller.participant
        if not in_charge(caller, program):
            if caller.participant is None or participant not in (None, caller.participant):
                raise not_found("program")
            participant = caller.participant
        wanted: set[str] = set(state or ())
        found = await store.page_of_pairs(
            view(caller.organization),
            program,
            states=sorted(wanted | ({DECLINED} if WITHDRAWN in wanted else set())),
            participant=participant,
            limit=paging.fetch,
            after=paging.after,
            drafts=reader is None,
        )
        page = paging.page(found, lambda each: each.id, lambda each: pair_out(each, reader))
        # By what the reader learns: asked for by its own name, a no of the other would show after all.
        return Page(items=[each for each in page.items if not wanted or each.state in wanted], next=page.next)

    @api.get("/programs/{program}/unmatched", tags=["programs"])
    async def list_unmatched(
        program: str,
        caller: People,
        paging: Paged,
        role: Annotated[Literal["mentor", "mentee"] | None, Query()] = None,
    ) -> Page[LeftOut]:
        """Who has no partner, and why. Participants read what concerns themselves."""
        own = not in_charge(caller, program)
        if own and caller.participant is None:
            raise not_found("program")
        found = await store.page_of_left(
            view(caller.organization),
            program,
            participant=caller.participant if own else None,
            role=role,
            limit=paging.fetch,
            after=paging.after,
        )
        return paging.page(found, lambda each: each.id, lambda each: left_out(each, own))

    @api.post("/programs/{program}/rematch", tags=["programs"], status_code=202, response_model=RematchOut)
    async def rematch(program: str, body: RematchBody, caller: InCharge, once: Idempotent) -> Response:
        """End a living pair without fault and find the mentee someone new, at the program's change time."""
        in_program(caller, program, *COORDINATORS)

        async def run(tx: Transaction) -> Reply:
            stored = await store.pairs.get(tx, body.pair)
            if stored is None or stored.state.program != program or stored.state.state == DROPPED:
                raise not_found("pair")
            if (await gather(store, tx, stored.id, stored.state)).too_late(stored.state, tx.now):
                raise conflict(
                    "last_cadence",
                    "In the last cadence of a cohort nobody is rematched: nobody new would be found.",
                    "Let the pair end with its cohort, or end it with a reason of its own.",
                )
            after = await end_later(tx, store, pairs, stored, "rematched", caller)
            ending = after.state.ending
            shown = RematchOut(pair=after.id, state=after.state.state, ends_at=ending.at if ending else None)
            return Reply(shown, 202, revision=after.revision)

        return await once(caller, run)

    @api.post("/programs/{program}/cohorts/{cohort}/publish", tags=["programs"], status_code=202)
    async def publish(program: str, cohort: str, caller: InCharge, once: Idempotent) -> Response:
        """Show the drafts of a cohort as proposals now, before its enrollment window is over."""
        in_program(caller, program, *COORDINATORS)

        async def run(tx: Transaction) -> Reply:
            known = await store.program(tx, program)
            if known is None or cohort not in {each.id for each in known.cohorts}:
                raise not_found("cohort")
            subject = subject_of(program, cohort)
            stored = await store.cohorts.get(tx, subject)
            if stored is None:
                state = CohortState(program=program, cohort=cohort, published=True)
                await store.cohorts.add(tx, subject, state)
            elif not stored.state.published:
                state = stored.state.model_copy(update={"published": True})
                await store.cohorts.save(tx, stored, state)
            tx.wake("cohort", subject)
            return Reply({"program": program, "cohort": cohort, "published": True}, 202)

        return await once(caller, run)


def cohorts(api: APIRouter, store: Store, plans: Plans, view: Callable[[str], View]) -> None:
    @api.get("/programs/{program}/cohorts/{cohort}/plan", tags=["programs"])
    async def get_plan(program: str, cohort: str, caller: InCharge) -> PlanOut:
        """How good the cohort's latest plan is: its proof, who is left over, and where mentors are missing."""
        in_program(caller, program, *COORDINATORS)
        stored = await store.cohorts.get(view(caller.organization), subject_of(program, cohort))
        if stored is None or stored.state.summary is None:
            raise not_found("plan")
        return plan_out(stored.state, stored.state.summary)

    @api.get("/programs/{program}/cohorts/{cohort}/why-not", tags=["programs"])
    async def why_not(
        program: str,
        cohort: str,
        caller: People,
        mentee: Annotated[str, Query(description="The mentee's enrollment.")],
        mentor: Annotated[str, Query(description="The mentor's enrollment.")],
    ) -> WhyNotOut:
        """Why two are no pair: the gates that fail, or the score and what it would have to beat. Participants ask
        about themselves only. The first question about a large cohort takes as long as loading it."""
        at = view(caller.organization)
        known = await store.program(at, program)
        two = await store.enrollments_by_id(at, [mentee, mentor])
        own = not in_charge(caller, program)
        if (
            known is None
            or len(two) < 2
            or any((e.program, e.cohort) != (program, cohort) for e in two.values())
        ):
            raise not_found("enrollment")
        if own and not any(caller.is_one_of(each.participant) for each in two.values()):
            raise not_found("enrollment")
        if own:
            return WhyNotOut(mentee=mentee, mentor=mentor, sentence=NOT_NOW)
        found = await plans.why_not(at, known, cohort, mentee, mentor)
        if found is None:
            raise not_found("enrollment")
        return why_not_out(mentee, mentor, found)
