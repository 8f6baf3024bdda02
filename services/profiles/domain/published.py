"""What the world sees of a private state, and by which name a change of it goes. Pure."""

from services.profiles.domain import enrollments, people, programs
from shared.contracts.common import Days
from shared.contracts.contacts import Contact
from shared.contracts.enrollments import Consent, Enrollment
from shared.contracts.participants import Link, Participant
from shared.contracts.programs import Program


def participant(id: str, person: people.Person) -> Participant:
    """The event body of a person; the department and the first day of employment stay here."""
    return Participant(
        id=id,
        links=tuple(Link(source=each.source, external_id=each.external_id) for each in person.links),
        manager=person.manager,
        status=person.status,
        leaves=tuple(Days(first=each.start, last=each.end) for each in person.leaves),
        leaving_on=person.leaving_on,
        left_at=person.left_at,
        time_zone=person.time_zone,
        country=person.country,
        region=person.region,
        site=person.site,
        field=person.field,
        seniority=person.seniority,
        promotion_pool=person.promotion_pool,
    )


def participant_type(before: people.Person | None, after: people.Person) -> str | None:
    """The event type of a change; None where nobody outside would see a difference."""
    if before is None:
        return "participant.left" if after.status == "left" else "participant.added"
    if participant("-", before) == participant("-", after):
        return None
    if after.status != before.status and "left" in (after.status, before.status):
        return "participant.left" if after.status == "left" else "participant.rehired"
    if (after.status, after.leaves) != (before.status, before.leaves):
        return "participant.leave_changed"
    if after.leaving_on != before.leaving_on:
        return "participant.departure_changed"
    return "participant.changed"


def contact(id: str, state: people.Contact) -> Contact:
    """The event body of names and addresses."""
    return Contact(
        id=id,
        given_name=state.given_name,
        family_name=state.family_name,
        email=state.email,
        locale=state.locale,
    )


def program(id: str, state: programs.Program) -> Program:
    """The event body of a program; a cohort's mid-point is given, or the day halfway."""
    cohorts = [
        {
            "id": each.id,
            "name": each.name,
            "window": None
            if each.enrollment_from is None
            else {"first": each.enrollment_from, "last": each.enrollment_until},
            "starts": each.starts,
            "midpoint": each.middle,
            "ends": each.ends,
        }
        for each in state.cohorts
    ]
    return Program.model_validate(
        {
            "id": id,
            "name": state.name,
            "state": state.state,
            "rules": _rules(state.rules),
            "cohorts": cohorts,
            "breaks": [{"first": each.start, "last": each.end} for each in state.breaks],
            "coordinators": state.coordinators,
            "stand_ins": state.stand_ins,
            "safeguarding_leads": state.safeguarding_leads,
            "deputies": state.deputies,
        }
    )


def _rules(rules: programs.Rules) -> dict[str, object]:
    """The rules by the names of the contract; the groups of affinity are nobody's to read outside."""
    body = rules.model_dump(mode="json", exclude={"seniority_band", "affinity_groups"})
    if rules.seniority_band is not None:
        least, most = rules.seniority_band
        body["seniority_gap"] = {"least": least, "most": most}
    return body


def program_type(before: programs.Program | None, after: programs.Program) -> str | None:
    """The event type of a change; None where nothing differs."""
    if before is None:
        return "program.created"
    if before == after:
        return None
    if before.state != after.state:
        return "program.opened" if after.state == "open" else "program.closed"
    return "program.changed"


_OF_STATE = {
    "invited": "enrollment.invited",
    "applied": "enrollment.applied",
    "approved": "enrollment.approved",
    "waitlisted": "enrollment.waitlisted",
    "open": "enrollment.opened",
    "away": "enrollment.away",
    "withdrawn": "enrollment.withdrawn",
    "completed": "enrollment.completed",
}


def enrollment(id: str, state: enrollments.Enrollment) -> Enrollment:
    """The event body of an enrollment."""
    consent = state.consent
    return Enrollment(
        id=id,
        participant=state.participant,
        program=state.program,
        cohort=state.cohort,
        role=state.role,
        state=state.state,
        consent=None if consent is None else Consent(on=consent.on, source=consent.source),
        away=tuple(Days(first=each.since, last=each.until) for each in state.away),
        capacity=state.capacity,
        first_time=state.first_time,
        trained=state.trained,
        screened=state.screened,
        boost=state.boost,
        opened_at=state.opened_at,
        closed_at=state.closed_at,
        preferences=state.preferences,
    )


def enrollment_type(before: enrollments.Enrollment | None, after: enrollments.Enrollment) -> str | None:
    """The event type of a change; None where nobody outside would see a difference."""
    if before is None or before.state != after.state:
        return _OF_STATE[after.state]
    return None if enrollment("-", before) == enrollment("-", after) else "enrollment.changed"
