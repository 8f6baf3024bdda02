# SPDX-License-Identifier: GPL-2.0-only
#
# This file, and this file alone, is a program that uses SecantusDB, which is licensed under version 2 of the
# GNU General Public License; so this file is licensed under the same terms, WITHOUT ANY WARRANTY. The
# license's text comes with the installed package. Nothing else of Rapport imports SecantusDB or this file:
# it always runs as a process of its own, which the rest talks to over the network with MongoDB's protocol
# and which MongoDB replaces in production.
"""The embedded database's process: `python secantus_server.py --port P --data DIR`."""

import argparse
import signal
import sys
import threading
from types import FrameType

from secantus import SecantusDBServer


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("--port", type=int, required=True)
    options.add_argument("--data", required=True)
    options.add_argument("--replica-set", default="rapport")
    options.add_argument("--transaction-seconds", type=float, default=5.0)
    options.add_argument("--test-commands", action="store_true")
    chosen = options.parse_args()
    server = SecantusDBServer(
        host="127.0.0.1",
        port=chosen.port,
        storage_path=chosen.data,
        replica_set_name=chosen.replica_set,
        enable_test_commands=chosen.test_commands,
        sync_on_commit=True,
        durable=True,
        transaction_lifetime_seconds=chosen.transaction_seconds,
        ttl_sweep_seconds=10.0,
        client_idle_timeout_s=3600.0,
        cache_size="512M",
    )
    # Nothing reads change streams here, and the log behind them doubles what every commit writes. The server
    # must still present itself as a replica set, or drivers would refuse transactions.
    server.storage.enable_oplog = False
    ended = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        ended.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    server.start()
    # The server reaps idle transactions only when another one comes by; a plain write that waits for a
    # document which a killed client's transaction holds would wait for ever.
    while not ended.wait(1.0):
        server.transactions.prune_expired()
    server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
