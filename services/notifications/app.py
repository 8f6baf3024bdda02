"""Puts notifications together: the only place that constructs."""

from services.notifications.api import routes
from services.notifications.channels.email import EmailChannel
from services.notifications.mailer import Mailer
from services.notifications.projections import FANOUTS, PROJECTIONS
from services.notifications.settings import Settings
from services.notifications.store import Store
from services.notifications.taps import Taps
from services.notifications.work import Deciding
from shared.delivery import Kernel
from shared.http import Service, create_app

DESCRIPTION = "Who must hear of it: cases and their rungs, mail, one-tap answers, words in confidence."


def build(settings: Settings) -> Service:
    """The assembled service; nothing runs yet."""
    store = Store()
    deciding = Deciding(store)
    mailer = Mailer(
        store, settings, EmailChannel(settings), lambda id: kernel.view(id), lambda: kernel.clock.wall()
    )
    kernel = Kernel(
        Settings.service,
        settings,
        aggregates=[store.attention, store.postboxes, store.answers, store.deliveries],
        projections=PROJECTIONS,
        work=deciding.kinds(),
        fanouts=FANOUTS,
        effects=[mailer.effect()],
    )
    taps = Taps(deciding, settings.signing_key(), kernel.view, kernel.command, kernel.clock.wall)
    app = create_app(
        Settings.service,
        settings,
        kernel,
        [routes(deciding, kernel.view), taps.routes()],
        description=DESCRIPTION,
    )
    return Service(Settings.service, settings, kernel, app)
