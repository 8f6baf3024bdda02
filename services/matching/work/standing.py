"""Plans that stand: what this process knows of a cohort, brought up to date by what was written since.

A cache of matching's database and nothing else. Any process may build its own at any time; handlers never write it.
Losing it costs the time of one whole load.
"""

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from weakref import WeakValueDictionary

from services.matching.domain.facts import rules_of, subject_of
from services.matching.domain.pair import DRAFT
from services.matching.domain.people import MENTEE
from services.matching.domain.plan import Cohort, Ends, Refusal
from services.matching.solver import Mirror, Solver
from services.matching.store import Arrivals, LeftOver, Store
from services.matching.work.loading import Loaded, Loader
from shared import metrics
from shared.contracts.programs import Program
from shared.delivery import View

OVERLAP_MS = 10_000
"""How far back changes are read again: a transaction stamps its writes when it begins, and no one that is still to
commit can have begun longer ago (architecture.md, Running it: they live 5 to 10 seconds; those that write here, pages
and commands, less)."""
LONGEST = timedelta(days=1)
"""Program time after which everything is loaded again, whatever happened: a net, and the year of summer times."""
RENEW = timedelta(minutes=1)
SHARE = 50
"""A plan that was repaired is proved anew a minute later, or as many times as long as a solve takes: repairs of a large
cohort must not keep the solver busy with proofs."""
MOST = 300_000
"""People of all cohorts together that one process keeps."""


@dataclass
class Standing:
    """One cohort's plan and what it was made from."""

    program: Program
    missed: int
    joined: int
    read_ms: int
    since: datetime
    mirror: Mirror
    participants: dict[str, str]
    again: dict[str, datetime]
    drafts: dict[str, Ends]
    """Pair id → ends, as they are in the database."""
    left: dict[str, LeftOver]
    """What is written about who is left over."""
    missing: bool
    awaited: dict[str, str]
    """Enrollment → a manager above them who has not arrived."""
    renew_at: datetime | None = None

    @property
    def waiting(self) -> bool:
        """Somebody is still to arrive: an enrolled person, or a manager."""
        return self.missing or bool(self.awaited)

    def still_holds(self, program: Program, counted: Arrivals, now: datetime) -> bool:
        """Whether bringing it up to date is enough."""
        return (
            self.program == program
            and self.missed == counted.missed
            and now - self.since < LONGEST
            and now.year == self.since.year
            and not self.missing
        )


@dataclass
class Plans:
    """The plans that this process keeps, the ones used last."""

    store: Store
    solver: Solver
    _kept: OrderedDict[tuple[str, str], Standing] = field(default_factory=OrderedDict)
    _locks: WeakValueDictionary[tuple[str, str], asyncio.Lock] = field(default_factory=WeakValueDictionary)

    def __post_init__(self) -> None:
        self.loader = Loader(self.store)

    async def why_not(
        self, at: View, program: Program, cohort: str, mentee: str, mentor: str
    ) -> Refusal | None:
        """Why two enrollments are no pair of the plan as it would be now; None where one of them is not in it."""
        subject = subject_of(program.id, cohort)
        found = await self.current(at, subject, program, cohort, patient=False)
        return await self.solver.why_not(found.mirror, mentee, mentor) if found else None

    async def current(
        self, at: View, subject: str, program: Program, cohort: str, *, patient: bool
    ) -> Standing | None:
        """The plan for the facts of now. None: somebody has not arrived yet, and `patient` says to wait for them."""
        key = (at.organization, subject)
        # A question of a coordinator and the work may come at once; each would change what the other reads.
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:
            began, kept = time.monotonic(), self._kept.get(key)
            found = await self._current(at, key, program, cohort, patient)
        if found is not None and (quality := found.mirror.quality) is not None:
            how = "followed" if found is kept else "begun"
            metrics.MATCHING_PLANS.labels(how=how).inc()
            metrics.MATCHING_PLAN_SECONDS.labels(how=how).observe(time.monotonic() - began)
            metrics.MATCHING_GAP.set(quality.gap)
            metrics.MATCHING_BLOCKING.set(quality.blocking)
        return found

    async def _current(
        self, at: View, key: tuple[str, str], program: Program, cohort: str, patient: bool
    ) -> Standing | None:
        subject = key[1]
        stored = await self.store.arrivals.get(at, subject)
        counted = stored.state if stored else Arrivals(program=program.id, cohort=cohort)
        kept = self._kept.pop(key, None)
        if kept is not None:
            if kept.still_holds(program, counted, at.now) and await self._follow(at, kept, counted, cohort):
                self._kept[key] = kept
                return kept
            await self.solver.forget(kept.mirror)
        loaded, drafts = await self.loader.everybody(at, program, cohort)
        if (loaded.missing or loaded.awaited) and patient:
            return None
        fresh = await self._begin(at, program, counted, cohort, loaded, drafts)
        self._kept[key] = fresh
        while len(self._kept) > 1 and sum(len(each.participants) for each in self._kept.values()) > MOST:
            _, oldest = self._kept.popitem(last=False)
            await self.solver.forget(oldest.mirror)
        return fresh

    async def _begin(
        self,
        at: View,
        program: Program,
        counted: Arrivals,
        cohort: str,
        loaded: Loaded,
        drafts: dict[str, Ends],
    ) -> Standing:
        left = await self.store.left_of_cohort(at, program.id, cohort)
        persons = loaded.persons
        given = Cohort(
            rules_of(program),
            at.now,
            [each for each in persons if each.role != MENTEE],
            [each for each in persons if each.role == MENTEE],
            loaded.managers,
            frozenset(drafts.values()),
        )
        return Standing(
            program,
            counted.missed,
            counted.joined,
            at.wall_ms,
            at.now,
            await self.solver.begin(given),
            loaded.participants,
            loaded.again,
            drafts,
            left,
            loaded.missing,
            loaded.awaited,
        )

    async def _follow(self, at: View, kept: Standing, counted: Arrivals, cohort: str) -> bool:
        """Bring a plan up to date; False where everything has to be loaded after all."""
        since, program = kept.read_ms - OVERLAP_MS, kept.program
        ids = set(await self.store.changed_since(at, program.id, cohort, since))
        ids |= {id for id, moment in kept.again.items() if moment <= at.now}
        if counted.joined != kept.joined:
            ids |= set(await self.store.matchable(at, program.id, cohort)) - set(kept.participants)
        if kept.awaited:
            there = await self.store.reporting.people(at, sorted(set(kept.awaited.values())))
            ids |= {id for id, manager in kept.awaited.items() if manager in there}
        for pair in await self.store.pairs_since(at, program.id, since):
            kept.drafts.pop(pair.id, None)
            if pair.state == DRAFT and pair.cohort == cohort:
                kept.drafts[pair.id] = pair.ends
        for id, row in (await self.store.left_since(at, program.id, cohort, since)).items():
            if row.reason is None:
                kept.left.pop(id, None)
            else:
                kept.left[id] = row
        loaded = await self.loader.some(at, program, cohort, sorted(ids))
        if loaded.missing:
            return False
        for id in ids:
            kept.participants.pop(id, None)
            kept.again.pop(id, None)
            kept.awaited.pop(id, None)
        kept.awaited |= loaded.awaited
        kept.participants |= loaded.participants
        kept.again |= loaded.again
        if not await self.solver.follow(
            kept.mirror,
            loaded.persons,
            loaded.gone,
            at.now,
            loaded.managers,
            renew=kept.renew_at is not None and at.now >= kept.renew_at,
        ):
            return False
        kept.joined, kept.read_ms = counted.joined, at.wall_ms
        kept.renew_at = _renewal(kept, at.now)
        return True


def _renewal(kept: Standing, now: datetime) -> datetime | None:
    """When the plan is proved anew, if it has been repaired since."""
    quality = kept.mirror.quality
    if quality is None or quality.settled:
        return None
    if kept.renew_at is not None and kept.renew_at > now:
        return kept.renew_at
    return now + max(RENEW, timedelta(seconds=SHARE * quality.seconds))
