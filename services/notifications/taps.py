"""HTTP behind the links in mails: GET shows a page, POST records the answer. The signed token is the right."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime, time, timedelta
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from services.notifications import pages
from services.notifications.domain.answers import PRIVATE, Question, Tap, Unreadable, read, refusal
from services.notifications.domain.decide import OVER
from services.notifications.domain.state import Attention, Busy
from services.notifications.gather import zone_of
from services.notifications.projections import CASE
from services.notifications.store import Store
from services.notifications.words import confide
from services.notifications.work import Deciding
from shared.contracts.answers import Answer
from shared.contracts.pairs import Pair
from shared.delivery.transaction import Reader, Transaction, View
from shared.http import signed_link

LARGEST_FORM = 1024
GONE = "This pair has come to an end; there is nothing left to answer. Thank you."

Command = Callable[[str, Callable[[Transaction], Awaitable[HTMLResponse]]], Awaitable[HTMLResponse]]


class Taps:
    """The two handlers of a link."""

    def __init__(
        self,
        deciding: Deciding,
        key: bytes,
        view: Callable[[str], View],
        command: Command,
        wall: Callable[[], datetime],
    ) -> None:
        self.deciding, self.store, self.key = deciding, deciding.store, key
        self.view, self.command, self.wall = view, command, wall

    def routes(self) -> APIRouter:
        """The routes; they ask for no role, since a link in a mail comes without a bearer token."""
        router = APIRouter(prefix="/v1/answers", tags=["answers"], dependencies=[Depends(signed_link)])
        router.add_api_route(
            "/{token}",
            self.show,
            methods=["GET"],
            response_class=HTMLResponse,
            summary="The page behind a link in a mail; records nothing",
        )
        router.add_api_route(
            "/{token}",
            self.record,
            methods=["POST"],
            response_class=HTMLResponse,
            summary="Record the answer; the same link again changes nothing",
        )
        return router

    async def show(self, token: str) -> HTMLResponse:
        """The question."""
        tap = self._read(token)
        if isinstance(tap, Unreadable):
            return pages.closed(tap.reason, 410)
        at = self.view(tap.organization)
        over = await self._over(at, tap)
        if over:
            return over
        return pages.confirm(tap.question, await self._today(at, tap.participant), await self._began(at, tap))

    async def record(self, token: str, request: Request) -> HTMLResponse:
        """The answer. The form has one field, `day`."""
        tap = self._read(token)
        if isinstance(tap, Unreadable):
            return pages.closed(tap.reason, 410)
        day = _day((await request.body())[:LARGEST_FORM])

        async def run(tx: Transaction) -> HTMLResponse:
            over = await self._over(tx, tap)
            if over:
                return over
            known = await self.store.answers.get(tx, tap.id)
            if known is not None and day is not None:
                return pages.thanks(tap.question) if day == known.state.day else pages.used(known.state.day)
            today, began = await self._today(tx, tap.participant), await self._began(tx, tap)
            wrong = refusal(tap.question, day, today, began)
            if wrong:
                return pages.confirm(tap.question, today, began, wrong)
            if tap.question in PRIVATE:
                await confide(self.deciding, tx, tap.id, tap.pair, tap.participant, tap.question)
            elif day is not None:
                await self._answer(tx, tap, day)
            return pages.thanks(tap.question)

        return await self.command(tap.organization, run)

    def _read(self, token: str) -> Tap | Unreadable:
        return read(token, self.key, self.wall().timestamp())

    async def _over(self, at: Reader, tap: Tap) -> HTMLResponse | None:
        pair = await self.store.pairs.get(at, tap.pair)
        members = [member["participant"] for member in pair.state["members"]] if pair else []
        if pair is None or tap.participant not in members or pair.state["state"] in OVER:
            return pages.closed(GONE, 410)
        return None

    async def _today(self, at: Reader, participant: str) -> date:
        return at.now.astimezone(zone_of(await self._zone(at, participant))).date()

    async def _began(self, at: Reader, tap: Tap) -> date | None:
        """The day on which the two were brought together."""
        copy = await self.store.pairs.get(at, tap.pair)
        if copy is None:
            return None
        return Pair.model_validate(copy.state).together_since(zone_of(await self._zone(at, tap.participant)))

    async def _zone(self, at: Reader, participant: str) -> str:
        profile = await self.store.participants.get(at, participant)
        return (profile.state.get("time_zone") if profile else None) or "UTC"

    async def _answer(self, tx: Transaction, tap: Tap, day: date) -> None:
        pair = await self.store.pairs.get(tx, tap.pair)
        assert pair is not None
        zone = await self._zone(tx, tap.participant)
        answer = Answer(
            id=tap.id,
            pair=tap.pair,
            program=pair.state["program"],
            kind=tap.question.value,
            day=day,
            time_zone=zone,
            by=tap.participant,
            answered_at=tx.now,
        )
        await self.store.answers.add(tx, tap.id, answer, "answer.given")
        if tap.question is Question.BUSY:
            until = datetime.combine(day + timedelta(days=1), time(0), zone_of(zone))
            await _note_busy(self.store, tx, tap, until)
            tx.wake(CASE, tap.pair)


async def _note_busy(store: Store, tx: Transaction, tap: Tap, until: datetime) -> None:
    stored = await store.attention.get(tx, tap.pair)
    state = stored.state if stored else Attention()
    others = tuple(busy for busy in state.busy if busy.participant != tap.participant and busy.until > tx.now)
    after = state.model_copy(update={"busy": (*others, Busy(participant=tap.participant, until=until))})
    if stored is None:
        await store.attention.add(tx, tap.pair, after)
    else:
        await store.attention.save(tx, stored, after)


def _day(form: bytes) -> date | None:
    values = parse_qs(form.decode(errors="replace")).get("day", [])
    try:
        return date.fromisoformat(values[0]) if values else None
    except ValueError:
        return None
