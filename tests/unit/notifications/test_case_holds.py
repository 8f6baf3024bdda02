"""What makes the clock of a case stand: plans, pauses, leave, busy days, a concern, a snooze."""

from dataclasses import replace

import pytest
from a_pair import DAY, NOON, PAIR, Service, facts, kinds

from services.notifications.domain.acts import snooze
from services.notifications.domain.facts import Person, Plan
from services.notifications.domain.outcomes import (
    Held,
    Resumed,
)
from services.notifications.domain.state import Attention, Busy


def test_a_planned_session_holds_the_case_until_the_day_after() -> None:
    service = Service(facts())
    service.run()
    plan = Plan(NOON + 5 * DAY, NOON + 6 * DAY)
    assert service.change(plans=(plan,)) == [Held(plan.until, "planned")]
    service.daily(5)
    assert service.rungs == [1]
    assert service.after(1) == [Resumed()]
    service.daily(3)
    assert service.rungs == [1, 2]


def test_a_session_planned_for_next_year_holds_nothing_yet() -> None:
    service = Service(facts(plans=(Plan(NOON + 300 * DAY, NOON + 301 * DAY),)))
    assert kinds(service.run()) == ["Opened", "Fired"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"pair": replace(PAIR, state="paused")}, "paused"),
        ({"people": {"mentee": Person("mentee", absent=True)}}, "absent"),
    ],
)
def test_pauses_and_leave_hold(change: dict[str, object], why: str) -> None:
    service = Service(facts())
    service.run()
    assert service.change(**change) == [Held(None, why)]


def test_a_word_of_busy_until_holds() -> None:
    service = Service(facts())
    service.run()
    until = NOON + 10 * DAY
    busy = service.facts.attention.model_copy(update={"busy": (Busy(participant="mentor", until=until),)})
    assert service.change(attention=busy) == [Held(until, "busy")]
    assert service.after(10) == [Resumed()]


def test_a_concern_suspends() -> None:
    service = Service(facts())
    service.run()
    assert service.change(concern=True) == [Held(None, "restricted", suspended=True)]
    service.daily(30)
    assert service.rungs == [1]


def test_a_snoozed_case_rests() -> None:
    service = Service(facts())
    service.run()
    rested = snooze(service.facts.attention, NOON + 5 * DAY, "carla", NOON)
    assert isinstance(rested, Attention)
    assert service.change(attention=rested) == [Held(NOON + 5 * DAY, "snoozed")]
    assert service.after(5) == [Resumed()]
