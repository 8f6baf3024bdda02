"""The settings of this service."""

from typing import ClassVar

from pydantic import Field

from shared.settings import Settings as Base


class Settings(Base):
    """What it needs beside what all services share: a name and a port of its own."""

    service: ClassVar[str] = "milestones"

    port: int = Field(8105, ge=0, le=65535, description="Port of the HTTP API.")
