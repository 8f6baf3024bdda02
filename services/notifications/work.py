"""Decisions: load → decide → save, for the case of a pair and the digest of a person."""

from collections.abc import Mapping
from datetime import datetime

from services.notifications.domain.decide import decide
from services.notifications.domain.dispatch import digest, dispatch
from services.notifications.domain.facts import Person
from services.notifications.domain.published import case_event, case_type
from services.notifications.domain.state import Attention, Mailing, Postbox
from services.notifications.gather import UNKNOWN, ahead, gather, rules_of_program
from services.notifications.mailer import MAIL
from services.notifications.projections import CASE
from services.notifications.store import Store
from shared.contracts.programs import Program
from shared.delivery.aggregates import Stored
from shared.delivery.model import Work
from shared.delivery.transaction import Transaction

DIGEST = "person.digest"


class Deciding:
    """The two kinds of work of this service."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def case(self, tx: Transaction, pair: str) -> datetime | None:
        """What is to be done about a pair now."""
        facts, stored, boxes = await gather(self.store, tx, pair)
        if facts.pair is not None and await self.store.programs.get(tx, facts.pair.program) is None:
            # Topics come in any order. By other rules than the program's own a mail could go out at night; its
            # arrival wakes this pair again.
            return None
        decision = decide(facts, tx.now)
        out = dispatch(facts, decision.outcomes, tx.now)
        if decision.outcomes:
            await self.keep(tx, pair, stored, decision.attention, case_type(decision.outcomes))
        await self.post(tx, out.mailings, out.postboxes, boxes)
        for person, at in out.digests.items():
            tx.wake(DIGEST, person, at)
        return decision.due

    async def ahead(self, tx: Transaction, pairs: list[str]) -> None:
        """What several pairs need."""
        await ahead(self.store, tx, pairs)

    async def digest(self, tx: Transaction, person: str) -> datetime | None:
        """What waited for a person, as one mail."""
        stored = await self.store.postboxes.get(tx, person)
        if stored is None or not stored.state.waiting:
            return None
        program = await self.store.programs.get(tx, stored.state.waiting[0].program)
        profile = await self.store.participants.get(tx, person)
        zone = (profile.state.get("time_zone") if profile else None) or UNKNOWN
        rules = rules_of_program(Program.model_validate(program.state) if program else None)
        box, mailing, due = digest(stored.state, Person(person, zone), rules.pace, tx.now)
        if box != stored.state:
            await self.post(tx, [mailing] if mailing else [], {person: box}, {person: stored})
        return due

    async def keep(
        self, tx: Transaction, pair: str, stored: Stored[Attention] | None, after: Attention, type: str
    ) -> None:
        """Save, and publish only when what others may know of it has changed."""
        before = case_event(pair, stored.state) if stored and stored.version else None
        body = case_event(pair, after)
        news = body != before and (before is not None or body.case is not None or bool(body.reviews))
        if stored is None:
            await self.store.attention.add(tx, pair, after, type if news else None)
        elif after != stored.state:
            await self.store.attention.save(tx, stored, after, type if news else None)

    async def post(
        self,
        tx: Transaction,
        mailings: list[Mailing],
        changed: Mapping[str, Postbox],
        boxes: Mapping[str, Stored[Postbox]],
    ) -> None:
        """Save the postboxes and let the mails go at their times."""
        for person, box in sorted(changed.items()):
            if person in boxes:
                await self.store.postboxes.save(tx, boxes[person], box)
            else:
                await self.store.postboxes.add(tx, person, box)
        for mailing in mailings:
            tx.effect(MAIL, mailing.id, mailing.model_dump(mode="json"), due=mailing.at)

    def kinds(self) -> tuple[Work, ...]:
        """For the kernel."""
        return Work(CASE, self.case, ahead=self.ahead), Work(DIGEST, self.digest)
