"""From a mailing to a mail: names, addresses and shared facts are looked up now, at sending, and kept nowhere."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal
from urllib.parse import quote

from services.notifications.channels.email import BadAddress, EmailChannel, Refused
from services.notifications.domain.acts import suggestions
from services.notifications.domain.answers import Question, Tap, sign
from services.notifications.domain.history import told
from services.notifications.domain.letters import ANSWERABLE, SOMEONE, About, Letter, compose, digest
from services.notifications.domain.relevance import still_true
from services.notifications.domain.state import Attention, Mailing, Post
from services.notifications.gather import plan_of, zone_of
from services.notifications.settings import Settings
from services.notifications.store import Store
from shared.contracts.deliveries import Delivery
from shared.delivery.model import Document, Effect, EffectRow
from shared.delivery.transaction import Reader, Transaction, View

MAIL = "mail"
PATIENCE = 5
"""Attempts before a contact that is not there counts as missing: it may still be on its way from profiles."""

Outcome = Literal["sent", "suppressed", "failed", "no_address"]
TYPES: dict[Outcome, str] = {
    "sent": "delivery.sent",
    "suppressed": "delivery.suppressed",
    "failed": "delivery.failed",
    "no_address": "delivery.failed",
}


class NotKnownYet(Exception):
    """The receiver's address has not arrived."""


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a mailing; `posts` are those that were part of it."""

    outcome: Outcome
    posts: tuple[Post, ...] = ()


class Mailer:
    """Carries out the effect `mail`."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        channel: EmailChannel,
        view: Callable[[str], View],
        wall: Callable[[], datetime],
    ) -> None:
        self.store, self.channel, self.view, self.wall = store, channel, view, wall
        self._url, self._key = settings.public_url.rstrip("/"), settings.signing_key()
        self._lifetime = timedelta(days=settings.answer_days)

    def effect(self) -> Effect:
        """For the kernel."""
        return Effect(MAIL, self.send, self.done)

    async def send(self, row: EffectRow) -> Done:
        """One attempt. Raises for what may be better the next time."""
        mailing = Mailing.model_validate(row.body)
        at = self.view(row.organization).briefly()
        profile = await self.store.participants.get(at, mailing.person)
        if profile is not None and profile.state["status"] == "left":
            return Done("suppressed")
        found = [await self._still_true(at, post) for post in mailing.posts]
        posts = [post for post in found if post is not None]
        if not posts:
            return Done("suppressed")
        contact = await self.store.contacts.get(at, mailing.person)
        if contact is None and row.attempts < PATIENCE:
            raise NotKnownYet
        if contact is None or not contact.state.get("email"):
            return Done("no_address", tuple(posts))
        letter = await self._letter(at, mailing, posts, _name(contact.state))
        name, address = _name(contact.state), contact.state["email"]
        try:
            message = self.channel.message(mailing.id, mailing.kind, name, address, letter, at.now)
        except BadAddress:
            return Done("no_address", tuple(posts))
        refused = await self.channel.send(message)
        return Done("failed" if isinstance(refused, Refused) else "sent", tuple(posts))

    async def done(self, tx: Transaction, row: EffectRow, done: Done) -> None:
        """Record the delivery, in the transaction that ends the effect."""
        mailing = Mailing.model_validate(row.body)
        alone = mailing.kind != "digest"
        kept = Delivery(
            id=mailing.id,
            recipient=mailing.person,
            kind=mailing.kind,
            channel=self.channel.name,
            outcome=done.outcome,
            program=mailing.program,
            pair=mailing.posts[0].pair if alone else None,
            message_id=self.channel.message_id(mailing.id),
            attempts=row.attempts,
            at=tx.now,
        )
        await self._record(tx, kept, TYPES[done.outcome])
        if alone or done.outcome != "sent":
            return
        for post in done.posts:
            part = kept.model_copy(
                update={
                    "id": post.id,
                    "kind": post.kind,
                    "pair": post.pair,
                    "program": post.program,
                    "outcome": "digested",
                }
            )
            await self._record(tx, part, "delivery.digested")

    async def _record(self, tx: Transaction, delivery: Delivery, type: str) -> None:
        if await self.store.deliveries.get(tx, delivery.id) is None:
            await self.store.deliveries.add(tx, delivery.id, delivery, type)

    async def _still_true(self, at: Reader, post: Post) -> Post | None:
        attention = await self.store.attention.get(at, post.pair)
        pair = await self.store.pairs.get(at, post.pair)
        health = await self.store.health.get(at, post.pair)
        plans = [plan_of(plan.state) for plan in await self.store.plans_of(at, post.pair)]
        return still_true(
            post,
            attention.state if attention else None,
            pair.state["state"] if pair else None,
            [signal["kind"] for signal in health.state["signals"]] if health else (),
            planned=any(plan.until > at.now for plan in plans),
        )

    async def _letter(self, at: Reader, mailing: Mailing, posts: list[Post], reader: str) -> Letter:
        abouts = [await self._about(at, post, reader) for post in posts]
        if mailing.kind == "digest":
            return digest(reader, abouts[0].program, [(about, compose(about)) for about in abouts])
        return compose(abouts[0])

    async def _about(self, at: Reader, post: Post, reader: str) -> About:
        pair = await self.store.pairs.get(at, post.pair)
        program = await self.store.programs.get(at, post.program)
        health = await self.store.health.get(at, post.pair)
        assessment = await self.store.assessments.get(at, post.pair)
        attention = await self.store.attention.get(at, post.pair)
        members = [member["participant"] for member in pair.state["members"]] if pair else []
        names = await self._names(at, members)
        partner = next((names[id] for id in members if id != post.person and id in names), "your partner")
        held = health.state.get("last_held_on") if health else None
        about = About(
            kind=post.kind,
            reader=reader,
            partner=partner,
            program=(program.state.get("name") if program else None) or "Your mentoring program",
            details=post.details,
            last_held=date.fromisoformat(held) if held else None,
            reasons=tuple(_named(reason, names) for reason in _reasons(assessment)),
            links=self._links(at.organization, post),
            pair=post.pair,
            answer_by=await self._answer_by(at, pair.state.get("expires_at") if pair else None, post.person),
            members=tuple(names.get(id, "somebody whose name we do not know") for id in members),
        )
        if post.person in members:
            return about
        state = attention.state if attention else Attention()
        return _for_coordinator(about, state, names, self._url)

    async def _answer_by(self, at: Reader, expires: str | None, person: str) -> datetime | None:
        if expires is None:
            return None
        profile = await self.store.participants.get(at, person)
        zone = zone_of(profile.state.get("time_zone") if profile else None)
        return datetime.fromisoformat(expires).astimezone(zone)

    async def _names(self, at: Reader, ids: list[str]) -> dict[str, str]:
        contacts = await self.store.contacts.get_many(at, ids)
        return {id: _name(contact.state) for id, contact in contacts.items()}

    def _links(self, organization: str, post: Post) -> dict[Question, str]:
        expires = int((self.wall() + self._lifetime).timestamp())
        return {
            question: f"{self._url}/v1/answers/"
            + sign(Tap(organization, post.pair, post.person, post.id, question, expires), self._key)
            for question in ANSWERABLE.get(post.kind, ())
        }


def _for_coordinator(about: About, state: Attention, names: dict[str, str], url: str) -> About:
    case = state.case
    rungs = [entry for entry in case.history if entry.what == "rung"] if case else []
    return replace(
        about,
        partner=SOMEONE,
        links={},
        cause=case.cause if case else "",
        asked=any(person in names for entry in rungs for person in entry.to),
        history=told(case, names) if case else (),
        suggestions=tuple(suggestion.sentence for suggestion in suggestions(state)),
        case_url=f"{url}/v1/cases/{about.pair}",
        tasks_url=f"{url}/v1/reviews?program={quote(state.program)}",
    )


def _reasons(assessment: object) -> list[str]:
    state: Document = getattr(assessment, "state", None) or {}
    return list(state.get("reasons", ()))


def _named(sentence: str, names: dict[str, str]) -> str:
    for id, name in names.items():
        sentence = sentence.replace(id, name)
    return sentence


def _name(contact: Document) -> str:
    return " ".join(f"{contact['given_name']} {contact['family_name']}".split())
