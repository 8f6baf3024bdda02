"""Every mail that the mailbox acknowledged is there, as it came and as a person reads it."""

from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest

from deploy.local.ensemble import MailboxNode
from deploy.local.mailbox import Mailbox
from deploy.local.node import HOST, free_port


def _mail(subject: str = "Zeit für ein Treffen?") -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "rapport@localhost", "José <jose@example.com>", subject
    mail["Message-ID"] = "<one@rapport.localhost>"
    mail.set_content("Hallo José,\ndein Mentor wartet – seit 5 Wochen.\n")
    return mail


@pytest.fixture
def node(tmp_path: Path) -> Iterator[MailboxNode]:
    with MailboxNode(tmp_path / "mailbox", free_port()) as made:
        yield made


async def test_a_mail_is_kept_in_both_forms(node: MailboxNode) -> None:
    await aiosmtplib.send(_mail(), hostname=HOST, port=node.port)
    (kept,) = node.folder.glob("*.eml")
    assert kept.name == "000001-jose@example.com-Zeit-für-ein-Treffen.eml"
    assert message_from_bytes(kept.read_bytes())["Message-ID"] == "<one@rapport.localhost>"
    text = kept.with_suffix(".txt").read_text()
    assert "Subject: Zeit für ein Treffen?" in text
    assert "dein Mentor wartet – seit 5 Wochen." in text
    assert kept.stat().st_mode & 0o077 == 0  # mails name people


async def test_numbers_go_on_after_a_kill(node: MailboxNode) -> None:
    await aiosmtplib.send(_mail(), hostname=HOST, port=node.port)
    node.kill()
    node.start()
    await aiosmtplib.send(_mail("Second"), hostname=HOST, port=node.port)
    assert sorted(path.name[:6] for path in node.folder.glob("*.eml")) == ["000001", "000002"]


def test_a_subject_cannot_leave_the_folder(tmp_path: Path) -> None:
    mail = _mail("../../etc/passwd")
    kept = Mailbox(tmp_path / "box").keep(mail.as_bytes(), ["../root@example.com"])
    assert kept.parent == tmp_path / "box"
    assert sorted(path.suffix for path in (tmp_path / "box").iterdir()) == [".eml", ".txt"]
