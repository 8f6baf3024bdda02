"""Puts the service together: the only place that constructs."""

from dataclasses import replace

from shared.contracts import DEAD_LETTERS
from shared.delivery import Kernel
from shared.http import Service, create_app

from .api import routes
from .projections import PROJECTIONS
from .settings import Settings
from .store import Store
from .work import Deciding

# Where this service tells of records that it cannot apply. A service under services/ has it from its name in
# `SERVICES` (shared/contracts/topics.py); an example must not stand in the contracts, so it declares it here.
DEAD_LETTERS.setdefault(
    Settings.service,
    replace(
        DEAD_LETTERS["sessions"],
        name="milestones.dead-letters",
        about="Where milestones could not apply a record, and the class of error; not the record.",
        writer=Settings.service,
    ),
)


def build(settings: Settings) -> Service:
    """The assembled service; nothing runs yet."""
    store = Store()
    kernel = Kernel(
        Settings.service,
        settings,
        aggregates=[store.milestones],
        projections=PROJECTIONS,
        work=Deciding(store).kinds(),
    )
    app = create_app(
        Settings.service,
        settings,
        kernel,
        [routes(store, kernel.view)],
        description="An example of a fifth service: milestones of pairs.",
    )
    return Service(Settings.service, settings, kernel, app)
