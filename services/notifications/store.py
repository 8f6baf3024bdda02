"""All that notifications keeps, and every question it asks its database."""

from collections.abc import Iterable, Sequence

from services.notifications.domain.published import case_event
from services.notifications.domain.state import LIVE, LIVE_REVIEWS, Attention, Postbox
from shared.contracts.answers import Answer
from shared.contracts.assessments import Assessment
from shared.contracts.concerns import Concern
from shared.contracts.contacts import Contact
from shared.contracts.deliveries import Delivery
from shared.contracts.enrollments import Enrollment
from shared.contracts.health import Health
from shared.contracts.pairs import Pair
from shared.contracts.participants import Participant
from shared.contracts.programs import Program
from shared.contracts.sessions import SessionFact
from shared.contracts.topics import (
    ANSWERS,
    ASSESSMENTS,
    CASES,
    CONCERNS,
    CONTACTS,
    DELIVERIES,
    ENROLLMENTS,
    HEALTH,
    PAIRS,
    PARTICIPANTS,
    PROGRAMS,
    SESSIONS,
)
from shared.delivery.aggregates import Aggregates, Stored
from shared.delivery.copies import Copies, Copy
from shared.delivery.model import Document, Index
from shared.delivery.transaction import Reader


def kept_health(health: Health) -> Document:
    """Signals and who owes, no score, band, component or evidence: what is not kept cannot leak into a mail."""
    kept = {"id", "program", "cohort", "cadence_days", "owes", "signals", "last_held_on"}
    return health.model_dump(mode="json", include=kept)


def kept_assessment(assessment: Assessment) -> Document:
    """The reasons people may see, the failing gates and a refusal; no score and no term."""
    return {
        "reasons": [reason.sentence for reason in assessment.reasons if reason.shared],
        "failing": [gate.model_dump(mode="json") for gate in assessment.failing],
        "rematch_refused": assessment.rematch_refused and assessment.rematch_refused.model_dump(mode="json"),
    }


def kept_participant(participant: Participant) -> Document:
    """What writing to a person needs."""
    return participant.model_dump(mode="json", include={"id", "status", "time_zone"})


def kept_enrollment(enrollment: Enrollment) -> Document:
    """Only whether the person is away."""
    return enrollment.model_dump(mode="json", include={"id", "participant", "program", "cohort", "state"})


def kept_session(session: SessionFact) -> Document:
    """When a pair means to meet."""
    return session.model_dump(mode="json", include={"id", "pair", "state", "start", "time_zone"})


class Store:
    """Own aggregates, copies of others', and the named questions about them."""

    attention = Aggregates(
        "attention",
        Attention,
        topic=CASES,
        event=case_event,
        indexes=[
            Index((("state.program", 1), ("state.case.status", 1), ("id", 1))),
            Index((("state.reviews.id", 1),)),
        ],
    )
    postboxes = Aggregates("postboxes", Postbox)
    answers = Aggregates(
        "answers",
        Answer,
        topic=ANSWERS,
        event=lambda _, answer: answer,
    )
    deliveries = Aggregates(
        "deliveries",
        Delivery,
        topic=DELIVERIES,
        event=lambda _, delivery: delivery,
        indexes=[
            Index((("state.program", 1), ("id", 1))),
            Index((("state.pair", 1), ("id", 1))),
        ],
    )
    pairs: Copies[Pair] = Copies(
        "pairs",
        PAIRS,
        indexes=[
            Index((("state.members.participant", 1), ("id", 1))),
            Index((("state.program", 1), ("id", 1))),
        ],
    )
    health: Copies[Health] = Copies("health", HEALTH, keep=kept_health)
    assessments: Copies[Assessment] = Copies("assessments", ASSESSMENTS, keep=kept_assessment)
    sessions: Copies[SessionFact] = Copies(
        "sessions",
        SESSIONS,
        keep=kept_session,
        indexes=[Index((("state.pair", 1), ("state.state", 1), ("id", 1)))],
    )
    concerns: Copies[Concern] = Copies(
        "concerns", CONCERNS, indexes=[Index((("state.pair", 1), ("state.state", 1)))]
    )
    programs: Copies[Program] = Copies("programs", PROGRAMS)
    participants: Copies[Participant] = Copies("participants", PARTICIPANTS, keep=kept_participant)
    enrollments: Copies[Enrollment] = Copies("enrollments", ENROLLMENTS, keep=kept_enrollment)
    contacts: Copies[Contact] = Copies("contacts", CONTACTS)

    async def plans_of(self, at: Reader, pair: str) -> list[Copy]:
        """The live planned sessions of a pair."""
        return (await self.plans_of_each(at, [pair]))[pair][:50]

    async def plans_of_each(self, at: Reader, pairs: Sequence[str]) -> dict[str, list[Copy]]:
        """The same of several pairs at once."""
        return await self.sessions.of_each(at, "state.pair", pairs, {"state.state": "planned"})

    async def has_concern(self, at: Reader, pair: str) -> bool:
        """Whether a safeguarding concern about this pair is open."""
        return bool((await self.concerns_of_each(at, [pair]))[pair])

    async def concerns_of_each(self, at: Reader, pairs: Sequence[str]) -> dict[str, list[Copy]]:
        """The open safeguarding concerns of several pairs."""
        return await self.concerns.of_each(at, "state.pair", pairs, {"state.state": {"$ne": "closed"}})

    async def pair_ids_of_person(
        self, at: Reader, participant: str, after: str | None, limit: int
    ) -> list[str]:
        """The pairs somebody is or was in, in order of id."""
        where = {"state.members.participant": participant}
        return [pair.id for pair in await self.pairs.find(at, where, limit=limit, after=after)]

    async def pair_ids_of_program(self, at: Reader, program: str, after: str | None, limit: int) -> list[str]:
        """The pairs of a program, in order of id."""
        found = await self.pairs.find(at, {"state.program": program}, limit=limit, after=after)
        return [pair.id for pair in found]

    async def cases_of(
        self,
        at: Reader,
        programs: Iterable[str],
        states: Sequence[str],
        besides: str | None,
        after: str | None,
        limit: int,
    ) -> list[Stored[Attention]]:
        """The cases of these programs in these states (none given: the live ones), but of pairs of `besides`."""
        where: Document = {
            "state.program": {"$in": sorted(programs)},
            "state.case.status": {"$in": sorted(states or LIVE)},
            "state.members": {"$ne": besides},
        }
        return await self.attention.find(at, where, limit=limit, after=after)

    async def reviewed_of(
        self, at: Reader, programs: Iterable[str], besides: str | None, after: str | None, limit: int
    ) -> list[Stored[Attention]]:
        """The pairs of these programs with an open review, but those of `besides`."""
        where: Document = {
            "state.program": {"$in": sorted(programs)},
            "state.members": {"$ne": besides},
            "state.reviews": {"$elemMatch": {"state": {"$in": sorted(LIVE_REVIEWS)}}},
        }
        return await self.attention.find(at, where, limit=limit, after=after)

    async def of_review(self, at: Reader, review: str) -> Stored[Attention] | None:
        """The attention a review belongs to."""
        found = await self.attention.find(at, {"state.reviews.id": review}, limit=1)
        return found[0] if found else None

    async def deliveries_of(
        self,
        at: Reader,
        programs: Iterable[str],
        pair: str | None,
        outcome: str | None,
        after: str | None,
        limit: int,
    ) -> list[Stored[Delivery]]:
        """What was sent in these programs, by pair and outcome where given."""
        where: Document = {"state.program": {"$in": sorted(programs)}}
        if pair is not None:
            where["state.pair"] = pair
        if outcome is not None:
            where["state.outcome"] = outcome
        return await self.deliveries.find(at, where, limit=limit, after=after)
