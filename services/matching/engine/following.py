"""A cohort whose solution follows its people: columns, candidates and prices are kept from one change to the next.

A cache: everything in it can be built anew from the people at any time, which costs time and nothing else.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from services.matching.domain.gates import failing, shown
from services.matching.domain.people import MENTEE, Person
from services.matching.domain.pool import Pool
from services.matching.domain.score import score
from services.matching.domain.tree import above, reach
from services.matching.engine.given import People, people
from services.matching.engine.graph import Ints
from services.matching.engine.halves import MenteeHalf, MentorHalf, Numbering, mentee_half, mentor_half
from services.matching.engine.layout import raw
from services.matching.engine.match import KEEP, match
from services.matching.engine.people import joined
from services.matching.engine.proved import Proved
from services.matching.engine.reasons import WhyNot, missing
from services.matching.engine.repair import Change, MenteeChange, MentorChange
from services.matching.engine.sources import OfCohort, sums_of
from services.matching.engine.stability import blocking

CHUNK = 512
"""Mentees whose whole rows are looked at together: some ten megabytes at 5,000 mentors."""
ROOM = 64
"""Newcomers on each side that fit in before everything is laid out anew; an eighth of the side if that is more."""
ANEW = 8
"""A burst of more than one in so many people is solved anew over the whole pool: that is then cheaper."""
FEW = 100
"""People who are always few enough to be repaired."""


@dataclass(frozen=True)
class Found:
    """The pairs that should be, in enrollment ids, with what is known of their quality."""

    pairs: Mapping[tuple[str, str], int]
    """(mentee's enrollment, mentor's enrollment) → score without bonus."""
    how: str
    """solved: over the whole pool. repaired: from kept prices, optimal on the kept candidates."""
    gap: float
    """Share of the bound over the whole pool that these pairs may be below it; 1.0: people may be missing."""
    proof_current: bool
    """Whether today's prices prove these pairs over the whole pool (gap 0.0); if not, `renew` makes it so."""
    blocking: int
    """Pairs among the candidates who would both rather have each other."""


class Following:
    """One cohort. `given.drafts` are the pairs that stand: they carry the program's bonus."""

    _numbering: Numbering
    _mentees: MenteeHalf
    _mentors: MentorHalf
    _row: dict[str, tuple[str, int]]
    """Enrollment → its side and its row there."""
    _standing: Proved
    _room: tuple[int, int]
    """Rows that the solution has for mentees and mentors; those beyond the people are empty."""

    def __init__(self, given: People) -> None:
        """Solve `given` over the whole pool. Raises ValueError where the program's weights add up to too much."""
        self.managers: dict[str, str | None] = dict(given.pool.managers)
        self._number(given)
        self._solve(given.drafts)

    @property
    def size(self) -> int:
        """People in all, whether they can be matched now or not."""
        return len(self._row)

    @property
    def mentees(self) -> Sequence[Person]:
        """In the order of rows; who left the cohort stays in their row, wanting nobody."""
        return self._mentees.persons

    @property
    def pool(self) -> Pool:
        """The mentors likewise, with rules, time and managers."""
        return self._mentors.pool

    def person(self, enrollment: str) -> Person | None:
        """The person as last known here."""
        found = self._row.get(enrollment)
        if found is None:
            return None
        role, row = found
        return (self._mentees if role == MENTEE else self._mentors).persons[row]

    def knows(self, person: Person, managers: Mapping[str, str | None]) -> bool:
        """Whether this is the person as known here, also by who is above them in `managers`."""
        if self.person(person.enrollment) != person:
            return False
        half = self._mentees if person.role == MENTEE else self._mentors
        line = above(managers, person.participant, reach(self.pool.rules))
        return half.side.chains[self._row[person.enrollment][1]] == line

    def change(self, persons: Sequence[Person], now: datetime, managers: Mapping[str, str | None]) -> Found:
        """Follow these people as they are now: changed ones, newcomers, and those who can be matched no longer.

        `managers` tells who is above them, None: nobody. When a manager moves, everybody below counts as changed.
        """
        self.managers |= managers
        if self._needs_room(persons) or len(persons) > max(FEW, self.size // ANEW):
            return self._anew(persons, now)
        mentees = people([p for p in persons if p.role == MENTEE], [], self.pool.rules, now, self.managers)
        mentors = people([], [p for p in persons if p.role != MENTEE], self.pool.rules, now, self.managers)
        few = mentee_half(mentees, self._numbering), mentor_half(mentors, self._numbering)
        rows = self._rows_of(mentees.mentees), self._rows_of(mentors.pool.mentors)
        self._mentees = self._mentees.replaced(rows[0], few[0])
        self._mentors = self._mentors.replaced(rows[1], few[1])
        changes: list[Change] = [*self._columns(rows[1], few[1]), *self._candidates(rows[0], few[0])]
        self._standing.apply(changes)
        return self.found("repaired")

    def renew(self) -> Found:
        """Prove the whole pool again: only rows are looked at that today's prices do not prove, and whoever is better
        found there is taken. Costs from nothing to one pass over everybody."""
        cohort = joined(self._mentees, self._mentors)
        proved = self._standing.prove(OfCohort(cohort, People(self.mentees, self.pool))).proof_current
        if not proved:
            self._solve(self.found("repaired").pairs)
        return self.found("solved")

    def found(self, how: str) -> Found:
        """The pairs that stand."""
        mentees, mentors = self._mentees.persons, self._mentors.persons
        pairs = {
            (mentees[i].enrollment, mentors[j].enrollment): score
            for (i, j), score in zip(
                self._standing.pairs.tolist(), self._standing.scores.tolist(), strict=True
            )
        }
        unstable = blocking(self._standing.graph, self._standing.pairs)
        proof = self._standing.proof()
        return Found(pairs, how, proof.gap, proof.current, unstable)

    def fits(self, mentors: Sequence[str]) -> list[int]:
        """How many of those who still want a mentor pass the gates with each of these enrollments."""
        rows = [self._row[each][1] for each in mentors]
        if not rows:
            return []
        half = mentor_half(self._only_mentors([self._mentors.persons[row] for row in rows]), self._numbering)
        counts = (self._scores(half) >= 0)[self._mentees.wishes > 0].sum(axis=0)
        # The half has its own order.
        found = {
            p.enrollment: int(count) if place else 0
            for p, count, place in zip(half.persons, counts, half.places, strict=True)
        }
        return [found[each] for each in mentors]

    def ranks(self, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], tuple[int, int]]:
        """Of some pairs (mentee's, mentor's enrollment): the mentor's place among all who are possible for that
        mentee, 1 = best, and how many are possible."""
        found: dict[tuple[str, str], tuple[int, int]] = {}
        if not pairs:
            return found
        cohort = joined(self._mentees, self._mentors)
        least = max(0, cohort.columns.minimum * cohort.columns.unit)
        given = People(self.mentees, self.pool)
        ordered = sorted(pairs, key=lambda ends: self._row[ends[0]][1])
        for at in range(0, len(ordered), CHUNK):
            part = ordered[at : at + CHUNK]
            rows = np.array([self._row[mentee][1] for mentee, _ in part], np.int32)
            mentors = np.array([self._row[mentor][1] for _, mentor in part])
            sums = sums_of(given, cohort, rows)
            able = (sums >= least) & (cohort.capacities > 0)
            own = sums[np.arange(len(part)), mentors]
            rank = 1 + (able & (sums > own[:, None])).sum(axis=1)
            for ends, place, possible in zip(part, rank.tolist(), able.sum(axis=1).tolist(), strict=True):
                found[ends] = place, possible
        return found

    def why_not(self, mentee: str, mentor: str) -> WhyNot | None:
        """Why these two enrollments are no pair; None where one of them is not known here."""
        one, other = self.person(mentee), self.person(mentor)
        if one is None or other is None or one.role != MENTEE or other.role == MENTEE:
            return None
        gates = shown(failing(one, other, self.pool))
        if gates:
            return WhyNot(gates)
        points = score(one, other, Pool((other,), self.pool.rules, self.pool.now, self.managers))
        if points < self.pool.rules.minimum:
            return WhyNot((), points)
        price = int(self._standing.prices[self._row[mentor][1]])
        needed = price + int(self._standing.gains[self._row[mentee][1]]) - self._standing.unit
        return WhyNot((), points, price, max(0, needed))

    def missing(self) -> Sequence[tuple[str, int, int]]:
        """Where mentors are missing: (skill, mentors who offer it, mean worth of one more place), dearest first."""
        prices = self._standing.prices[: self.pool.size]
        return missing(self.pool.mentors, self._mentors.places, prices)

    # -- inside -------------------------------------------------------------------------------------------------

    def _number(self, given: People) -> None:
        self._numbering = Numbering()
        self._mentees = mentee_half(given, self._numbering)
        self._mentors = mentor_half(given, self._numbering)
        self._row = {p.enrollment: (p.role, row) for row, p in enumerate(given.mentees)}
        self._row |= {p.enrollment: (p.role, row) for row, p in enumerate(given.pool.mentors)}

    def _anew(self, persons: Sequence[Person], now: datetime) -> Found:
        """Everything laid out anew with these people, and solved; what stood keeps its bonus."""
        stood = self.found("repaired").pairs
        after = {p.enrollment: p for p in (*self._mentees.persons, *self._mentors.persons)}
        after |= {p.enrollment: p for p in persons}
        self._number(
            people(
                [p for p in after.values() if p.role == MENTEE],
                [p for p in after.values() if p.role != MENTEE],
                self.pool.rules,
                now,
                self.managers,
            )
        )
        self._solve(stood)
        return self.found("solved")

    def _solve(self, drafts: Iterable[tuple[str, str]]) -> None:
        drafts = frozenset(drafts)
        cohort = joined(self._mentees, self._mentors, drafts)
        rules = self.pool.rules
        found = match(cohort, rules.objective, People(self.mentees, self.pool, drafts))
        room = max(ROOM, cohort.mentees // 8), max(ROOM, cohort.mentors // 8)
        self._room = cohort.mentees + room[0], cohort.mentors + room[1]
        graph = raw(found.graph, cohort, room)
        self._standing = Proved(graph, found.found, rules.objective, bonus=rules.draft_bonus)

    def _needs_room(self, persons: Sequence[Person]) -> bool:
        new = [p for p in persons if p.enrollment not in self._row]
        mentees = sum(p.role == MENTEE for p in new)
        return (
            len(self.mentees) + mentees > self._room[0] or self.pool.size + len(new) - mentees > self._room[1]
        )

    def _rows_of(self, persons: Sequence[Person]) -> list[int]:
        """Rows of these people of one side; newcomers get the next ones."""
        rows = []
        for each in persons:
            if each.enrollment not in self._row:
                next_row = sum(1 for role, _ in self._row.values() if role == each.role)
                self._row[each.enrollment] = (each.role, next_row)
            rows.append(self._row[each.enrollment][1])
        return rows

    def _only_mentors(self, mentors: Sequence[Person]) -> People:
        return people([], mentors, self.pool.rules, self.pool.now, self.managers)

    def _scores(self, few: MentorHalf) -> Ints:
        """(mentees, few) scores, negative where a gate or the program's minimum says no."""
        part = joined(self._mentees, few)
        given = People(self._mentees.persons, few.pool)
        sums = sums_of(given, part, np.arange(part.mentees, dtype=np.int32)).astype(np.int64)
        least = part.columns.minimum * part.columns.unit
        return np.where(sums >= max(0, least), sums // part.columns.unit, -1)

    def _columns(self, rows: Sequence[int], few: MentorHalf) -> Iterable[MentorChange]:
        """Each changed mentor's scores with those who would gain most by them."""
        if not rows:
            return
        scored = self._scores(few)
        wishes = self._mentees.wishes
        for k, (row, places) in enumerate(zip(rows, few.places.tolist(), strict=True)):
            able = np.flatnonzero((scored[:, k] >= 0) & (wishes > 0) & (places > 0))
            scores = scored[able, k]
            gains = scores - self._standing.gains[able]
            most = max(KEEP, 4 * places)
            best = np.argsort(-gains, kind="stable")[:most]
            everybody = np.pad(scored[:, k], (0, self._room[0] - len(scored)), constant_values=-1)
            yield MentorChange(row, able[best], scores[best], places, everybody=everybody)

    def _candidates(self, rows: Sequence[int], few: MenteeHalf) -> Iterable[MenteeChange]:
        """Each changed mentee's best mentors at today's prices."""
        if not rows:
            return
        source = OfCohort(joined(few, self._mentors), People(few.persons, self.pool))
        prices = self._standing.shown[: source.mentors]
        keep = min(max(KEEP, int(few.wishes.max(initial=0))), max(1, source.mentors))
        got = source.best(np.arange(len(rows), dtype=np.int32), prices, keep)
        for k, (row, wish) in enumerate(zip(rows, few.wishes.tolist(), strict=True)):
            count = int(got.counts[k]) if wish else 0
            yield MenteeChange(
                row, got.mentors[k, :count], got.scores[k, :count], wish, rest=int(got.rest[k])
            )
