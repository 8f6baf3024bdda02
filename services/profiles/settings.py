"""The settings of profiles."""

from typing import ClassVar

from pydantic import Field

from shared import settings


class Settings(settings.Settings):
    """What profiles adds to every service's settings."""

    service: ClassVar[str] = "profiles"

    port: int = Field(8101, ge=0, le=65535, description="Port of the HTTP API.")
    import_wait_seconds: float = Field(
        60.0,
        ge=0,
        le=86_400,
        description="Program time an imported row waits for its manager or choices to arrive.",
    )
