"""All topics, in one table: who writes what for whom, and who may read it (architecture.md, What flows)."""

from datetime import timedelta

from shared.contracts import (
    answers,
    assessments,
    cases,
    concerns,
    contacts,
    dead_letters,
    deliveries,
    enrollments,
    health,
    pairs,
    participants,
    programs,
    sessions,
)
from shared.contracts.topic import Topic as Topic

SERVICES = ("profiles", "matching", "sessions", "notifications")

PARTICIPANTS = Topic(
    name="profiles.participants",
    family="participant",
    model=participants.Participant,
    types=participants.TYPES,
    about="Who takes part: profile without names or addresses, manager, leave and departure, time zone.",
    confidentiality="program",
    writer="profiles",
    readers=("matching", "sessions", "notifications"),
    revision=2,
)
CONTACTS = Topic(
    name="profiles.contacts",
    family="contact",
    model=contacts.Contact,
    types=contacts.TYPES,
    about="Names, addresses, locale.",
    confidentiality="restricted",
    writer="profiles",
    readers=("notifications",),
)
PROGRAMS = Topic(
    name="profiles.programs",
    family="program",
    model=programs.Program,
    types=programs.TYPES,
    about="Rules: template, weights, cadence, ladder, cohorts, breaks; who is in charge, by id.",
    confidentiality="open",
    writer="profiles",
    readers=("matching", "sessions", "notifications", "subscribers"),
    revision=2,
)
ENROLLMENTS = Topic(
    name="profiles.enrollments",
    family="enrollment",
    model=enrollments.Enrollment,
    types=enrollments.TYPES,
    about="Who takes part in what, as what: state, days away, capacity, preferences.",
    confidentiality="program",
    writer="profiles",
    readers=("matching", "sessions", "notifications"),
    revision=2,
)
PAIRS = Topic(
    name="matching.pairs",
    family="pair",
    model=pairs.Pair,
    types=pairs.TYPES,
    about="Who works with whom: members, origin, state, dates, outcome.",
    confidentiality="open",
    writer="matching",
    readers=("profiles", "sessions", "notifications", "subscribers"),
)
ASSESSMENTS = Topic(
    name="matching.assessments",
    family="assessment",
    model=assessments.Assessment,
    types=assessments.TYPES,
    about="Why a pair was made; which gates of a living pair now fail; a rematch refused.",
    confidentiality="program",
    writer="matching",
    readers=("notifications",),
    keyed_by="pair",
)
SESSIONS = Topic(
    name="sessions.sessions",
    family="session",
    model=sessions.SessionFact,
    types=sessions.TYPES,
    about="One session's facts, never its notes.",
    confidentiality="program",
    writer="sessions",
    readers=("notifications",),
)
HEALTH = Topic(
    name="sessions.health",
    family="health",
    model=health.Health,
    types=health.TYPES,
    about="How a pair is doing and why, who owes the next step, and the signals that follow.",
    confidentiality="program",
    writer="sessions",
    readers=("notifications",),
    keyed_by="pair",
)
CONCERNS = Topic(
    name="sessions.concerns",
    family="concern",
    model=concerns.Concern,
    types=concerns.TYPES,
    about="That a safeguarding lead must look, in ids only.",
    confidentiality="restricted",
    writer="sessions",
    readers=("notifications",),
)
CASES = Topic(
    name="notifications.cases",
    family="case",
    model=cases.Case,
    types=cases.TYPES,
    about="What people are asked to do about a pair: the case and its rung, a rematch, the reviews.",
    confidentiality="program",
    writer="notifications",
    readers=("matching", "sessions"),
    keyed_by="pair",
)
ANSWERS = Topic(
    name="notifications.answers",
    family="answer",
    model=answers.Answer,
    types=answers.TYPES,
    about="One-tap answers that are facts: met on, planned for, busy until.",
    confidentiality="program",
    writer="notifications",
    readers=("sessions",),
    retention=timedelta(days=90),
    keyed_by="pair",
    key_field="pair",
)
DELIVERIES = Topic(
    name="notifications.deliveries",
    family="delivery",
    model=deliveries.Delivery,
    types=deliveries.TYPES,
    about="What was sent to whom over which channel, without its content.",
    confidentiality="program",
    writer="notifications",
    readers=("subscribers",),
    revision=2,
    retention=timedelta(days=90),
    keyed_by="recipient",
    key_field="recipient",
)


def _dead_letters(service: str) -> Topic:
    return Topic(
        name=f"{service}.dead-letters",
        family="dead_letter",
        model=dead_letters.DeadLetterNotice,
        types=dead_letters.TYPES,
        about=f"Where {service} could not apply a record, and the class of error; not the record.",
        confidentiality="open",
        writer=service,
        readers=("ops",),
        retention=timedelta(days=30),
        keyed_by="dead letter",
    )


DEAD_LETTERS = {service: _dead_letters(service) for service in SERVICES}

TOPICS: dict[str, Topic] = {
    topic.name: topic
    for topic in (
        PARTICIPANTS,
        CONTACTS,
        PROGRAMS,
        ENROLLMENTS,
        PAIRS,
        ASSESSMENTS,
        SESSIONS,
        HEALTH,
        CONCERNS,
        CASES,
        ANSWERS,
        DELIVERIES,
        *DEAD_LETTERS.values(),
    )
}
"""Every topic by its name."""


def written_by(service: str) -> tuple[Topic, ...]:
    """The topics that a service alone may write to."""
    return tuple(topic for topic in TOPICS.values() if topic.writer == service)


def read_by(service: str) -> tuple[Topic, ...]:
    """The topics that a service has the right to read."""
    return tuple(topic for topic in TOPICS.values() if service in topic.readers)
