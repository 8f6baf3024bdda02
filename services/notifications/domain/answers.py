"""One-tap answers: what a link in a mail stands for, signed so that nobody can make one up.

A token is payload and HMAC-SHA256, both base64url. It names its person, so the link is as private as the
mail; it answers one question about one pair and expires. GET never records anything: mail scanners follow
links.
"""

import base64
import hmac
import json
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from hashlib import sha256
from uuid import NAMESPACE_URL, uuid5

ANSWERS = uuid5(NAMESPACE_URL, "rapport:notifications:answers")
LONGEST_BUSY = timedelta(days=28)
"""Busy until: at most 4 weeks (architecture.md, Who keeps what stops the clock)."""
OLDEST_MEETING = timedelta(days=120)
FARTHEST_PLAN = timedelta(days=365)


class Question(StrEnum):
    """The five answers a mail offers (domain.md, Escalation, rung 1)."""

    MET = "met_on"
    PLANNED = "planned_for"
    BUSY = "busy_until"
    HELP = "need_help"
    FINISH = "want_to_finish"


PRIVATE = frozenset({Question.HELP, Question.FINISH})
"""Confidential words: kept here, shown to the coordinator, never published, never told to the other."""


@dataclass(frozen=True, slots=True)
class Tap:
    """What one link stands for. `expires`: Unix time of the wall clock, so a moved program time ages none."""

    organization: str
    pair: str
    participant: str
    post: str
    question: Question
    expires: int

    @property
    def id(self) -> str:
        """The id of the answer: the same link tapped twice gives one answer."""
        return uuid5(ANSWERS, f"{self.organization}/{self.post}/{self.participant}/{self.question}").hex


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a link does not open, in words for the person."""

    reason: str


FORGED = Unreadable("This link is not complete. Please open it again from the mail.")
EXPIRED = Unreadable("This link has expired. Please use the newest mail, or log the session in Rapport.")


def sign(tap: Tap, key: bytes) -> str:
    """The token for a link."""
    fields = [tap.organization, tap.pair, tap.participant, tap.post, tap.question.value, tap.expires]
    payload = json.dumps(fields, separators=(",", ":")).encode()
    return f"{_text(payload)}.{_text(_mac(payload, key))}"


def read(token: str, key: bytes, wall: float) -> Tap | Unreadable:
    """What a token stands for, or why it does not open; `wall` is Unix time."""
    head, _, tail = token.partition(".")
    try:
        payload, mac = _bytes(head), _bytes(tail)
    except ValueError:
        return FORGED
    if not hmac.compare_digest(mac, _mac(payload, key)):
        return FORGED
    organization, pair, participant, post, question, expires = json.loads(payload)
    tap = Tap(organization, pair, participant, post, Question(question), expires)
    return tap if wall < tap.expires else EXPIRED


def earliest(today: date, began: date | None) -> date:
    """The first day on which the two can have met: 120 days back, or the day they were brought together."""
    oldest = today - OLDEST_MEETING
    return oldest if began is None else min(max(oldest, began), today)


def refusal(question: Question, day: date | None, today: date, began: date | None = None) -> str | None:
    """Why `day` cannot be the answer, or None. `today` is the person's own day in program time, `began` the day
    on which the two were brought together.
    """
    if question in PRIVATE:
        return None
    if day is None:
        return "Please choose a day."
    match question:
        case Question.MET if not (first := earliest(today, began)) <= day <= today:
            return f"Please choose the day you met: today, or back to {first:%d %B %Y}."
        case Question.PLANNED if not today <= day <= today + FARTHEST_PLAN:
            return "Please choose the day you will meet: today or one within a year."
        case Question.BUSY if not today < day <= today + LONGEST_BUSY:
            return "Please choose a day within the next four weeks."
    return None


def _mac(payload: bytes, key: bytes) -> bytes:
    return hmac.new(key, payload, sha256).digest()


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
