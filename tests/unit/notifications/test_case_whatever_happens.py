"""Random histories of a pair: what holds for its case and its mail whatever happens."""

from dataclasses import replace
from datetime import datetime, timedelta

from a_pair import DAY, PAIR, WELL, Service, facts, stalled
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifications.domain.acts import snooze
from services.notifications.domain.decide import decide
from services.notifications.domain.facts import Plan
from services.notifications.domain.outcomes import (
    Fired,
)
from services.notifications.domain.state import Attention, Busy, Status

moves = st.lists(
    st.tuples(
        st.sampled_from(["wait", "held", "stall", "plan", "pause", "go_on", "snooze", "busy", "concern"]),
        st.floats(min_value=0, max_value=35),
    ),
    max_size=30,
)


def move(service: Service, what: str) -> None:
    """One thing that happens to the pair."""
    now, kept = service.now, service.facts
    match what:
        case "held":
            service.facts = replace(kept, health=WELL, last_held=now.date())
        case "stall":
            service.facts = replace(kept, health=stalled(now.date()))
        case "plan":
            service.facts = replace(kept, plans=(Plan(now + 3 * DAY, now + 4 * DAY),))
        case "pause":
            service.facts = replace(kept, pair=replace(PAIR, state="paused"))
        case "go_on":
            service.facts = replace(kept, pair=PAIR, concern=False)
        case "concern":
            service.facts = replace(kept, concern=True)
        case "busy":
            busy = (Busy(participant="mentor", until=now + 6 * DAY),)
            service.facts = replace(kept, attention=kept.attention.model_copy(update={"busy": busy}))
        case "snooze":
            rested = snooze(kept.attention, now + 2 * DAY, "carla", now)
            if isinstance(rested, Attention):
                service.facts = replace(kept, attention=rested)


@settings(max_examples=120, deadline=None)
@given(moves=moves)
def test_whatever_happens_to_a_pair(moves: list[tuple[str, float]]) -> None:
    service = Service(facts())
    seen: set[tuple[int, int]] = set()
    for what, days in moves:
        service.now += timedelta(days=days)
        move(service, what)
        outcomes = service.run()
        fired = [outcome for outcome in outcomes if isinstance(outcome, Fired)]
        assert len(fired) <= 1, "one rung a run at most"
        case = service.facts.attention.case
        for outcome in fired:
            assert case is not None
            assert (case.number, outcome.rung.number) not in seen, "never the same rung twice"
            seen.add((case.number, outcome.rung.number))
        assert service.run() == [], "a run that sees nothing new does nothing"
        decision = decide(service.facts, service.now)
        assert decision.due is None or decision.due > service.now
        if case is not None and case.status is not Status.OPEN:
            assert case.track.since is None, "the clock of a case that is not open stands"
    assert len({mail.id for mail in service.mail}) == len(service.mail), "no message is sent twice"
    limited: dict[str, list[datetime]] = {}
    for mail in service.mail:
        limited.setdefault(mail.person, []).append(mail.at)
    for times in limited.values():
        for at in times:
            assert sum(at <= other < at + 7 * DAY for other in times) <= 2
