"""A synthetic organization: skills by Zipf's law, a few star mentors whom everyone wants, twelve time zones."""

import numpy as np
import numpy.typing as npt

from services.matching.engine.columns import UNKNOWN, Cohort, Columns
from services.matching.engine.people import liking_shares
from services.matching.engine.tables import Table, bits, popular, turned

SKILLS, GOALS, LANGUAGES, ZONES = 400, 24, 12, 12
WEIGHTS = (8, 6, 5, 2, 3, 3, 0)
"""As `given.KERNELS`."""
STARS = 0.05
QUARTERS = 672


def population(mentees: int, mentors: int, places: int, seed: int) -> Cohort:
    """A cohort of that size with `places` at every mentor. The same seed is the same cohort."""
    rng = np.random.default_rng([seed, mentees, mentors])
    star = rng.random(mentors) < STARS
    seek = sample(rng, rng.integers(3, 7, mentees), SKILLS, 1.0)
    offers = sample(rng, np.where(star, 24, rng.integers(4, 11, mentors)), SKILLS, 0.9)
    offers = offers._replace(
        values=np.where(np.repeat(star, np.diff(offers.at)), 5, offers.values).astype(np.uint8)
    )
    aims = sample(rng, rng.integers(1, 4, mentees), GOALS, 0.7)
    helps = sample(rng, np.where(star, 8, rng.integers(2, 6, mentors)), GOALS, 0.7)
    helps.values[:] = 1
    offered, helping = turned(offers, SKILLS), turned(helps, GOALS)
    offer_row, offer_dense = popular(offered, mentors)
    helps_row, helps_dense = popular(helping, mentors)
    own_zone, their_zone = rng.integers(0, ZONES, mentees), rng.integers(0, ZONES, mentors)
    own_tongue, own_first = _tongues(rng, own_zone)
    spoken, first = _tongues(rng, their_zone)
    seniority = rng.integers(0, 10, mentors).astype(np.int16)
    silent = (rng.random(mentors) < 0.9) * 4
    keys = np.stack([seniority, silent, first, spoken.astype(np.int64)], axis=1)
    kinds, kind = np.unique(keys, axis=0, return_inverse=True)
    speeches, speech = np.unique(kinds[:, 2:], axis=0, return_inverse=True)
    hours = _hours(rng)
    their_hours = _pattern(rng, their_zone)
    ranked = rng.random(mentees) < 0.15
    choices = sample(rng, np.where(ranked, 3, 0), mentors, 0.5)
    choices = choices._replace(values=(np.arange(len(choices.columns)) % 3).astype(np.uint8))
    barred = sample(rng, rng.integers(0, 3, mentees), mentors, 0.0)
    none = np.zeros(mentees + 1, np.int64)
    columns = Columns(
        weights=np.array(WEIGHTS, np.int64),
        unit=sum(WEIGHTS),
        minimum=0,
        bonus=30_000,
        enough=120,
        liking=liking_shares(),
        skill_at=seek.at,
        skill=seek.columns,
        skill_level=seek.values,
        goal_at=aims.at,
        goal=aims.columns,
        goal_level=np.ones(len(aims.columns), np.uint8),
        value_at=none,
        value=np.zeros(0, np.int32),
        value_level=np.zeros(0, np.uint8),
        tongue=own_tongue,
        first_tongue=own_first,
        hours=_pattern(rng, own_zone),
        seniority=np.where(rng.random(mentees) < 0.05, UNKNOWN, rng.integers(0, 7, mentees)).astype(np.int16),
        band=np.tile(np.array([1, 4], np.int16), mentees),
        choice_at=choices.at,
        choice=choices.columns,
        choice_place=choices.values,
        ranked=ranked.astype(np.uint8),
        chosen_at=none,
        chosen=np.zeros(0, np.int32),
        chosen_place=np.zeros(0, np.uint8),
        barred_at=barred.at,
        barred=barred.columns,
        draft_at=none,
        draft=np.zeros(0, np.int32),
        kind=kind.reshape(-1).astype(np.uint32),
        kind_level=kinds[:, 0].astype(np.uint32),
        kind_silent=kinds[:, 1].astype(np.uint32),
        kind_speech=speech.reshape(-1).astype(np.uint32),
        levels=np.arange(10, dtype=np.int16),
        speech=speeches[:, 1].astype(np.uint64),
        speech_first=speeches[:, 0].astype(np.int32),
        offer_at=offered.at,
        offer=offered.columns,
        offer_level=offered.values,
        offer_row=offer_row,
        offer_dense=offer_dense,
        helps_at=helping.at,
        helps=helping.columns,
        helps_level=np.ones(len(helping.columns), np.uint8),
        helps_row=helps_row,
        helps_dense=helps_dense,
        holds_at=np.zeros(1, np.int64),
        holds=np.zeros(0, np.int32),
        holds_level=np.zeros(0, np.uint8),
        holds_row=np.zeros(0, np.int32),
        holds_dense=np.zeros((0, mentors), np.uint8),
        pattern=np.where(their_hours < 0, len(hours), their_hours).astype(np.uint32),
        own_hours=hours,
        their_hours=np.ascontiguousarray(hours.T),
        weeks=2,
        part_at=np.zeros(0, np.int64),
        part_width=np.zeros(0, np.int64),
        part_points=np.zeros(0, np.int32),
        part_mine=np.zeros((0, mentees), np.int32),
        group_at=np.zeros(1, np.int64),
        group_classes=np.zeros(0, np.int64),
        class_at=np.zeros(0, np.int64),
        class_keys=np.zeros(0, np.int32),
        group_of=np.zeros((0, mentors), np.uint32),
    )
    return Cohort(columns, np.full(mentors, places, np.int64), np.ones(mentees, np.int64))


def sample(rng: np.random.Generator, counts: npt.NDArray[np.int64], width: int, power: float) -> Table:
    """Rows of `counts` different numbers below `width`, low ones likelier by Zipf's law; values 1 … 5."""
    weights = np.arange(1, width + 1, dtype=float) ** -power
    ladder = np.cumsum(weights / weights.sum())
    rows = np.repeat(np.arange(len(counts)), counts)
    columns = np.minimum(width - 1, np.searchsorted(ladder, rng.random(len(rows))))
    keys = np.unique(rows * width + columns)
    rows, columns = np.divmod(keys, width)
    at = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(np.bincount(rows, minlength=len(counts)), out=at[1:])
    return Table(at, columns.astype(np.int32), rng.integers(1, 6, len(keys)).astype(np.uint8))


PATTERNS = 40
"""Ways to spread free hours over the local week, in each zone: 480 different patterns in UTC."""


def _hours(rng: np.random.Generator) -> npt.NDArray[np.uint64]:
    """(patterns · zones, weeks · 11) free quarters: two weeks, in the second half the zones have moved an hour."""
    rows = []
    for _ in range(PATTERNS):
        local = np.zeros(QUARTERS, np.bool_)
        for _ in range(int(rng.integers(3, 9))):
            start = int(rng.integers(0, 5)) * 96 + int(rng.integers(30, 76))
            local[start : start + int(rng.integers(2, 9))] = True
        for zone in range(ZONES):
            weeks = [np.roll(local, zone * 8), np.roll(local, zone * 8 + (4 if zone % 2 else 0))]
            rows.append(np.concatenate([bits([np.flatnonzero(week).tolist()], QUARTERS) for week in weeks]))
    return np.array(rows)


def _pattern(rng: np.random.Generator, zone: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    known = rng.random(len(zone)) < 0.9
    return np.where(known, rng.integers(0, PATTERNS, len(zone)) * ZONES + zone, -1).astype(np.int32)


def _tongues(
    rng: np.random.Generator, zone: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int32]]:
    """One's own language by zone, English for four of five."""
    first = (zone % LANGUAGES).astype(np.int32)
    english = np.where(rng.random(len(zone)) < 0.8, 1, 0).astype(np.uint64)
    return english | (np.uint64(1) << first.astype(np.uint64)), first
