"""From people to columns: two halves joined, with what the two sides have to do with each other.

Gates that concern a mentor alone close their places; gates on two people become short lists of barred pairs. A
gate or a term that this file does not know (a new one in the domain) is asked row by row, as it stands there.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from services.matching.domain.gates import GATES
from services.matching.domain.people import SCALE
from services.matching.domain.score import NEUTRAL, weighted
from services.matching.domain.terms import TERMS
from services.matching.domain.terms.choice import liking
from services.matching.domain.weekly import QUARTER, WORDS, offset_minutes, reference_weeks
from services.matching.engine.columns import PASSED, SILENT, Cohort, Columns
from services.matching.engine.given import KERNELS
from services.matching.engine.given import People as People
from services.matching.engine.given import people as people
from services.matching.engine.graph import Ints
from services.matching.engine.halves import (
    OF_A_MENTOR,
    MenteeHalf,
    MentorHalf,
    Numbering,
    Postings,
    mentee_half,
    mentor_half,
)
from services.matching.engine.numbering import hours_of
from services.matching.engine.parts import parted
from services.matching.engine.tables import Table, bits
from services.matching.engine.ties import crossing, positions, widened

MOST_WEIGHT = 150
"""Weights of a program may add up to this; beyond it sums and prices would not fit the kernels' 32 bits."""
KNOWN_GATES = frozenset(
    {"role", "leave", "places", "self", "pair", "exclusion", "reporting_line", "promotion_pool", "language"}
) | set(OF_A_MENTOR)


def cohort(given: People) -> Cohort:
    """Columns, places and wishes of these people. Raises ValueError where weights add up to more than MOST_WEIGHT."""
    numbering = Numbering()
    mentors = mentor_half(given, numbering)
    return joined(mentee_half(given, numbering), mentors, given.drafts)


def joined(mentees: MenteeHalf, mentors: MentorHalf, drafts: Iterable[tuple[str, str]] = ()) -> Cohort:
    """The columns of two halves; mentees and mentors are positions in their `persons`.

    drafts: (mentee's enrollment, mentor's enrollment); pairs of people who are not here are passed over. What it
    costs grows with the smaller side, but for copies of arrays. Raises ValueError where the weights add up to more
    than MOST_WEIGHT, or the halves were not built with one numbering.
    """
    numbering, rules = mentors.numbering, mentors.pool.rules
    if mentees.numbering is not numbering:
        raise ValueError("these halves were built with another numbering")
    terms = weighted(rules)
    known = {term.name: weight for term, weight in terms}
    if sum(known.values()) > MOST_WEIGHT:
        raise ValueError(f"the weights of a program may add up to {MOST_WEIGHT}, not {sum(known.values())}")
    speeches = numbering.speeches.names
    kinds, kind = _classes(mentors, len(speeches))
    levels, level = np.unique(kinds[:, 0], return_inverse=True)
    spoken, speech = np.unique(kinds[:, 2], return_inverse=True)
    first = np.array([each[0] if each else -1 for each in speeches], np.int32)
    width = len(numbering.tongues)
    tongues = bits(speeches, width).reshape(len(speeches), max(1, -(-width // 64)))
    hours = _hours(mentees, mentors)
    crossed = crossing(mentees.side, mentors.side)
    barred = _widened(crossed.barred, mentees, mentors)
    draft = positions(drafts, mentees.persons, mentors.persons)
    offered = _wide(mentors.offered, len(numbering.skills))
    helping = _wide(mentors.helping, len(numbering.goals))
    holding = _wide(mentors.holding, len(numbering.values))
    tables = numbering.tables(rules)
    part = parted(tables, mentees.keys, mentors.keys)
    columns = Columns(
        weights=np.array([known.get(name, 0) for name in KERNELS], np.int64),
        unit=max(1, sum(known.values())),
        minimum=rules.minimum,
        bonus=rules.draft_bonus,
        enough=max(1, rules.overlap_wanted),
        liking=liking_shares(),
        skill_at=mentees.seeks.at,
        skill=mentees.seeks.columns,
        skill_level=mentees.seeks.values,
        goal_at=mentees.aims.at,
        goal=mentees.aims.columns,
        goal_level=mentees.aims.values,
        value_at=mentees.cares.at,
        value=mentees.cares.columns,
        value_level=mentees.cares.values,
        tongue=tongues[mentees.speech].reshape(-1),
        first_tongue=first[mentees.speech],
        hours=mentees.hours,
        seniority=mentees.seniority,
        band=mentees.band.reshape(-1),
        choice_at=crossed.choices.at,
        choice=crossed.choices.columns,
        choice_place=crossed.choices.values,
        ranked=mentees.ranked,
        chosen_at=crossed.chosen.at,
        chosen=crossed.chosen.columns,
        chosen_place=crossed.chosen.values,
        barred_at=barred.at,
        barred=barred.columns,
        draft_at=draft.at,
        draft=draft.columns,
        kind=kind.astype(np.uint32),
        kind_level=level.reshape(-1).astype(np.uint32),
        kind_silent=kinds[:, 1].astype(np.uint32),
        kind_speech=speech.reshape(-1).astype(np.uint32),
        levels=levels.astype(np.int16),
        speech=tongues[spoken].reshape(-1),
        speech_first=first[spoken],
        offer_at=offered.at,
        offer=offered.mentors,
        offer_level=offered.values,
        offer_row=offered.row,
        offer_dense=offered.dense,
        helps_at=helping.at,
        helps=helping.mentors,
        helps_level=helping.values,
        helps_row=helping.row,
        helps_dense=helping.dense,
        holds_at=holding.at,
        holds=holding.mentors,
        holds_level=holding.values,
        holds_row=holding.row,
        holds_dense=holding.dense,
        pattern=hours.pattern,
        own_hours=hours.own,
        their_hours=hours.their,
        weeks=hours.weeks,
        **part._asdict(),
    )
    table_of = {table.part.name: table for table in tables}
    rowwise = tuple(
        term.name
        for term, _ in terms
        if term.name not in KERNELS and (term.name not in table_of or table_of[term.name].too_large)
    )
    return Cohort(columns, mentors.places, mentees.wishes, rowwise)


def strange_points(given: People, rowwise: Sequence[str], mentee: int) -> Ints:
    """(mentors,) weight · share of the terms named, for one mentee, asked as they stand in the domain."""
    points = np.zeros(given.pool.size, np.int64)
    for name in rowwise:
        shares = TERMS[name].shares(given.mentees[mentee], given.pool)
        points += given.pool.rules.weights[name] * np.where(
            np.isnan(shares), NEUTRAL, np.rint(np.nan_to_num(shares) * SCALE)
        ).astype(np.int64)
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


def _classes(mentors: MentorHalf, speeches: int) -> tuple[Ints, Ints]:
    """((classes, 3) seniority, silence and languages; (mentors,) the class of each)."""
    width = max(1, speeches)
    key = (mentors.seniority.astype(np.int64) * 16 + mentors.silent) * width + mentors.speech
    keys, kind = np.unique(key, return_inverse=True)
    rest, speech = np.divmod(keys, width)
    level, silent = np.divmod(rest, 16)
    return np.stack([level, silent, speech], axis=1), kind.reshape(-1)


def _wide(given: Postings, width: int) -> Postings:
    """The same for all names there are now: nobody offers those that came later."""
    more = width - (len(given.at) - 1)
    at = np.concatenate([given.at, np.full(more, given.at[-1])])
    return given._replace(at=at, row=np.concatenate([given.row, np.full(more, -1, np.int32)]))


class _Hours(NamedTuple):
    weeks: int
    own: npt.NDArray[np.uint64]
    """(patterns of mentees, weeks · words)"""
    their: npt.NDArray[np.uint64]
    """(weeks · words, patterns of mentors)"""
    pattern: npt.NDArray[np.uint32]
    """(mentors,) the number of patterns where they are not known."""


def _hours(mentees: MenteeHalf, mentors: MentorHalf) -> _Hours:
    """Of reference weeks that all clocks of the two halves shift alike only one is kept: it has the same overlaps."""
    weeks = _different_weeks(mentees.zones | mentors.zones, mentors.pool.now)
    used, pattern = np.unique(mentors.hours, return_inverse=True)
    silent = len(used) > 0 and used[0] < 0
    used, pattern = (used[1:], pattern - 1) if silent else (used, pattern)
    own = hours_of(mentees.numbering.own_hours)[:, weeks]
    their = hours_of(mentors.numbering.their_hours)[used][:, weeks]
    return _Hours(
        len(weeks),
        np.ascontiguousarray(own.reshape(len(own), len(weeks) * WORDS)),
        np.ascontiguousarray(their.reshape(len(their), len(weeks) * WORDS).T),
        np.where(pattern < 0, len(used), pattern).reshape(-1).astype(np.uint32),
    )


def _different_weeks(zones: frozenset[str], now: datetime) -> list[int]:
    kept: dict[tuple[int, ...], int] = {}
    for week, at in enumerate(reference_weeks(now)):
        offsets = [found for zone in sorted(zones) if (found := offset_minutes(zone, at)) is not None]
        key = tuple((offset - offsets[0]) // QUARTER for offset in offsets)
        # Quarters are rounded inward, so a shift that is no whole quarter may change an overlap: keep that week.
        odd = [offset % QUARTER for offset in offsets]
        kept.setdefault((*key, *odd), week)
    return list(kept.values())


def _widened(barred: Table, mentees: MenteeHalf, mentors: MentorHalf) -> Table:
    """What gates forbid that this file has never heard of, asked row by row."""
    strange = [gate for name, gate in GATES.items() if name not in KNOWN_GATES]
    if not strange:
        return barred
    rows: list[Sequence[int]] = []
    for person in mentees.persons:
        allowed = np.logical_and.reduce([gate.judge(person, mentors.pool) for gate in strange])
        rows.append(np.flatnonzero(~allowed).tolist())
    return widened(barred, rows)
