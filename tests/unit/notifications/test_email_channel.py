"""The mail itself: one receiver, no header made of a name, and what an answer of the server means."""

import asyncio
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import aiosmtplib
import pytest

from services.notifications.channels.email import BadAddress, EmailChannel, Refused
from services.notifications.domain.letters import Letter
from services.notifications.settings import Settings

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
CHANNEL = EmailChannel(Settings(profile="embedded", mail_domain="mail.example"))


def mail(name: str = "Zoë O'Brien", address: str = "zoe@example.org") -> EmailMessage:
    return CHANNEL.message("id", "nudge", name, address, Letter("Guten Tag, Zoë", "Hello\n"), NOW)


def test_names_of_all_kinds_reach_their_reader() -> None:
    message = mail('Zoë "Zo" O\'Brien')
    assert message["To"].addresses[0].display_name == 'Zoë "Zo" O\'Brien'
    assert message["Subject"] == "Guten Tag, Zoë"
    assert message["Message-ID"] == "<id@mail.example>"
    assert message.as_bytes().isascii()


def test_a_domain_with_umlauts_is_sent_as_mail_servers_know_it() -> None:
    assert mail(address="zoe@exämple.org")["To"].addresses[0].addr_spec == "zoe@xn--exmple-cua.org"


def test_a_name_cannot_become_a_header() -> None:
    message = mail("Ana\r\nBcc: eve@example.org")
    assert "Bcc" not in message
    assert [each.addr_spec for each in message["To"].addresses] == ["zoe@example.org"]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "a@b.c, d@e.f",
        "a@b.c\r\nBcc: d@e.f",
        "not an address, <x",
        "zoë@example.org",
        "@b.c",
        "a@",
        "a b@c.d",
    ],
)
def test_only_one_whole_address_is_written_to(address: str) -> None:
    with pytest.raises(BadAddress):
        mail(address=address)


@pytest.mark.parametrize(
    ("error", "for_good"),
    [
        (aiosmtplib.SMTPDataError(554, "no"), True),
        (aiosmtplib.SMTPDataError(451, "later"), False),
        (aiosmtplib.SMTPRecipientsRefused([aiosmtplib.SMTPRecipientRefused(550, "no", "a@b.c")]), True),
        (aiosmtplib.SMTPRecipientsRefused([aiosmtplib.SMTPRecipientRefused(450, "later", "a@b.c")]), False),
        (aiosmtplib.SMTPAuthenticationError(535, "who are you"), False),
        (aiosmtplib.SMTPSenderRefused(550, "not from you", "a@b.c"), False),
        (aiosmtplib.SMTPServerDisconnected("gone"), False),
    ],
)
async def test_only_what_the_server_says_of_this_mail_gives_it_up(
    error: Exception, for_good: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: Any, **__: Any) -> None:
        await asyncio.sleep(0)
        raise error

    monkeypatch.setattr(aiosmtplib, "send", refuse)
    if for_good:
        assert isinstance(await CHANNEL.send(mail()), Refused)
    else:
        with pytest.raises(Exception) as raised:
            await CHANNEL.send(mail())
        assert "a@b.c" not in str(raised.value)
