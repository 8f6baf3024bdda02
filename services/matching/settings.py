"""The settings of matching."""

from typing import ClassVar

from pydantic import Field

from shared.settings import Settings as Base


class Settings(Base):
    """What matching needs beside what all services share."""

    service: ClassVar[str] = "matching"

    port: int = Field(8102, ge=0, le=65535, description="Port of the HTTP API.")
