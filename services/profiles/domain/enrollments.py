"""Enrollments: one participant in one role of one cohort, from invitation to completion."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import uuid5

from services.profiles.domain.base import Day, Frozen
from services.profiles.domain.links import NAMESPACE
from services.profiles.domain.people import Person, midnight
from services.profiles.domain.tastes import Wants, with_taste
from shared.contracts.enrollments import Preferences

State = Literal["invited", "applied", "approved", "waitlisted", "open", "away", "withdrawn", "completed"]
Role = Literal["mentor", "mentee"]
CLOSED: tuple[State, ...] = ("withdrawn", "completed")


class Consent(Frozen):
    """That the person agreed to take part: in Rapport, or as an import recorded it, with its source."""

    on: Day
    source: str


class Away(Frozen):
    """Days in which the person takes part in nothing new, both included; no `until` means open."""

    since: Day
    until: Day | None = None


class Enrollment(Frozen):
    participant: str
    program: str
    cohort: str
    role: Role
    state: State = "invited"
    consent: Consent | None = None
    approved: bool = False
    away: tuple[Away, ...] = ()
    capacity: int = 1
    first_time: bool | None = None
    trained: bool | None = None
    screened: bool | None = None
    boost: int = 0
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    preferences: Preferences = Preferences()


@dataclass(frozen=True)
class Setting:
    """What the program and its cohort say about an enrollment at one moment."""

    program_open: bool
    needs_approval: bool
    window_from: datetime | None
    window_until: datetime | None
    ends: datetime | None
    affinity: frozenset[str] = frozenset()
    """Tokens of the groups that the program asks about now; what somebody said about another is forgotten."""


def worded(said: Wants, before: Preferences, tokens: Mapping[str, str], *, own: bool) -> Preferences:
    """Preferences as they are kept: groups of affinity as tokens, by the person's own word alone.

    What the body does not name stays: some of it is not shown to everybody, and whoever cannot read it must not
    clear it by sending the rest. Raises Refused.
    """
    kept: dict[str, tuple[str, ...]] = {}
    groups = said.affinity or ()
    if not own and groups:
        raise Refused("only the person says by which groups they want to be matched")
    if not own:
        kept["affinity"] = before.affinity
    elif unknown := [group for group in groups if group not in tokens]:
        raise Refused(f"the program does not ask about {unknown[0]!r}")
    elif "affinity" in said.model_fields_set:
        kept["affinity"] = tuple(tokens[group] for group in groups)
    return with_taste(before, said, kept)


def seen_by(enrollment: Enrollment, tokens: Mapping[str, str], *, own: bool, staff: bool) -> Enrollment:
    """The enrollment as somebody reads it: exclusions nobody, groups of affinity the person, boosts the staff."""
    groups = tuple(group for group, token in tokens.items() if token in enrollment.preferences.affinity)
    hidden = {"excluded": (), "affinity": groups if own else ()}
    return enrollment.model_copy(
        update={
            "preferences": enrollment.preferences.model_copy(update=hidden),
            "boost": enrollment.boost if staff else 0,
        }
    )


class Refused(Exception):
    """The step is not possible from the state the enrollment is in; the message says why."""


def enrollment_id(organization: str, program: str, cohort: str, participant: str, role: str) -> str:
    """The same wish is the same enrollment, however often a file is sent."""
    return uuid5(NAMESPACE, f"{organization}|{program}|{cohort}|{participant}|{role}").hex


def exclusions(enrollments: Iterable[Enrollment]) -> tuple[str, ...]:
    """Whom a person is never to be paired with, by all they ever took part in (domain.md: exclusions survive)."""
    return tuple(dict.fromkeys(id for each in enrollments for id in each.preferences.excluded))


def excluding(enrollment: Enrollment, excluded: tuple[str, ...]) -> Enrollment:
    """The enrollment with these exclusions."""
    wants = enrollment.preferences.model_copy(update={"excluded": excluded})
    return enrollment.model_copy(update={"preferences": wants})


def invited(enrollment: Enrollment | None, fresh: Enrollment) -> Enrollment:
    """An invitation: a living enrollment goes on as it is, a closed one begins again without consent."""
    if enrollment is None or enrollment.state in CLOSED:
        return fresh
    return enrollment


def applied(enrollment: Enrollment) -> Enrollment:
    """The person wants to take part; saying so in Rapport is not yet the consent."""
    if enrollment.state != "invited":
        raise Refused(f"an enrollment that is {enrollment.state} cannot be applied for")
    return enrollment.model_copy(update={"state": "applied"})


def approved(enrollment: Enrollment) -> Enrollment:
    """The coordinator agrees."""
    if enrollment.state in CLOSED:
        raise Refused(f"an enrollment that is {enrollment.state} cannot be approved")
    if enrollment.approved:
        return enrollment
    state = "approved" if enrollment.state == "applied" else enrollment.state
    return enrollment.model_copy(update={"approved": True, "state": state})


def consented(enrollment: Enrollment, consent: Consent) -> Enrollment:
    """The person agrees; the first consent stays, so that an import cannot date it anew."""
    if enrollment.state in CLOSED:
        raise Refused(f"an enrollment that is {enrollment.state} cannot be opened by a consent")
    return enrollment if enrollment.consent else enrollment.model_copy(update={"consent": consent})


def away(enrollment: Enrollment, days: Away | None, today: date) -> Enrollment:
    """Away for some days, or back (None). Days that are over stay: they stop clocks in the past."""
    if enrollment.state not in ("open", "away"):
        raise Refused(f"only an open enrollment can be away; this one is {enrollment.state}")
    if days is not None and days.until is not None and days.until < days.since:
        raise Refused("being away ends on or after its first day")
    yesterday = today - timedelta(days=1)
    kept = [each for each in enrollment.away if each.until is not None and each.until < today]
    for each in enrollment.away:
        if each not in kept and each.since <= yesterday:
            kept.append(Away(since=each.since, until=yesterday))
    if days is not None:
        kept = [each for each in kept if each.until is not None and each.until < days.since] + [days]
    return enrollment.model_copy(update={"away": tuple(kept)})


def withdrawn(enrollment: Enrollment, now: datetime) -> Enrollment:
    """The end before the end, by the person, the coordinator or a departure."""
    if enrollment.state == "completed":
        raise Refused("an enrollment that is completed cannot be withdrawn")
    if enrollment.state == "withdrawn":
        return enrollment
    return _ended(enrollment, "withdrawn", now)


def _ended(enrollment: Enrollment, state: State, now: datetime) -> Enrollment:
    return enrollment.model_copy(update={"state": state, "closed_at": now})


def settled(
    enrollment: Enrollment, person: Person, setting: Setting, now: datetime
) -> tuple[Enrollment, datetime | None]:
    """The enrollment as it must be at `now`, and when time alone next changes it (None: never).

    Only a consent opens. Outside its enrollment window a cohort keeps whoever is ready on the waiting list;
    after the window the coordinator's approval still lets one in.
    """
    if enrollment.state in CLOSED:
        return enrollment, None
    if person.status == "left":
        return _ended(enrollment, "withdrawn", now), None
    if setting.ends is not None and now >= setting.ends:
        ended: State = "completed" if enrollment.state in ("open", "away") else "withdrawn"
        return _ended(enrollment, ended, now), None
    edges = [setting.ends] if setting.ends is not None else []
    state = enrollment.state
    ready = enrollment.consent is not None and (enrollment.approved or not setting.needs_approval)
    if state in ("invited", "applied", "approved", "waitlisted") and ready:
        begun = setting.window_from is None or now >= setting.window_from
        over = setting.window_until is not None and now >= setting.window_until
        in_time = begun and (not over or enrollment.approved)
        state = "open" if setting.program_open and in_time else "waitlisted"
        if not begun and setting.window_from is not None:
            edges.append(setting.window_from)
    if state in ("open", "away"):
        state, more = _present(enrollment.away, person.time_zone, now)
        edges += more
    opened = enrollment.opened_at or (now if state in ("open", "away") else None)
    after = enrollment.model_copy(update={"state": state, "opened_at": opened})
    wants = after.preferences
    if not setting.affinity.issuperset(wants.affinity):
        kept = tuple(token for token in wants.affinity if token in setting.affinity)
        after = after.model_copy(update={"preferences": wants.model_copy(update={"affinity": kept})})
    return (enrollment if after == enrollment else after), min(edges, default=None)


def _present(days: tuple[Away, ...], zone: str | None, now: datetime) -> tuple[State, list[datetime]]:
    state: State = "open"
    edges: list[datetime] = []
    for each in days:
        since = midnight(each.since, zone)
        until = None if each.until is None else midnight(each.until + timedelta(days=1), zone)
        if now < since:
            edges.append(since)
        elif until is None or now < until:
            state = "away"
            edges += [until] if until is not None else []
    return state, edges
