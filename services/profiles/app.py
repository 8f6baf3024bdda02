"""The composition root of profiles: the only place that constructs."""

from datetime import timedelta

from services.profiles.api.parts import Parts
from services.profiles.api.routes import routers
from services.profiles.projections import PROJECTIONS
from services.profiles.settings import Settings
from services.profiles.store import Imports, Store, Writing
from services.profiles.work import Decisions
from shared.delivery import Kernel
from shared.http import create_app
from shared.http.app import Service


def build(settings: Settings) -> Service:
    """The assembled service; nothing runs yet."""
    store = Store()
    imports, writing = Imports(store), Writing(store)
    decisions = Decisions(store, imports, writing, timedelta(seconds=settings.import_wait_seconds))
    kernel = Kernel(
        settings.service,
        settings,
        aggregates=Store.aggregates(),
        projections=PROJECTIONS,
        work=decisions.work(),
        fanouts=decisions.fanouts(),
    )
    app = create_app(
        settings.service,
        settings,
        kernel,
        routers(Parts(kernel, store, imports, writing)),
        description="Who takes part: people, programs, cohorts, enrollments; HR's files come in here.",
    )
    return Service(settings.service, settings, kernel, app)
