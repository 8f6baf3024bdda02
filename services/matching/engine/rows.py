"""Scores, a row at a time: one mentee against every mentor, exactly as the domain's terms define them.

A row is int32 *sums*, Σ weight · share, −1 and below where a gate says no; the score is sum // unit. To add a term,
add its file in the domain: it works at once, as a table where it is classed (parts.py), else evaluated as it stands
there. A kernel here only makes it fast.
"""

import numpy as np

from services.matching.engine.columns import SILENT, UNKNOWN, Columns
from services.matching.engine.compile import (
    ByteRows,
    Bytes,
    Counts32,
    Ints32,
    Longs,
    Word,
    kernel,
)

NEVER = -(2**30)
"""The sum of a pair that a gate forbids: no price or bonus brings it back above zero."""
WHOLE = 1_000_000
HALF = 500_000
FADE = 3.0
"""Steps outside the seniority band after which nothing is left of the share, as in the domain's term."""
QUARTER = 15


@kernel
def popcount(word: Word) -> int:
    """Bits set in 64."""
    x = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
    x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return int((x * np.uint64(0x0101010101010101)) >> np.uint64(56))


@kernel
def common_hours(c: Columns, own: int, out: Ints32) -> None:
    """Points of *availability* for one pattern of a mentee against every pattern of mentors.

    out (patterns + 1,): its last place is for mentors whose hours are not known.
    """
    patterns = c.their_hours.shape[1]
    weight = c.weights[4]
    for p in range(patterns + 1):
        out[p] = weight * HALF
    if own < 0 or weight == 0:
        return
    words = c.their_hours.shape[0] // c.weeks
    least = np.full(patterns, 1 << 20, np.int64)
    for week in range(c.weeks):
        count = np.zeros(patterns, np.int64)
        for w in range(week * words, (week + 1) * words):
            mine = c.own_hours[own, w]
            if mine:  # most words of a week are empty
                for p in range(patterns):
                    count[p] += popcount(mine & c.their_hours[w, p])
        for p in range(patterns):
            least[p] = min(least[p], count[p])
    plenty = (c.enough + QUARTER - 1) // QUARTER
    points = np.empty(plenty + 1, np.int32)
    for quarters in range(plenty + 1):
        points[quarters] = weight * np.int64(np.rint(min(1.0, (quarters * QUARTER) / c.enough) * WHOLE))
    for p in range(patterns):
        out[p] = points[min(least[p], plenty)]


@kernel
def _speeches(c: Columns, i: int, out: Ints32) -> None:
    """Points of *languages* of mentee i with every set of languages that mentors speak; NEVER: none in common."""
    words = len(c.speech) // max(1, len(c.speech_first))
    mine = c.first_tongue[i]
    for k in range(len(c.speech_first)):
        theirs = c.speech_first[k]
        if mine < 0 or theirs < 0:
            out[k] = c.weights[3] * HALF
            continue
        common = False
        for w in range(words):
            if c.tongue[i * words + w] & c.speech[k * words + w]:
                common = True
        share = 0
        if (c.speech[k * words + mine // 64] >> np.uint64(mine % 64)) & np.uint64(1):
            share += HALF
        if (c.tongue[i * words + theirs // 64] >> np.uint64(theirs % 64)) & np.uint64(1):
            share += HALF
        out[k] = c.weights[3] * share if common else NEVER


@kernel
def _levels(c: Columns, i: int, out: Ints32) -> None:
    """Points of *seniority* of mentee i with every level that mentors have."""
    for k in range(len(c.levels)):
        out[k] = c.weights[5] * HALF
        if c.seniority[i] != UNKNOWN and c.levels[k] != UNKNOWN:
            gap = np.int64(c.levels[k]) - np.int64(c.seniority[i])
            outside = max(0, c.band[2 * i] - gap, gap - c.band[2 * i + 1])
            out[k] = c.weights[5] * np.int64(np.rint(max(0.0, 1.0 - outside / FADE) * WHOLE))


@kernel
def kinds(c: Columns, i: int, speeches: Ints32, levels: Ints32, out: Ints32) -> None:
    """What mentee i has with every class of mentors before any posting: seniority, languages, silence.

    speeches, levels: scratch, as long as `speech_first` and `levels`.
    """
    _speeches(c, i, speeches)
    _levels(c, i, levels)
    skills = c.weights[1] * HALF
    goals = c.weights[2] * HALF
    values = c.weights[6] * HALF
    base = 0
    if c.skill_at[i + 1] == c.skill_at[i]:
        base += skills
        skills = 0
    if c.goal_at[i + 1] == c.goal_at[i]:
        base += goals
        goals = 0
    if c.value_at[i + 1] == c.value_at[i]:
        base += values
        values = 0
    mine = 6 if c.ranked[i] else SILENT
    silence = np.empty(16, np.int32)
    for k in range(16):
        silence[k] = base + c.weights[0] * c.liking[mine, SILENT if k & 4 else 6]
        silence[k] += (skills if k & 1 else 0) + (goals if k & 2 else 0) + (values if k & 8 else 0)
    for k in range(len(out)):
        out[k] = levels[c.kind_level[k]] + silence[c.kind_silent[k]] + speeches[c.kind_speech[k]]


@kernel
def _count(
    at: Longs,
    names: Ints32,
    levels: Bytes,
    i: int,
    step: int,
    post_at: Longs,
    post: Ints32,
    post_level: Bytes,
    dense_row: Ints32,
    dense: ByteRows,
    seen: Counts32,
) -> None:
    """Adds step · Σ min(offered, sought) over what mentee i seeks to seen (mentors,)."""
    for s in range(at[i], at[i + 1]):
        name = names[s]
        most = levels[s]
        found = dense_row[name]
        if found >= 0:
            for j in range(len(seen)):
                seen[j] += np.uint32(min(dense[found, j], most)) * np.uint32(step)
        else:
            for p in range(post_at[name], post_at[name + 1]):
                seen[post[p]] += np.uint32(min(post_level[p], most)) * np.uint32(step)


@kernel
def _answers(c: Columns, i: int, lut: Ints32) -> tuple[int, int]:
    """Points for every amount of skills, goals and values that a mentor may cover, in lut; the steps of the two
    latter."""
    skills = 0
    for s in range(c.skill_at[i], c.skill_at[i + 1]):
        skills += c.skill_level[s]
    goals = c.goal_at[i + 1] - c.goal_at[i]
    values = c.value_at[i + 1] - c.value_at[i] if c.weights[6] > 0 else 0
    step = skills + 1
    for value in range(values + 1):
        same = c.weights[6] * np.int64(np.rint(value / max(1, values) * WHOLE))
        for goal in range(goals + 1):
            base = same + c.weights[2] * np.int64(np.rint(goal / max(1, goals) * WHOLE))
            at = (value * (goals + 1) + goal) * step
            for amount in range(step):
                share = np.int64(np.rint(amount / max(1, skills) * WHOLE))
                lut[at + amount] = base + c.weights[1] * share
    return step, step * (goals + 1)


@kernel
def _classed(c: Columns, i: int, out: Ints32) -> None:
    """Adds what classed terms and boosts bring: by class of mentors first, then one look-up a mentor and group."""
    for group in range(len(c.group_at) - 1):
        points = np.zeros(c.group_classes[group], np.int32)
        for part in range(c.group_at[group], c.group_at[group + 1]):
            mine = c.part_at[part] + np.int64(c.part_mine[part, i]) * c.part_width[part]
            keys = c.class_at[part]
            for k in range(len(points)):
                points[k] += c.part_points[mine + c.class_keys[keys + k]]
        of = c.group_of[group]
        for j in range(len(out)):
            out[j] += points[of[j]]


@kernel
def row(
    c: Columns,
    i: int,
    hours: Ints32,
    by_kind: Ints32,
    speeches: Ints32,
    levels: Ints32,
    seen: Counts32,
    code: Bytes,
    lut: Ints32,
    extra: Ints32,
    out: Ints32,
) -> None:
    """The sums of mentee i with every mentor, drafts with their bonus, into out (mentors,).

    hours: `common_hours` of this mentee's pattern. by_kind, speeches, levels, lut: scratch for all classes,
    languages, levels, and `Cohort.largest`; seen (mentors,) too. code (mentors,): zeros, and zeros again
    afterwards. extra: (mentors,) what terms without a kernel bring, or nothing.
    """
    kinds(c, i, speeches, levels, by_kind)
    step, stride = _answers(c, i, lut)
    seen[:] = 0
    _count(
        c.skill_at, c.skill, c.skill_level, i, 1,
        c.offer_at, c.offer, c.offer_level, c.offer_row, c.offer_dense, seen,
    )  # fmt: skip
    _count(
        c.goal_at, c.goal, c.goal_level, i, step,
        c.helps_at, c.helps, c.helps_level, c.helps_row, c.helps_dense, seen,
    )  # fmt: skip
    if c.weights[6] > 0:
        _count(
            c.value_at, c.value, c.value_level, i, stride,
            c.holds_at, c.holds, c.holds_level, c.holds_row, c.holds_dense, seen,
        )  # fmt: skip
    for j in range(len(out)):
        out[j] = by_kind[c.kind[j]] + hours[c.pattern[j]] + lut[seen[j]]
    if len(c.group_at) > 1:
        _classed(c, i, out)
    for j in range(len(extra)):
        out[j] += extra[j]
    if c.weights[0] > 0:
        mine = 6 if c.ranked[i] else SILENT
        for x in range(c.chosen_at[i], c.chosen_at[i + 1]):
            code[c.chosen[x]] = c.chosen_place[x] + 1
        for x in range(c.choice_at[i], c.choice_at[i + 1]):
            j = c.choice[x]
            base = SILENT if c.kind_silent[c.kind[j]] & 4 else 6
            theirs = code[j] - 1 if code[j] else base
            out[j] += c.weights[0] * (c.liking[c.choice_place[x], theirs] - c.liking[mine, base])
            code[j] = 0
        for x in range(c.chosen_at[i], c.chosen_at[i + 1]):
            j = c.chosen[x]
            if code[j]:
                out[j] += c.weights[0] * (c.liking[mine, c.chosen_place[x]] - c.liking[mine, 6])
                code[j] = 0
    for x in range(c.barred_at[i], c.barred_at[i + 1]):
        out[c.barred[x]] = NEVER
    least = c.minimum * c.unit
    for x in range(c.draft_at[i], c.draft_at[i + 1]):
        if out[c.draft[x]] >= least:
            out[c.draft[x]] += c.bonus * c.unit
