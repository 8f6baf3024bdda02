"""The one place where the service meets its engine: a cohort's people in, its plan with reasons and proof out.

A plan is kept, so that the next change of a few people costs a repair and not a new solve. All of it is a cache.
"""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime

from services.matching.domain.people import Person
from services.matching.domain.plan import Chosen, Cohort, Plan, Refusal
from services.matching.domain.reasons import Left, spare, why_left
from services.matching.engine.following import Following, Found
from services.matching.engine.given import people

AT_ONCE = 0.2
"""Seconds: a cohort that is solved as quickly is proved anew after every change, a larger one some time later."""
MISSING = 20
"""Skills that a plan's quality names at most."""
REASONS = 100_000
"""Mentees left over × mentors: up to so many all reasons are found anew after every change (a quarter of a second);
beyond it at once those of whoever changed, and the others with the next proof."""


class Planned:
    """One cohort's plan, and what it takes to follow its people."""

    def __init__(self, cohort: Cohort) -> None:
        """Raises ValueError where the program's weights add up to too much."""
        given = people(
            cohort.mentees, cohort.mentors, cohort.rules, cohort.now, cohort.managers, cohort.drafts
        )
        began = time.perf_counter()
        self.following = Following(given)
        self._found = self.following.found("solved")
        self._left: dict[str, Left] = {}
        self._ranks = self.following.ranks([*self._found.pairs])
        self._explain(None)
        self.seconds = time.perf_counter() - began
        """What the latest solve or proof of the whole pool took, with all reasons."""

    @property
    def size(self) -> int:
        """People in all."""
        return self.following.size

    @property
    def missing(self) -> tuple[tuple[str, int, int], ...]:
        """Skills for which one more mentor would be worth most; see `Quality`."""
        return tuple(self.following.missing()[:MISSING])

    def why_not(self, mentee: str, mentor: str) -> Refusal | None:
        """Why two enrollments are no pair of this plan; None where one of them is not known."""
        found = self.following.why_not(mentee, mentor)
        if found is None:
            return None
        return Refusal(found.gates, found.score, found.price, found.needed, found.sentence)

    @property
    def settled(self) -> bool:
        """Whether proof and all reasons are about the plan as it is; if not, `renew` is worth its time."""
        return self._found.proof_current and not self._outdated

    @property
    def plan(self) -> Plan:
        """As it is now; equal input gives an equal plan: people are taken in the order of their enrollment ids."""
        chosen = tuple(
            Chosen(*ends, score, *self._ranks[ends]) for ends, score in sorted(self._found.pairs.items())
        )
        found = self._found
        return Plan(chosen, tuple(self._left.values()), found.gap, found.proof_current, found.blocking)

    def follow(
        self,
        changed: Sequence[Person],
        gone: Sequence[str],
        now: datetime,
        managers: Mapping[str, str | None] | None = None,
    ) -> None:
        """These people are like this now, and these enrollments can be matched no longer: all that is known of them
        is forgotten."""
        before = (self.following.person(each) for each in gone)
        empty = [Person(each.enrollment, "", each.role, open=False) for each in before if each is not None]
        # Changes are read with some overlap: most of what comes may be known already.
        managers = managers or {}
        changed = [each for each in (*changed, *empty) if not self.following.knows(each, managers)]
        if not changed:
            return
        self._take(self.following.change(changed, now, managers), changed)
        if not self.settled and self.seconds < AT_ONCE:
            self.renew()

    def renew(self) -> None:
        """Prove the plan over the whole pool, solve anew what the proof finds better, give every reason anew."""
        began = time.perf_counter()
        self._take(self.following.renew(), None)
        self.seconds = time.perf_counter() - began

    def _take(self, found: Found, changed: Sequence[Person] | None) -> None:
        self._found = found
        new = [ends for ends in found.pairs if ends not in self._ranks]
        self._ranks = {ends: rank for ends, rank in self._ranks.items() if ends in found.pairs}
        self._ranks |= self.following.ranks(new)
        self._explain(None if changed is None else {each.enrollment for each in changed})

    def _explain(self, changed: set[str] | None) -> None:
        """For everybody who is free, has nobody and gets nobody, the reason why. None: everybody's anew."""
        matched = {end for ends in self._found.pairs for end in ends}
        pool = self.following.pool

        def lonely(persons: Sequence[Person]) -> list[Person]:
            return sorted(
                (each for each in persons if each.free and not each.held and each.enrollment not in matched),
                key=lambda person: person.enrollment,
            )

        seekers, spares = lonely(self.following.mentees), lonely(pool.mentors)
        if changed is not None and len(seekers) * pool.size <= REASONS:
            changed = None
        counts = self.following.fits([each.enrollment for each in spares])
        before = self._left
        self._left = {
            each.enrollment: why_left(each, pool)
            if changed is None or each.enrollment in changed or each.enrollment not in before
            else before[each.enrollment]
            for each in seekers
        }
        self._left |= {
            mentor.enrollment: spare(mentor, count) for mentor, count in zip(spares, counts, strict=True)
        }
        self._outdated = changed is not None and len(seekers) > 0


def make_plan(cohort: Cohort) -> Plan:
    """The pairing with the most people, then the most benefit (or the most benefit alone): exact, whole pool."""
    return Planned(cohort).plan
