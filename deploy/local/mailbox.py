"""A mail server that delivers nothing: every mail becomes two files in a folder, one to read and one as it came.

`python -m deploy.local.mailbox --port P --folder F`. A mail is acknowledged once its files are there, so a
sender that got no answer sends it again and both copies are kept: their Message-ID tells.
"""

import argparse
import asyncio
import itertools
import os
import re
import signal
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP

from deploy.local.node import HOST

SHOWN = ("From", "To", "Cc", "Date", "Subject", "Message-ID")


class Mailbox:
    """Writes what the mail server receives. File names sort by arrival: `000012-ana@example.com-hello.eml`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        taken = [int(file.name[:6]) for file in folder.glob("[0-9]" * 6 + "-*.eml")]
        self._numbers = itertools.count(1 + max(taken, default=0))

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        """aiosmtpd calls it with each mail."""
        self.keep(envelope.content, list(envelope.rcpt_tos))
        return "250 kept"

    def keep(self, content: bytes, recipients: list[str]) -> Path:
        """Store one mail; returns the path of its `.eml`."""
        mail = message_from_bytes(content, policy=policy.default)
        about = re.sub(r"[^\w]+", "-", str(mail["Subject"] or "")).strip("-")[:60]
        name = f"{next(self._numbers):06}-{re.sub(r'[^-+.@_a-zA-Z0-9]', '_', recipients[0])[:60]}-{about}"
        self._write(f"{name}.txt", readable(mail, recipients).encode())
        return self._write(f"{name}.eml", content)

    def _write(self, name: str, content: bytes) -> Path:
        path = self._folder / name
        half = path.with_name(f".{name}.half")
        half.write_bytes(content)
        return half.replace(path)  # in one step: whoever watches the folder never reads half a mail


def readable(mail: EmailMessage, recipients: list[str]) -> str:
    """A mail as a person reads it: headers that matter, then its text with all encodings undone."""
    head = [f"{name}: {mail[name]}" for name in SHOWN if mail[name]]
    if not mail["To"]:
        head.insert(1, f"To: {', '.join(recipients)}")
    body = mail.get_body(("plain", "html"))
    return "\n".join(head) + "\n\n" + (str(body.get_content()) if body is not None else "")


async def serve(port: int, folder: Path) -> None:
    """Receive until SIGTERM or SIGINT."""
    loop, ended, mailbox = asyncio.get_running_loop(), asyncio.Event(), Mailbox(folder)
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, ended.set)
    server = await loop.create_server(
        lambda: SMTP(mailbox, hostname="mailbox", enable_SMTPUTF8=True, loop=loop), HOST, port
    )
    async with server:
        await ended.wait()


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--port", type=int, required=True)
    options.add_argument("--folder", type=Path, required=True)
    chosen = options.parse_args()
    os.umask(0o077)  # mails name people
    asyncio.run(serve(chosen.port, chosen.folder))
