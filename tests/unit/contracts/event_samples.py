"""One small valid body for every family."""

from datetime import UTC, date, datetime

from pydantic import BaseModel

from shared.contracts import (
    Answer,
    Assessment,
    Case,
    Concern,
    Contact,
    DeadLetterNotice,
    Delivery,
    Enrollment,
    Health,
    Pair,
    Participant,
    Program,
    SessionFact,
)
from shared.contracts.pairs import Member
from shared.contracts.programs import Rules

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)

SAMPLES: dict[str, BaseModel] = {
    "participant": Participant(id="a1"),
    "contact": Contact(id="a1", given_name="Zoë", family_name="O'Neill"),
    "program": Program(id="a1", state="open", rules=Rules()),
    "enrollment": Enrollment(id="a1", participant="p", program="g", cohort="c", role="mentee", state="open"),
    "pair": Pair(
        id="a1",
        program="g",
        cohort="c",
        members=(Member(participant="p", role="mentor"), Member(participant="q", role="mentee")),
        state="active",
    ),
    "assessment": Assessment(id="a1", program="g", cohort="c"),
    "session": SessionFact(id="a1", pair="p", program="g", state="held", start=NOON, time_zone="UTC"),
    "health": Health(id="a1", program="g", cohort="c", cadence_days=14),
    "concern": Concern(id="a1", program="g", raised_at=NOON),
    "case": Case(id="a1", program="g"),
    "answer": Answer(
        id="a1", pair="p", program="g", kind="met_on", day=date(2026, 3, 1), by="q", answered_at=NOON
    ),
    "delivery": Delivery(id="a1", recipient="p", kind="nudge", channel="mail", outcome="sent", at=NOON),
    "dead_letter": DeadLetterNotice(
        id="a1", group="g", topic="t", partition=0, offset=7, reason="json", at=NOON
    ),
}
