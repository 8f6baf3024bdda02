"""Loads what decisions about pairs rest on, in a few reads for many pairs."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.matching.domain.facts import (
    Known,
    last_cadence,
    person_of,
    rematch_confirmed,
    round_of,
    rules_of,
    subject_of,
)
from services.matching.domain.gates import failing
from services.matching.domain.pair import Pair
from services.matching.domain.people import Rules
from services.matching.domain.pool import Pool
from services.matching.domain.settle import PairFacts
from services.matching.domain.tree import Tree
from services.matching.projections import MOMENT
from services.matching.store import Arrivals, Store
from shared.contracts.cases import Case
from shared.contracts.enrollments import Enrollment
from shared.contracts.participants import Participant
from shared.contracts.programs import Program
from shared.delivery import Reader, Transaction

LOOK = timedelta(hours=1)
"""How often is looked for people, and for managers above them, who have not arrived."""


@dataclass(frozen=True)
class Gathered:
    """One pair's surroundings as they are in this transaction's snapshot."""

    program: Program | None
    case: Case | None
    enrollments: dict[str, Enrollment] = field(default_factory=dict)
    participants: dict[str, Participant] = field(default_factory=dict)
    tree: Tree = field(default_factory=Tree)

    def known(self, enrollment: str, participant: str) -> Known:
        return Known(self.enrollments.get(enrollment), self.participants.get(participant))

    @property
    def rules(self) -> Rules:
        return rules_of(self.program) if self.program else Rules()

    def refused(self, pair: Pair, now: datetime) -> bool:
        """A rematch was confirmed, but it is too late in the cohort for somebody new."""
        return rematch_confirmed(self.case) and self.too_late(pair, now)

    def facts(self, pair: Pair, now: datetime) -> PairFacts:
        """What settles the pair. Nothing fails, and nobody is gone, as long as the program is not known."""
        if self.program is None:
            return PairFacts()
        round = round_of(self.program, pair.cohort)
        members = [self.known(each.enrollment, each.participant) for each in pair.members]
        return PairFacts(
            members=tuple(each.member(now) for each in members),
            start=round.start if round else None,
            end=round.end if round else None,
            closed=self.program.state == "closed",
            rematch=rematch_confirmed(self.case) and not self.too_late(pair, now),
            failing=self._failing(pair, now),
            rules=self.rules,
        )

    def next_change(self, pair: Pair, now: datetime) -> datetime | None:
        """When a leave or days away of a member begin or end, or managers are looked for again."""
        moments = [self.known(each.enrollment, each.participant).next_change(now) for each in pair.members]
        return earliest([*moments, look_again(self.tree, now)])

    def _failing(self, pair: Pair, now: datetime) -> tuple[str, ...]:
        mentee = self.known(pair.mentee.enrollment, pair.mentee.participant)
        mentor = self.known(pair.mentor.enrollment, pair.mentor.participant)
        if self.program is None or mentee.enrollment is None or mentor.enrollment is None:
            return ()
        one, other = person_of(mentee, self.program, now), person_of(mentor, self.program, now)
        return failing(one, other, Pool((), self.rules, now, self.tree.managers), living=True)

    def too_late(self, pair: Pair, now: datetime) -> bool:
        """Whether the cohort is in its last cadence, in which nobody is rematched."""
        round = round_of(self.program, pair.cohort) if self.program else None
        days = self.program.rules.cadence_days if self.program else 0
        return last_cadence(round.end if round else None, now, days)


async def gather(store: Store, at: Reader, id: str, pair: Pair) -> Gathered:
    """Everything about one pair."""
    program = await store.program(at, pair.program)
    enrollments = await store.enrollments_by_id(at, [each.enrollment for each in pair.members])
    participants = await store.reporting.people(at, [each.participant for each in pair.members])
    rules = rules_of(program) if program else Rules()
    tree = await store.reporting.above(at, participants, rules)
    return Gathered(program, await store.case(at, id), enrollments, participants, tree)


async def arrived(
    store: Store, tx: Transaction, program: str, cohort: str, *, joined: int = 0, missed: int = 0
) -> None:
    """Count what no place document tells of; kept plans compare the counts."""
    id = subject_of(program, cohort)
    stored = await store.arrivals.get(tx, id)
    if stored is None:
        await store.arrivals.add(
            tx, id, Arrivals(program=program, cohort=cohort, joined=joined, missed=missed)
        )
    else:
        state = stored.state
        counted = {"joined": state.joined + joined, "missed": state.missed + missed}
        await store.arrivals.save(tx, stored, state.model_copy(update=counted))


def look_again(tree: Tree, now: datetime) -> datetime | None:
    """Who is above a manager that has not arrived shows when they do; that wakes nobody, since a first import brings
    hundreds of thousands of newcomers."""
    return now + LOOK if tree.unknown else None


def debounce(program: Program | None) -> timedelta:
    """How long a cohort waits for more changes before it is planned, beyond the moment in which facts gather."""
    wanted = timedelta(seconds=program.rules.debounce_seconds if program else 0)
    return max(timedelta(0), wanted - MOMENT)


def earliest(moments: Iterable[datetime | None]) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)
