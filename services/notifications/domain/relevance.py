"""Whether a message that waited for the morning, or for a mail server, is still true when it is to go."""

from collections.abc import Collection

from services.notifications.domain.state import Attention, Post, Status

ABOUT_A_DATE = frozenset({"nudge.not_meeting", "nudge.nothing_planned"})
"""Nudges that a planned session answers."""


def still_true(
    post: Post,
    attention: Attention | None,
    pair_state: str | None,
    signals: Collection[str] = (),
    *,
    planned: bool = False,
) -> Post | None:
    """What is left of a message now, None if nothing is.

    A rung's is void once its case is not open at that rung, a proposal's once it is not open; of a nudge stays
    what is still signaled, and nothing about a date once one is `planned`. Without this a mail kept back by
    quiet hours, a full week or a broken mail server would ask people who met last night why they do not meet.
    """
    case = attention.case if attention else None
    if post.rung is not None:
        here = case is not None and case.status is Status.OPEN and case.number == post.case
        return post if here and case is not None and case.track.rung == post.rung else None
    match post.kind:
        case "proposal":
            return post if pair_state == "proposed" else None
        case "welcome":
            return post if pair_state in ("active", "paused") else None
        case "nudge":
            quiet = pair_state != "active" or (case is not None and case.live)
            left = () if quiet else tuple(kind for kind in post.details if kind in signals)
            if planned:
                left = tuple(kind for kind in left if kind not in ABOUT_A_DATE)
            return post.model_copy(update={"details": left}) if left else None
        case _:
            return post
