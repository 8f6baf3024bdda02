"""From outcomes to mail: which messages go, when, and which wait because somebody's week is full."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from services.notifications.domain.announce import ESSENTIAL
from services.notifications.domain.facts import Facts, Person
from services.notifications.domain.outcomes import (
    Announced,
    Closed,
    Deferred,
    Fired,
    Held,
    Nudge,
    Outcome,
    Recovered,
)
from services.notifications.domain.receivers import (
    deferred,
    digest_id,
    digested,
    emptied,
    placed,
    post_id,
    posted,
    withdrawn,
)
from services.notifications.domain.state import Mailing, Post, Postbox
from shared.ladder import Pace, Precedence, Slot, place, reserve


@dataclass(slots=True)
class Dispatch:
    """What leaves a decision: mails with their time, the postboxes that changed, digests and their time."""

    mailings: list[Mailing] = field(default_factory=list)
    postboxes: dict[str, Postbox] = field(default_factory=dict)
    digests: dict[str, datetime] = field(default_factory=dict)


def mailing_of(post: Post) -> Mailing:
    """A mail about one thing."""
    return Mailing(
        id=post.id, kind=post.kind, person=post.person, program=post.program, at=post.at, posts=(post,)
    )


def dispatch(facts: Facts, outcomes: Iterable[Outcome], now: datetime) -> Dispatch:
    """Place the messages of `outcomes` in time, person by person."""
    out = Dispatch()
    for outcome in outcomes:
        match outcome:
            case Fired():
                for post in outcome.posts:
                    send(out, facts, post.model_copy(update={"at": now}), Precedence.CASE, now)
            case Nudge() | Announced():
                for post in outcome.posts:
                    send(out, facts, post, Precedence.OTHER, now)
            case Deferred():
                for post in outcome.posts:
                    out.postboxes[post.person] = deferred(
                        _box(out, facts, post.person), post, Precedence.CASE, now
                    )
            case Recovered() | Held() | Closed():
                _give_up_turns(out, facts)
            case _:
                pass
    return out


def send(out: Dispatch, facts: Facts, post: Post, precedence: Precedence, now: datetime) -> None:
    """Place one message: now, in the morning, or in the digest when the week is full."""
    box, zone = _box(out, facts, post.person), facts.person(post.person).zone
    essential = post.kind in ESSENTIAL
    spot = placed(post, box, zone, facts.rules.pace, precedence, essential=essential)
    timed = post.model_copy(update={"at": spot.at})
    if spot.full:
        box = digested(box, timed, precedence, now)
        out.digests[post.person] = box.digest_at or spot.at
    else:
        out.mailings.append(mailing_of(timed))
        if essential:
            return
        box = posted(box, timed, precedence, now)
    out.postboxes[post.person] = box


def _give_up_turns(out: Dispatch, facts: Facts) -> None:
    case, pair = facts.attention.case, facts.pair
    if case is None or case.deferred_until is None or pair is None:
        return
    rung = facts.rules.ladder.after(case.track.rung)
    if rung is None:
        return
    for person in sorted(pair.members):
        id = post_id(pair.id, "case", case.number, rung.number, person)
        out.postboxes[person] = withdrawn(_box(out, facts, person), [id])


def _box(out: Dispatch, facts: Facts, person: str) -> Postbox:
    return out.postboxes.get(person) or facts.postbox(person)


def digest(
    box: Postbox, person: Person, pace: Pace, now: datetime
) -> tuple[Postbox, Mailing | None, datetime | None]:
    """One person's digest at `now`: the postbox after it, the mail if it goes, and when to look again."""
    if not box.waiting or box.digest_at is None:
        return box, None, None
    if now < box.digest_at:
        return box, None, box.digest_at
    turn = digest_id(person.id)
    spot = place(box.inbox, turn, Precedence.CASE, now, person.zone, pace)
    if spot.full:
        inbox = reserve(box.inbox, Slot(id=turn, at=spot.at, precedence=Precedence.CASE))
        return box.model_copy(update={"inbox": inbox, "digest_at": spot.at}), None, spot.at
    first = box.waiting[0]
    id = post_id(person.id, "digest", *sorted(post.id for post in box.waiting))
    mailing = Mailing(
        id=id, kind="digest", person=person.id, program=first.program, at=spot.at, posts=box.waiting
    )
    sent = first.model_copy(update={"id": id, "kind": "digest", "at": spot.at})
    return emptied(box, person.id, sent, now), mailing, None
