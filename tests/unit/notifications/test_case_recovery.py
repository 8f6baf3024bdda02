"""How a case ends and when it comes back: recovery, a new silence, the end, a coordinator's word."""

from dataclasses import replace
from datetime import date

from a_pair import DAY, NOON, PAIR, RULES, WELL, Service, facts, kinds, stalled

from services.notifications.domain.acts import approve_rematch, dismiss
from services.notifications.domain.facts import Health, Signal
from services.notifications.domain.outcomes import (
    Closed,
    Recovered,
    Reopened,
)
from services.notifications.domain.state import Attention, Rematch, Status


def test_recovery_closes_without_mail() -> None:
    service = Service(facts())
    service.run()
    before = len(service.mail)
    outcomes = service.change(health=WELL, last_held=date(2026, 3, 3))
    assert outcomes == [Recovered(date(2026, 3, 3))]
    assert len(service.mail) == before


def test_a_silence_soon_after_recovery_is_the_same_case_at_the_same_rung() -> None:
    service = Service(facts())
    service.run()
    service.daily(3)
    service.change(health=WELL, last_held=date(2026, 3, 6))
    service.now += 40 * DAY
    outcomes = service.change(health=stalled(date(2026, 4, 14)), last_held=date(2026, 3, 20))
    assert kinds(outcomes) == ["Reopened"]
    assert service.facts.attention.case.number == 1  # type: ignore[union-attr]
    service.daily(4)
    assert service.rungs == [1, 2, 3]


def test_a_silence_long_after_recovery_is_a_new_case() -> None:
    service = Service(facts())
    service.run()
    service.change(health=WELL, last_held=date(2026, 3, 3))
    service.now += 90 * DAY
    outcomes = service.change(health=stalled(date(2026, 6, 1)), last_held=date(2026, 5, 1))
    assert kinds(outcomes) == ["Opened", "Fired"]
    assert service.facts.attention.case.number == 2  # type: ignore[union-attr]


def test_a_case_that_reopens_at_the_last_rung_is_recommended_again() -> None:
    service = Service(facts())
    service.run()
    service.daily(14)
    service.change(health=WELL, last_held=date(2026, 3, 16))
    assert service.facts.attention.case.rematch is Rematch.NONE  # type: ignore[union-attr]
    outcomes = service.change(health=stalled(date(2026, 4, 10)), last_held=date(2026, 3, 16))
    assert outcomes == [Reopened("stalled", date(2026, 4, 10), top=True)]
    assert service.facts.attention.case.rematch is Rematch.RECOMMENDED  # type: ignore[union-attr]


def test_the_end_of_the_pair_closes() -> None:
    service = Service(facts())
    service.run()
    outcomes = service.change(pair=replace(PAIR, state="ended"))
    assert Closed("pair_ended") in outcomes


def test_the_end_of_the_cohort_closes() -> None:
    service = Service(facts(rules=replace(RULES, ends=NOON + 2 * DAY)))
    service.run()
    assert service.after(2) == [Closed("cohort_ended")]


def test_a_dismissed_case_stays_dismissed_for_its_silence_only() -> None:
    service = Service(facts())
    service.run()
    dismissed = dismiss(service.facts.attention, "on a long project together", "carla", NOON)
    assert isinstance(dismissed, Attention)
    assert service.change(attention=dismissed) == []
    assert service.after(60) == []
    reported_late = service.change(health=stalled(date(2026, 3, 2)), last_held=date(2026, 2, 2))
    assert reported_late == []
    assert kinds(service.change(health=stalled(date(2026, 5, 10)))) == ["Opened", "Fired"]


def test_after_a_case_nobody_is_reminded_of_what_it_was_about() -> None:
    """Neither two who have just met, nor two whose coordinator said that it is none."""
    older = Signal("nudge.cancellations", date(2026, 2, 20))
    silent = replace(stalled(), signals=(*stalled().signals, older))
    service = Service(facts(health=silent))
    service.run()
    assert kinds(service.change(health=Health(14, (older,)), last_held=date(2026, 3, 2))) == ["Recovered"]
    assert service.after(5) == []
    again = Signal("nudge.cancellations", date(2026, 3, 20))
    service.now += 20 * DAY
    assert kinds(service.change(health=Health(14, (again,)))) == ["Nudge"]
    dismissed = Service(facts(health=silent))
    dismissed.run()
    word = dismiss(dismissed.facts.attention, "on a long project together", "carla", NOON)
    dismissed.change(attention=word)
    dismissed.now += 20 * DAY
    assert dismissed.change(health=replace(silent, signals=(*stalled().signals, again))) == []


def test_the_coordinators_word_stands_when_the_pair_meets_once_more() -> None:
    service = Service(facts())
    service.run()
    service.daily(14)
    word = approve_rematch(service.facts.attention, "carla", service.now)
    service.change(attention=word, health=WELL, last_held=service.now.date())
    case = service.facts.attention.case
    assert case is not None
    assert (case.status, case.rematch) == (Status.RECOVERED, Rematch.CONFIRMED)
