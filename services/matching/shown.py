"""What each reader sees of a pair and of someone left over: members shared facts, coordinators the shares too."""

from datetime import date, datetime

from pydantic import BaseModel, Field

from services.matching.domain.facts import today
from services.matching.domain.gates import shown
from services.matching.domain.pair import DECLINED, WITHDRAWN, Pair
from services.matching.domain.plan import Refusal
from services.matching.domain.published import pair_body
from services.matching.domain.reasons import for_participant, ranked
from services.matching.domain.score import on_scale
from services.matching.store import CohortState, LeftOver, Summary
from shared.contracts.pairs import Pause
from shared.delivery import Stored


class MemberOut(BaseModel):
    participant: str
    role: str
    enrollment: str
    accepted: bool | None = Field(None, description="Whether they said yes; a member reads their own only.")


class TermOut(BaseModel):
    """One term's share in the score, of 1,000,000."""

    term: str
    weight: int
    points: int
    value: float | None = Field(description="0 to 1 before the weight; null: not known, counted as neutral.")
    sentence: str


class GateOut(BaseModel):
    gate: str = Field(description="Class; exclusion, leave and promotion pool all read `restricted`.")
    since: datetime


class AssessmentOut(BaseModel):
    """For coordinators."""

    score: int | None
    rank: int | None = Field(
        None, description="Place of this mentor among all who were possible for this mentee, 1 = best."
    )
    possible: int | None = Field(None, description="How many were possible.")
    sentence: str | None = Field(None, description="The rank, and why the better ones went elsewhere.")
    terms: list[TermOut]
    failing: list[GateOut]
    ends_at: datetime | None = Field(description="When an end that was decided takes effect.")


class PairOut(BaseModel):
    id: str
    program: str
    cohort: str
    state: str
    members: list[MemberOut]
    origin: str
    proposed_at: datetime | None
    expires_at: datetime | None = Field(description="A proposal not answered by then is over.")
    accepted_at: datetime | None
    active_from: date | None
    pauses: list[Pause]
    ended_at: datetime | None
    outcome: str | None
    why: list[str] = Field(description="Shared interests, goals and logistics; what both members read.")
    assessment: AssessmentOut | None = Field(None, description="For coordinators only.")


class LeftOut(BaseModel):
    """Somebody without a partner. Coordinators read all of it, participants their own `sentence`."""

    enrollment: str
    participant: str
    role: str
    sentence: str
    reason: str | None = Field(None, description="A gate class, or nobody, competition, score, spare.")
    hint: str | None = Field(None, description="The smallest change that would help.")
    possible: int | None = Field(None, description="Partners who would suit.")
    gates: dict[str, int] | None = Field(None, description="How many fail each gate class.")


class MissingOut(BaseModel):
    """Where one more mentor would help."""

    skill: str
    mentors: int = Field(description="Who offer it; skills of fewer than five mentors are not listed.")
    worth: int = Field(
        description="Points that one more place brings, of 1,000,000; the whole: one more pair."
    )


class PlanOut(BaseModel):
    """How good a cohort's plan is."""

    program: str
    cohort: str
    published: bool
    at: datetime
    pairs: int = Field(description="Drafts and new proposals of this plan.")
    left_mentees: int
    spare_mentors: int
    gap: float = Field(
        description="Share of what could be gained at most; 0: proved that nothing is better; 1: not even the number"
        " of pairs is proved just now."
    )
    proved: bool = Field(
        description="Whether the proof is about this plan, or of the one before its repairs."
    )
    blocking: int = Field(description="Two who would both rather have each other; a measure, no error.")
    missing: list[MissingOut]


class WhyNotOut(BaseModel):
    """Why two are no pair. Participants read the sentence alone, and only of themselves."""

    mentee: str
    mentor: str
    sentence: str
    gates: list[str] | None = Field(None, description="Classes of the gates that fail.")
    score: int | None = Field(None, description="Of 1,000,000, where no gate fails.")
    price: int | None = Field(None, description="What one more place at this mentor is worth now.")
    needed: int | None = Field(None, description="The score this pair would have to beat.")


class RematchOut(BaseModel):
    pair: str
    state: str
    ends_at: datetime | None = Field(description="The program's change time at which the pair ends.")


def plan_out(state: CohortState, summary: Summary) -> PlanOut:
    """A cohort's plan, for coordinators."""
    return PlanOut(
        program=state.program,
        cohort=state.cohort,
        published=state.published,
        **summary.model_dump(),
    )


def why_not_out(mentee: str, mentor: str, found: Refusal) -> WhyNotOut:
    """All of it, for a coordinator."""
    return WhyNotOut(
        mentee=mentee,
        mentor=mentor,
        sentence=found.sentence,
        gates=list(found.gates),
        score=found.score,
        price=found.price,
        needed=found.needed,
    )


def state_for(pair: Pair, reader: str | None) -> str:
    """The state as a reader learns it: that the other said no reads like a gate that fails now."""
    if reader is None or pair.state != DECLINED:
        return pair.state
    own = pair.member(reader)
    return DECLINED if own is not None and own.declined_at else WITHDRAWN


def pair_out(stored: Stored[Pair], reader: str | None) -> PairOut:
    """A pair as one of its members reads it, or (`reader` None) a coordinator."""
    pair = stored.state
    body = pair_body(stored.id, pair)
    return PairOut(
        id=stored.id,
        program=pair.program,
        cohort=pair.cohort,
        state=state_for(pair, reader),
        members=[
            MemberOut(
                participant=each.participant,
                role=each.role,
                enrollment=each.enrollment,
                accepted=each.accepted_at is not None if reader in (None, each.participant) else None,
            )
            for each in pair.members
        ],
        origin=pair.origin,
        proposed_at=pair.proposed_at,
        expires_at=pair.expires_at,
        accepted_at=pair.accepted_at,
        active_from=today(pair.active_at, pair.zone) if pair.active_at else None,
        pauses=list(body.pauses),
        ended_at=pair.ended_at,
        outcome=pair.outcome,
        why=[each.told for each in pair.reasons if each.told],
        assessment=_assessment(pair) if reader is None else None,
    )


def _assessment(pair: Pair) -> AssessmentOut:
    since: dict[str, datetime] = {}
    for name, moment in pair.gates:
        (each,) = shown([name])
        since[each] = min(moment, since.get(each, moment))
    return AssessmentOut(
        score=None if pair.score is None else on_scale(pair.score),
        rank=pair.rank,
        possible=pair.possible,
        sentence=ranked(pair.rank, pair.possible) if pair.rank and pair.possible else None,
        terms=[
            TermOut(
                term=each.term,
                weight=each.weight,
                points=each.points,
                value=None if each.share is None else each.share / 1_000_000,
                sentence=each.sentence,
            )
            for each in pair.reasons
        ],
        failing=[GateOut(gate=each, since=since[each]) for each in sorted(since)],
        ends_at=pair.ending.at if pair.ending else None,
    )


def left_out(stored: Stored[LeftOver], own: bool) -> LeftOut:
    """Why someone is left over, for themselves or for a coordinator."""
    left = stored.state
    seen = LeftOut(
        enrollment=stored.id,
        participant=left.participant,
        role=left.role,
        sentence=for_participant(left.reason or "") if own else left.sentence,
    )
    if own:
        return seen
    more = {"reason": left.reason, "hint": left.hint, "possible": left.possible, "gates": dict(left.gates)}
    return seen.model_copy(update=more)
