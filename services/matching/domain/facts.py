"""From what the topics told to what matching decides on: participants, enrollments, programs as people and rules."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.matching.domain.pair import DRAFT, DROPPED, SHOWN, WITHDRAWN
from services.matching.domain.people import DEFAULT_WEIGHTS, MENTOR, Boost, Person, Round, Rules
from services.matching.domain.settle import MemberFacts
from shared.contracts.cases import LIVE
from shared.contracts.cases import Case as CaseContract
from shared.contracts.common import Days, SeniorityGap
from shared.contracts.enrollments import Enrollment
from shared.contracts.participants import Participant, Status
from shared.contracts.programs import Boost as BoostContract
from shared.contracts.programs import Cohort, Program

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

STEPS = 100
"""Of the longest ladder (`Participant.seniority` goes from 0 to this)."""

MATCHABLE = frozenset({"open", "away"})
"""States of an enrollment in which somebody may have been proposed."""

OVER = frozenset({"withdrawn", "completed"})
"""States of an enrollment that takes part no longer."""


def zone_of(name: str | None) -> ZoneInfo:
    """A zone by its name, UTC where nobody knows it: a typing error must not stop a decision."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def midnight(day: date, zone: str | None) -> datetime:
    """The moment a local day begins, in UTC."""
    return datetime.combine(day, time(), tzinfo=zone_of(zone)).astimezone(UTC)


def today(now: datetime, zone: str | None) -> date:
    return now.astimezone(zone_of(zone)).date()


def within(spans: Iterable[Days], day: date) -> bool:
    """Whether a day lies in one of the spans, both ends included."""
    return any(span.first <= day and (span.last is None or day <= span.last) for span in spans)


def next_border(spans: Iterable[Days], day: date) -> date | None:
    """The next day on which one of the spans begins, or is over."""
    borders = [span.first for span in spans]
    borders += [span.last + timedelta(days=1) for span in spans if span.last is not None]
    return min((border for border in borders if border > day), default=None)


@dataclass(frozen=True, slots=True)
class Known:
    """One enrollment with its participant, both None where nothing is known or all was erased."""

    enrollment: Enrollment | None
    participant: Participant | None

    def on_leave(self, now: datetime) -> bool:
        """By its days where there are any; the state alone where HR gave no days."""
        one = self.participant
        if one is None:
            return False
        if one.leaves:
            return within(one.leaves, today(now, one.time_zone))
        return one.status == Status.ON_LEAVE.value

    def away(self, now: datetime) -> bool:
        one, zone = self.enrollment, self.participant.time_zone if self.participant else None
        if one is None:
            return False
        return one.state == "away" or within(one.away, today(now, zone))

    @property
    def gone(self) -> bool:
        """Left, or erased: both copies are there as long as the person is."""
        return self.participant is None or self.participant.status == Status.LEFT.value

    @property
    def withdrawn(self) -> bool:
        one = self.enrollment
        return one is None or one.state in OVER or (one.state in {"open", "away"} and one.consent is None)

    def member(self, now: datetime) -> MemberFacts:
        """What a pair's fate depends on. Somebody who is about to leave is shown to nobody new."""
        leaving = self.participant is not None and self.participant.leaving_on is not None
        return MemberFacts(
            gone=self.gone,
            withdrawn=self.withdrawn,
            on_leave=self.on_leave(now),
            away=self.away(now) or leaving,
        )

    def next_change(self, now: datetime) -> datetime | None:
        """The next moment at which a leave or days away begin or end."""
        if self.participant is None:
            return None
        zone = self.participant.time_zone
        spans = [*self.participant.leaves, *(self.enrollment.away if self.enrollment else ())]
        border = next_border(spans, today(now, zone))
        return midnight(border, zone) if border else None


def rules_of(program: Program) -> Rules:
    """A program's rules for matching; weights it does not name are the defaults, unknown values too."""
    given = program.rules
    line = given.reporting_line
    hour, minute = (int(part) for part in given.change_time.at.split(":")[:2])
    return Rules(
        reporting_line=line.rule if line.rule in {"allow", "direct", "any"} else "levels",  # type: ignore[arg-type]
        reporting_levels=line.levels or 2,
        weights=given.weights or dict(DEFAULT_WEIGHTS),
        objective="score" if given.objective == "score" else "participation",
        minimum=given.minimum_score,
        gates=frozenset(given.gates),
        seniority_band=_band(program),
        boosts=tuple(_boost(each) for each in given.boosts),
        overlap_wanted=given.overlap_wanted_minutes,
        draft_bonus=given.draft_bonus,
        approval=given.coordinator_accepts,
        exclude_past=given.exclude_past_pairs,
        answer_days=given.proposal_days,
        change_weekday=WEEKDAYS.index(given.change_time.day) if given.change_time.day in WEEKDAYS else 0,
        change_minute=60 * hour + minute,
        zone=zone_of(given.time_zone).key,
    )


def _boost(given: BoostContract) -> Boost:
    def side(wanted: Mapping[str, Sequence[str]]) -> tuple[tuple[str, tuple[str, ...]], ...]:
        return tuple((fact, tuple(values)) for fact, values in wanted.items())

    return Boost(given.points, given.label or "", side(given.mentee), side(given.mentor))


def _band(program: Program) -> tuple[int, int]:
    """The wanted gap in steps; anything goes where the direction is by skill and no gap is named."""
    gap = program.rules.seniority_gap
    if gap is not None:
        return _steps(gap)
    return (-STEPS, STEPS) if program.rules.direction == "by_skill" else (1, 4)


def _steps(gap: SeniorityGap) -> tuple[int, int]:
    """A gap within the ladder: what lies beyond means the same, and the engine's columns are narrow."""
    return max(-STEPS, min(STEPS, gap.least)), max(-STEPS, min(STEPS, gap.most))


def cohort_of(program: Program, cohort: str) -> Cohort | None:
    return next((each for each in program.cohorts if each.id == cohort), None)


def round_of(program: Program, cohort: str) -> Round | None:
    """One cohort's moments; None when the program has no such cohort. Proposals are shown once the enrollment
    window is over, at once where there is none."""
    found = cohort_of(program, cohort)
    if found is None:
        return None
    zone = program.rules.time_zone
    closes = found.window.last if found.window else None
    return Round(
        program=program.id,
        cohort=cohort,
        start=midnight(found.starts, zone),
        end=midnight(found.ends, zone) if found.ends else None,
        publish=midnight(closes + timedelta(days=1), zone) if closes else None,
    )


def capacity_of(enrollment: Enrollment, program: Program) -> int:
    """Partners at once: what the person wants, within what the program allows."""
    limits = [enrollment.capacity]
    if program.rules.max_active_pairs is not None:
        limits.append(program.rules.max_active_pairs)
    if enrollment.role == MENTOR and enrollment.first_time and program.rules.first_time_capacity is not None:
        limits.append(program.rules.first_time_capacity)
    return min(limits)


class Seated(Protocol):
    """A member of a pair, as far as `past_of` looks."""

    @property
    def participant(self) -> str: ...


class Paired(Protocol):
    """A pair, as far as `past_of` looks."""

    @property
    def state(self) -> str: ...
    @property
    def members(self) -> Sequence[Seated]: ...


def past_of(participant: str, pairs: Iterable[Paired], rules: Rules) -> frozenset[str]:
    """With whom this participant is, or was, in a pair that people saw. A proposal that was withdrawn for a
    gate is none: when the gate opens, the two may be proposed again."""
    found: set[str] = set()
    for pair in pairs:
        if pair.state in {DRAFT, DROPPED, WITHDRAWN}:
            continue
        if all(each.participant != participant for each in pair.members):
            continue
        if pair.state in SHOWN or rules.exclude_past:
            found.update(each.participant for each in pair.members if each.participant != participant)
    return frozenset(found)


def person_of(
    known: Known, program: Program, now: datetime, *, held: int = 0, past: frozenset[str] = frozenset()
) -> Person:
    """One enrolled person as matching sees them, words in one case: 'Lead a team' and 'lead a team' are one goal.
    Raises ValueError where the enrollment is not known."""
    enrollment, participant = known.enrollment, known.participant
    if enrollment is None:
        raise ValueError("nobody without an enrollment")
    wants = enrollment.preferences
    mentor = enrollment.role == MENTOR
    skills = wants.skills_offered if mentor else wants.skills_sought
    about = participant or Participant(id=enrollment.participant)
    return Person(
        enrollment=enrollment.id,
        participant=enrollment.participant,
        role=enrollment.role,
        open=enrollment.state == "open" and enrollment.consent is not None and not known.away(now),
        present=not (known.gone or about.leaving_on or known.on_leave(now)),
        places=capacity_of(enrollment, program),
        held=held,
        choices=wants.choices,
        excluded=frozenset(wants.excluded),
        past=past,
        languages=tuple(each.casefold() for each in wants.languages),
        skills={skill.casefold(): level for skill, level in skills.items()},
        goals=frozenset(each.casefold() for each in wants.goals),
        availability=tuple((hours.start, hours.end) for hours in wants.availability),
        zone=about.time_zone,
        seniority=about.seniority,
        gap=_steps(wants.seniority_gap) if wants.seniority_gap else None,
        values=frozenset(each.casefold() for each in wants.values),
        styles=frozenset(wants.style_offered if mentor else wants.style_wanted),
        supports=frozenset(wants.support_offered if mentor else wants.support_wanted),
        country=about.country,
        region=about.region,
        site=about.site,
        area=about.field,
        affinity=frozenset(wants.affinity),
        boost=enrollment.boost,
        first_time=enrollment.first_time,
        promotion_pool=(about.promotion_pool or "").casefold() or None,
        trained=enrollment.trained,
        screened=enrollment.screened,
    )


def subject_of(program: str, cohort: str) -> str:
    """The subject of a cohort's work, and its id."""
    return f"{program}/{cohort}"


def cohort_of_subject(subject: str) -> tuple[str, str]:
    program, _, cohort = subject.partition("/")
    return program, cohort


def rematch_confirmed(case: CaseContract | None) -> bool:
    """Whether a coordinator, or the program, said that the two are rematched."""
    return case is not None and case.case is not None and case.case.rematch == "confirmed"


def last_cadence(end: datetime | None, now: datetime, cadence_days: int) -> bool:
    """In the last cadence of a cohort nobody is rematched (domain.md, Relationship health)."""
    return end is not None and now >= end - timedelta(days=cadence_days)


def overloaded(program: Program, cases: Sequence[CaseContract]) -> bool:
    """A badly run program does harm: with too many open cases per coordinator it proposes nobody
    (domain.md, Program types: 25)."""
    live = sum(1 for case in cases if case.case is not None and case.case.state in LIVE)
    return live > program.rules.open_cases_per_coordinator * max(1, len(program.coordinators))


def matters(
    before: dict[str, object] | None, after: dict[str, object] | None, *, ignore: frozenset[str]
) -> bool:
    """Whether a change can matter to any decision here: an edit of no weight does nothing."""
    if before is None or after is None:
        return True
    names = (set(before) | set(after)) - ignore
    return any(before.get(name) != after.get(name) for name in names)
