"""The gates: what no score can outweigh. To add one, write a function here under `@gate`, no more.

A gate answers for one mentee and all mentors at once: True where the two may be paired. **Missing data never
fails a gate** but training and screening (domain.md, Matching): what is not known passes.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from services.matching.domain.people import Person
from services.matching.domain.pool import Mask, Pool, below
from services.matching.domain.tree import above, reach

RESTRICTED = "restricted"
"""What a coordinator reads for gates whose name alone would tell something about a person."""

Judge = Callable[[Person, Pool], Mask]


@dataclass(frozen=True)
class Gate:
    name: str
    judge: Judge
    hint: str
    """The smallest change that opens this gate, in words that name nobody."""
    living: bool = True
    """Judged again for living pairs; a pair cannot fail for being a pair, or for full places."""
    restricted: bool = False

    @property
    def shown(self) -> str:
        """The class that a coordinator reads."""
        return RESTRICTED if self.restricted else self.name


GATES: dict[str, Gate] = {}


def gate(name: str, *, hint: str, living: bool = True, restricted: bool = False) -> Callable[[Judge], Judge]:
    """Register a gate under its class."""

    def register(judge: Judge) -> Judge:
        GATES[name] = Gate(name, judge, hint, living, restricted)
        return judge

    return register


@gate("self", hint="someone else offers to mentor", living=False)
def not_oneself(mentee: Person, pool: Pool) -> Mask:
    mask = pool.all(True)
    mask[pool.where((mentee.participant,))] = False
    return mask


@gate("role", hint="the mentor's enrollment opens", living=False)
def open_role(mentee: Person, pool: Pool) -> Mask:
    return pool.column(_open) & mentee.open


@gate("leave", hint="someone is back", living=False, restricted=True)
def both_present(mentee: Person, pool: Pool) -> Mask:
    return pool.column(_present) & mentee.present


@gate("places", hint="one more place at a mentor who fits", living=False)
def places_left(mentee: Person, pool: Pool) -> Mask:
    return pool.column(_free)


@gate("pair", hint="a mentor they have not been paired with yet", living=False)
def never_paired(mentee: Person, pool: Pool) -> Mask:
    mask = pool.all(True)
    mask[pool.where(mentee.past)] = False
    mask[pool.column(_past).get(mentee.participant, [])] = False
    return mask


@gate("exclusion", hint="a change by one of the two", restricted=True)
def not_excluded(mentee: Person, pool: Pool) -> Mask:
    mask = pool.all(True)
    mask[pool.where(mentee.excluded)] = False
    mask[pool.column(_excluded).get(mentee.participant, [])] = False
    return mask


@gate("reporting_line", hint="a mentor outside their reporting line")
def outside_reporting_line(mentee: Person, pool: Pool) -> Mask:
    mask = pool.all(True)
    levels = reach(pool.rules)
    if levels == 0:
        return mask
    mask[pool.where(above(pool.managers, mentee.participant, levels))] = False
    mask[pool.column(below).get(mentee.participant, [])] = False
    return mask


@gate("promotion_pool", hint="a mentor who does not compete with them", restricted=True)
def no_competition(mentee: Person, pool: Pool) -> Mask:
    if mentee.promotion_pool is None:
        return pool.all(True)
    mask = pool.all(True)
    mask[pool.column(_promotion_pools).get(mentee.promotion_pool, [])] = False
    return mask


@gate("language", hint="one language in common with a mentor")
def common_language(mentee: Person, pool: Pool) -> Mask:
    if not mentee.languages:
        return pool.all(True)
    speakers = pool.column(_speakers)
    mask = pool.column(_silent).copy()
    for language in mentee.languages:
        mask[speakers.get(language, [])] = True
    return mask


@gate("training", hint="a mentor who has had the training")
def trained(mentee: Person, pool: Pool) -> Mask:
    """Where the program asks for it; here, and at screening, what is not known does fail."""
    return pool.column(_trained) if "training" in pool.rules.gates else pool.all(True)


@gate("screening", hint="a mentor whose screening is done")
def screened(mentee: Person, pool: Pool) -> Mask:
    return pool.column(_screened) if "screening" in pool.rules.gates else pool.all(True)


def _trained(pool: Pool) -> Mask:
    return np.array([mentor.trained is True for mentor in pool.mentors], dtype=np.bool_)


def _screened(pool: Pool) -> Mask:
    return np.array([mentor.screened is True for mentor in pool.mentors], dtype=np.bool_)


def _open(pool: Pool) -> Mask:
    return np.array([mentor.open for mentor in pool.mentors], dtype=np.bool_)


def _present(pool: Pool) -> Mask:
    return np.array([mentor.present for mentor in pool.mentors], dtype=np.bool_)


def _free(pool: Pool) -> Mask:
    return np.array([mentor.places > mentor.held for mentor in pool.mentors], dtype=np.bool_)


def _silent(pool: Pool) -> Mask:
    """Mentors whose languages are not known: they pass."""
    return np.array([not mentor.languages for mentor in pool.mentors], dtype=np.bool_)


def _speakers(pool: Pool) -> dict[str, list[int]]:
    return _rows_by(pool, lambda mentor: mentor.languages)


def _excluded(pool: Pool) -> dict[str, list[int]]:
    return _rows_by(pool, lambda mentor: tuple(mentor.excluded))


def _past(pool: Pool) -> dict[str, list[int]]:
    return _rows_by(pool, lambda mentor: tuple(mentor.past))


def _promotion_pools(pool: Pool) -> dict[str, list[int]]:
    return _rows_by(pool, lambda mentor: (mentor.promotion_pool,) if mentor.promotion_pool else ())


def _rows_by(pool: Pool, values: Callable[[Person], tuple[str, ...]]) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = {}
    for row, mentor in enumerate(pool.mentors):
        for value in values(mentor):
            rows.setdefault(value, []).append(row)
    return rows


def judge(mentee: Person, pool: Pool) -> dict[str, Mask]:
    """Every gate's answer for one mentee, by class."""
    return {name: each.judge(mentee, pool) for name, each in GATES.items()}


def allowed(mentee: Person, pool: Pool) -> Mask:
    """The mentors whom this mentee may be paired with."""
    mask = pool.all(True)
    for each in GATES.values():
        mask &= each.judge(mentee, pool)
    return mask


def failing(mentee: Person, mentor: Person, pool: Pool, *, living: bool = False) -> tuple[str, ...]:
    """Classes of the gates that these two fail now; for a living pair only those that may still end it.

    `pool` gives rules, tree and time; its mentors are not used.
    """
    alone = Pool((mentor,), pool.rules, pool.now, pool.managers)
    return tuple(
        name
        for name, each in GATES.items()
        if (each.living or not living) and not each.judge(mentee, alone)[0]
    )


def shown(names: Iterable[str]) -> tuple[str, ...]:
    """Failing gates as a coordinator reads them: exclusion, leave and promotion pool are one class."""
    return tuple(dict.fromkeys(GATES[name].shown if name in GATES else name for name in names))
