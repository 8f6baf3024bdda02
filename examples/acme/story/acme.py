"""ACME as the story knows it: who is who, and the few things that every chapter does."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from examples.acme.generate import write
from examples.acme.people import PROGRAM
from examples.acme.story.stage import Stage, together, until
from examples.acme.story.telling import Telling, Unexpected

Pair = dict[str, Any]
COORDINATOR, HR, ADMIN = "coordinator", "hr", "admin"
SOURCE = "hr-system"


@dataclass
class Acme:
    """The state of the story."""

    stage: Stage
    tell: Telling
    files: Path
    count: int
    seed: int
    begins: date = date(1970, 1, 1)
    facts: dict[str, Any] = field(default_factory=dict)
    """What story.json says of the first file."""
    by_number: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    coordinator: str = ""
    silent: list[Pair] = field(default_factory=list)
    """The pairs that stop meeting."""
    mails: dict[str, EmailMessage] = field(default_factory=dict)
    """What was read from the mailbox so far, by file name."""
    sums: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("people", "rejected_rows", "declined"), 0)
    )

    # -- files of HR -----------------------------------------------------------------------------------------------

    def write(self, next_day: date, leaver: str | None = None, absent: str | None = None) -> None:
        """HR's files: the same seed gives the same people; leaver and absent are numbers of HR's."""
        self.facts = write(self.files, self.count, self.seed, self.begins, next_day, leaver, absent)

    def body(self, name: str) -> dict[str, Any]:
        """One of the bodies that the generator wrote."""
        found: dict[str, Any] = json.loads((self.files / f"{name}.json").read_text(encoding="utf-8"))
        return found

    async def send(self, name: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Import one file as HR; the job when all is applied, and its report."""
        taken = await self.stage.ask(
            HR,
            "profiles",
            "POST",
            "/v1/imports",
            params={"source": SOURCE},
            content=(self.files / name).read_bytes(),
            headers={"Content-Type": "text/csv"},
        )
        path = f"/v1/imports/{taken['id']}"

        async def done() -> dict[str, Any] | None:
            job: dict[str, Any] = await self.stage.ask(HR, "profiles", "GET", path)
            return job if job["state"] == "done" else None

        job = await until(f"the import of {name} ends", done)
        return job, await self.stage.listing(HR, "profiles", f"{path}/rows")

    # -- people ----------------------------------------------------------------------------------------------------

    async def learn_names(self) -> None:
        """Ask for the names of everybody who takes part; all other answers hold ids only."""
        ids = list(self.by_number.values())
        for start in range(0, len(ids), 500):
            some = {"ids": ids[start : start + 500]}
            found = await self.stage.ask(COORDINATOR, "profiles", "POST", "/v1/participants/names", json=some)
            self.names |= found["names"]

    def name(self, participant: str) -> str:
        return self.names.get(participant, participant)

    def number(self, participant: str) -> str:
        return next(number for number, id in self.by_number.items() if id == participant)

    def told(self, sentence: str) -> str:
        """A sentence with names in the place of ids."""
        for id, name in self.names.items():
            sentence = sentence.replace(id, name)
        return sentence

    # -- pairs -----------------------------------------------------------------------------------------------------

    async def pairs(self, *states: str) -> list[Pair]:
        """The program's pairs as its coordinator reads them; without states all but drafts."""
        wanted = {"state": list(states)} if states else {}
        found = await self.stage.listing(COORDINATOR, "matching", f"/v1/programs/{PROGRAM}/pairs", **wanted)
        return [each for each in found if each["state"] != "draft"]

    async def pair(self, id: str) -> Pair:
        found: Pair = await self.stage.ask(COORDINATOR, "matching", "GET", f"/v1/pairs/{id}")
        return found

    def both(self, pair: Pair) -> str:
        """`Ana Núñez (mentor) and Felix Rao`."""
        return f"{self.name(member(pair, 'mentor'))} (mentor) and {self.name(member(pair, 'mentee'))}"

    async def answer(self, pair: Pair, who: str, word: str) -> None:
        """A member accepts or declines."""
        await self.stage.ask(who, "matching", "POST", f"/v1/pairs/{pair['id']}/{word}")

    async def accept(self, pairs: Sequence[Pair]) -> None:
        """Both members of each say yes."""
        people = [(pair, each["participant"]) for pair in pairs for each in pair["members"]]
        await self.stage.grant_people(dict.fromkeys(who for _, who in people))
        await together([self.answer(pair, who, "accept") for pair, who in people])

    async def accept_all(self) -> None:
        """Everybody says yes to whatever is proposed, until nothing is."""
        for _ in range(6):
            await self.stage.settle()
            open_ones = await self.pairs("proposed")
            if not open_ones:
                return
            await self.accept(open_ones)

    async def next_proposal(self, mentee: str, known: set[str]) -> Pair:
        """The proposal of a mentee that is none of the `known` pairs."""

        async def look() -> Pair | None:
            found = await self.stage.listing(
                COORDINATOR,
                "matching",
                f"/v1/programs/{PROGRAM}/pairs",
                participant=mentee,
                state=["proposed"],
            )
            return next((pair for pair in found if pair["id"] not in known), None)

        try:
            return await until(f"the next proposal for {self.name(mentee)} comes", look)
        except Unexpected as late:
            rows = await self.stage.listing(COORDINATOR, "matching", f"/v1/programs/{PROGRAM}/unmatched")
            why = next(
                (self.told(row["sentence"]) for row in rows if row["participant"] == mentee), "not said"
            )
            raise Unexpected(f"{late}; matching says: {why}") from None

    async def health(self, pair: Pair) -> dict[str, Any]:
        """How a pair is doing, as the coordinator reads it."""
        found: dict[str, Any] = await self.stage.ask(
            COORDINATOR, "sessions", "GET", f"/v1/pairs/{pair['id']}/health"
        )
        return found

    async def tell_health(self, pair: Pair, when: str) -> dict[str, Any]:
        """Say how a pair is doing and why."""
        health = await self.health(pair)
        score = "nothing is known yet" if health["score"] is None else f"{health['score']:.0f} of 100"
        band = f", {health['band']}" if health["band"] else ""
        self.tell.say(f"{self.both(pair)}, {when}: {score}{band} (confidence {health['confidence']:.2f})")
        why = [each["sentence"] for each in health["evidence"]]
        why += [f"{each['kind']} since {each['since']}" for each in health["signals"]]
        self.tell.quote(self.told(each) for each in why[:5])
        return health

    # -- sessions --------------------------------------------------------------------------------------------------

    async def met(self, pairs: Sequence[Pair], days_ago: int) -> None:
        """The mentee of each reports that they met; of those who were a pair by then."""
        # It is over when it is reported: one that begins this very second would lie in the future of a service whose
        # clock was last measured on a busy machine.
        at = self.stage.now - timedelta(days=days_ago, hours=1)
        end = at + timedelta(minutes=50)
        body = {"state": "held", "start": at.isoformat(), "end": end.isoformat()}

        async def report(pair: Pair) -> None:
            path = f"/v1/pairs/{pair['id']}/sessions"
            await self.stage.ask(member(pair, "mentee"), "sessions", "POST", path, json=body)

        met = [pair for pair in pairs if datetime.fromisoformat(pair["accepted_at"]) <= at]
        await together([report(pair) for pair in met])
        self.sums["sessions"] = self.sums.get("sessions", 0) + len(met)

    # -- cases and mail --------------------------------------------------------------------------------------------

    async def cases(self, *states: str) -> dict[str, dict[str, Any]]:
        """Cases by pair; without states the live ones."""
        wanted = {"state": list(states)} if states else {}
        found = await self.stage.listing(COORDINATOR, "notifications", "/v1/cases", program=PROGRAM, **wanted)
        return {each["id"]: each for each in found}

    async def mail(self, pair: Pair, kind: str) -> list[EmailMessage]:
        """The mails of one kind about a pair, found in the mailbox by what the API says was sent."""

        async def look() -> list[EmailMessage] | None:
            sent = await self.stage.listing(
                COORDINATOR, "notifications", "/v1/deliveries", program=PROGRAM, pair=pair["id"]
            )
            wanted = {each["message_id"] for each in sent if each["kind"] == kind}
            found = {id: mail for id, mail in (await self.mailbox()).items() if id in wanted}
            return list(found.values()) if wanted and len(found) == len(wanted) else None

        return await until(f"the mail {kind} about {self.both(pair)} arrives", look)

    async def mailbox(self) -> dict[str, EmailMessage]:
        """All mails by Message-ID: the same mail twice is one mail."""

        def read() -> dict[str, EmailMessage]:
            files = sorted(self.stage.mailbox.glob("*.eml"))
            for file in files:
                if file.name not in self.mails:
                    mail = message_from_bytes(file.read_bytes(), policy=policy.default)
                    assert isinstance(mail, EmailMessage)
                    self.mails[file.name] = mail
            return {str(self.mails[file.name]["Message-ID"]): self.mails[file.name] for file in files}

        return await asyncio.to_thread(read)

    def show_mail(self, mail: EmailMessage, lines: int = 6) -> None:
        """Read out the beginning of a mail."""
        body = mail.get_body(("plain",))
        text = str(body.get_content()) if body is not None else ""
        said = [line for line in text.splitlines() if line.strip() and "/v1/answers/" not in line]
        self.tell.quote([f"To: {mail['To']}", f"Subject: {mail['Subject']}", *said[:lines]])


def member(pair: Pair, role: str) -> str:
    """The participant with this role in the pair."""
    return next(str(each["participant"]) for each in pair["members"] if each["role"] == role)


def share_english(pair: Pair) -> bool:
    """Whether the two have English in common: most mentors speak it, so the mentee has a next best."""
    said = next((each["sentence"] for each in pair["assessment"]["terms"] if each["term"] == "languages"), "")
    return "en" in said.replace(",", " ").split()
