"""Facts in: the pairs of matching, for who may see whose name. Nothing is decided on them."""

from services.profiles.store import Store
from shared.delivery import Projection

PROJECTIONS = [Projection(Store.pairs)]
