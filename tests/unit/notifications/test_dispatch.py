"""Where messages go when a week is full: the digest, one mail, once."""

from datetime import UTC, datetime, timedelta

from a_pair import DAY, NOON, Service, facts

from services.notifications.domain.dispatch import digest
from services.notifications.domain.facts import Health, Person
from services.notifications.domain.outcomes import Fired
from services.notifications.domain.receivers import coordinator_of, digested
from services.notifications.domain.relevance import still_true
from services.notifications.domain.state import Post, Postbox
from shared.ladder import DEFAULT_PACE, Inbox, Precedence, Slot

CARLA = Person("carla")


def waiting(id: str, at: datetime) -> Post:
    return Post(id=id, kind="rung.coordinator", person="carla", pair=id, program="program", at=at)


def test_later_posts_join_the_digest_and_do_not_push_it_back() -> None:
    box = digested(Postbox(), waiting("a", NOON + 2 * DAY), Precedence.CASE, NOON)
    box = digested(box, waiting("b", NOON + 5 * DAY), Precedence.CASE, NOON)
    box = digested(box, waiting("b", NOON + 5 * DAY), Precedence.CASE, NOON)
    assert [post.id for post in box.waiting] == ["a", "b"]
    assert box.digest_at == NOON + 2 * DAY
    early, mail, due = digest(box, CARLA, DEFAULT_PACE, NOON)
    assert (early, mail, due) == (box, None, NOON + 2 * DAY)
    empty, mail, due = digest(box, CARLA, DEFAULT_PACE, NOON + 2 * DAY)
    assert mail is not None
    assert [post.id for post in mail.posts] == ["a", "b"]
    assert (empty.waiting, empty.digest_at, due) == ((), None, None)
    assert [slot.id for slot in empty.inbox.sent] == [mail.id]
    assert digest(empty, CARLA, DEFAULT_PACE, NOON + 9 * DAY) == (empty, None, None)


def test_a_digest_waits_when_the_week_filled_up_meanwhile() -> None:
    box = digested(Postbox(), waiting("a", NOON), Precedence.CASE, NOON)
    sent = tuple(Slot(id=id, at=NOON - DAY, precedence=Precedence.CASE) for id in "xy")
    box = box.model_copy(update={"inbox": Inbox(sent=sent)})
    later, mail, due = digest(box, CARLA, DEFAULT_PACE, NOON)
    assert mail is None
    assert due == later.digest_at == NOON + 6 * DAY


def test_a_digest_again_is_the_same_mail() -> None:
    box = digested(Postbox(), waiting("a", NOON), Precedence.CASE, NOON)
    first, second = (digest(box, CARLA, DEFAULT_PACE, NOON + hours * DAY / 24)[1] for hours in (0, 1))
    assert first is not None
    assert second is not None
    assert first.id == second.id


def test_the_turn_of_a_deferred_rung_is_given_up_on_recovery() -> None:
    sent = tuple(Slot(id=id, at=NOON - DAY, precedence=Precedence.CASE) for id in "xy")
    service = Service(facts(postboxes={"mentee": Postbox(inbox=Inbox(sent=sent))}))
    service.run()
    assert service.facts.postboxes["mentee"].inbox.reserved
    service.change(health=Health(14))
    assert not service.facts.postboxes["mentee"].inbox.reserved


def test_a_rungs_mail_is_void_after_recovery() -> None:
    night = datetime(2026, 3, 2, 23, tzinfo=UTC)
    service = Service(facts(), now=night)
    service.run()
    (post,) = service.mail[0].posts
    assert still_true(post, service.facts.attention, "active")
    service.change(health=Health(14))
    assert not still_true(post, service.facts.attention, "active")


def test_two_programs_share_one_week() -> None:
    """The mentor's two pairs stall together: of four messages in the week only two are sent."""
    one, other = Service(facts()), Service(facts())
    other.facts = facts(pair=type(facts().pair)("other", "program2", "c", "active", {"mentor": "mentor"}))
    boxes: dict[str, Postbox] = {}
    for hour in range(24 * 7):
        for service in (one, other):
            service.now = NOON + timedelta(hours=hour)
            service.change(postboxes=boxes)
            boxes = dict(service.facts.postboxes)
    to_mentor = [mail for service in (one, other) for mail in service.mail if mail.person == "mentor"]
    assert len(to_mentor) == 2


def test_cases_are_spread_over_the_coordinators_and_stay_with_theirs() -> None:
    def of(pair_id: str) -> str | None:
        pair = type(facts().pair)(pair_id, "program", "cohort", "active", {"mentor": "mentor"})
        return coordinator_of(facts(pair=pair), pair)

    chosen = [of(f"pair{number}") for number in range(40)]
    assert set(chosen) == {"carla", "carl"}
    assert chosen == [of(f"pair{number}") for number in range(40)]


def test_without_anybody_to_write_to_the_rung_still_shows() -> None:
    service = Service(facts(rules=type(facts().rules)()))
    service.run()
    service.daily(7)
    last = [outcome for _, outcome in service.log if isinstance(outcome, Fired)][-1]
    assert (last.rung.number, last.posts) == (3, ())
