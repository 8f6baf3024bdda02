"""`matching.assessments`: why a pair was made, and which gates of a living pair no longer hold."""

from pydantic import Field

from shared.contracts.common import Contract, Id, Moment, Score


class Term(Contract):
    """One term's part in the score. `points` of 1,000,000 add up to the score; `value` is 0–1 before the
    weight.
    """

    name: str
    points: int = Field(ge=0)
    value: float | None = Field(default=None, ge=0, le=1)
    weight: int | None = Field(default=None, ge=0, le=10)


class Reason(Contract):
    """A reason a person can read: a stable code, the sentence (ids and interests, never names), and for whom.

    `shared` marks what participants may see; the rest is for the coordinator.
    """

    code: str
    sentence: str
    shared: bool = False


class FailingGate(Contract):
    """A gate class that a living pair now fails, and since when; notifications opens a review."""

    gate: str
    since: Moment


class Refusal(Contract):
    """A rematch that was asked for and could not be carried out."""

    reason: str
    at: Moment


class Assessment(Contract):
    """What matching says about a pair; the id is the pair's. `score` None: the pair was not made by the
    engine.
    """

    id: Id
    program: Id
    cohort: Id
    score: Score | None = None
    terms: tuple[Term, ...] = ()
    reasons: tuple[Reason, ...] = ()
    failing: tuple[FailingGate, ...] = ()
    rematch_refused: Refusal | None = None


TYPES = {
    "assessment.made": "A pair was scored for the first time.",
    "assessment.changed": "Score, terms or reasons changed.",
    "assessment.gates_changed": "A gate of a living pair began to fail, or holds again.",
    "assessment.rematch_refused": "A confirmed rematch could not be carried out.",
}
