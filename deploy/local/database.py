"""The embedded database, a process that speaks MongoDB's protocol: for `make up`, `make demo`, tests."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.local.node import HOST, Node

SERVER = Path(__file__).with_name("secantus_server.py")


class DatabaseNode(Node):
    """A one-node replica set. What it acknowledged is there after `kill -9`.

    A transaction that has been idle for `transaction_seconds` is aborted. `test_commands` allows MongoDB's
    own fail points (`configureFailPoint`).
    """

    name = "database"

    def __init__(
        self, data_dir: Path, port: int = 0, *, test_commands: bool = False, transaction_seconds: float = 5.0
    ) -> None:
        super().__init__(data_dir, port)
        self._test_commands = test_commands
        self._transaction_seconds = transaction_seconds

    @property
    def uri(self) -> str:
        """Connection string for clients."""
        return uri(self.port)

    def _command(self) -> Sequence[str]:
        # -P: modules that lie beside the script must not stand in for libraries of the same name.
        command = [sys.executable, "-P", str(SERVER), "--port", str(self.port)]
        command += ["--data", str(self.data_dir / "files")]
        command += ["--transaction-seconds", str(self._transaction_seconds)]
        return [*command, "--test-commands"] if self._test_commands else command

    def _environment(self) -> Mapping[str, str]:
        # Every commit reaches the operating system before it is acknowledged, so it survives the death of the
        # process. Without this one word acknowledged writes are lost; waiting for the disk as well would
        # matter only if the machine itself died, and takes as long as all the rest of a commit.
        return {**os.environ, "WIREDTIGER_CONFIG": "transaction_sync=(enabled=true,method=none)"}

    def _ready(self) -> bool:
        return answers(self.uri)


def uri(port: int, host: str = HOST) -> str:
    """How to connect: to this address and no other (a proxy's, too), and without retryable writes, which the
    embedded database makes twenty times slower; what must be repeated is repeated by whole transactions."""
    return f"mongodb://{host}:{port}/?directConnection=true&retryWrites=false"


def answers(uri: str) -> bool:
    """Whether the database at this address takes writes. Blocks for at most a second."""
    from pymongo import MongoClient
    from pymongo.errors import PyMongoError

    client: MongoClient[dict[str, object]] = MongoClient(uri, serverSelectionTimeoutMS=1000)
    try:
        return bool(client.admin.command("hello").get("isWritablePrimary"))
    except PyMongoError:
        return False
    finally:
        client.close()
