"""What becomes of a pair: `decide(pair, command, now) -> outcome`, pure, and every state it may pass through.

draft → proposed → accepted → active ⇄ paused → completed | ended; proposed → declined | expired | withdrawn;
draft → dropped → draft. A state that is not on this road is refused, never corrected.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from services.matching.domain import pair as state
from services.matching.domain.pair import (
    UNCHANGED,
    Changed,
    Ending,
    Member,
    Outcome,
    Pair,
    Refused,
    Span,
    Told,
)

MAX_PAUSE = timedelta(weeks=12)
"""A requested pause has an end date, at most this far away (domain.md, Vocabulary)."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft that was dropped is wanted again."""

    score: int
    reasons: tuple[Told, ...] = ()


@dataclass(frozen=True, slots=True)
class Propose:
    answer_by: datetime


@dataclass(frozen=True, slots=True)
class Drop:
    """The engine has a better idea for a draft that nobody has seen."""


@dataclass(frozen=True, slots=True)
class Accept:
    participant: str


@dataclass(frozen=True, slots=True)
class Decline:
    participant: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Approve:
    """The coordinator's yes, where the program asks for it."""


@dataclass(frozen=True, slots=True)
class Withdraw:
    """A gate fails now for a proposal, or a member takes part no longer."""


@dataclass(frozen=True, slots=True)
class Expire:
    """Nobody answered in time."""


@dataclass(frozen=True, slots=True)
class Activate:
    """The cohort has started: the pair's time runs from `since`, the later of acceptance and start."""

    since: datetime


@dataclass(frozen=True, slots=True)
class Pause:
    until: datetime


@dataclass(frozen=True, slots=True)
class Resume:
    """Whoever asked for the pause, or its end date, ends it."""


@dataclass(frozen=True, slots=True)
class Leave:
    """A member is on leave."""


@dataclass(frozen=True, slots=True)
class Return:
    """No member is on leave any more."""


@dataclass(frozen=True, slots=True)
class EndLater:
    """A person decided to end the pair; it ends at the program's change time, with one wording."""

    at: datetime
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class End:
    reason: str
    outcome: str = "ended"


@dataclass(frozen=True, slots=True)
class Complete:
    """The cohort is over, or the two have reached what they wanted."""


Command = (
    Draft
    | Propose
    | Drop
    | Accept
    | Decline
    | Approve
    | Withdraw
    | Expire
    | Activate
    | Pause
    | Resume
    | Leave
    | Return
    | EndLater
    | End
    | Complete
)


def decide(pair: Pair, command: Command, now: datetime) -> Outcome:
    """What a command makes of a pair at that time. Nothing here depends on the order in which facts came."""
    match command:
        case Draft():
            again = {"score": command.score, "reasons": command.reasons, "drafted_at": now}
            return _from(pair, {state.DROPPED}, lambda: Changed(_to(pair, state.DRAFT, **again), None))
        case Propose():
            return _from(pair, {state.DRAFT}, lambda: _propose(pair, command, now))
        case Drop():
            return _from(pair, {state.DRAFT}, lambda: Changed(_to(pair, state.DROPPED), None))
        case Accept():
            return _accept(pair, command, now)
        case Decline():
            return _decline(pair, command, now)
        case Approve():
            return _approve(pair, now)
        case Withdraw():
            return _from(pair, {state.PROPOSED}, lambda: _close(pair, state.WITHDRAWN, now))
        case Expire():
            return _from(pair, {state.PROPOSED}, lambda: _close(pair, state.EXPIRED, now))
        case Activate():
            return _from(pair, {state.ACCEPTED}, lambda: _activate(pair, command))
        case Pause():
            return _pause(pair, command, now)
        case Resume():
            return _resume(pair, now)
        case Leave():
            if pair.state == state.PAUSED and pair.on_leave:
                return UNCHANGED
            return _from(pair, {state.ACTIVE, state.PAUSED}, lambda: _leave(pair, now))
        case Return():
            return _return(pair, now)
        case EndLater():
            ending = Ending(at=command.at, reason=command.reason, by=command.by)
            if pair.ending:
                return UNCHANGED
            return _from(pair, state.LIVING, lambda: Changed(_with(pair, ending=ending), None))
        case End():
            return _from(pair, state.LIVING, lambda: _end(pair, command, now))
        case Complete():
            return _from(
                pair, state.LIVING, lambda: _end(pair, End("goals_met", "completed"), now, state.COMPLETED)
            )
        case _:
            assert_never(command)


def _with(pair: Pair, **changes: object) -> Pair:
    return pair.model_copy(update=changes)


def _to(pair: Pair, name: str, **changes: object) -> Pair:
    return _with(pair, state=name, **changes)


def _from(pair: Pair, states: set[str] | frozenset[str], change: Callable[[], Changed]) -> Outcome:
    if pair.state in states:
        return change()
    return _not_now(pair)


def _propose(pair: Pair, command: Propose, now: datetime) -> Changed:
    shown = _to(pair, state.PROPOSED, proposed_at=now, expires_at=command.answer_by)
    return Changed(shown, "pair.proposed")


def _close(pair: Pair, name: str, now: datetime, reason: str | None = None) -> Changed:
    return Changed(_to(pair, name, ended_at=now, reason=reason), f"pair.{name}")


def _accept(pair: Pair, command: Accept, now: datetime) -> Outcome:
    member = pair.member(command.participant)
    if member is None:
        return Refused("no_member", "Only its two members can accept a pair.")
    if member.accepted_at:
        return UNCHANGED
    if pair.state == state.PROPOSED and pair.expires_at and now >= pair.expires_at:
        return Refused("expired", "This proposal was open until its answer date.")
    if pair.state != state.PROPOSED:
        return _not_now(pair)
    return _agreed(_answered(pair, member.model_copy(update={"accepted_at": now})), now)


def _answered(pair: Pair, answer: Member) -> Pair:
    members = (answer if each.participant == answer.participant else each for each in pair.members)
    return _with(pair, members=tuple(members))


def _not_now(pair: Pair) -> Refused:
    """Over is over: neither of the two reads whether the other said no or a gate fails now."""
    if pair.state in {state.DECLINED, state.EXPIRED, state.WITHDRAWN}:
        return Refused("wrong_state", "This proposal is over.")
    return Refused("wrong_state", f"This pair is {pair.state}.")


def _approve(pair: Pair, now: datetime) -> Outcome:
    if pair.approved_at:
        return UNCHANGED
    if not pair.approval:
        return Refused("no_approval", "This program asks for no approval.")
    if pair.state != state.PROPOSED:
        return _not_now(pair)
    return _agreed(_with(pair, approved_at=now), now)


def _agreed(pair: Pair, now: datetime) -> Changed:
    """Accepted as soon as everyone whose yes it takes has said so."""
    everyone = all(member.accepted_at for member in pair.members)
    if everyone and (pair.approved_at or not pair.approval):
        return Changed(_to(pair, state.ACCEPTED, accepted_at=now), "pair.accepted")
    return Changed(pair, None)


def _decline(pair: Pair, command: Decline, now: datetime) -> Outcome:
    member = pair.member(command.participant)
    if member is None:
        return Refused("no_member", "Only its two members can decline a pair.")
    if pair.state == state.DECLINED:
        return UNCHANGED
    no = _answered(pair, member.model_copy(update={"declined_at": now}))
    return _from(pair, {state.PROPOSED}, lambda: _close(no, state.DECLINED, now, command.reason))


def _activate(pair: Pair, command: Activate) -> Changed:
    return Changed(_to(pair, state.ACTIVE, active_at=command.since), "pair.activated")


def _pause(pair: Pair, command: Pause, now: datetime) -> Outcome:
    if not now < command.until <= now + MAX_PAUSE:
        return Refused("pause_length", "A pause ends in the future, and within 12 weeks.")
    running = pair.pause(state.REQUESTED, now)
    if running and running.until == command.until:
        return UNCHANGED
    since = running.since if running else now
    others = tuple(span for span in pair.pauses if span is not running)
    asked = Span(kind=state.REQUESTED, since=since, until=command.until)
    paused = _to(pair, state.PAUSED, pauses=(*others, asked))
    return _from(pair, {state.ACTIVE, state.PAUSED}, lambda: Changed(paused, "pair.paused"))


def _resume(pair: Pair, now: datetime) -> Outcome:
    if pair.state == state.ACTIVE:
        return UNCHANGED
    if pair.state != state.PAUSED:
        return _not_now(pair)
    running = pair.pause(state.REQUESTED, now)
    if pair.on_leave and not running:
        return Refused("on_leave", "This pause ends by itself.")
    pauses = _ended(pair.pauses, running, now)
    if pair.on_leave:
        return Changed(_with(pair, pauses=pauses), "pair.paused")
    return Changed(_to(pair, state.ACTIVE, pauses=pauses), "pair.resumed")


def _leave(pair: Pair, now: datetime) -> Changed:
    leave = Span(kind=state.ON_LEAVE, since=now)
    return Changed(_to(pair, state.PAUSED, pauses=(*pair.pauses, leave)), "pair.paused")


def _return(pair: Pair, now: datetime) -> Outcome:
    running = pair.pause(state.ON_LEAVE, now)
    if running is None:
        return UNCHANGED
    pauses = _ended(pair.pauses, running, now)
    if pair.pause(state.REQUESTED, now):
        return Changed(_with(pair, pauses=pauses), "pair.paused")
    return Changed(_to(pair, state.ACTIVE, pauses=pauses), "pair.resumed")


def _ended(pauses: tuple[Span, ...], running: Span | None, now: datetime) -> tuple[Span, ...]:
    """The pauses with the running one ended now; one that lasted no time at all never was."""
    ended = (span.model_copy(update={"until": now}) if span is running else span for span in pauses)
    return tuple(span for span in ended if span.until is None or span.since < span.until)


def _end(pair: Pair, command: End, now: datetime, name: str = state.ENDED) -> Changed:
    ended = _to(
        pair, name, ended_at=now, outcome=command.outcome, reason=command.reason, ending=None, gates=()
    )
    return Changed(ended, f"pair.{name}")
