"""Why this pair, why not that one, and what would help whoever is left over.

For coordinators: gates read as their class (exclusion, leave and promotion pool all as *restricted*), sentences
hold ids of skills, goals and languages only, never a protected attribute. Participants read `Reason.told`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from services.matching.domain.gates import failing, judge, shown
from services.matching.domain.people import SCALE, Person
from services.matching.domain.pool import Mask, Pool
from services.matching.domain.reasons import COMPETITION, SCORE, Left, ranked, why_left
from services.matching.domain.score import Reason, on_scale, reasons, score, scores, weighted
from services.matching.domain.terms import TERMS
from services.matching.domain.weekly import QUARTER
from services.matching.engine.columns import Cohort
from services.matching.engine.graph import Ints
from services.matching.engine.match import Matching
from services.matching.engine.people import People
from services.matching.engine.sources import OfCohort, sums_of


@dataclass(frozen=True)
class Why:
    """One pair. Mentees and mentors are positions."""

    mentee: int
    mentor: int
    score: int
    terms: tuple[Reason, ...]
    rank: int
    """Place of this mentor among all who were possible for this mentee, 1 = best."""
    possible: int
    better: tuple[int, ...]
    """The mentors with a better score, best first (ten at most): their places were worth more elsewhere."""

    @property
    def sentence(self) -> str:
        """Rank, and why the better ones went elsewhere."""
        return ranked(self.rank, self.possible)


@dataclass(frozen=True)
class WhyNot:
    """Two who were not paired."""

    gates: tuple[str, ...]
    """Classes of the gates that fail; with any of them nothing below applies."""
    score: int | None = None
    price: int | None = None
    """What a place at this mentor is worth to those who would take it; above the scale: one more pair."""
    needed: int | None = None
    """The score this pair would have to beat: the price, plus what the mentee has over the price now paid."""

    @property
    def sentence(self) -> str:
        if self.gates:
            return "Not possible: " + ", ".join(self.gates)
        if self.score is None or self.needed is None:
            return "Below the program's minimum"
        if self.needed >= OfCohort.most:
            return f"{self.score} points, but someone who would be left over needs that place"
        if self.score > self.needed:
            return "They would be a better pair: the matching has changed since"
        return f"{self.score} points, where more than {self.needed} would be needed to gain by it"


@dataclass(frozen=True)
class Help:
    """Someone left over, and the smallest change that would match them."""

    left: Left
    change: str


class Explainer:
    """Answers about one matching. Rows of scores are computed when asked for, one mentee at a time."""

    def __init__(self, given: People, cohort: Cohort, matching: Matching) -> None:
        self.given = given
        self.cohort = cohort
        self.matching = matching
        self.held: dict[int, list[int]] = {}
        for mentee, mentor in matching.pairs.tolist():
            self.held.setdefault(mentee, []).append(mentor)
        self._last: tuple[int, Ints] | None = None
        self.load = np.bincount(matching.pairs[:, 1], minlength=cohort.mentors)

    def row(self, mentee: int) -> Ints:
        """(mentors,) raw scores of the possible mentors, −1 for the others."""
        if self._last is None or self._last[0] != mentee:  # questions come mentee by mentee
            self._last = mentee, self._row(mentee)
        return self._last[1]

    def _row(self, mentee: int) -> Ints:
        columns = self.cohort.columns
        sums = sums_of(self.given, self.cohort, np.array([mentee], np.int32))[0].astype(np.int64)
        drafted = columns.draft[columns.draft_at[mentee] : columns.draft_at[mentee + 1]]
        bonused = drafted[sums[drafted] >= columns.minimum * columns.unit]
        sums[bonused] -= columns.bonus * columns.unit
        least = max(0, columns.minimum * columns.unit)
        return np.where((sums >= least) & (self.cohort.capacities > 0), sums // columns.unit, -1)

    def why(self, mentee: int, mentor: int) -> Why:
        """Each term's points with a sentence, the rank, and who would have been better."""
        row = self.row(mentee)
        better = np.flatnonzero(row > row[mentor])
        better = better[np.lexsort((better, -row[better]))]
        pool = self.given.pool
        return Why(
            mentee,
            mentor,
            on_scale(int(row[mentor])),
            reasons(self.given.mentees[mentee], pool.mentors[mentor], pool),
            rank=len(better) + 1,
            possible=int((row >= 0).sum()),
            better=tuple(better[:10].tolist()),
        )

    def why_not(self, mentee: int, mentor: int) -> WhyNot:
        """Gates by class, or the score and what it would have to beat."""
        one, other, pool = self.given.mentees[mentee], self.given.pool.mentors[mentor], self.given.pool
        gates = shown(failing(one, other, pool))
        if gates:
            return WhyNot(gates)
        value = int(self.row(mentee)[mentor])
        if value < 0:
            return WhyNot((), score(one, other, pool))
        price = int(self.matching.prices[mentor])
        gains = [
            int(self.row(mentee)[held]) - int(self.matching.prices[held])
            for held in self.held.get(mentee, ())
        ]
        return WhyNot((), value, price, price + max(0, min(gains, default=0)))

    def left(self, mentee: int) -> Help:
        """What holds a mentee back who has nobody, and the smallest change found that would help."""
        person = self.given.mentees[mentee]
        found = why_left(person, self.given.pool)
        return Help(found, _change(person, self._spare, found))

    @cached_property
    def _spare(self) -> Pool:
        """The mentors with the places that this matching leaves them."""
        pool = self.given.pool
        return Pool(
            [
                replace(mentor, held=mentor.held + int(taken))
                for mentor, taken in zip(pool.mentors, self.load, strict=True)
            ],
            pool.rules,
            pool.now,
            pool.managers,
        )


def _change(person: Person, pool: Pool, found: Left) -> str:
    """The first that helps: a language, one more place at a kind of mentor, what opens the nearest gate."""
    fails = judge(person, pool)
    others = np.logical_and.reduce(
        [mask for name, mask in fails.items() if name not in ("language", "places")]
    )
    free = others & fails["places"]
    for mentors, which in (
        (free, "who have a free place"),
        (others & ~(others & fails["language"]).any(), "who suit"),
    ):
        speakers: dict[str, int] = {}
        for row in np.flatnonzero(mentors & ~fails["language"]).tolist():
            for language in pool.mentors[row].languages:
                speakers[language] = speakers.get(language, 0) + 1
        if speakers:
            best = min(speakers, key=lambda language: (-speakers[language], language))
            return f"one more language: {best} ({speakers[best]} of the mentors {which} speak it)"
    if found.reason == SCORE and (more := _more_hours(person, pool, others & fails["language"])):
        return more
    full = others & fails["language"] & ~fails["places"]
    if full.any() and found.reason == COMPETITION:
        kinds: dict[str, int] = {}
        for row in np.flatnonzero(full).tolist():
            for skill in set(person.skills) & set(pool.mentors[row].skills):
                kinds[skill] = kinds.get(skill, 0) + 1
        if kinds:
            best = min(kinds, key=lambda skill: (-kinds[skill], skill))
            return f"one more place at a mentor who offers {best} (without one now: {kinds[best]})"
        return "one more place at any of the mentors who suit"
    return found.hint


def _more_hours(person: Person, pool: Pool, able: Mask) -> str | None:
    """How much more time in common would lift the best pair above the program's minimum; None: time alone cannot."""
    terms = weighted(pool.rules)
    weight = {term.name: weight for term, weight in terms}.get("availability", 0)
    wanted, total = max(1, pool.rules.overlap_wanted), sum(weight for _, weight in terms)
    shares = TERMS["availability"].shares(person, pool)
    rows = np.flatnonzero(able & ~np.isnan(shares))
    if not weight or not len(rows):
        return None
    lacks = (pool.rules.minimum - scores(person, pool)[rows]) * total / (weight * SCALE)
    reached = shares[rows] + lacks
    least = int(np.argmin(np.where(reached <= 1, lacks, np.inf)))
    if reached[least] > 1:
        return None
    minutes = -(-float(lacks[least]) * wanted // QUARTER) * QUARTER
    return f"{int(minutes)} more minutes a week in common with a mentor who could be paired"


def missing(
    mentors: Sequence[Person], places: Ints, prices: Ints, least: int = 5
) -> Sequence[tuple[str, int, int]]:
    """Where are mentors missing? (skill, mentors, mean price of a place in points), dearest first.

    A place that brings one more pair counts the whole scale.
    Only skills that at least `least` mentors offer: no price is shown that belongs to a few.
    """
    offers: dict[str, list[int]] = {}
    for row, mentor in enumerate(mentors):
        if places[row] > 0:
            for skill in mentor.skills:
                offers.setdefault(skill, []).append(row)
    found = [
        (skill, len(rows), int(np.minimum(prices[rows], SCALE).mean()))
        for skill, rows in offers.items()
        if len(rows) >= least
    ]
    return sorted(found, key=lambda each: (-each[2], each[0]))
