"""Plans a cohort as a whole: facts to columns, the solve in a worker process, the result in pages."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from services.matching.domain.facts import (
    MATCHABLE,
    Known,
    cohort_of_subject,
    last_cadence,
    overloaded,
    past_of,
    person_of,
    round_of,
    rules_of,
)
from services.matching.domain.pair import DRAFT, SHOWN, Pair
from services.matching.domain.people import MENTEE, MENTOR, Person, Round
from services.matching.domain.plan import Cohort, Plan
from services.matching.domain.tree import reach
from services.matching.solver import Solver
from services.matching.store import CohortState, LeftOver, Making, PlanPage, Store
from services.matching.work.gather import debounce, earliest
from shared.contracts.participants import Participant
from shared.contracts.programs import Program
from shared.delivery import Reader, Stored, Transaction

T = TypeVar("T")

PAIRS_A_PAGE = 40
"""Pairs made in one transaction at most: about eight writes each."""
ROWS_A_PAGE = 100
AT_A_TIME = 250
"""People made from facts before the event loop goes on: heartbeats and answers wait a few milliseconds."""


FIRST_WAIT = timedelta(seconds=1)
WAITS = 5
"""A plan waits for people that are still to arrive, 1, 2, 4 … seconds, and then goes on without them; they are
looked for again every hour."""
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Prepared:
    """A plan, and what it was made from as far as carrying it out needs it."""

    plan: Plan
    drafts: dict[str, tuple[str, str]]
    """Pair id → (mentee's enrollment, mentor's enrollment)."""
    left: dict[str, LeftOver]
    """What is written about whoever was left over before."""
    participants: dict[str, str]
    """Enrollment → participant."""
    missing: bool
    """Somebody has not arrived for so long that the plan goes on without them."""
    again: datetime | None
    """The next moment at which a leave or days away of somebody begin or end, or somebody is looked for."""


@dataclass(frozen=True)
class Waiting:
    """Some of the enrolled people have not arrived yet."""


class Cohorts:
    """Whole cohorts."""

    def __init__(self, store: Store, solver: Solver) -> None:
        self.store = store
        self.solver = solver

    async def changed(self, tx: Transaction, subject: str) -> datetime | None:
        """Something about a cohort's people changed: plan it after a moment, in which more may come."""
        program = await self.store.program(tx, cohort_of_subject(subject)[0])
        tx.wake("cohort", subject, delay=debounce(program))
        return None

    async def prepare(self, at: Reader, subject: str) -> Prepared | Waiting | None:
        """The plan for the facts of now; None where nobody is to be matched. Long, so outside a transaction:
        whoever changes meanwhile is looked at again when the plan is carried out."""
        program_id, cohort_id = cohort_of_subject(subject)
        program = await self.store.program(at, program_id)
        if program is None or not _works(program, round_of(program, cohort_id), at.now):
            return None
        enrollments = await self.store.enrollments_of_cohort(at, program_id, cohort_id)
        history = await self.store.history(at, program_id)
        drafts = [each for each in history if each.state.state == DRAFT and each.state.cohort == cohort_id]
        participants = await self.store.participants_by_id(
            at, sorted({each.participant for each in enrollments})
        )
        known = [Known(each, participants.get(each.participant)) for each in enrollments]
        missing = any(
            each.participant is None and each.enrollment and each.enrollment.state in MATCHABLE
            for each in known
        )
        state = await self.store.cohorts.get(at, subject)
        if missing and (state is None or state.state.waits < WAITS):
            return Waiting()
        cohort = await self._cohort(at, program, known, participants, history, drafts)
        left = await self.store.left_of_cohort(at, program_id, cohort_id)
        return Prepared(
            plan=await self.solver.plan(cohort),
            drafts={each.id: _ends(each.state) for each in drafts},
            left={id: each.state for id, each in left.items()},
            participants={each.id: each.participant for each in enrollments},
            missing=missing,
            again=earliest(
                [*(each.next_change(at.now) for each in known), at.now + HOUR if missing else None]
            ),
        )

    async def _cohort(
        self,
        at: Reader,
        program: Program,
        known: Sequence[Known],
        participants: Mapping[str, Participant],
        history: Sequence[Stored[Pair]],
        drafts: Sequence[Stored[Pair]],
    ) -> Cohort:
        rules = rules_of(program)
        levels = reach(rules)
        managers = await self.store.managers_above(at, participants, levels) if levels != 0 else {}
        pairs_of: dict[str, list[Pair]] = {}
        held: dict[str, int] = {}
        for stored in history:
            for member in stored.state.members:
                pairs_of.setdefault(member.participant, []).append(stored.state)
                if stored.state.state in SHOWN:
                    held[member.enrollment] = held.get(member.enrollment, 0) + 1
        people: list[Person] = []
        for number, one in enumerate(known):
            if number % AT_A_TIME == 0:
                await asyncio.sleep(0)
            if one.enrollment is not None:
                id, participant = one.enrollment.id, one.enrollment.participant
                past = past_of(participant, pairs_of.get(participant, ()), rules)
                people.append(person_of(one, program, at.now, held=held.get(id, 0), past=past))
        return Cohort(
            rules=rules,
            now=at.now,
            mentors=[each for each in people if each.role == MENTOR],
            mentees=[each for each in people if each.role == MENTEE],
            managers=managers,
            drafts=frozenset(_ends(each.state) for each in drafts),
        )

    async def carry_out(
        self, tx: Transaction, subject: str, prepared: Prepared | Waiting | None
    ) -> datetime | None:
        """Write the plan as pages under a new epoch; the pages look at everybody again before they propose."""
        program_id, cohort_id = cohort_of_subject(subject)
        program = await self.store.program(tx, program_id)
        round = round_of(program, cohort_id) if program else None
        if prepared is None or program is None or round is None or not _works(program, round, tx.now):
            return None
        stored = await self.store.cohorts.get(tx, subject)
        state = stored.state if stored else CohortState(program=program_id, cohort=cohort_id)
        if isinstance(prepared, Waiting):
            await self._save(tx, subject, stored, state.model_copy(update={"waits": state.waits + 1}))
            return tx.now + FIRST_WAIT * (1 << state.waits)
        state = state.model_copy(
            update={"epoch": state.epoch + 1, "waits": state.waits if prepared.missing else 0}
        )
        await self._save(tx, subject, stored, state)
        shut = round.publish if not state.published and round.publish and round.publish > tx.now else None
        busy = overloaded(program, await self.store.cases_of(tx, program_id))
        pages = list(_pages(subject, state.epoch, prepared, program_id, cohort_id, not shut and not busy))
        await self._write(tx, subject, pages)
        return earliest([prepared.again, shut, tx.now + timedelta(days=1) if busy else None])

    async def _save(
        self, tx: Transaction, subject: str, stored: Stored[CohortState] | None, state: CohortState
    ) -> None:
        if stored is None:
            await self.store.cohorts.add(tx, subject, state)
        else:
            await self.store.cohorts.save(tx, stored, state)

    async def _write(self, tx: Transaction, subject: str, pages: Sequence[PlanPage]) -> None:
        """Pages overwrite those of older plans, so that their number stays what the largest plan needed."""
        ids = [page_id(subject, number) for number in range(len(pages))]
        before = await self.store.pages.get_many(tx, ids)
        for id, page in zip(ids, pages, strict=True):
            if id in before:
                await self.store.pages.save(tx, before[id], page)
            else:
                await self.store.pages.add(tx, id, page)
        if pages:
            tx.wake("page", ids[0])


def page_id(subject: str, number: int) -> str:
    return f"{subject}#{number:05d}"


def _works(program: Program, round: Round | None, now: datetime) -> bool:
    """An open program with a cohort that still has time for somebody new."""
    if program.state != "open" or round is None:
        return False
    return not last_cadence(round.end, now, program.rules.cadence_days)


def _ends(pair: Pair) -> tuple[str, str]:
    return pair.mentee.enrollment, pair.mentor.enrollment


def _pages(
    subject: str, epoch: int, prepared: Prepared, program: str, cohort: str, propose: bool
) -> Iterator[PlanPage]:
    """What the plan changes, in parts: drafts that go, then pairs that come, then who is left over and why."""
    chosen = {(each.mentee, each.mentor) for each in prepared.plan.chosen}
    drafted = set(prepared.drafts.values())
    drop = sorted(id for id, ends in prepared.drafts.items() if ends not in chosen)
    make = sorted(ends for ends in chosen if propose or ends not in drafted)
    left = _left(prepared, program, cohort)
    parts: list[dict[str, object]] = [{"drop": tuple(part)} for part in _parts(drop, ROWS_A_PAGE)]
    parts += [
        {"make": tuple(Making(mentee=mentee, mentor=mentor) for mentee, mentor in part)}
        for part in _parts(make, PAIRS_A_PAGE)
    ]
    parts += [{"left": tuple(part)} for part in _parts(left, ROWS_A_PAGE)]
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        yield PlanPage.model_validate(
            {"cohort": subject, "epoch": epoch, "propose": propose, "last": last, **part}
        )


def _left(prepared: Prepared, program: str, cohort: str) -> list[tuple[str, LeftOver]]:
    """What has to be written: new reasons, changed ones, and reasons that no longer hold."""
    now = {
        each.enrollment: LeftOver(
            program=program,
            cohort=cohort,
            participant=prepared.participants[each.enrollment],
            role=each.role,
            reason=each.reason,
            sentence=each.sentence,
            hint=each.hint,
            possible=each.possible,
            gates=dict(each.gates),
        )
        for each in prepared.plan.left
    }
    gone = {
        id: each.model_copy(update={"reason": None}) for id, each in prepared.left.items() if id not in now
    }
    changed = {id: each for id, each in now.items() if prepared.left.get(id) != each}
    return sorted({**gone, **changed}.items(), key=lambda row: row[0])


def _parts(rows: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
