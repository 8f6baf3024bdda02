"""Facts in: what came is stored by the kernel, and the pair that it concerns is looked at. Decides nothing."""

from collections.abc import Iterable

from shared.delivery import Change, Projection, Wake

from .store import Store

MILESTONES = "milestones"


def pair_itself(change: Change) -> Iterable[Wake]:
    """Any news of a pair may move its milestones, an erasure too."""
    yield Wake(MILESTONES, change.id)


PROJECTIONS = (Projection(Store.pairs, pair_itself),)
