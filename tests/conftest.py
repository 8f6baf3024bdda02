"""Fixtures for every test: the cluster (`kafka`, `database`), each started once, and a test's `names`.

`make test` runs the tests in two processes; each has a broker and a database of its own, so that what a test
does to them cannot reach a test beside it.

RAPPORT_TEST_CLUSTER chooses the target: `embedded` (default) or `containers`. RAPPORT_MONGO_DRIVER chooses
the database driver: `motor` (default) or `pymongo`.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.cluster import Broker, Cluster, Names, Store, chosen_target

_CLUSTER = pytest.StashKey[Cluster]()
_SERVERS = pytest.StashKey[list[str]]()
# The longest first: a run that ends with one of them would keep the other process waiting.
_ORDER = ("end_to_end", "faults", "integration", "contract", "unit")
_TESTS = Path(__file__).parent


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Both servers, not yet started. They end with the run; a killed run takes them along (see tether.py)."""
    target = chosen_target()
    if target == "containers":
        from tests.support.containers import NoEngine, require_engine

        try:
            require_engine()
        except NoEngine as error:
            pytest.fail(str(error), pytrace=False)
    made = Cluster(target, tmp_path_factory.mktemp("cluster"))
    request.config.stash[_CLUSTER] = made
    yield made
    _tell(request.config, made)
    made.stop()


@pytest.fixture(scope="session")
def kafka(cluster: Cluster) -> Broker:
    """The broker. Whatever a test does to it is undone before the next one."""
    return cluster.kafka()


@pytest.fixture(scope="session")
def database(cluster: Cluster) -> Store:
    """The database. Whatever a test does to it is undone before the next one."""
    return cluster.database()


@pytest.fixture
def names(request: pytest.FixtureRequest) -> Names:
    """Prefix and names for topics, groups and databases of this test alone."""
    return Names.of(request.node.name)


@pytest.fixture(scope="session")
def mongo_driver() -> str:
    """The driver that services under test are to use: `motor` or `pymongo`."""
    return os.environ.get("RAPPORT_MONGO_DRIVER") or "motor"


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_SERVERS] = []
    try:
        chosen_target()
    except ValueError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the rooms; whole platforms run one after the other, never two beside each other."""
    items.sort(key=_rank)
    for item in items:
        if _rank(item) == 0:
            item.add_marker(pytest.mark.xdist_group("platform"))


def _rank(item: pytest.Item) -> int:
    """The place of a test's room in the order; tests from elsewhere come last."""
    found = [place for place, room in enumerate(_ORDER) if _TESTS / room in item.path.parents]
    return found[0] if found else len(_ORDER)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if _CLUSTER in item.config.stash:
        item.config.stash[_CLUSTER].heal()


def _tell(config: pytest.Config, cluster: Cluster) -> None:
    """Pass what was started on to the process that writes the summary."""
    servers = ", ".join(cluster.started) or "nothing started"
    if hasattr(config, "workeroutput"):
        config.workeroutput["servers"] = servers
    else:
        config.stash[_SERVERS].append(servers)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    if "servers" in getattr(node, "workeroutput", {}):
        node.config.stash[_SERVERS].append(node.workeroutput["servers"])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    driver = os.environ.get("RAPPORT_MONGO_DRIVER") or "motor"
    for servers in config.stash[_SERVERS]:
        terminalreporter.write_line(f"cluster: {chosen_target()} ({servers}); database driver: {driver}")
