"""What the world reads of a pair: the bodies of `matching.pairs` and `matching.assessments`."""

from datetime import date, datetime, timedelta

from services.matching.domain.facts import today
from services.matching.domain.gates import shown
from services.matching.domain.pair import Frozen, Pair, Span, Told
from services.matching.domain.people import SCALE
from services.matching.domain.score import on_scale
from shared.contracts import assessments, pairs


class Refused(Frozen):
    """A rematch that was asked for and cannot be carried out."""

    reason: str
    at: datetime


class Assessed(Frozen):
    """The private state behind an assessment."""

    program: str
    cohort: str
    score: int | None = None
    reasons: tuple[Told, ...] = ()
    gates: tuple[tuple[str, datetime], ...] = ()
    refused: Refused | None = None


def pair_body(id: str, pair: Pair) -> pairs.Pair:
    """The published state. The sealed reason, an end that waits for its day, score and drafts are not in it."""
    return pairs.Pair(
        id=id,
        program=pair.program,
        cohort=pair.cohort,
        members=tuple(
            pairs.Member(participant=each.participant, role=each.role, enrollment=each.enrollment)
            for each in pair.members
        ),
        origin=pair.origin,
        external_id=pair.external_id,
        state=pair.state,
        proposed_at=pair.proposed_at,
        expires_at=pair.expires_at,
        accepted_at=pair.accepted_at,
        active_from=today(pair.active_at, pair.zone) if pair.active_at else None,
        pauses=tuple(body for span in pair.pauses if (body := _pause(span, pair.zone))),
        ended_at=pair.ended_at,
        outcome=pair.outcome,
    )


def _pause(span: Span, zone: str) -> pairs.Pause | None:
    """Whole days: the first is the day it began, the last the one before it was over; None if there is none."""
    first = today(span.since, zone)
    last: date | None = None
    if span.until is not None:
        last = today(span.until, zone) - timedelta(days=1)
        if last < first:
            return None
    return pairs.Pause(first=first, last=last, kind=span.kind)


def assessment_body(id: str, found: Assessed) -> assessments.Assessment:
    """Terms for the coordinator, sentences for both; restricted gate classes read the same."""
    since: dict[str, datetime] = {}
    for name, moment in found.gates:
        (each,) = shown([name])
        since[each] = min(moment, since.get(each, moment))
    return assessments.Assessment(
        id=id,
        program=found.program,
        cohort=found.cohort,
        score=None if found.score is None else on_scale(found.score),
        terms=tuple(
            assessments.Term(
                name=each.term,
                points=each.points,
                value=None if each.share is None else each.share / SCALE,
                weight=each.weight if each.weight <= 10 else None,  # program fit sums up several
            )
            for each in found.reasons
        ),
        reasons=tuple(
            [assessments.Reason(code=each.term, sentence=each.sentence) for each in found.reasons]
            + [
                assessments.Reason(code=each.term, sentence=each.told, shared=True)
                for each in found.reasons
                if each.told
            ]
        ),
        failing=tuple(assessments.FailingGate(gate=each, since=since[each]) for each in sorted(since)),
        rematch_refused=(
            assessments.Refusal(reason=found.refused.reason, at=found.refused.at) if found.refused else None
        ),
    )
