"""The rungs of a case: given facts, when a run comes, then who is asked and what waits."""

from dataclasses import replace

from a_pair import DAY, NOON, PAIR, RULES, Service, facts, stalled

from services.notifications.domain.acts import approve_rematch
from services.notifications.domain.decide import decide
from services.notifications.domain.facts import Pair, Person
from services.notifications.domain.letters import AUTOMATIC
from services.notifications.domain.outcomes import (
    Deferred,
    Fired,
    Opened,
    RematchRefused,
)
from services.notifications.domain.state import Attention, Postbox, Rematch
from shared.ladder import Inbox, Precedence, Slot


def test_a_stalled_pair_opens_a_case_and_asks_the_one_who_owes() -> None:
    service = Service(facts())
    opened, fired = service.run()
    assert isinstance(opened, Opened)
    assert isinstance(fired, Fired)
    assert [mail.person for mail in service.mail] == ["mentee"]


def test_the_junior_never_chases_a_senior_who_cancelled() -> None:
    service = Service(facts(health=stalled(owes="mentor")))
    service.run()
    assert [mail.person for mail in service.mail] == ["mentor"]


def test_when_nobody_owes_both_are_asked() -> None:
    service = Service(facts(health=stalled(owes=None)))
    service.run()
    assert sorted(mail.person for mail in service.mail) == ["mentee", "mentor"]


def test_all_four_rungs_in_their_time() -> None:
    service = Service(facts())
    service.run()
    service.daily(20)
    fired = [
        ((at - NOON).days, outcome.rung.number) for at, outcome in service.log if isinstance(outcome, Fired)
    ]
    assert fired == [(0, 1), (3, 2), (7, 3), (14, 4)]
    assert [mail.kind for mail in service.mail] == [
        "rung.owing",
        "rung.both",
        "rung.both",
        "rung.coordinator",
        "rung.rematch",
    ]
    case = service.facts.attention.case
    assert case is not None
    assert case.rematch is Rematch.RECOMMENDED


def test_a_clock_advanced_by_a_month_fires_one_rung() -> None:
    service = Service(facts())
    service.run()
    service.after(30)
    for _ in range(5):
        service.run()
    assert service.rungs == [1, 2]


def test_running_again_changes_nothing() -> None:
    service = Service(facts())
    service.run()
    assert service.run() == []


def test_nobody_is_rematched_in_the_last_cadence() -> None:
    service = Service(facts(rules=replace(RULES, ends=NOON + 27 * DAY)))
    service.run()
    service.daily(26)
    assert service.rungs == [1, 2, 3]


def test_an_absent_coordinator_is_stood_in_for() -> None:
    away = {id: Person(id, absent=True) for id in ("carla", "carl")}
    service = Service(facts(people=away))
    service.run()
    service.daily(7)
    assert service.mail[-1].person == "stan"


def test_a_coordinator_who_has_left_is_never_asked() -> None:
    gone = {id: Person(id, gone=True) for id in ("carla", "carl")}
    service = Service(facts(people=gone))
    service.run()
    service.daily(7)
    assert service.mail[-1].person == "stan"
    alone = Service(facts(people={**gone, "stan": Person("stan", absent=True)}))
    alone.run()
    alone.daily(7)
    assert alone.mail[-1].person == "stan", "on leave is better than gone"
    known = {id: person for id, person in facts().people.items() if id != "carl"}
    for pair in (replace(PAIR, id=f"pair-{n}") for n in range(8)):
        erased = Service(facts(pair=pair, people=known))
        erased.run()
        erased.daily(7)
        assert erased.mail[-1].person == "carla"


def test_a_coordinator_does_not_get_the_case_of_their_own_pair() -> None:
    pair = Pair("pair", "program", "cohort", "active", {"carla": "mentor", "mentee": "mentee"})
    service = Service(facts(pair=pair))
    service.run()
    service.daily(7)
    assert service.mail[-1].person == "carl"


def test_a_full_week_defers_the_rung_and_moves_the_later_ones() -> None:
    sent = tuple(Slot(id=str(days), at=NOON - days * DAY, precedence=Precedence.CASE) for days in (1, 2))
    service = Service(facts(postboxes={"mentee": Postbox(inbox=Inbox(sent=sent))}))
    _, deferred = service.run()
    assert isinstance(deferred, Deferred)
    assert deferred.until == NOON + 5 * DAY
    assert service.run() == []
    service.daily(8)
    at = [(moment - NOON).days for moment, outcome in service.log if isinstance(outcome, Fired)]
    assert at == [5, 8]


def test_a_coordinator_whose_week_is_full_reads_it_in_the_inbox_and_the_digest() -> None:
    sent = tuple(Slot(id=str(days), at=NOON + days * DAY, precedence=Precedence.CASE) for days in (5, 6))
    service = Service(facts(rules=replace(RULES, coordinators=("carla",))))
    service.run()
    service.change(postboxes={**service.facts.postboxes, "carla": Postbox(inbox=Inbox(sent=sent))})
    service.daily(7)
    assert service.rungs == [1, 2, 3]
    box = service.facts.postboxes["carla"]
    assert [post.kind for post in box.waiting] == ["rung.coordinator"]
    assert box.digest_at == NOON + 12 * DAY
    service.daily(11)
    assert service.rungs == [1, 2, 3]  # the ladder goes on from when the digest reaches the coordinator
    service.after(1)
    assert service.rungs == [1, 2, 3, 4]


def test_mail_at_night_waits_for_the_morning_and_the_ladder_with_it() -> None:
    night = NOON.replace(hour=23)
    service = Service(facts(), now=night)
    service.run()
    assert service.mail[0].at == NOON.replace(hour=8) + DAY
    assert decide(service.facts, night).due == NOON.replace(hour=8) + 4 * DAY


def test_the_coordinators_word_is_kept_until_matching_acts_or_refuses() -> None:
    service = Service(facts())
    service.run()
    assert not isinstance(approve_rematch(service.facts.attention, "carla", NOON), Attention)
    service.daily(14)
    word = approve_rematch(service.facts.attention, "carla", service.now)
    assert isinstance(word, Attention)
    assert service.change(attention=word) == []
    day = service.now.date()
    assert service.change(rematch_refused=day) == [RematchRefused(day)]
    assert service.facts.attention.case.rematch is Rematch.RECOMMENDED  # type: ignore[union-attr]
    again = approve_rematch(service.facts.attention, "carla", service.now)
    assert isinstance(again, Attention)
    assert service.change(attention=again) == []


def test_a_program_that_says_so_needs_no_word() -> None:
    service = Service(facts(rules=replace(RULES, rematch="automatic")))
    service.run()
    service.daily(14)
    assert service.facts.attention.case.rematch is Rematch.CONFIRMED  # type: ignore[union-attr]
    assert [mail.posts[0].details for mail in service.mail if mail.kind == "rung.rematch"] == [(AUTOMATIC,)]
