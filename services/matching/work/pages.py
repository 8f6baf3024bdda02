"""Carries out one page of a plan: drops drafts, makes and proposes pairs, notes who is left over and why."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from services.matching.domain import lifecycle as do
from services.matching.domain.facts import Known, cohort_of_subject, past_of, person_of, rules_of
from services.matching.domain.gates import failing
from services.matching.domain.pair import DRAFT, DROPPED, Changed, Member, Pair, Told
from services.matching.domain.people import MENTEE, MENTOR, Person, Rules
from services.matching.domain.pool import Pool
from services.matching.domain.published import Assessed
from services.matching.domain.score import reasons, score
from services.matching.domain.tree import Tree
from services.matching.store import LeftOver, Making, Place, PlanPage, Store
from services.matching.work.cohorts import page_id
from services.matching.work.gather import arrived, earliest, look_again
from shared.contracts.enrollments import Enrollment
from shared.contracts.participants import Participant
from shared.contracts.programs import Program
from shared.delivery import Stored, Transaction

IDS = UUID("6e2f3c1a-6b0e-5d0a-9c8e-2f6a1f3d7b41")
"""Namespace of pair ids: the same two enrollments give the same id, so that a plan carried out twice adds
nothing."""

NET = timedelta(minutes=1)
SECONDS_A_PAGE = 1.5
"""Time in which a page makes pairs before it commits and goes on in another transaction: however slow the
database is, a page stays well inside the five seconds that a transaction may live."""


@dataclass
class Both:
    """Everything about the people of one page, kept current while its pairs are made one after another."""

    program: Program
    rules: Rules
    enrollments: Mapping[str, Enrollment]
    participants: Mapping[str, Participant]
    tree: Tree
    places: Mapping[str, Stored[Place]]
    held: dict[str, tuple[str, ...]]
    """Enrollment → ids of the pairs that take its places."""
    pairs: dict[str, Pair]

    def person(self, enrollment: str, now: datetime) -> Person | None:
        found = self.enrollments.get(enrollment)
        if found is None:
            return None
        return person_of(
            Known(found, self.participants.get(found.participant)),
            self.program,
            now,
            held=len(self.held.get(enrollment, ())),
            past=past_of(found.participant, self.pairs.values(), self.rules),
        )


class Pages:
    """Pages of plans."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def page(self, tx: Transaction, subject: str) -> datetime | None:
        """One page, unless a newer plan has replaced it; then the next one."""
        stored = await self.store.pages.get(tx, subject)
        if stored is None:
            return None
        page = stored.state
        cohort = await self.store.cohorts.get(tx, page.cohort)
        if cohort is None or cohort.state.epoch != page.epoch:
            return None
        # The epoch must not move while this page relies on it: the next plan then sees all of it or nothing.
        await self.store.cohorts.touch(tx, cohort)
        await self._drop(tx, page.drop)
        await self._note(tx, page.left)
        rest = await self._make(tx, page) if page.make else []
        if rest:
            left = page.model_copy(update={"make": tuple(rest), "drop": (), "left": ()})
            await self.store.pages.save(tx, stored, left)
            tx.wake("page", subject)
        elif not page.last:
            tx.wake("page", page_id(page.cohort, int(subject.rpartition("#")[2]) + 1))
        return None

    async def _drop(self, tx: Transaction, ids: Sequence[str]) -> None:
        for stored in (await self.store.pairs.get_many(tx, ids)).values():
            outcome = do.decide(stored.state, do.Drop(), tx.now)
            if isinstance(outcome, Changed):
                await self.store.pairs.save(tx, stored, outcome.pair)

    async def _note(self, tx: Transaction, rows: Sequence[tuple[str, LeftOver]]) -> None:
        before = await self.store.left.get_many(tx, [id for id, _ in rows])
        for id, state in rows:
            if id not in before:
                await self.store.left.add(tx, id, state)
            elif before[id].state != state:
                await self.store.left.save(tx, before[id], state)

    async def _make(self, tx: Transaction, page: PlanPage) -> list[Making]:
        """Make the page's pairs one after another; what time does not allow is returned."""
        program_id, _ = cohort_of_subject(page.cohort)
        program = await self.store.program(tx, program_id)
        if program is None:
            return []
        both = await self._load(tx, program, page.make)
        before = dict(both.held)
        stale = False
        clock = asyncio.get_running_loop()
        end = clock.time() + SECONDS_A_PAGE
        rest = list(page.make)
        while rest:
            stale |= not await self._pair(tx, both, rest.pop(0), page.propose)
            if clock.time() >= end:
                break
        await self._take(tx, both, before)
        if stale:
            # Someone has changed since the plan was made, and that change wakes the cohort itself. This is only the
            # net below it: often enough that nobody is forgotten, too seldom to plan in circles. A kept plan that
            # does not know of the change is given up.
            await arrived(self.store, tx, *cohort_of_subject(page.cohort), missed=1)
            tx.wake("cohort", page.cohort, delay=NET)
        return rest

    async def _load(self, tx: Transaction, program: Program, makes: Sequence[Making]) -> Both:
        ids = sorted({each.mentee for each in makes} | {each.mentor for each in makes})
        enrollments = await self.store.enrollments_by_id(tx, ids)
        people = sorted({each.participant for each in enrollments.values()})
        participants = await self.store.reporting.people(tx, people)
        places = await self.store.places.get_many(tx, ids)
        rules = rules_of(program)
        tree = await self.store.reporting.above(tx, participants, rules)
        history = await self.store.history_of(tx, program.id, people)
        pairs = {each.id: each.state for each in history}
        held = {id: each.state.pairs for id, each in places.items()}
        return Both(program, rules, enrollments, participants, tree, places, held, pairs)

    async def _pair(self, tx: Transaction, both: Both, making: Making, propose: bool) -> bool:
        """Make one draft, or propose it; False when the two may not be paired as things are now."""
        mentee, mentor = both.person(making.mentee, tx.now), both.person(making.mentor, tx.now)
        if mentee is None or mentor is None or not (mentee.free and mentor.free):
            return False
        pool = Pool((mentor,), both.rules, tx.now, both.tree.managers)
        if failing(mentee, mentor, pool):
            return False
        id = pair_id(tx.organization, making, both.pairs)
        stored = await self.store.pairs.get(tx, id)
        found = tuple(
            Told.model_validate(each, from_attributes=True) for each in reasons(mentee, mentor, pool)
        )
        points = score(mentee, mentor, pool)
        draft = _draft(stored.state if stored else None, both, mentee, mentor, points, found, tx.now)
        draft = draft.model_copy(update={"rank": making.rank, "possible": making.possible})
        if not propose:
            if stored is None:
                await self.store.pairs.add(tx, id, draft)
            else:
                await self.store.pairs.save(tx, stored, draft)
            return True
        shown = do.decide(draft, do.Propose(tx.now + timedelta(days=both.rules.answer_days)), tx.now)
        if not isinstance(shown, Changed):
            return False
        if stored is None:
            await self.store.pairs.add(tx, id, shown.pair, shown.event)
        else:
            await self.store.pairs.save(tx, stored, shown.pair, shown.event)
        both.pairs[id] = shown.pair
        for enrollment in (making.mentee, making.mentor):
            both.held[enrollment] = (*both.held.get(enrollment, ()), id)
        await self._assess(tx, id, shown.pair)
        tx.wake("pair", id, earliest([shown.pair.expires_at, look_again(both.tree, tx.now)]))
        return True

    async def _take(self, tx: Transaction, both: Both, before: Mapping[str, tuple[str, ...]]) -> None:
        """Compare-and-set the place documents of all who were proposed: a leaver, and another proposal, write
        the same ones. One that is not there yet is made; whoever else makes it at this moment conflicts too."""
        for id, pairs in both.held.items():
            if pairs == before.get(id, ()):
                continue
            if id in both.places:
                place = both.places[id]
                await self.store.places.save(tx, place, place.state.model_copy(update={"pairs": pairs}))
            else:
                one = both.enrollments[id]
                state = Place(
                    participant=one.participant,
                    program=one.program,
                    cohort=one.cohort,
                    role=one.role,
                    pairs=pairs,
                )
                await self.store.places.add(tx, id, state)

    async def _assess(self, tx: Transaction, id: str, pair: Pair) -> None:
        state = Assessed(program=pair.program, cohort=pair.cohort, score=pair.score, reasons=pair.reasons)
        stored = await self.store.assessments.get(tx, id)
        if stored is None:
            await self.store.assessments.add(tx, id, state, "assessment.made")
        else:
            await self.store.assessments.save(tx, stored, state, "assessment.changed")


def pair_id(organization: str, making: Making, pairs: Mapping[str, Pair]) -> str:
    """The id of the next pair of two enrollments: another one for each time they were proposed before."""
    times = sum(
        1
        for each in pairs.values()
        if each.state not in {DRAFT, DROPPED}
        and (each.mentee.enrollment, each.mentor.enrollment) == (making.mentee, making.mentor)
    )
    return uuid5(IDS, f"{organization}/{making.mentee}/{making.mentor}/{times}").hex


def _draft(
    before: Pair | None,
    both: Both,
    mentee: Person,
    mentor: Person,
    points: int,
    found: tuple[Told, ...],
    now: datetime,
) -> Pair:
    """A fresh draft, one that was dropped and is wanted again, or the one that is there with reasons of now."""
    if before is not None and before.state == DROPPED:
        outcome = do.decide(before, do.Draft(points, found), now)
        if isinstance(outcome, Changed):
            return outcome.pair
    if before is not None:
        return before.model_copy(update={"score": points, "reasons": found})
    enrollment = both.enrollments[mentee.enrollment]
    return Pair(
        program=enrollment.program,
        cohort=enrollment.cohort,
        state=DRAFT,
        members=(
            Member(participant=mentor.participant, role=MENTOR, enrollment=mentor.enrollment),
            Member(participant=mentee.participant, role=MENTEE, enrollment=mentee.enrollment),
        ),
        score=points,
        reasons=found,
        approval=both.rules.approval,
        drafted_at=now,
        zone=both.rules.zone,
    )
