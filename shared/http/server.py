"""Runs an application until SIGTERM or SIGINT, and ends with exit code 0 in under 25 seconds, whatever
hangs.
"""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI

from shared.settings import Settings

log = logging.getLogger(__name__)

LAST_RESORT_SECONDS = 23.0
"""Seconds after the signal in which the process ends by itself; below the 25 of the design."""


class PortInUse(Exception):
    """The port of the API is taken; the message names the port and the setting."""


class _Server(uvicorn.Server):
    """uvicorn, but a signal makes us not ready first, and is not raised again afterwards (exit code 0, not
    143).
    """

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._rapport = app

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop, number)
        try:
            yield
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)

    def _stop(self, number: int) -> None:
        log.info("stopping", extra={"signal": signal.Signals(number).name})
        self._rapport.state.stopping = True
        _last_resort()
        self.should_exit = True


def serve(app: FastAPI, settings: Settings) -> int:
    """Listen and run. Returns the exit code: 0 after a signal, 1 if the kernel refused to start.

    Raises PortInUse.
    """
    listening = _listen(settings)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=30,
        # Requests in flight get this long, then the kernel gets the rest of the 25 seconds.
        timeout_graceful_shutdown=4,
    )
    server = _Server(config, app)
    # What was imported and built stays for good. Looked at again by every full garbage collection it would hold up the
    # event loop, heartbeats and answers, for a tenth of a second at a time.
    gc.freeze()
    return asyncio.run(_run(server, app, listening))


async def _run(server: _Server, app: FastAPI, listening: socket.socket) -> int:
    async def watch() -> None:
        await app.state.fatal.wait()
        server.should_exit = True

    watching = asyncio.create_task(watch())
    try:
        await server.serve(sockets=[listening])
    finally:
        watching.cancel()
        listening.close()
    return 1 if app.state.fatal.is_set() else 0


def _listen(settings: Settings) -> socket.socket:
    listening = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET)
    # A restart meets its own closed connections; without this it would wait for minutes.
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
    except OSError as error:
        listening.close()
        raise PortInUse(
            f"port {settings.port} on {settings.host} cannot be opened ({error.strerror}):"
            " set RAPPORT_PORT to another"
        ) from None
    listening.set_inheritable(False)
    return listening


def _last_resort() -> None:
    # A thread, since the event loop itself may hang. Exit 0: all that counts is in the database, and what was
    # not committed is done again after the start.
    timer = threading.Timer(LAST_RESORT_SECONDS, os._exit, (0,))
    timer.daemon = True
    timer.start()
