"""A cohort as arrays: what the score kernels read. No object per pair ever exists.

What many mentors share is looked up once for all of them: a mentor's *class* (seniority, languages, what is
silent) and *pattern* (free hours) index small tables, and a *posting* (skill → mentors, goal → mentors) is
walked only by those who seek it.
"""

from typing import NamedTuple

import numpy as np

from services.matching.engine.compile import (
    ByteRows,
    Bytes,
    CountRows,
    Counts32,
    Ints32,
    LongRows,
    Longs,
    Rows32,
    Shorts,
    WordRows,
    Words,
)
from services.matching.engine.graph import Ints

UNKNOWN = -(2**15)
"""A seniority that is not known."""
SILENT = 7
"""Code of one who ranked nobody; 0 … 5 are ranks (5: sixth and later), PASSED one who ranked others."""
PASSED = 6


class Columns(NamedTuple):
    """n mentees, m mentors. Lists are CSR: `x_at[i]:x_at[i + 1]` in the arrays named x_…"""

    weights: Longs
    """(7,) as `given.KERNELS`: choice, skills, goals, languages, availability, seniority, values."""
    unit: int
    """What a score is divided by: the sum of all weights, at least 1."""
    minimum: int
    """Least score of a pair, before any bonus."""
    bonus: int
    """Points that a draft is worth beyond its score."""
    enough: int
    """Minutes a week in common that count as plenty."""
    liking: LongRows
    """(8, 8) share of *choice* by the mentee's code for the mentor and the mentor's for the mentee."""
    # mentees
    skill_at: Longs
    skill: Ints32
    skill_level: Bytes
    goal_at: Longs
    goal: Ints32
    goal_level: Bytes
    """Ones: a goal is shared or not."""
    value_at: Longs
    value: Ints32
    value_level: Bytes
    tongue: Words
    """(n · words) languages as bits."""
    first_tongue: Ints32
    """(n) the one liked best, −1: silent."""
    hours: Ints32
    """(n) pattern of free hours, −1: not known."""
    seniority: Shorts
    band: Shorts
    """(2n) least and most gap wanted."""
    choice_at: Longs
    choice: Ints32
    """Mentors ranked, the dearest first."""
    choice_place: Bytes
    """Code of each choice, 0 … 5."""
    ranked: Bytes
    """(n) whether the mentee ranked anybody at all, in this cohort or not."""
    chosen_at: Longs
    chosen: Ints32
    """Mentors who ranked this mentee."""
    chosen_place: Bytes
    barred_at: Longs
    barred: Ints32
    """Mentors that a gate keeps from this mentee (but for language, which is counted)."""
    draft_at: Longs
    draft: Ints32
    """Mentors this mentee has a draft with."""
    # mentors
    kind: Counts32
    """(m) class."""
    kind_level: Counts32
    """(classes) seniority, as a position in `levels`."""
    kind_silent: Counts32
    """1: offers no skill, 2: names no goal, 4: ranked nobody, 8: names no value."""
    kind_speech: Counts32
    """Languages, as a position in `speech_…`."""
    levels: Shorts
    speech: Words
    """(speeches · words) languages as bits."""
    speech_first: Ints32
    """The one liked best, −1: silent."""
    offer_at: Longs
    """(skills + 1)"""
    offer: Ints32
    """Mentors offering each skill."""
    offer_level: Bytes
    offer_row: Ints32
    """(skills) the row of a skill that many offer in `offer_dense`, −1: walk its posting."""
    offer_dense: ByteRows
    helps_at: Longs
    helps: Ints32
    helps_level: Bytes
    helps_row: Ints32
    helps_dense: ByteRows
    holds_at: Longs
    holds: Ints32
    holds_level: Bytes
    holds_row: Ints32
    holds_dense: ByteRows
    pattern: Counts32
    """(m) pattern of free hours; the number of patterns where they are not known."""
    # free hours
    own_hours: WordRows
    """(patterns of mentees, weeks · words)"""
    their_hours: WordRows
    """(weeks · words, patterns of mentors): the other way round, so that many are counted at once."""
    weeks: int
    # classed terms and boosts (parts.py)
    part_at: Longs
    """(tables) where each begins in `part_points`."""
    part_width: Longs
    """(tables) keys of mentors in it."""
    part_points: Ints32
    """Points by key of a mentee, then key of a mentor."""
    part_mine: Rows32
    """(tables, n) the mentee's key."""
    group_at: Longs
    """(groups + 1) the tables of each group."""
    group_classes: Longs
    """(groups) classes that its mentors have."""
    class_at: Longs
    """(tables) where the keys of the classes begin in `class_keys`."""
    class_keys: Ints32
    group_of: CountRows
    """(groups, m) the mentor's class."""


class Cohort(NamedTuple):
    """What the pipeline solves: columns with places and wishes."""

    columns: Columns
    capacities: Ints
    """(m,) free places; 0 for a mentor who cannot take anyone now."""
    demands: Ints
    """(n,) mentors still wanted."""
    rowwise: tuple[str, ...] = ()
    """Terms without kernel or table: what they bring is asked of the domain, row by row."""

    @property
    def largest(self) -> int:
        """How many different answers anyone's skills, goals and values have: the product of each one's number + 1."""
        c = self.columns
        levels = np.concatenate([[0], np.cumsum(c.skill_level, dtype=np.int64)])
        skills = levels[c.skill_at[1:]] - levels[c.skill_at[:-1]]
        return int(((skills + 1) * (np.diff(c.goal_at) + 1) * (np.diff(c.value_at) + 1)).max(initial=1))

    @property
    def mentees(self) -> int:
        return len(self.demands)

    @property
    def mentors(self) -> int:
        return len(self.capacities)
