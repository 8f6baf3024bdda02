"""What the command needs to know: where the services are, and as whom it speaks to them."""

import os
from pathlib import Path

from pydantic import Field

from shared.console.out import USAGE, Failed
from shared.settings import PREFIX, Common, SettingsError, load

SERVICES = ("profiles", "matching", "sessions", "notifications")


class ConsoleSettings(Common):
    """Settings of the command `rapport` itself."""

    profiles_url: str = Field("http://127.0.0.1:8101", description="Where the command reaches profiles.")
    matching_url: str = Field("http://127.0.0.1:8102", description="Where the command reaches matching.")
    sessions_url: str = Field("http://127.0.0.1:8103", description="Where the command reaches sessions.")
    notifications_url: str = Field(
        "http://127.0.0.1:8104", description="Where the command reaches notifications."
    )
    token: str | None = Field(
        None, description="Token for the ops API; the embedded profile makes one itself if it is not set."
    )

    def url(self, service: str) -> str:
        """Base URL of a service, without a slash at its end."""
        return str(getattr(self, f"{service}_url")).rstrip("/")


def console_settings() -> ConsoleSettings:
    """Settings from the environment, and from the development machine's file where that is silent."""
    adopt_environment()
    try:
        return load(ConsoleSettings)
    except SettingsError as error:
        raise Failed(str(error), USAGE) from None


def adopt_environment() -> None:
    """Take over `RAPPORT_…` lines of `<data dir>/environment`, which `make up` writes; set variables win.

    Only if no profile is set: in production nothing may come from a file lying about in the working
    directory.
    """
    if f"{PREFIX}PROFILE" in os.environ:
        return
    file = Path(os.environ.get(f"{PREFIX}DATA_DIR", ".rapport")) / "environment"
    if not file.is_file():
        return
    for line in file.read_text(encoding="utf-8").splitlines():
        name, separator, value = line.partition("=")
        if separator and name.startswith(PREFIX):
            os.environ.setdefault(name.strip(), value.strip())


def chosen(service: str | None) -> tuple[str, ...]:
    """The one service, or all."""
    return (service,) if service else SERVICES
