"""All that matching keeps, and every question it asks of it; the only file here that names MongoDB's filters."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from services.matching.domain.facts import MATCHABLE
from services.matching.domain.pair import DRAFT, DROPPED, OPEN, SHOWN, Pair
from services.matching.domain.published import Assessed, assessment_body, pair_body
from services.matching.store.documents import (
    Arrivals as Arrivals,
)
from services.matching.store.documents import (
    CohortState as CohortState,
)
from services.matching.store.documents import (
    LeftOver as LeftOver,
)
from services.matching.store.documents import (
    Making as Making,
)
from services.matching.store.documents import (
    Missing as Missing,
)
from services.matching.store.documents import (
    Place as Place,
)
from services.matching.store.documents import (
    PlanPage as PlanPage,
)
from services.matching.store.documents import (
    Sketch as Sketch,
)
from services.matching.store.documents import (
    Summary as Summary,
)
from services.matching.store.reporting import PAGE, Reporting
from shared.contracts import ASSESSMENTS, CASES, ENROLLMENTS, PAIRS, PARTICIPANTS, PROGRAMS
from shared.contracts.cases import Case
from shared.contracts.enrollments import Enrollment
from shared.contracts.participants import Participant
from shared.contracts.programs import Program
from shared.delivery import Aggregates, Copies, Index, Reader, Stored


class Store:
    """The collections of the matching database."""

    pairs: Aggregates[Pair] = Aggregates(
        "pairs",
        Pair,
        topic=PAIRS,
        event=pair_body,
        indexes=(
            # Of two that fit a question equally the first is asked: a person has few pairs, a program many.
            Index((("state.members.participant", 1),)),
            Index((("state.members.enrollment", 1),)),
            Index((("state.program", 1), ("id", 1))),
            Index((("state.program", 1), ("order", 1))),
            Index((("state.cohort", 1), ("state.state", 1))),
        ),
    )
    assessments: Aggregates[Assessed] = Aggregates(
        "assessments", Assessed, topic=ASSESSMENTS, event=assessment_body
    )
    places: Aggregates[Place] = Aggregates(
        "places", Place, indexes=(Index((("state.program", 1), ("state.cohort", 1), ("order", 1))),)
    )
    cohorts: Aggregates[CohortState] = Aggregates("cohorts", CohortState)
    arrivals: Aggregates[Arrivals] = Aggregates("arrivals", Arrivals)
    pages: Aggregates[PlanPage] = Aggregates("plan_pages", PlanPage)
    left: Aggregates[LeftOver] = Aggregates(
        "left_over",
        LeftOver,
        indexes=(
            Index((("state.program", 1), ("id", 1))),
            Index((("state.program", 1), ("state.cohort", 1), ("order", 1))),
        ),
    )
    participants: Copies[Participant] = Copies(
        "participants", PARTICIPANTS, indexes=(Index((("state.manager", 1), ("id", 1))),)
    )
    reporting = Reporting(participants)
    programs: Copies[Program] = Copies("programs", PROGRAMS)
    enrollments: Copies[Enrollment] = Copies(
        "enrollments",
        ENROLLMENTS,
        indexes=(
            Index((("state.program", 1), ("state.cohort", 1), ("id", 1))),
            Index((("state.participant", 1),)),
        ),
    )
    cases: Copies[Case] = Copies("cases", CASES, indexes=(Index((("state.program", 1),)),))

    @property
    def aggregates(self) -> tuple[Aggregates[Any], ...]:
        return (
            self.pairs,
            self.assessments,
            self.places,
            self.cohorts,
            self.arrivals,
            self.pages,
            self.left,
        )

    # -- pairs --------------------------------------------------------------------------------------------------

    async def pairs_of_participant(self, at: Reader, participant: str) -> list[Stored[Pair]]:
        """Pairs that may still change, of one person in all programs."""
        return await self.pairs.find(
            at, {"state.members.participant": participant, "state.state": {"$in": sorted(OPEN)}}
        )

    async def pairs_of_enrollment(self, at: Reader, enrollment: str) -> list[Stored[Pair]]:
        """Pairs that may still change, of one enrollment."""
        return await self.pairs.find(
            at, {"state.members.enrollment": enrollment, "state.state": {"$in": sorted(OPEN)}}
        )

    async def history(self, at: Reader, program: str) -> list[Sketch]:
        """Every pair a program ever made, whatever became of it, dropped drafts left out."""
        return await self._sketches(at, {"state.program": program, "state.state": {"$ne": DROPPED}})

    async def history_of(self, at: Reader, program: str, people: Sequence[str]) -> list[Stored[Pair]]:
        """Every pair of a program that any of these participants is or was in."""
        where = {
            "state.members.participant": {"$in": list(people)},
            "state.program": program,
            "state.state": {"$ne": DROPPED},
        }
        return [each async for each in _all(self.pairs, at, where)]

    async def pairs_since(self, at: Reader, program: str, order: int) -> list[Sketch]:
        """Pairs of a program that were written since, whatever became of them."""
        return await self._sketches(at, {"state.program": program, "order": {"$gte": order}})

    async def _sketches(self, at: Reader, where: Mapping[str, Any]) -> list[Sketch]:
        fields = ("state.state", "state.cohort", "state.members")
        found: list[Sketch] = []
        async for rows in self.pairs.glimpse(at, where, fields, PAGE):
            found += [Sketch.of(row) for row in rows]
        return found

    async def page_of_pairs(
        self,
        at: Reader,
        program: str,
        *,
        states: Sequence[str] = (),
        participant: str | None = None,
        limit: int,
        after: str | None,
        drafts: bool,
    ) -> list[Stored[Pair]]:
        """A page of a program's pairs, by id."""
        hidden = [DROPPED] if drafts else [DROPPED, DRAFT]
        wanted: dict[str, Any] = {"$nin": hidden}
        if states:
            wanted["$in"] = list(states)
        where: dict[str, Any] = {"state.program": program, "state.state": wanted}
        if participant is not None:
            where["state.members.participant"] = participant
        return await self.pairs.find(at, where, limit=limit, after=after)

    async def shown_ids(self, at: Reader, program: str, after: str | None, limit: int) -> list[str]:
        """Ids of shown, living and drafted pairs of a program, in pages."""
        where = {"state.program": program, "state.state": {"$in": sorted(SHOWN)}}
        return [each.id for each in await self.pairs.find(at, where, limit=limit, after=after)]

    # -- people -------------------------------------------------------------------------------------------------

    async def enrollments_of_cohort(
        self, at: Reader, program: str, cohort: str
    ) -> AsyncIterator[list[Enrollment]]:
        """All of a cohort who can be matched, or could but for some days, a page at a time."""
        where = {"state.program": program, "state.cohort": cohort}
        async for rows in self.enrollments.stream(at, where, PAGE):
            yield [Enrollment.model_validate(row.state) for row in rows if row.state["state"] in MATCHABLE]

    async def matchable(self, at: Reader, program: str, cohort: str) -> list[str]:
        """Ids of a cohort's enrollments that can be matched, or could but for some days."""
        where = {"state.program": program, "state.cohort": cohort, "state.state": {"$in": sorted(MATCHABLE)}}
        return [row["id"] async for rows in self.enrollments.glimpse(at, where, (), PAGE) for row in rows]

    async def changed_since(self, at: Reader, program: str, cohort: str, order: int) -> list[str]:
        """Enrollments of a cohort of which anything that matters was written since: their facts, their person's,
        or the pairs that take their places. All of these write the place document."""
        where = {"state.program": program, "state.cohort": cohort, "order": {"$gte": order}}
        return [row["id"] async for rows in self.places.glimpse(at, where, (), PAGE) for row in rows]

    async def enrollments_of_participant(self, at: Reader, participant: str) -> list[Enrollment]:
        found = await self.enrollments.find(at, {"state.participant": participant})
        return [Enrollment.model_validate(copy.state) for copy in found]

    async def enrollments_by_id(self, at: Reader, ids: Sequence[str]) -> dict[str, Enrollment]:
        found = await self.enrollments.get_many(at, ids)
        return {id: Enrollment.model_validate(copy.state) for id, copy in found.items()}

    async def program(self, at: Reader, id: str) -> Program | None:
        copy = await self.programs.get(at, id)
        return Program.model_validate(copy.state) if copy else None

    async def case(self, at: Reader, pair: str) -> Case | None:
        copy = await self.cases.get(at, pair)
        return Case.model_validate(copy.state) if copy else None

    async def cases_of(self, at: Reader, program: str) -> list[Case]:
        where = {"state.program": program}
        return [Case.model_validate(each.state) async for each in _all(self.cases, at, where)]

    async def cohorts_of(self, at: Reader, program: str | None) -> list[Stored[CohortState]]:
        """The matching of a program's cohorts, or of all there are."""
        return [each async for each in _all(self.cohorts, at, {"state.program": program} if program else {})]

    # -- left over ----------------------------------------------------------------------------------------------

    async def left_of_cohort(self, at: Reader, program: str, cohort: str) -> dict[str, LeftOver]:
        """Who is left over now, and why."""
        where = {"state.program": program, "state.cohort": cohort, "state.reason": {"$ne": None}}
        return await self._left(at, where)

    async def left_since(self, at: Reader, program: str, cohort: str, order: int) -> dict[str, LeftOver]:
        """What was written since about who is left over, or no longer."""
        where = {"state.program": program, "state.cohort": cohort, "order": {"$gte": order}}
        return await self._left(at, where)

    async def _left(self, at: Reader, where: Mapping[str, Any]) -> dict[str, LeftOver]:
        found: dict[str, LeftOver] = {}
        async for rows in self.left.glimpse(at, where, ("state",), PAGE):
            found |= {row["id"]: LeftOver.model_validate(row["state"]) for row in rows}
        return found

    async def page_of_left(
        self,
        at: Reader,
        program: str,
        *,
        participant: str | None,
        role: str | None,
        limit: int,
        after: str | None,
    ) -> list[Stored[LeftOver]]:
        where: dict[str, Any] = {"state.program": program, "state.reason": {"$ne": None}}
        if participant is not None:
            where["state.participant"] = participant
        if role is not None:
            where["state.role"] = role
        return await self.left.find(at, where, limit=limit, after=after)


async def _all(rows: Any, at: Reader, where: Mapping[str, Any]) -> Any:
    after: str | None = None
    while True:
        found = await rows.find(at, where, limit=PAGE, after=after)
        for each in found:
            yield each
        if len(found) < PAGE:
            return
        after = found[-1].id
