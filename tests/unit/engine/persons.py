"""Random people with everything that can be known, and everything that can be missing."""

import numpy as np

from services.matching.domain.people import Person

SKILLS = [f"skill {n}" for n in range(12)]
GOALS = [f"goal {n}" for n in range(6)]
LANGUAGES = ["en", "de", "fr", "ja", "pt"]
VALUES = ["honesty", "growth", "care", "freedom", "order"]
STYLES = ["directive", "collaborative", "motivating", "sponsoring"]
SUPPORTS = ["career", "psychosocial", "work_life_balance", "networks"]
COUNTRIES = ["DE", "FR", "us"]
REGIONS = ["BE", "QC", "DE-BE", "FR-75"]
ZONES = ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Sydney", "Nowhere/Land", None]


def person(rng: np.random.Generator, role: str, number: int, others: int) -> Person:
    """One person; about a quarter of everything is not known."""

    def known(share: float = 0.75) -> bool:
        return bool(rng.random() < share)

    def some(names: list[str], most: int) -> tuple[str, ...]:
        count = int(rng.integers(1, most + 1))
        return tuple(str(name) for name in rng.permutation(names)[:count])

    spans: list[tuple[int, int]] = []
    for _ in range(int(rng.integers(1, 4))):
        start = int(rng.integers(0, 10_000))
        spans.append((start, start + int(rng.integers(10, 900))))
    other_role = "mentee" if role == "mentor" else "mentor"
    ranked = tuple(dict.fromkeys(f"{other_role} {int(n)}" for n in rng.integers(0, others + 2, 8)))
    least = int(rng.integers(-2, 3))
    return Person(
        enrollment=f"{role} enrollment {number:04}",
        # Some mentees are mentors of the same cohort as well.
        participant=f"mentor {number}" if role == "mentee" and rng.random() < 0.1 else f"{role} {number}",
        role=role,
        open=known(0.95),
        present=known(0.95),
        places=int(rng.integers(1, 4)) if role == "mentor" else int(rng.integers(1, 3)),
        held=int(rng.random() < 0.2),
        choices=ranked if known(0.3) else (),
        excluded=frozenset(ranked[-2:]) if known(0.2) else frozenset(),
        past=frozenset(ranked[:1]) if known(0.2) else frozenset(),
        languages=some(LANGUAGES, 3) if known() else (),
        skills={name: int(rng.integers(1, 6)) for name in some(SKILLS, 5)} if known() else {},
        goals=frozenset(some(GOALS, 3)) if known() else frozenset(),
        availability=tuple(spans) if known() else (),
        zone=ZONES[int(rng.integers(0, len(ZONES)))],
        seniority=int(rng.integers(0, 8)) if known() else None,
        gap=(least, least + int(rng.integers(0, 3))) if known(0.3) else None,
        values=frozenset(some(VALUES, 3)) if known() else frozenset(),
        styles=frozenset(some(STYLES, 3)) if known() else frozenset(),
        supports=frozenset(some(SUPPORTS, 3)) if known() else frozenset(),
        country=some(COUNTRIES, 1)[0] if known() else None,
        region=some(REGIONS, 1)[0] if known(0.5) else None,
        site=some(["North", "north ", "South"], 1)[0] if known(0.5) else None,
        area=some(["Law", "law", "Trade"], 1)[0] if known() else None,
        affinity=frozenset(some(["g1", "g2", "g3"], 2)) if known(0.4) else frozenset(),
        boost=int(rng.integers(1, 600_000)) if known(0.1) else 0,
        first_time=bool(rng.random() < 0.5) if known() else None,
        promotion_pool=f"pool {int(rng.integers(0, 9))}" if known(0.3) else None,
        trained=bool(rng.random() < 0.8) if known(0.9) else None,
        screened=bool(rng.random() < 0.8) if known(0.9) else None,
    )
