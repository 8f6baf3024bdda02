"""The enrollment that a row asks for: which cohort, whose choices, and what a closed one means."""

from datetime import datetime

from services.profiles.domain import enrollments
from services.profiles.domain.base import Problem
from services.profiles.domain.enrollments import Consent, Enrollment, enrollment_id
from services.profiles.domain.importing.cells import near
from services.profiles.domain.importing.rows import Wish
from services.profiles.domain.importing.world import Rejected, World, put
from services.profiles.domain.people import Person
from services.profiles.domain.programs import Cohort, Program, enrolling, setting
from services.profiles.domain.tastes import with_taste
from shared.contracts.enrollments import Preferences


class Enrolling:
    """One row's wish. `unknown` are choices nobody is known by; `left_out` what did not stop the row."""

    def __init__(self, world: World, participant: str, wish: Wish) -> None:
        self.world = world
        self.participant = participant
        self.wish = wish
        self.unknown: list[str] = []
        self.left_out: list[Problem] = []

    def run(self) -> str | None:
        """Puts the enrollment among the row's changes; returns its id, None where none begins. Raises Rejected."""
        wish, known, id = self.wish, self.world.known, self.participant
        program, cohort = self._cohort()
        number = enrollment_id(known.organization, wish.program, cohort.id, id, wish.role)
        before = self.world.enrollment(number)
        if before is not None and before.state in enrollments.CLOSED and not _agreed_anew(before, wish):
            self.left_out.append(
                Problem(
                    column="program",
                    reason=f"this enrollment is {before.state}; the rest was applied",
                    fix="give a consent_on after that day, or invite the person again in Rapport",
                )
            )
            return number
        begins = before is None or before.state in enrollments.CLOSED
        if begins and (over := _over(program, cohort, known.now)) is not None:
            self.left_out.append(over)
            return None
        enrollment = enrollments.invited(before, self._fresh(program, cohort))
        given = wish.model_fields_set & {"capacity", "first_time", "trained", "screened"}
        changes: dict[str, object] = {name: getattr(wish, name) for name in given}
        if changes.get("capacity", 0) is None:
            changes["capacity"] = self._places(program)
        changes["preferences"] = self._preferences(enrollment.preferences)
        enrollment = enrollment.model_copy(update=changes)
        if wish.consent_on is not None and wish.consent_source is not None:
            consent = Consent(on=wish.consent_on, source=wish.consent_source)
            enrollment = enrollments.consented(enrollment, consent)
        person = self.world.person(id) or Person()
        after, _ = enrollments.settled(enrollment, person, setting(program, cohort), known.now)
        put(self.world.mine.enrollments, number, before, after)
        return number

    def _fresh(self, program: Program, cohort: Cohort) -> Enrollment:
        wish = self.wish
        return Enrollment(
            participant=self.participant,
            program=wish.program,
            cohort=cohort.id,
            role=wish.role,
            capacity=self._places(program),
            preferences=Preferences(excluded=self.world.known.excluded.get(self.participant, ())),
        )

    def _places(self, program: Program) -> int:
        """Partners at once of whoever says nothing of it."""
        return program.rules.mentor_capacity if self.wish.role == "mentor" else 1

    def _cohort(self) -> tuple[Program, Cohort]:
        wish, known = self.wish, self.world.known
        program = known.programs.get(wish.program)
        if program is None:
            meant = near(wish.program, known.programs)
            fix = f"did you mean {meant!r}?" if meant else "use the id of a program that is there"
            raise Rejected(Problem(column="program", reason="there is no such program", fix=fix))
        if wish.cohort is not None:
            cohort = program.cohort(wish.cohort)
            if cohort is None:
                meant = near(wish.cohort, [each.id for each in program.cohorts])
                fix = f"did you mean {meant!r}?" if meant else "use the id of one of its cohorts"
                raise Rejected(Problem(column="cohort", reason="the program has no such cohort", fix=fix))
            return program, cohort
        cohorts = enrolling(program, known.now)
        if len(cohorts) != 1:
            count = "no cohort" if not cohorts else "more than one cohort"
            raise Rejected(
                Problem(column="cohort", reason=f"{count} of this program enrolls now", fix="name the cohort")
            )
        return program, cohorts[0]

    def _preferences(self, before: Preferences) -> Preferences:
        chosen = "choices" in self.wish.model_fields_set
        changes = {"choices": self._choices(self.wish.choices or ())} if chosen else None
        return with_taste(before, self.wish.taste, changes)

    def _choices(self, wanted: tuple[str, ...]) -> tuple[str, ...]:
        found: list[str] = []
        for number in wanted:
            holder = self.world.holder(number)
            if holder is None:
                self.unknown.append(number)
            elif holder != self.participant and holder not in found:
                found.append(holder)
        return tuple(found)


def _over(program: Program, cohort: Cohort, now: datetime) -> Problem | None:
    """Why nobody begins anything in this cohort any more."""
    ends = setting(program, cohort).ends
    if program.state == "closed":
        reason = "this program is closed; the rest was applied"
        return Problem(column="program", reason=reason, fix="name a program that is not")
    if ends is not None and now >= ends:
        reason = "this cohort is over; the rest was applied"
        return Problem(column="cohort", reason=reason, fix="name a cohort that is not")
    return None


def _agreed_anew(enrollment: Enrollment, wish: Wish) -> bool:
    """A file sent every night must not bring back whoever has withdrawn; only a newer consent does."""
    if wish.consent_on is None or enrollment.closed_at is None:
        return False
    return wish.consent_on > enrollment.closed_at.date()
