"""The settings of sessions."""

from typing import ClassVar

from pydantic import Field

from shared.settings import Settings as Base


class Settings(Base):
    """What sessions needs beside what all services share: a port of its own."""

    service: ClassVar[str] = "sessions"

    port: int = Field(8103, ge=0, le=65535, description="Port of the HTTP API.")
