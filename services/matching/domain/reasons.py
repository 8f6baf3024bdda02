"""Why someone is left over, and the smallest change that would help; what each reader may read of it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from services.matching.domain.gates import GATES, RESTRICTED, judge
from services.matching.domain.people import MENTEE, MENTOR, Person
from services.matching.domain.pool import Pool
from services.matching.domain.score import scores

NOBODY = "nobody"
COMPETITION = "competition"
SCORE = "score"
SPARE = "spare"

NOT_NOW = "Not available in this program now"
"""All that a participant reads where the reason is somebody else's (domain.md, Matching)."""

OWN = {
    NOBODY: "Nobody offers to mentor in this round yet",
    COMPETITION: "Everyone who suits you has no place left now; you are next as soon as there is one",
    "places": "Everyone who suits you has no place left now; you are next as soon as there is one",
    "language": "No mentor here speaks a language of yours yet; add a language if you speak one more",
    "reporting_line": "Those who would suit you are in your own reporting line",
    SPARE: "Everyone who can be matched has a mentor; you are next as soon as someone joins",
}


@dataclass(frozen=True, slots=True)
class Left:
    """One person without a partner after a plan."""

    enrollment: str
    role: str
    reason: str
    """A gate class as a coordinator reads it, or nobody | competition | score | spare."""
    sentence: str
    hint: str
    possible: int
    """Partners who pass every gate but have no place left (mentee), or would suit (mentor)."""
    gates: Mapping[str, int]
    """How many possible partners fail each class, classes as a coordinator reads them."""


def ranked(rank: int, possible: int) -> str:
    """The place of a mentor among those who were possible for a mentee, and why the better ones went elsewhere."""
    if rank == 1:
        return f"The best of {possible} possible mentors"
    return (
        f"Number {rank} of {possible} possible mentors; the places of the better ones bring more with others"
    )


def why_left(mentee: Person, pool: Pool) -> Left:
    """What holds a mentee back: full mentors, or the class of gates of which the fewest stand in the way."""

    def left(reason: str, sentence: str, hint: str, possible: int, gates: Mapping[str, int]) -> Left:
        return Left(mentee.enrollment, MENTEE, reason, sentence, hint, possible, gates)

    others = pool.all(True)
    others[pool.where((mentee.participant,))] = False
    if not others.any():
        return left(NOBODY, "Nobody else offers to mentor", "someone offers to mentor", 0, {})
    fails = {name: ~mask & others for name, mask in judge(mentee, pool).items() if name != "self"}
    counts: dict[str, int] = {}
    for shown in dict.fromkeys(GATES[name].shown for name in fails):
        failing = np.logical_or.reduce([mask for name, mask in fails.items() if GATES[name].shown == shown])
        if failing.any():
            counts[shown] = int(failing.sum())
    number = np.sum(list(fails.values()), axis=0)
    fit = others & ((number == 0) | ((number == 1) & fails["places"]))
    suit = fit & (scores(mentee, pool) >= pool.rules.minimum)
    if suit.any():
        n = int(suit.sum())
        return left(
            COMPETITION,
            f"{_mentors(n)} would suit; their places went to others",
            GATES["places"].hint,
            n,
            counts,
        )
    if fit.any():
        n = int(fit.sum())
        return left(SCORE, f"{_mentors(n)} could be paired, all below the program's minimum",
                    "a lower minimum, or more in the profile", n, counts)  # fmt: skip
    least = int(number[others].min())
    nearest = others & (number == least)
    found = {name: int((mask & nearest).sum()) for name, mask in fails.items() if (mask & nearest).any()}
    name = max(found, key=lambda each: (not GATES[each].restricted, found[each]))
    shown = GATES[name].shown
    only = f"{_mentors(found[name])} fail only at {shown}"
    sentence = only if least == 1 else f"Everyone fails at {shown}, and more"
    hint = "a change by the person or the program" if shown == RESTRICTED else GATES[name].hint
    return left(shown, sentence, hint, 0, counts)


def spare(mentor: Person, possible: int) -> Left:
    """Why a mentor has nobody: too few mentees, or none who passes the gates."""
    if possible:
        sentence = "Everyone who would suit has a mentor they fit better"
    else:
        sentence = "No mentee without a mentor passes the gates with this mentor"
    return Left(mentor.enrollment, MENTOR, SPARE, sentence, "one more mentee", possible, {})


def for_participant(reason: str) -> str:
    """What the person concerned reads: their own facts, or that nobody is available now."""
    return OWN.get(reason, NOT_NOW)


def _mentors(number: int) -> str:
    return "1 mentor" if number == 1 else f"{number} mentors"
