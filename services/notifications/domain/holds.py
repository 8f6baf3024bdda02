"""What makes the clock of a case stand: planned sessions, absence, a word of *busy until*, safeguarding."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from services.notifications.domain.facts import Facts, Plan
from services.notifications.domain.outcomes import Held


def hold(facts: Facts, now: datetime) -> Held | None:
    """The reason the clock stands at `now`, the longest of those there are, or None."""
    if facts.concern:
        return Held(None, "restricted", suspended=True)
    pair, case = facts.pair, facts.attention.case
    if pair is not None and pair.state == "paused":
        return Held(None, "paused")
    if pair is not None and any(facts.person(id).absent for id in pair.members):
        return Held(None, "absent")
    reasons: list[tuple[datetime, str]] = []
    if case is not None and case.snoozed_until is not None:
        reasons.append((case.snoozed_until, "snoozed"))
    reasons.extend((busy.until, "busy") for busy in facts.attention.busy)
    reasons.extend((plan.until, "planned") for plan in facts.plans if _from(facts, plan) <= now)
    standing = [(until, why) for until, why in reasons if until > now]
    if not standing:
        return None
    until, why = max(standing)
    return Held(until, why)


def hold_edges(facts: Facts, now: datetime) -> Iterator[datetime]:
    """The moments ahead at which a hold begins or ends."""
    for plan in facts.plans:
        yield from (edge for edge in (_from(facts, plan), plan.until) if edge > now)
    yield from (busy.until for busy in facts.attention.busy if busy.until > now)


def _from(facts: Facts, plan: Plan) -> datetime:
    """A plan holds from one cadence before its day (health.md, Not meeting), not from a year before."""
    cadence = facts.health.cadence_days if facts.health else 14
    return plan.starts - timedelta(days=cadence)
