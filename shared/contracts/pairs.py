"""`matching.pairs`: who works with whom, and how far they have come."""

from datetime import date, tzinfo
from enum import StrEnum

from pydantic import Field

from shared.contracts.common import Contract, Id, Moment, Role, known


class State(StrEnum):
    """Known published states (domain.md, Pair states); a draft is private to matching."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    ACTIVE = "active"
    PAUSED = "paused"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    COMPLETED = "completed"
    ENDED = "ended"


LIVING = frozenset({State.ACCEPTED.value, State.ACTIVE.value, State.PAUSED.value})
"""States of two people who said yes and have not come to an end."""


class Origin(StrEnum):
    """Known origins of a pair."""

    ENGINE = "engine"
    MENTEE = "mentee"
    MENTOR = "mentor"
    COORDINATOR = "coordinator"
    IMPORT = "import"


class Outcome(StrEnum):
    """All that the world sees of how a pair ended."""

    COMPLETED = "completed"
    ENDED = "ended"
    LEFT = "left"


class PauseKind(StrEnum):
    """Why the clock stops: asked for (with an end), or for as long as a member is on leave."""

    REQUESTED = "requested"
    LEAVE = "leave"


class Member(Contract):
    """One person in the pair, by the enrollment that made it possible."""

    participant: Id
    role: str = Field(json_schema_extra=known(Role))
    enrollment: Id | None = None


class Pause(Contract):
    """Days that do not count, both included; `last` None: until further notice (a leave)."""

    first: date
    last: date | None = None
    kind: str = Field(default=PauseKind.REQUESTED.value, json_schema_extra=known(PauseKind))


class Pair(Contract):
    """The whole state of a pair. `shape` is `one_to_one` today; groups will come without a new topic.

    `active_from`: the first day of the clocks, the later of acceptance and cohort start. `pauses` are all
    there ever were. Why a pair ended or was declined is sealed: only `outcome` is told.
    """

    id: Id
    program: Id
    cohort: Id
    shape: str = "one_to_one"
    members: tuple[Member, ...] = Field(min_length=1)
    origin: str = Field(default=Origin.ENGINE.value, json_schema_extra=known(Origin))
    external_id: str | None = None
    state: str = Field(json_schema_extra=known(State))
    proposed_at: Moment | None = None
    expires_at: Moment | None = None
    accepted_at: Moment | None = None
    active_from: date | None = None
    pauses: tuple[Pause, ...] = ()
    ended_at: Moment | None = None
    outcome: str | None = Field(default=None, json_schema_extra=known(Outcome))

    def together_since(self, zone: tzinfo) -> date | None:
        """The day, in a zone, on which the two were brought together; None for one that tells no date.

        That may be before both said yes or their cohort starts: some talk first.
        """
        moments = (moment for moment in (self.proposed_at, self.accepted_at) if moment is not None)
        days = [moment.astimezone(zone).date() for moment in moments]
        return min([*days, self.active_from] if self.active_from is not None else days, default=None)


TYPES = {
    "pair.proposed": "Shown to the members, who may accept or decline.",
    "pair.accepted": "Every member said yes, and the coordinator where the program asks.",
    "pair.activated": "The pair's time begins.",
    "pair.changed": "A date or a link changed; the state did not.",
    "pair.declined": "A member said no; nobody is told who or why.",
    "pair.expired": "Nobody answered in time.",
    "pair.withdrawn": "A gate failed before the pair was accepted.",
    "pair.paused": "The clock stops.",
    "pair.resumed": "The clock goes on.",
    "pair.completed": "The pair reached its end.",
    "pair.ended": "The pair came to an end early.",
}
