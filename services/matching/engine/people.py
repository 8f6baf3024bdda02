"""From people to columns, once for a cohort: the one place where the engine looks at a person.

Gates that concern a mentor alone close their places; gates on two people become short lists of barred pairs. A
gate or a term that this file does not know (a new one in the domain) is asked row by row, as it stands there.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from services.matching.domain.gates import GATES
from services.matching.domain.people import SCALE, Person, Rules
from services.matching.domain.pool import Pool, below
from services.matching.domain.score import NEUTRAL, weighted
from services.matching.domain.terms import Term
from services.matching.domain.terms.availability import bits_of
from services.matching.domain.terms.choice import liking
from services.matching.domain.tree import above, reach
from services.matching.domain.weekly import QUARTER, WORDS, offset_minutes, reference_weeks
from services.matching.engine.columns import PASSED, SILENT, UNKNOWN, Cohort, Columns
from services.matching.engine.graph import Ints
from services.matching.engine.tables import Numbers, Table, bits, distinct, popular, table, turned

Words = npt.NDArray[np.uint64]
Patterns = npt.NDArray[np.int32]

TERMS = ("choice", "skills", "goals", "languages", "availability", "seniority")
"""Terms with a kernel, in the order of `Columns.weights`."""
MOST_WEIGHT = 150
"""Weights of a program may add up to this; beyond it sums and prices would not fit the kernels' 32 bits."""
OF_A_MENTOR = ("training", "screening")
"""Gates that close a mentor's places; role, leave and places are in `Person.free`."""
KNOWN_GATES = frozenset(
    {"role", "leave", "places", "self", "pair", "exclusion", "reporting_line", "promotion_pool", "language"}
) | set(OF_A_MENTOR)


@dataclass(frozen=True)
class People:
    """One cohort, in the order that numbers everybody: what the engine answers are positions in these lists."""

    mentees: Sequence[Person]
    pool: Pool
    drafts: frozenset[tuple[str, str]] = frozenset()
    """(mentee's enrollment, mentor's enrollment)."""

    @property
    def strange(self) -> list[tuple[Term, int]]:
        """Terms that count but have no kernel."""
        return [(term, weight) for term, weight in weighted(self.pool.rules) if term.name not in TERMS]


def people(
    mentees: Iterable[Person],
    mentors: Iterable[Person],
    rules: Rules,
    now: datetime,
    managers: Mapping[str, str] | None = None,
    drafts: Iterable[tuple[str, str]] = (),
) -> People:
    """Everybody in the order of enrollment ids, so that equal input gives equal pairs."""
    return People(
        sorted(mentees, key=lambda person: person.enrollment),
        Pool(sorted(mentors, key=lambda person: person.enrollment), rules, now, managers or {}),
        frozenset(drafts),
    )


def cohort(given: People) -> Cohort:
    """Columns, places and wishes of these people. Raises ValueError where weights add up to more than MOST_WEIGHT."""
    pool, rules = given.pool, given.pool.rules
    mentees, mentors = given.mentees, pool.mentors
    skills, goals, tongues = Numbers[str](), Numbers[str](), Numbers[str]()
    for person in (*mentors, *mentees):
        for language in person.languages:
            tongues.of(language)
    offers = table([{skills.of(name): level for name, level in p.skills.items()} for p in mentors])
    helps = table([{goals.of(name): 1 for name in sorted(p.goals)} for p in mentors])
    seek = table([{skills.of(name): level for name, level in p.skills.items()} for p in mentees])
    aims = table([{goals.of(name): 1 for name in sorted(p.goals)} for p in mentees])
    offered, helping = turned(offers, len(skills)), turned(helps, len(goals))
    offer_row, offer_dense = popular(offered, len(mentors))
    helps_row, helps_dense = popular(helping, len(mentors))
    choices, chosen = _choices(given)
    kinds, kind = distinct([(_seniority(p), _silent(p), p.languages) for p in mentors])
    levels, level = distinct([seniority for seniority, _, _ in kinds])
    speeches, speech = distinct([spoken for _, _, spoken in kinds])
    weeks, own, own_pattern, their, pattern = _hours(given)
    barred, draft = _barred(given), _drafts(given)
    known = {term.name: weight for term, weight in weighted(rules)}
    if sum(known.values()) > MOST_WEIGHT:
        raise ValueError(f"the weights of a program may add up to {MOST_WEIGHT}, not {sum(known.values())}")
    columns = Columns(
        weights=np.array([known.get(name, 0) for name in TERMS], np.int64),
        unit=max(1, sum(known.values())),
        minimum=rules.minimum,
        bonus=rules.draft_bonus,
        enough=max(1, rules.overlap_wanted),
        liking=liking_shares(),
        skill_at=seek.at,
        skill=seek.columns,
        skill_level=seek.values,
        goal_at=aims.at,
        goal=aims.columns,
        goal_level=aims.values,
        tongue=bits([tongues.all(p.languages) for p in mentees], len(tongues)),
        first_tongue=np.array([tongues.first(p.languages) for p in mentees], np.int32),
        hours=own_pattern,
        seniority=np.array([_seniority(p) for p in mentees], np.int16),
        band=np.array([_band(p, rules) for p in mentees], np.int16).reshape(-1),
        choice_at=choices.at,
        choice=choices.columns,
        choice_place=choices.values,
        ranked=np.array([bool(p.choices) for p in mentees], np.uint8),
        chosen_at=chosen.at,
        chosen=chosen.columns,
        chosen_place=chosen.values,
        barred_at=barred.at,
        barred=barred.columns,
        draft_at=draft.at,
        draft=draft.columns,
        kind=kind.astype(np.uint32),
        kind_level=level.astype(np.uint32),
        kind_silent=np.array([silent for _, silent, _ in kinds], np.uint32),
        kind_speech=speech.astype(np.uint32),
        levels=np.array(levels, np.int16),
        speech=bits([tongues.all(spoken) for spoken in speeches], len(tongues)),
        speech_first=np.array([tongues.first(spoken) for spoken in speeches], np.int32),
        offer_at=offered.at,
        offer=offered.columns,
        offer_level=offered.values,
        offer_row=offer_row,
        offer_dense=offer_dense,
        helps_at=helping.at,
        helps=helping.columns,
        helps_level=helping.values,
        helps_row=helps_row,
        helps_dense=helps_dense,
        pattern=np.where(pattern < 0, len(their), pattern).astype(np.uint32),
        own_hours=own,
        their_hours=np.ascontiguousarray(their.T),
        weeks=weeks,
    )
    able = np.ones(len(mentors), np.bool_)
    for name in OF_A_MENTOR:
        if mentees:
            able &= GATES[name].judge(mentees[0], pool)
    places = np.array([p.free for p in mentors], np.int64)
    return Cohort(columns, np.where(able, places, 0), np.array([p.free for p in mentees], np.int64))


def strange_points(given: People, mentee: int) -> Ints:
    """(mentors,) weight · share of the terms without a kernel, for one mentee."""
    points = np.zeros(given.pool.size, np.int64)
    for term, weight in given.strange:
        shares = term.shares(given.mentees[mentee], given.pool)
        points += weight * np.where(np.isnan(shares), NEUTRAL, np.rint(np.nan_to_num(shares) * SCALE)).astype(
            np.int64
        )
    return points


def liking_shares() -> Ints:
    """(8, 8) share of *choice*: the mean of both sides' liking, a side that ranked nobody has no say."""
    values = [liking(rank) for rank in range(PASSED)] + [liking(None)]
    result = np.full((8, 8), NEUTRAL, np.int64)
    for a in range(8):
        for b in range(8):
            if a != SILENT and b != SILENT:
                result[a, b] = np.rint((values[a] + values[b]) / 2 * SCALE)
            elif (a, b) != (SILENT, SILENT):
                result[a, b] = np.rint(values[min(a, b)] * SCALE)
    return result


def _seniority(person: Person) -> int:
    return UNKNOWN if person.seniority is None else person.seniority


def _silent(person: Person) -> int:
    return (not person.skills) + 2 * (not person.goals) + 4 * (not person.choices)


def _band(person: Person, rules: Rules) -> tuple[int, int]:
    """As the term *seniority* reads it: the program's band as far as the wish narrows it, else the wish."""
    least, most = rules.seniority_band
    if person.gap is None:
        return least, most
    both = max(least, person.gap[0]), min(most, person.gap[1])
    return both if both[0] <= both[1] else person.gap


def _choices(given: People) -> tuple[Table, Table]:
    """Whom each mentee ranked, and who ranked each mentee, with the code of the rank."""
    spots = _spots(given.pool.mentors)
    own = _spots(given.mentees)
    choices = [
        {row: min(PASSED - 1, rank) for rank, who in enumerate(p.choices) for row in spots.get(who, ())}
        for p in given.mentees
    ]
    chosen: list[dict[int, int]] = [{} for _ in given.mentees]
    for row, person in enumerate(given.pool.mentors):
        for rank, who in enumerate(person.choices):
            for mentee in own.get(who, ()):
                chosen[mentee][row] = min(PASSED - 1, rank)
    return table(choices), table(chosen)


def _spots(persons: Sequence[Person]) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = {}
    for row, person in enumerate(persons):
        rows.setdefault(person.participant, []).append(row)
    return rows


def _hours(given: People) -> tuple[int, Words, Patterns, Words, Patterns]:
    """(weeks, patterns of mentees, pattern of each, patterns of mentors, pattern of each).

    Of reference weeks that all clocks of the cohort shift alike only one is kept: it has the same overlaps.
    """
    sides = []
    for persons in (given.mentees, given.pool.mentors):
        found = [bits_of(person, given.pool) for person in persons]
        numbers = Numbers[bytes]()
        pattern = [-1 if each is None else numbers.of(each.tobytes()) for each in found]
        unique = np.frombuffer(b"".join(numbers.names), np.uint64)
        sides.append((unique, np.array(pattern, np.int32)))
    weeks = len(reference_weeks(given.pool.now))
    kept = _different_weeks(given, weeks)
    own, their = (
        np.ascontiguousarray(side.reshape(-1, weeks, WORDS)[:, kept].reshape(-1, len(kept) * WORDS))
        for side, _ in sides
    )
    return len(kept), own, sides[0][1], their, sides[1][1]


def _different_weeks(given: People, weeks: int) -> list[int]:
    zones = sorted({p.zone for p in (*given.mentees, *given.pool.mentors) if p.zone and p.availability})
    kept: dict[tuple[int, ...], int] = {}
    for week, at in enumerate(reference_weeks(given.pool.now)):
        offsets = [found for zone in zones if (found := offset_minutes(zone, at)) is not None]
        key = tuple((offset - offsets[0]) // QUARTER for offset in offsets)
        # Quarters are rounded inward, so a shift that is no whole quarter may change an overlap: keep that week.
        odd = [offset % QUARTER for offset in offsets]
        kept.setdefault((*key, *odd), week)
    return list(kept.values())


def _barred(given: People) -> Table:
    """Pairs that a gate on two people forbids."""
    pool = given.pool
    levels = reach(pool.rules)
    spots, reports = _spots(pool.mentors), pool.column(below)
    excluding: dict[str, list[int]] = {}
    paired: dict[str, list[int]] = {}
    rivals: dict[str, list[int]] = {}
    for row, mentor in enumerate(pool.mentors):
        for other in mentor.excluded:
            excluding.setdefault(other, []).append(row)
        for other in mentor.past:
            paired.setdefault(other, []).append(row)
        if mentor.promotion_pool:
            rivals.setdefault(mentor.promotion_pool, []).append(row)
    rows: list[dict[int, int]] = []
    new_gates = [gate for name, gate in GATES.items() if name not in KNOWN_GATES]
    for mentee in given.mentees:
        others = {mentee.participant, *mentee.past, *mentee.excluded}
        barred = {row for other in others for row in spots.get(other, ())}
        barred.update(excluding.get(mentee.participant, ()), paired.get(mentee.participant, ()))
        if levels != 0:
            chain = above(pool.managers, mentee.participant, levels)
            barred.update(row for manager in chain for row in spots.get(manager, ()))
            barred.update(reports.get(mentee.participant, ()))
        if mentee.promotion_pool is not None:
            barred.update(rivals.get(mentee.promotion_pool, ()))
        for gate in new_gates:
            barred.update(np.flatnonzero(~gate.judge(mentee, pool)).tolist())
        rows.append(dict.fromkeys(sorted(barred), 0))
    return table(rows)


def _drafts(given: People) -> Table:
    at = {person.enrollment: row for row, person in enumerate(given.pool.mentors)}
    rows: dict[str, list[int]] = {}
    for mentee, mentor in given.drafts:
        if mentor in at:
            rows.setdefault(mentee, []).append(at[mentor])
    return table([dict.fromkeys(sorted(rows.get(p.enrollment, ())), 0) for p in given.mentees])
