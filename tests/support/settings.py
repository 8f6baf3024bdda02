"""Settings of a service under test: the run's broker and database, names of the test's own."""

from pathlib import Path
from typing import Any, TypeVar

from shared.settings import Settings

S = TypeVar("S", bound=Settings)


def settings_of(
    model: type[S], kafka: Any, database: Any, names: Any, driver: str, folder: Path, **more: Any
) -> S:
    """A service's own settings (`model`) for one test."""
    return model(
        profile="embedded",
        data_dir=folder,
        kafka_bootstrap=kafka.bootstrap,
        mongo_uri=database.uri,
        mongo_driver=driver,  # type: ignore[arg-type]
        topic_prefix=names.topic_prefix,
        database_prefix=names.database_prefix,
        **more,
    )
