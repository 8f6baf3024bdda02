"""HTTP: what coordinators see and do about cases, and a participant's word in confidence."""

from collections.abc import Callable
from typing import Annotated, Literal
from uuid import uuid4

from fastapi import APIRouter, Depends, Query, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.notifications.domain.acts import Refused, approve_rematch, dismiss, settle_review, snooze
from services.notifications.domain.answers import Question
from services.notifications.domain.decide import OVER
from services.notifications.domain.state import LIVE_REVIEWS, Attention, Case
from services.notifications.projections import CASE
from services.notifications.shown import (
    CaseDetail,
    CaseOut,
    DeliveryOut,
    PairReviews,
    ReviewOut,
    case_out,
    delivery_out,
    detail,
    listed,
    reviews_out,
)
from services.notifications.words import confide
from services.notifications.work import Deciding
from shared.delivery.aggregates import Stored
from shared.delivery.transaction import Reader, Transaction, View
from shared.http import (
    Caller,
    Idempotent,
    Page,
    Paged,
    Problem,
    Reply,
    conflict,
    in_program,
    invalid,
    not_found,
    require,
)

ROLE = "coordinator"
Coordinator = Annotated[Caller, Depends(require(ROLE))]
Participant = Annotated[Caller, Depends(require("participant"))]
Program = Annotated[str | None, Query(description="Only this program; default: all of the caller's.")]
CaseState = Literal["open", "on_hold", "suspended", "recovered", "dismissed", "closed"]


class In(BaseModel):
    """A body; a field that is misspelt is told, not passed over."""

    model_config = ConfigDict(extra="forbid")


class SnoozeIn(In):
    """How long a case rests."""

    until: AwareDatetime = Field(description="At most 28 days ahead; the rungs move by as much.")


class DismissIn(In):
    """Why a case is none."""

    reason: str = Field("", max_length=500, description="Kept in the history, never published.")


class ActIn(In):
    """What the coordinator decides."""

    action: Literal["rematch"] = Field(description="rematch: approve the recommended no-fault rematch.")


class ReviewActIn(In):
    """What became of a task."""

    state: Literal["done", "dismissed"] = "done"


class WordIn(In):
    """A word in confidence."""

    kind: Literal["need_help", "want_to_finish"]


class Accepted(BaseModel):
    """It is with the coordinator, and nobody else knows."""

    id: str


def routes(deciding: Deciding, view: Callable[[str], View]) -> APIRouter:
    """The routes under /v1."""
    router = APIRouter(prefix="/v1", tags=["cases"])
    store = deciding.store

    def programs(caller: Caller, program: str | None) -> frozenset[str]:
        if program is None:
            return caller.programs(ROLE)
        in_program(caller, program, ROLE)
        return frozenset({program})

    async def found(at: Reader, caller: Caller, id: str) -> tuple[Stored[Attention], Case]:
        stored = await store.attention.get(at, id)
        if stored is None or stored.state.case is None:
            raise not_found("case")
        in_program(caller, stored.state.program, ROLE, what="case")
        members = await members_of(at, id)
        if caller.participant is not None and caller.participant in members:
            # A coordinator in a pair reads neither its history nor who asked for a word.
            raise not_found("case")
        return stored, stored.state.case

    async def members_of(at: Reader, id: str) -> dict[str, str]:
        pair = await store.pairs.get(at, id)
        members = pair.state["members"] if pair else ()
        return {member["participant"]: member["role"] for member in members}

    @router.get("/cases")
    async def list_cases(
        caller: Coordinator,
        paging: Paged,
        program: Program = None,
        state: Annotated[
            list[CaseState] | None, Query(description="In these states; default: the live ones.")
        ] = None,
    ) -> Page[CaseOut]:
        """The cases of the caller's programs, but of pairs the caller is in."""
        at = view(caller.organization)
        own, wanted = caller.participant, list(state or ())
        cases = await store.cases_of(at, programs(caller, program), wanted, own, paging.after, paging.fetch)
        return paging.page(cases, lambda each: each.id, listed)

    @router.get("/cases/{id}")
    async def show_case(caller: Coordinator, id: str) -> CaseDetail:
        """One case with its history, suggested actions, tasks and messages."""
        at = view(caller.organization)
        stored, case = await found(at, caller, id)
        sent = await store.deliveries_of(at, [stored.state.program], id, None, None, 100)
        return detail(id, stored.state, case, await members_of(at, id), sent)

    async def change(
        tx: Transaction,
        caller: Caller,
        id: str,
        act: Callable[[Attention], Attention | Refused],
        type: str,
    ) -> Reply:
        stored, _ = await found(tx, caller, id)
        after = act(stored.state)
        if isinstance(after, Refused):
            raise _refusal(after)
        await deciding.keep(tx, id, stored, after, type)
        tx.wake(CASE, id)
        assert after.case is not None
        return Reply(case_out(id, after, after.case))

    @router.post("/cases/{id}/snooze", response_model=CaseOut)
    async def snooze_case(caller: Coordinator, id: str, body: SnoozeIn, once: Idempotent) -> Response:
        """Let the case rest until a day."""

        async def run(tx: Transaction) -> Reply:
            return await change(
                tx, caller, id, lambda state: snooze(state, body.until, who(caller), tx.now), "case.changed"
            )

        return await once(caller, run)

    @router.post("/cases/{id}/dismiss", response_model=CaseOut)
    async def dismiss_case(caller: Coordinator, id: str, body: DismissIn, once: Idempotent) -> Response:
        """Close the case: it is none. A later silence opens another."""

        async def run(tx: Transaction) -> Reply:
            return await change(
                tx, caller, id, lambda state: dismiss(state, body.reason, who(caller), tx.now), "case.closed"
            )

        return await once(caller, run)

    @router.post("/cases/{id}/act", response_model=CaseOut)
    async def act_on_case(caller: Coordinator, id: str, body: ActIn, once: Idempotent) -> Response:
        """Approve the recommended rematch: matching carries it out."""

        async def run(tx: Transaction) -> Reply:
            return await change(
                tx,
                caller,
                id,
                lambda state: approve_rematch(state, who(caller), tx.now),
                "case.rematch_confirmed",
            )

        return await once(caller, run)

    @router.get("/reviews")
    async def list_reviews(caller: Coordinator, paging: Paged, program: Program = None) -> Page[PairReviews]:
        """The open tasks of the caller's programs, by pair; never those of a pair the caller is in."""
        at = view(caller.organization)
        pairs = await store.reviewed_of(
            at, programs(caller, program), caller.participant, paging.after, paging.fetch
        )
        return paging.page(
            pairs,
            lambda each: each.id,
            lambda each: PairReviews(pair=each.id, reviews=reviews_out(each.id, each.state)),
        )

    @router.post("/reviews/{id}/act", response_model=ReviewOut)
    async def act_on_review(caller: Coordinator, id: str, body: ReviewActIn, once: Idempotent) -> Response:
        """Close a task: done, or dismissed. It does not come back for the same cause."""

        async def run(tx: Transaction) -> Reply:
            stored = await store.of_review(tx, id)
            if stored is None or caller.participant in await members_of(tx, stored.id):
                raise not_found("review")
            in_program(caller, stored.state.program, ROLE, what="review")
            after = settle_review(stored.state, id, body.state)
            if isinstance(after, Refused):
                raise _refusal(after)
            await deciding.keep(tx, stored.id, stored, after, "case.reviews_changed")
            review = next(each for each in after.reviews if each.id == id)
            return Reply(ReviewOut(pair=stored.id, **review.model_dump(exclude={"snoozed_until"})))

        return await once(caller, run)

    @router.get("/deliveries")
    async def list_deliveries(
        caller: Coordinator,
        paging: Paged,
        program: Program = None,
        pair: Annotated[str | None, Query(description="About this pair.")] = None,
        outcome: Annotated[str | None, Query(description="sent, digested, suppressed, failed …")] = None,
    ) -> Page[DeliveryOut]:
        """What was sent to whom, without the content."""
        at = view(caller.organization)
        sent = await store.deliveries_of(
            at, programs(caller, program), pair, outcome, paging.after, paging.fetch
        )
        return paging.page(sent, lambda each: each.id, delivery_out)

    @router.post("/pairs/{id}/requests", status_code=202, response_model=Accepted, tags=["participants"])
    async def ask_in_confidence(caller: Participant, id: str, body: WordIn, once: Idempotent) -> Response:
        """A word to the coordinator, in confidence: the other never learns that anybody asked."""
        word = uuid4().hex

        async def run(tx: Transaction) -> Reply:
            pair = await store.pairs.get(tx, id)
            members = await members_of(tx, id)
            if pair is None or caller.participant not in members or pair.state["state"] in OVER:
                raise not_found("pair")
            known = await store.attention.get(tx, id)
            kind = f"word.{body.kind}"
            asked = next(
                (
                    review.id
                    for review in (known.state.reviews if known else ())
                    if review.kind == kind
                    and review.by == caller.participant
                    and review.state in LIVE_REVIEWS
                ),
                None,
            )
            if asked is None:
                await confide(deciding, tx, word, id, str(caller.participant), Question(body.kind))
            return Reply(Accepted(id=asked or word), status=202)

        return await once(caller, run)

    def who(caller: Caller) -> str:
        return caller.participant or caller.subject

    return router


def _refusal(refused: Refused) -> Problem:
    if refused.field is not None:
        return invalid(refused.field, refused.reason, refused.fix)
    return conflict("not-now", refused.reason, refused.fix)
