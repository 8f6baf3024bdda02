"""Whether a message that waited for the morning, or for a mail server, is still true when it is to go."""

from services.notifications.domain.state import Attention, Post, Status


def still_true(post: Post, attention: Attention | None, pair_state: str | None) -> bool:
    """A rung's message is void once its case is not open at that rung; a proposal's once it is not open.

    Without this a mail kept back by quiet hours or a broken mail server would ask people who met last night
    why they do not meet.
    """
    case = attention.case if attention else None
    if post.rung is not None:
        here = case is not None and case.status is Status.OPEN and case.number == post.case
        return here and case is not None and case.track.rung == post.rung
    match post.kind:
        case "proposal":
            return pair_state == "proposed"
        case "welcome":
            return pair_state in ("active", "paused")
        case "nudge":
            return pair_state == "active" and (case is None or not case.live)
        case _:
            return True
