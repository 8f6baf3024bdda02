"""What the world makes of a pair without anyone's command: leaving, leave, expiry, start, end, rematch.

Level-triggered: it sees the facts as they are now and returns where the pair belongs; running it twice, or
late, or after the facts came in another order, ends in the same state.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.matching.domain import lifecycle as do
from services.matching.domain import pair as state
from services.matching.domain.pair import Changed, Pair
from services.matching.domain.people import Rules


@dataclass(frozen=True, slots=True)
class MemberFacts:
    """One member as seen now."""

    gone: bool = False
    """Left the organization (its effective date and notice have passed), or was erased."""
    withdrawn: bool = False
    """Withdrew this enrollment, or its consent."""
    on_leave: bool = False
    away: bool = False


@dataclass(frozen=True, slots=True)
class PairFacts:
    """Everything a pair's fate depends on besides its own state. Empty `members`: nothing known yet."""

    members: tuple[MemberFacts, ...] = ()
    start: datetime | None = None
    """Cohort start; None: it has started."""
    end: datetime | None = None
    closed: bool = False
    """The program was closed: it begins nothing new."""
    rematch: bool = False
    """A coordinator confirmed that the two are rematched."""
    failing: tuple[str, ...] = ()
    """Gate classes that fail now."""
    rules: Rules = field(default_factory=Rules)


@dataclass(frozen=True, slots=True)
class Settled:
    """Where the pair belongs, what happened on the way (the last is published), and when to look again."""

    pair: Pair
    events: tuple[str, ...]
    due: datetime | None


def next_change_time(now: datetime, rules: Rules) -> datetime:
    """The next moment at which ends decided by a person take effect: after `now`, so that nobody can tell who
    decided from when it happened (domain.md, Confidentiality; Monday 09:00 in the program's zone)."""
    local = now.astimezone(ZoneInfo(rules.zone))
    day = local.date() + timedelta(days=(rules.change_weekday - local.weekday()) % 7)
    hour = time(*divmod(rules.change_minute, 60))
    at = datetime.combine(day, hour, tzinfo=local.tzinfo)
    if at <= local:
        at = datetime.combine(day + timedelta(days=7), hour, tzinfo=local.tzinfo)
    return at.astimezone(UTC)


def settle(pair: Pair, facts: PairFacts, now: datetime) -> Settled:
    """Carry out whatever is due, as often as something is; at most a handful of steps."""
    events: list[str] = []
    while (command := _due(pair, facts, now)) is not None:
        outcome = do.decide(pair, command, now)
        if not isinstance(outcome, Changed):
            break
        pair = outcome.pair
        if outcome.event:
            events.append(outcome.event)
    gates = _gates(pair, facts.failing, now) if pair.state in state.LIVING else pair.gates
    if gates != pair.gates:
        pair = pair.model_copy(update={"gates": gates})
    return Settled(pair, tuple(events), _next(pair, facts, now))


def _due(pair: Pair, facts: PairFacts, now: datetime) -> do.Command | None:
    """The next thing to happen to this pair, or None."""
    gone = any(member.gone for member in facts.members)
    withdrawn = any(member.withdrawn for member in facts.members)
    on_leave = any(member.on_leave for member in facts.members)
    away = any(member.away for member in facts.members)
    off = facts.closed or gone or withdrawn or on_leave or away or bool(facts.failing)
    if pair.state == state.DRAFT:
        return do.Drop() if off else None
    if pair.state == state.PROPOSED:
        if off:
            return do.Withdraw()
        return do.Expire() if pair.expires_at and now >= pair.expires_at else None
    if pair.state not in state.LIVING:
        return None
    if gone:
        return do.End("left", "left")
    if withdrawn:
        return do.End("withdrew")
    if pair.ending and now >= pair.ending.at:
        return do.Complete() if pair.ending.reason == "goals_met" else do.End(pair.ending.reason)
    if facts.end and now >= facts.end:
        return do.Complete()
    if facts.rematch and not pair.ending:
        return do.EndLater(next_change_time(now, facts.rules), "rematched", "coordinator")
    if pair.state == state.ACCEPTED:
        since = max(pair.accepted_at or now, facts.start or datetime.min.replace(tzinfo=UTC))
        return do.Activate(since) if now >= since else None
    if on_leave and not pair.on_leave:
        return do.Leave()
    if pair.on_leave and not on_leave:
        return do.Return()
    if pair.state == state.PAUSED and not pair.on_leave and not pair.pause(state.REQUESTED, now):
        return do.Resume()
    return None


def _gates(pair: Pair, failing: Iterable[str], now: datetime) -> tuple[tuple[str, datetime], ...]:
    """Failing classes with the moment since when; one that failed before keeps its moment."""
    since = dict(pair.gates)
    return tuple((name, since.get(name, now)) for name in sorted(failing))


def _next(pair: Pair, facts: PairFacts, now: datetime) -> datetime | None:
    """The next moment at which time alone changes something."""
    moments: list[datetime | None] = []
    if pair.state == state.PROPOSED:
        moments.append(pair.expires_at)
    if pair.state == state.ACCEPTED:
        moments.append(facts.start)
    if pair.state in state.LIVING:
        moments += [facts.end, pair.ending.at if pair.ending else None]
        moments += [span.until for span in pair.pauses]
    later = [moment for moment in moments if moment is not None and moment > now]
    return min(later, default=None)
