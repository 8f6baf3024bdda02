"""What people are told beside rungs: nudges, the steps of their pair; and what nobody is told."""

from dataclasses import replace
from datetime import date

from a_pair import DAY, PAIR, WELL, Service, facts, kinds

from services.notifications.domain.facts import Facts, Health, Pair, Person, Signal
from services.notifications.domain.outcomes import (
    Nudge,
)
from services.notifications.domain.state import Attention


def test_several_nudges_are_one_message_and_each_comes_once() -> None:
    signals = (Signal("nudge.no_goals", date(2026, 3, 1)), Signal("nudge.not_meeting", date(2026, 3, 2)))
    service = Service(facts(health=Health(14, signals, owes="mentee")))
    (nudge,) = service.run()
    assert isinstance(nudge, Nudge)
    assert {post.person: post.details for post in nudge.posts} == {
        "mentee": ("nudge.no_goals", "nudge.not_meeting"),
        "mentor": ("nudge.no_goals",),
    }
    service.daily(30)
    assert len(service.mail) == 2


def test_a_session_that_is_reported_late_brings_no_second_reminder() -> None:
    quiet = Health(14, (Signal("nudge.not_meeting", date(2026, 3, 2)),))
    service = Service(facts(health=quiet, last_held=date(2026, 2, 6)))
    assert kinds(service.run()) == ["Nudge"]
    service.now += 3 * DAY
    later = Health(14, (Signal("nudge.not_meeting", date(2026, 3, 5)),))
    assert service.change(health=later, last_held=date(2026, 2, 9)) == []
    service.now += 30 * DAY
    again = Health(14, (Signal("nudge.not_meeting", date(2026, 4, 3)),))
    assert kinds(service.change(health=again, last_held=date(2026, 3, 10))) == ["Nudge"]


def test_a_pair_with_a_case_gets_no_nudge() -> None:
    signals = (Signal("nudge.no_goals", date(2026, 3, 1)), Signal("stalled", date(2026, 3, 2)))
    service = Service(facts(health=Health(14, signals)))
    assert kinds(service.run()) == ["Opened", "Fired"]


def test_reviews_open_and_close_and_tell_the_pair_nothing() -> None:
    health = Health(14, (Signal("review.low_pulse", date(2026, 3, 1)),))
    service = Service(facts(health=health))
    assert kinds(service.run()) == ["ReviewOpened"]
    assert service.run() == []
    assert kinds(service.change(health=WELL)) == ["ReviewClosed"]
    assert service.mail == []


def test_a_pair_is_told_of_its_proposal_start_and_end_once() -> None:
    proposed = replace(PAIR, state="proposed")
    service = Service(facts(pair=proposed, attention=Attention(), health=None))
    service.run()
    service.run()
    service.change(pair=PAIR)
    service.daily(2)
    service.change(pair=replace(PAIR, state="ended"))
    service.daily(2)
    assert [mail.kind for mail in service.mail] == ["proposal"] * 2 + ["welcome"] * 2 + ["ended"] * 2


def test_one_who_left_gets_no_mail_and_the_partner_does() -> None:
    for people in (
        {"mentor": Person("mentor", gone=True), "mentee": Person("mentee")},
        {"mentee": Person("mentee")},  # the mentor was erased
    ):
        service = Service(facts(pair=replace(PAIR, state="ended", outcome="left"), people=people))
        service.run()
        assert [(mail.person, mail.kind) for mail in service.mail] == [("mentee", "ended")]


def test_facts_have_no_place_for_what_is_sealed() -> None:
    sealed = {"total", "band", "components", "pulse", "rubric", "requests", "score"}
    assert not sealed & (set(Facts.__slots__) | set(Health.__slots__) | set(Pair.__slots__))


def test_one_who_withdrew_is_not_told_that_the_partner_is_no_longer_available() -> None:
    people = {"mentee": Person("mentee", withdrawn=True)}
    service = Service(facts(pair=replace(PAIR, state="ended"), people=people))
    service.run()
    assert [(mail.person, mail.kind) for mail in service.mail] == [("mentor", "ended")]


def test_two_who_said_yes_are_told_of_an_end_before_their_time_began() -> None:
    service = Service(facts(pair=replace(PAIR, state="proposed"), attention=Attention(), health=None))
    service.run()
    service.change(pair=replace(PAIR, state="accepted"))
    service.change(
        pair=replace(PAIR, state="ended", outcome="left"),
        people={"mentor": Person("mentor", gone=True), "mentee": Person("mentee")},
    )
    assert [(mail.person, mail.kind) for mail in service.mail[2:]] == [("mentee", "ended")]
    never_shown = Service(facts(pair=replace(PAIR, state="ended"), attention=Attention(), health=None))
    assert never_shown.run() == []
