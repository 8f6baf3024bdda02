"""Puts matching together: the only place that constructs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from services.matching.api import routes
from services.matching.projections import projections
from services.matching.settings import Settings
from services.matching.solver import Solver
from services.matching.store import Store
from services.matching.work import fanouts, work
from services.matching.work.pairs import Pairs
from services.matching.work.standing import Plans
from shared.delivery import Kernel
from shared.http import Service, create_app

DESCRIPTION = "Who fits whom: pairs from proposal to end, why they were made, and why someone is left over."


def build(settings: Settings) -> Service:
    """The assembled service; nothing runs yet."""
    store = Store()
    pairs = Pairs(store)
    solver = Solver()
    plans = Plans(store, solver)
    kernel = Kernel(
        Settings.service,
        settings,
        aggregates=store.aggregates,
        projections=projections(store),
        work=work(store, pairs, plans),
        fanouts=fanouts(pairs),
    )

    @asynccontextmanager
    async def solving() -> AsyncIterator[None]:
        # In the background: the first cohort should not wait for the solver's libraries to load.
        warming = asyncio.create_task(solver.warm(), name="solver-warm")
        try:
            yield
        finally:
            warming.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await warming
            solver.close()

    app = create_app(
        Settings.service,
        settings,
        kernel,
        [routes(store, pairs, plans, kernel.view)],
        lifespan=solving,
        description=DESCRIPTION,
    )
    return Service(Settings.service, settings, kernel, app)
