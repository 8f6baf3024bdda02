"""`rapport serve`: one service in the foreground until a signal."""

import sys

import click

from shared import logs
from shared.console.out import USAGE, Failed
from shared.console.services import build
from shared.console.settings import SERVICES, adopt_environment


@click.command()
@click.argument("service", type=click.Choice(SERVICES))
def serve(service: str) -> None:
    """Run SERVICE until SIGTERM or Ctrl-C.

    Exit code 0 after a signal, 1 if it refused to start, 2 for a wrong setting or a port in use.
    """
    from shared.http.server import PortInUse
    from shared.http.server import serve as run

    adopt_environment()
    assembled = build(service)
    logs.configure(service, assembled.settings.log_level)
    try:
        code = run(assembled.app, assembled.settings)
    except PortInUse as error:
        raise Failed(str(error), USAGE) from None
    sys.exit(code)
