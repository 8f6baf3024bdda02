"""Puts sessions together: the only place that constructs."""

from services.sessions.api import routes
from services.sessions.projections import FANOUTS, PROJECTIONS
from services.sessions.settings import Settings
from services.sessions.store import Store
from services.sessions.work import Deciding
from shared.delivery import Kernel
from shared.http import Service, create_app

DESCRIPTION = "How each pair is doing: the session log, relationship health, and who has stopped meeting."


def build(settings: Settings) -> Service:
    """The assembled service; nothing runs yet."""
    store = Store()
    kernel = Kernel(
        Settings.service,
        settings,
        aggregates=store.aggregates,
        projections=PROJECTIONS,
        work=Deciding(store).kinds(),
        fanouts=FANOUTS,
    )
    app = create_app(
        Settings.service, settings, kernel, [routes(store, kernel.view)], description=DESCRIPTION
    )
    return Service(Settings.service, settings, kernel, app)
