"""Mail through SMTP: one message, one attempt; the kernel's effects try again."""

from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, formataddr

import aiosmtplib

from services.notifications.domain.letters import Letter
from services.notifications.settings import Settings

PERMANENT = 500


@dataclass(frozen=True, slots=True)
class Refused:
    """The mail server will never take this message: trying again would not help. No address is repeated."""

    code: int


class BadAddress(Exception):
    """No mail can be sent to this address."""


class EmailChannel:
    """Sends plain-text mail with a Message-ID of ours, the same over all attempts."""

    name = "email"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def message_id(self, id: str) -> str:
        """The Message-ID of a mailing."""
        return f"<{id}@{self._settings.mail_domain}>"

    def message(
        self, id: str, kind: str, name: str, address: str, letter: Letter, at: datetime
    ) -> EmailMessage:
        """The mail, to one address. Raises BadAddress for one that no mail can be sent to."""
        message = EmailMessage()
        message["From"] = formataddr((self._settings.mail_name, self._settings.mail_from))
        message["To"] = _one_address(name, address)
        message["Subject"] = _line(letter.subject)
        message["Message-ID"] = self.message_id(id)
        message["Date"] = format_datetime(at)
        message["Auto-Submitted"] = "auto-generated"
        message["X-Rapport-Kind"] = kind
        message.set_content(letter.text)
        return message

    async def send(self, message: EmailMessage) -> Refused | None:
        """Hand the mail over. None: taken. Raises for whatever may be better the next time."""
        settings = self._settings
        try:
            await aiosmtplib.send(
                message,
                hostname=settings.smtp_host,
                port=settings.smtp_port,
                username=settings.smtp_user,
                password=settings.smtp_password.get_secret_value() if settings.smtp_password else None,
                use_tls=settings.smtp_security == "tls",
                start_tls=settings.smtp_security == "starttls",
                timeout=settings.smtp_timeout,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [refused.code for refused in error.recipients]
            if all(code >= PERMANENT for code in codes):
                return Refused(max(codes))
            raise _Unsent(min(codes)) from None
        except aiosmtplib.SMTPDataError as error:
            if error.code >= PERMANENT:
                return Refused(error.code)
            raise _Unsent(error.code) from None
        except aiosmtplib.SMTPResponseException as error:
            # Greeting, credentials, sender: ours to mend, so no message may be given up for them.
            raise _Unsent(error.code) from None
        return None


class _Unsent(Exception):
    """Not taken this time. Carries the code alone: a server's words can repeat the address."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the mail server answered {code}")


def _one_address(name: str, address: str) -> Address:
    """Exactly one receiver: "a@b.c, d@e.f" in a contact must not send a person's mail to two."""
    try:
        local, _, domain = address.rpartition("@")
        found = Address(_line(name), addr_spec=f"{local}@{domain.encode('idna').decode()}")
        found.addr_spec.encode("ascii")
    except (ValueError, IndexError, MessageError):
        # From None: the original's text repeats the address.
        raise BadAddress from None
    if not found.username or not found.domain:
        raise BadAddress
    return found


def _line(text: str) -> str:
    return " ".join(text.split())
