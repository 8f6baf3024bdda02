"""Every setting a service has, once: one frozen class, read from `RAPPORT_…` variables; each service inherits
it.

A wrong or missing value stops the process at the start with the variable's name, never later with a stack
trace.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, Self, TypeVar

from pydantic import Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "RAPPORT_"
DEVELOPMENT_ISSUER = "rapport-development"
"""Issuer of the tokens `rapport token` makes; accepted in the embedded profile alone."""

Profile = Literal["embedded", "production"]


class SettingsError(Exception):
    """A setting is missing or wrong; the message has one line per variable, with the variable's name."""


class Common(BaseSettings):
    """What the services and the console command both need to find Kafka, the database and each other."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True)

    profile: Profile = Field(
        "production",
        description="`embedded`: one machine, development tokens, a movable clock. `production`: neither.",
    )
    data_dir: Path = Field(
        Path(".rapport"),
        description="Where the embedded profile keeps its data, the development issuer's key included.",
    )
    kafka_bootstrap: str = Field(
        "127.0.0.1:9092", description="Kafka bootstrap servers, `host:port,host:port`."
    )
    topic_prefix: str = Field(
        "",
        pattern=r"^[a-zA-Z0-9._-]*$",
        description="Put before every topic and group name; for tests and shared clusters.",
    )
    mongo_uri: str = Field(
        "mongodb://127.0.0.1:27017/?directConnection=true&retryWrites=false",
        description="MongoDB connection string of a replica set.",
    )
    mongo_driver: Literal["motor", "pymongo"] = Field(
        "motor",
        description="Motor, or PyMongo's own async API (Motor's support ends in May 2027).",
    )
    database_prefix: str = Field(
        "rapport",
        pattern=r"^[a-zA-Z0-9_-]{1,40}$",
        description="First part of every database's name: `rapport_sessions`, …, and `rapport_clock`.",
    )
    audience: str = Field("rapport", min_length=1, description="`aud` that an accepted token must carry.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least level that is logged."
    )

    def database_of(self, service: str) -> str:
        """Name of a service's own database."""
        return f"{self.database_prefix}_{service}"

    @property
    def clock_database(self) -> str:
        """The database of one document that holds the program clock's offset (embedded profile only)."""
        return f"{self.database_prefix}_clock"


class Settings(Common):
    """What all services share. A service's own class inherits it, names the service, adds fields and its
    port.
    """

    service: ClassVar[str] = "service"

    host: str = Field("127.0.0.1", description="Address that the HTTP API listens on.")
    port: int = Field(8100, ge=0, le=65535, description="Port of the HTTP API.")
    max_body_bytes: int = Field(1_048_576, ge=1024, description="Largest request body in bytes.")
    max_import_bytes: int = Field(
        67_108_864, ge=1024, description="Largest body sent to a route ending in `/imports`, in bytes."
    )
    stop_seconds: float = Field(
        17.0, gt=0, le=18, description="Seconds the kernel has to stop after SIGTERM; the process ends in 23."
    )
    issuer: str | None = Field(
        None, description="`iss` of accepted tokens: the company's identity provider. Required in production."
    )
    jwks_url: str | None = Field(
        None, description="Where the identity provider publishes its keys (https). Required in production."
    )
    kafka_session_seconds: float | None = Field(
        None,
        ge=1,
        le=300,
        description="Seconds without a sign of life after which Kafka gives a replica's partitions to others,"
        " so also how long those of a killed one rest; not set: 10.",
    )
    metrics_protected: bool = Field(
        False,
        description="Whether `/metrics` asks for a token with the role ops. No id of a person is in it.",
    )

    @property
    def database(self) -> str:
        """Name of this service's own database."""
        return self.database_of(self.service)

    @model_validator(mode="after")
    def _identity_is_real_outside_the_embedded_profile(self) -> Self:
        if self.profile == "embedded":
            return self
        if self.issuer is None or self.jwks_url is None:
            raise ValueError(
                "the production profile takes tokens of an identity provider: set RAPPORT_ISSUER and"
                " RAPPORT_JWKS_URL (or RAPPORT_PROFILE=embedded on a development machine)"
            )
        if self.issuer == DEVELOPMENT_ISSUER:
            raise ValueError("RAPPORT_ISSUER: the development issuer is refused outside the embedded profile")
        if not self.jwks_url.startswith("https://"):
            raise ValueError("RAPPORT_JWKS_URL must start with https:// since its keys decide who is let in")
        return self


S = TypeVar("S", bound=Common)


def load(cls: type[S], **overrides: Any) -> S:
    """Settings from the environment; `overrides` (by field name) win, as in tests.

    Raises SettingsError naming each wrong variable. Values are not repeated in it: a connection string holds
    a password.
    """
    try:
        return cls(**overrides)
    except ValidationError as error:
        raise SettingsError("\n".join(_line(item["loc"], item["msg"]) for item in error.errors())) from None


def _line(location: tuple[int | str, ...], message: str) -> str:
    message = message.removeprefix("Value error, ")
    if not location:
        return message
    return f"{PREFIX}{str(location[0]).upper()}: {message}"


def variable(field: str) -> str:
    """Name of the environment variable of a field."""
    return f"{PREFIX}{field.upper()}"


def rows(cls: type[Common]) -> list[tuple[str, str, str]]:
    """(variable, default, description) of every setting of a class, in order of declaration."""
    found = []
    for name, info in cls.model_fields.items():
        default = "required" if info.is_required() else _shown(info.get_default(call_default_factory=True))
        described = info.description or _base_description(name)
        found.append((variable(name), default, described))
    return found


def _base_description(name: str) -> str:
    # A service that only sets another default (its port) need not repeat what the setting means.
    info = Settings.model_fields.get(name)
    return (info.description if info else None) or ""


def _shown(value: Any) -> str:
    if value is None:
        return "not set"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return "empty" if value == "" else f"`{value}`"


def page(classes: Mapping[str, type[Common]]) -> str:
    """The generated page docs/settings.md: the common settings, then what each service (and the command) adds
    or changes.
    """
    common = rows(Settings)
    parts = [
        "# Settings",
        "",
        "Environment variables, read once at the start. A wrong value stops the process and names it.",
        "Generated from `shared/settings.py` and each service's `settings.py` by `rapport settings`;",
        "a test compares.",
        "",
        "## Every service",
        "",
        *_table(common),
    ]
    for service, cls in classes.items():
        own = [row for row in rows(cls) if row not in common]
        if own:
            parts += ["", f"## {service}", "", "What it adds, and its own defaults.", "", *_table(own)]
    return "\n".join(parts) + "\n"


def _table(found: list[tuple[str, str, str]]) -> list[str]:
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    return lines + [
        f"| `{name}` | {default} | {text.replace('|', chr(92) + '|')} |" for name, default, text in found
    ]
