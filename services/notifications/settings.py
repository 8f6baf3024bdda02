"""The settings of notifications."""

from pathlib import Path
from secrets import token_bytes
from typing import ClassVar, Literal, Self

from pydantic import Field, SecretStr, model_validator

from shared.settings import Settings as Base


class Settings(Base):
    """What notifications needs beside what all services share."""

    service: ClassVar[str] = "notifications"

    port: int = Field(8104, ge=0, le=65535, description="Port of the HTTP API.")
    public_url: str = Field(
        "http://127.0.0.1:8104",
        description="Address under which people reach this service: the links in mails begin with it.",
    )
    smtp_host: str = Field("127.0.0.1", description="Mail server.")
    smtp_port: int = Field(8125, ge=1, le=65535, description="Port of the mail server.")
    smtp_security: Literal["none", "starttls", "tls"] = Field(
        "none", description="How the connection to the mail server is protected."
    )
    smtp_user: str | None = Field(None, description="Name at the mail server, where it asks for one.")
    smtp_password: SecretStr | None = Field(None, description="Password at the mail server.")
    smtp_timeout: float = Field(10.0, gt=0, le=20, description="Seconds for one attempt to hand a mail over.")
    mail_from: str = Field("rapport@localhost", description="Address that mails come from.")
    mail_name: str = Field("Rapport", description="Name that mails come from.")
    mail_domain: str = Field("rapport.localhost", description="Right side of the Message-IDs.")
    answer_key: SecretStr | None = Field(
        None,
        description="Key that signs the links in mails, at least 32 characters; the same for all replicas."
        " Required in production; the embedded profile makes one.",
    )
    answer_days: int = Field(30, ge=1, le=180, description="Days until a link in a mail expires.")

    @model_validator(mode="after")
    def _links_cannot_be_made_up(self) -> Self:
        if self.answer_key is None and self.profile != "embedded":
            raise ValueError("RAPPORT_ANSWER_KEY must be set: it signs the links in mails")
        if self.answer_key is not None and len(self.answer_key.get_secret_value()) < 32:
            raise ValueError("RAPPORT_ANSWER_KEY must have at least 32 characters")
        return self

    def signing_key(self) -> bytes:
        """The key of the links. The embedded profile keeps one beside its data, so links outlive a restart."""
        if self.answer_key is not None:
            return self.answer_key.get_secret_value().encode()
        return _kept_key(self.data_dir / "answers.key")


def _kept_key(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(f"{path.name}.{token_bytes(6).hex()}")
    made.touch(0o600)
    made.write_bytes(token_bytes(32))
    try:
        # Of two replicas that start together one makes the key and both use it.
        path.hardlink_to(made)
    except FileExistsError:
        pass
    finally:
        made.unlink()
    return path.read_bytes()
