"""Pure: the rungs of an escalation, and how many messages a person may get and when.

notifications runs it, sessions rehearses with it; both must see the same dates, hence one room for it.
"""

from shared.ladder.pacing import (
    DEFAULT_PACE,
    Inbox,
    Pace,
    Placement,
    Precedence,
    Quiet,
    Slot,
    awake,
    place,
    pruned,
    release,
    reserve,
    take,
)
from shared.ladder.rungs import DEFAULT_LADDER, Ask, Ladder, Rung, stretched
from shared.ladder.track import Track, due_at, due_rung, fire, run, stand, start

__all__ = [
    "DEFAULT_LADDER",
    "DEFAULT_PACE",
    "Ask",
    "Inbox",
    "Ladder",
    "Pace",
    "Placement",
    "Precedence",
    "Quiet",
    "Rung",
    "Slot",
    "Track",
    "awake",
    "due_at",
    "due_rung",
    "fire",
    "place",
    "pruned",
    "release",
    "reserve",
    "run",
    "stand",
    "start",
    "stretched",
    "take",
]
