"""HTTP in: parse, call, respond."""

from collections.abc import Callable

from fastapi import APIRouter

from services.matching.api.pairs import single_pairs
from services.matching.api.programs import cohorts, programs
from services.matching.store import Store
from services.matching.work.pairs import Pairs
from services.matching.work.standing import Plans
from shared.delivery import View


def routes(store: Store, pairs: Pairs, plans: Plans, view: Callable[[str], View]) -> APIRouter:
    """All routes of matching."""
    api = APIRouter(prefix="/v1")
    cohorts(api, store, plans, view)
    programs(api, store, pairs, view)
    single_pairs(api, store, pairs, view)
    return api
