"""The synthetic organization with every term weighted: values, style, support, field, location, and boosts too."""

from typing import Any

import numpy as np

from benchmarks.matching.population import population, sample
from services.matching.domain.people import DEFAULT_WEIGHTS, Boost, Person, Rules
from services.matching.domain.score import weighted
from services.matching.engine.columns import Cohort
from services.matching.engine.given import KERNELS
from services.matching.engine.parts import PartTable, parted, parts_of
from services.matching.engine.tables import popular, turned

VALUES, SITES, FIELDS = 20, 40, 30
STYLES = ("directive", "collaborative", "motivating", "sponsoring")
SUPPORTS = ("career", "psychosocial", "work_life_balance", "networks")
RULES = Rules(
    weights={**DEFAULT_WEIGHTS, "location": 2, "affinity": 2},
    boosts=(Boost(50_000, "pilot", (("site", ("site 1", "site 2")),)),),
)


def everything(mentees: int, mentors: int, places: int, seed: int) -> Cohort:
    """`population` with all twelve terms and a boost. The same seed is the same cohort."""
    base = population(mentees, mentors, places, seed)
    rng = np.random.default_rng([seed, mentees, mentors, 2])
    cares = sample(rng, rng.integers(3, 6, mentees), VALUES, 0.5)
    holds = sample(rng, rng.integers(3, 6, mentors), VALUES, 0.5)
    cares.values[:] = holds.values[:] = 1
    holding = turned(holds, VALUES)
    row, dense = popular(holding, mentors)
    tables = [PartTable(part) for part in parts_of(RULES)]
    sides = []
    for role, count in (("mentee", mentees), ("mentor", mentors)):
        persons = [_person(rng, role) for _ in range(count)]
        keys = np.zeros((count, len(tables)), np.int32)
        for column, table in enumerate(tables):
            key, numbers = (
                (table.part.mentee, table.mentees) if role == "mentee" else (table.part.mentor, table.mentors)
            )
            keys[:, column] = [numbers.of(key(person)) for person in persons]
        sides.append(keys)
    terms = {term.name: weight for term, weight in weighted(RULES)}
    return base._replace(
        columns=base.columns._replace(
            weights=np.array([terms[name] for name in KERNELS], np.int64),
            unit=sum(terms.values()),
            value_at=cares.at,
            value=cares.columns,
            value_level=cares.values,
            holds_at=holding.at,
            holds=holding.columns,
            holds_level=holding.values,
            holds_row=row,
            holds_dense=dense,
            **parted(tables, *sides)._asdict(),
        )
    )


def _person(rng: np.random.Generator, role: str) -> Person:
    def some(words: tuple[str, ...]) -> frozenset[str]:
        return frozenset(str(word) for word in rng.permutation(words)[: int(rng.integers(1, 4))])

    site = int(rng.zipf(1.4)) % SITES
    more: dict[str, Any] = {"site": f"site {site}", "region": f"r{site // 2}", "country": f"c{site // 8}"}
    return Person(
        "",
        "",
        role,
        styles=some(STYLES),
        supports=some(SUPPORTS),
        area=f"field {int(rng.integers(0, FIELDS))}",
        affinity=some(("a", "b", "c")) if rng.random() < 0.2 else frozenset(),
        **more,
    )
