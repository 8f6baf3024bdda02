"""Fixtures for every test: the cluster (`kafka`, `database`), each started once a run, and a test's `names`.

RAPPORT_TEST_CLUSTER chooses the target: `embedded` (default) or `containers`. RAPPORT_MONGO_DRIVER chooses
the database driver: `motor` (default) or `pymongo`.
"""

import os
from collections.abc import Iterator

import pytest

from tests.support.cluster import Broker, Cluster, Names, Store, chosen_target

_CLUSTER = pytest.StashKey[Cluster]()


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
    try:
        chosen_target()
    except ValueError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_runtest_setup(item: pytest.Item) -> None:
    if _CLUSTER in item.config.stash:
        item.config.stash[_CLUSTER].heal()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if _CLUSTER in config.stash:
        cluster = config.stash[_CLUSTER]
        driver = os.environ.get("RAPPORT_MONGO_DRIVER") or "motor"
        servers = ", ".join(cluster.started) or "nothing started"
        terminalreporter.write_line(f"cluster: {cluster.target} ({servers}); database driver: {driver}")
