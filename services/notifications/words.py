"""A word in confidence to the coordinator: kept here, never published, never known to the other."""

from dataclasses import replace

from services.notifications.domain.answers import Question
from services.notifications.domain.dispatch import Dispatch, send
from services.notifications.domain.receivers import coordinator_of, post_id
from services.notifications.domain.reviews import WORD
from services.notifications.domain.state import Post, Review
from services.notifications.gather import gather
from services.notifications.work import DIGEST, Deciding
from shared.delivery.transaction import Transaction
from shared.ladder import Precedence


async def confide(
    deciding: Deciding, tx: Transaction, id: str, pair_id: str, by: str, question: Question
) -> None:
    """Open a task for the coordinator and write to them; the same word again changes nothing.

    Nothing of the pair's case changes: its rungs go on as if nobody had asked, or the other could tell.
    """
    facts, stored, boxes = await gather(deciding.store, tx, pair_id)
    pair = facts.pair
    if pair is None or any(review.id == id for review in facts.attention.reviews):
        return
    word = Review(id=id, kind=f"{WORD}{question.value}", since=tx.now.date(), by=by)
    after = facts.attention.model_copy(update={"reviews": (*facts.attention.reviews, word)})
    await deciding.keep(tx, pair_id, stored, after, "case.reviews_changed")
    coordinator = coordinator_of(facts, pair)
    if coordinator is None:
        return
    out = Dispatch()
    post = Post(
        id=post_id(pair_id, "word", id),
        kind="word",
        person=coordinator,
        pair=pair_id,
        program=pair.program,
        at=tx.now,
    )
    send(out, replace(facts, attention=after), post, Precedence.CASE, tx.now)
    await deciding.post(tx, out.mailings, out.postboxes, boxes)
    for person, at in out.digests.items():
        tx.wake(DIGEST, person, at)
