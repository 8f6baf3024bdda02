"""Tasks for the coordinator that the pair is told nothing about."""

from collections.abc import Iterator

from services.notifications.domain.facts import Facts
from services.notifications.domain.outcomes import Outcome, ReviewClosed, ReviewOpened
from services.notifications.domain.receivers import post_id
from services.notifications.domain.state import LIVE_REVIEWS, Review

REVIEW = "review."
WORD = "word."
"""A confidential word: opened by a person and closed by the coordinator only."""


def reviewed(facts: Facts, *, over: bool) -> Iterator[Outcome]:
    """Open what signals and failing gates ask for, close what is gone.

    One review a cause and beginning: one the coordinator dismissed does not come back for the same cause.
    """
    wanted: dict[str, Review] = {}
    if facts.pair is not None and not over:
        signals = facts.health.signals if facts.health else ()
        asking = [signal for signal in signals if signal.kind.startswith(REVIEW)]
        for signal in (*asking, *facts.failing_gates):
            id = post_id(facts.pair.id, "review", signal.kind, signal.since)
            wanted[id] = Review(id=id, kind=signal.kind, since=signal.since)
    known = {review.id: review for review in facts.attention.reviews}
    for id, review in wanted.items():
        if id not in known:
            yield ReviewOpened(review)
    for id, review in known.items():
        gone = id not in wanted and (over or not review.kind.startswith(WORD))
        if gone and review.state in LIVE_REVIEWS:
            yield ReviewClosed(id)
