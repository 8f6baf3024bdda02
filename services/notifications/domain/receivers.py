"""Who is asked, and how their messages are placed in time."""

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from typing import assert_never
from uuid import NAMESPACE_URL, uuid5

from services.notifications.domain.facts import Facts, Pair
from services.notifications.domain.state import Post, Postbox
from shared.ladder import Ask, Inbox, Pace, Placement, Precedence, Slot, place, pruned, release, reserve, take

POSTS = uuid5(NAMESPACE_URL, "rapport:notifications:posts")


def asked(ask: Ask, facts: Facts, pair: Pair) -> tuple[str, ...]:
    """The people a rung asks (domain.md, Escalation).

    Rung 1 asks only who owes the next step, so that a junior never has to chase a senior who cancelled; when
    nobody owes it, both are asked, which chases neither.
    """
    match ask:
        case Ask.OWING:
            owes = facts.health.owes if facts.health else None
            return (owes,) if owes and owes in pair.members else tuple(sorted(pair.members))
        case Ask.BOTH:
            return tuple(sorted(pair.members))
        case Ask.COORDINATOR | Ask.REMATCH:
            coordinator = coordinator_of(facts, pair)
            return (coordinator,) if coordinator else ()
        case _:
            assert_never(ask)


def nudged(kind: str, facts: Facts, pair: Pair) -> tuple[str, ...]:
    """Who gets a nudge: about not meeting, who owes the next step; else both."""
    return asked(Ask.OWING if kind == "nudge.not_meeting" else Ask.BOTH, facts, pair)


def coordinator_of(facts: Facts, pair: Pair) -> str | None:
    """The coordinator of this pair: always the same one while present, else another or a stand-in.

    Spread over the program's coordinators by the pair's id, so that none gets all. Never a member of the
    pair: they would read the history of their own pair.
    """

    def may(id: str) -> bool:
        # Whoever has left is suppressed when the mail is to go: the case would climb unseen.
        return id not in pair.members and not facts.person(id).gone

    named = [id for id in facts.rules.coordinators if may(id)]
    turn = int.from_bytes(sha256(pair.id.encode()).digest()[:4]) % len(named) if named else 0
    in_turn = named[turn:] + named[:turn]
    everybody = in_turn + [id for id in facts.rules.stand_ins if may(id)]
    present = [id for id in everybody if not facts.person(id).absent]
    # One who is named and not known was erased, or is still to arrive: only if there is nobody else.
    known = (id for id in present if id in facts.people)
    return next(known, next(iter(present + everybody), None))


def post_id(*about: object) -> str:
    """The id of a message, from what it is about: the same decision again is the same message."""
    return uuid5(POSTS, "/".join(str(part) for part in about)).hex


def placed(
    post: Post, postbox: Postbox, zone: str, pace: Pace, precedence: Precedence, *, essential: bool = False
) -> Placement:
    """When `post` may go; `post.at` is now."""
    return place(postbox.inbox, post.id, precedence, post.at, zone, pace, essential=essential)


def posted(postbox: Postbox, post: Post, precedence: Precedence, now: datetime) -> Postbox:
    """The postbox once a counted message of its own is on its way."""
    inbox = take(pruned(postbox.inbox, now), Slot(id=post.id, at=post.at, precedence=precedence))
    return postbox.model_copy(update={"inbox": inbox})


def deferred(postbox: Postbox, post: Post, precedence: Precedence, now: datetime) -> Postbox:
    """The postbox while a rung waits for its turn."""
    inbox = reserve(pruned(postbox.inbox, now), Slot(id=post.id, at=post.at, precedence=precedence))
    return postbox.model_copy(update={"inbox": inbox})


def withdrawn(postbox: Postbox, post_ids: Iterable[str]) -> Postbox:
    """The postbox without the turns of rungs that will not fire."""
    inbox: Inbox = postbox.inbox
    for id in post_ids:
        inbox = release(inbox, id)
    return postbox.model_copy(update={"inbox": inbox})


def digested(postbox: Postbox, post: Post, precedence: Precedence, now: datetime) -> Postbox:
    """The postbox with `post` waiting for the digest, which goes at the first place the week has for it.

    The digest keeps the turn it has: later posts join it and do not push it back.
    """
    if any(waiting.id == post.id for waiting in postbox.waiting):
        return postbox
    at = postbox.digest_at or post.at
    inbox = reserve(pruned(postbox.inbox, now), Slot(id=digest_id(post.person), at=at, precedence=precedence))
    return Postbox(inbox=inbox, waiting=(*postbox.waiting, post), digest_at=at)


def digest_id(person: str) -> str:
    """The name under which a person's digest holds its turn."""
    return f"digest/{person}"


def emptied(postbox: Postbox, person: str, sent: Post, now: datetime) -> Postbox:
    """The postbox after its digest was posted as `sent`."""
    inbox = release(pruned(postbox.inbox, now), digest_id(person))
    inbox = take(inbox, Slot(id=sent.id, at=sent.at, precedence=Precedence.CASE))
    return Postbox(inbox=inbox)
