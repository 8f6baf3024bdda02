"""Plans a cohort as a whole: facts to columns, the solve in a worker process, the result in pages."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from services.matching.domain.facts import cohort_of_subject, last_cadence, overloaded, round_of
from services.matching.domain.people import MENTEE, Round
from services.matching.domain.plan import Chosen
from services.matching.store import CohortState, LeftOver, Making, Missing, PlanPage, Store, Summary
from services.matching.work.gather import LOOK, arrived, debounce, earliest
from services.matching.work.standing import Plans, Standing
from shared.contracts.programs import Program
from shared.delivery import Stored, Transaction, View

T = TypeVar("T")

PAIRS_A_PAGE = 40
"""Pairs made in one transaction at most: about eight writes each."""
ROWS_A_PAGE = 100

FIRST_WAIT = timedelta(seconds=1)
WAITS = 5
"""A plan waits for people that are still to arrive, 1, 2, 4 … seconds, and then goes on without them; they are
looked for again every hour (`LOOK`)."""


@dataclass(frozen=True)
class Waiting:
    """Some of the enrolled people have not arrived yet."""


class Cohorts:
    """Whole cohorts."""

    def __init__(self, store: Store, plans: Plans) -> None:
        self.store = store
        self.plans = plans

    async def changed(self, tx: Transaction, subject: str) -> datetime | None:
        """Something about a cohort's people changed: plan it after a moment, in which more may come."""
        program = await self.store.program(tx, cohort_of_subject(subject)[0])
        tx.wake("cohort", subject, delay=debounce(program))
        return None

    async def joined(self, tx: Transaction, subject: str) -> datetime | None:
        """Somebody can be matched who could not before."""
        await arrived(self.store, tx, *cohort_of_subject(subject), joined=1)
        return None

    async def prepare(self, at: View, subject: str) -> Standing | Waiting | None:
        """The plan for the facts of now; None where nobody is to be matched. Long, so outside a transaction:
        whoever changes meanwhile is looked at again when the plan is carried out."""
        program_id, cohort_id = cohort_of_subject(subject)
        program = await self.store.program(at, program_id)
        if program is None or not _works(program, round_of(program, cohort_id), at.now):
            return None
        state = await self.store.cohorts.get(at, subject)
        patient = state is None or state.state.waits < WAITS
        found = await self.plans.current(at, subject, program, cohort_id, patient=patient)
        return found or Waiting()

    async def carry_out(
        self, tx: Transaction, subject: str, prepared: Standing | Waiting | None
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
            update={"epoch": state.epoch + 1, "waits": state.waits if prepared.waiting else 0}
        )
        state = state.model_copy(update={"summary": _summary(prepared, tx.now)})
        await self._save(tx, subject, stored, state)
        shut = round.publish if not state.published and round.publish and round.publish > tx.now else None
        busy = overloaded(program, await self.store.cases_of(tx, program_id))
        pages = list(_pages(subject, state.epoch, prepared, program_id, cohort_id, not shut and not busy))
        await self._write(tx, subject, pages)
        return earliest(
            [
                min(prepared.again.values(), default=None),
                prepared.renew_at,
                tx.now + LOOK if prepared.waiting else None,
                shut,
                tx.now + timedelta(days=1) if busy else None,
            ]
        )

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


def _pages(
    subject: str, epoch: int, prepared: Standing, program: str, cohort: str, propose: bool
) -> Iterator[PlanPage]:
    """What the plan changes, in parts: drafts that go, then pairs that come, then who is left over and why."""
    chosen = prepared.mirror.chosen.keys()
    drafted = set(prepared.drafts.values())
    drop = sorted(id for id, ends in prepared.drafts.items() if ends not in chosen)
    make = sorted(ends for ends in chosen if propose or ends not in drafted)
    left = _left(prepared, program, cohort)
    parts: list[dict[str, object]] = [{"drop": tuple(part)} for part in _parts(drop, ROWS_A_PAGE)]
    parts += [
        {"make": tuple(_making(prepared.mirror.chosen[ends]) for ends in part)}
        for part in _parts(make, PAIRS_A_PAGE)
    ]
    parts += [{"left": tuple(part)} for part in _parts(left, ROWS_A_PAGE)]
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        yield PlanPage.model_validate(
            {"cohort": subject, "epoch": epoch, "propose": propose, "last": last, **part}
        )


def _left(prepared: Standing, program: str, cohort: str) -> list[tuple[str, LeftOver]]:
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
        for each in prepared.mirror.left.values()
        if each.enrollment in prepared.participants
    }
    gone = {
        id: each.model_copy(update={"reason": None}) for id, each in prepared.left.items() if id not in now
    }
    changed = {id: each for id, each in now.items() if prepared.left.get(id) != each}
    return sorted({**gone, **changed}.items(), key=lambda row: row[0])


def _making(chosen: Chosen) -> Making:
    return Making(mentee=chosen.mentee, mentor=chosen.mentor, rank=chosen.rank, possible=chosen.possible)


def _summary(prepared: Standing, now: datetime) -> Summary | None:
    mirror = prepared.mirror
    quality = mirror.quality
    if quality is None:
        return None
    mentees = sum(each.role == MENTEE for each in mirror.left.values())
    return Summary(
        at=now,
        pairs=len(mirror.chosen),
        left_mentees=mentees,
        spare_mentors=len(mirror.left) - mentees,
        gap=quality.gap,
        proved=quality.proved,
        blocking=quality.blocking,
        missing=tuple(
            Missing(skill=skill, mentors=mentors, worth=worth) for skill, mentors, worth in quality.missing
        ),
    )


def _parts(rows: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
