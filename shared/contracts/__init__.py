"""The events: topics, one file of bodies per family, the envelope. Everything that services say to each
other.

`shared.contracts.topics` lists the topics, `shared.contracts.envelope` reads and writes records,
`shared.contracts.schemas` and `shared.contracts.asyncapi` document them, `shared.contracts.compatibility`
says what may change and `shared.contracts.topics_admin` keeps a broker's topics as they are declared here.
"""

from shared.contracts.answers import Answer
from shared.contracts.assessments import Assessment
from shared.contracts.cases import Case
from shared.contracts.common import Contract, Days, Erased, Role
from shared.contracts.concerns import Concern
from shared.contracts.contacts import Contact
from shared.contracts.dead_letters import DeadLetterNotice
from shared.contracts.deliveries import Delivery
from shared.contracts.enrollments import Enrollment, Preferences
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
    DEAD_LETTERS,
    DELIVERIES,
    ENROLLMENTS,
    HEALTH,
    PAIRS,
    PARTICIPANTS,
    PROGRAMS,
    SERVICES,
    SESSIONS,
    TOPICS,
    Topic,
    read_by,
    written_by,
)

__all__ = [
    "ANSWERS",
    "ASSESSMENTS",
    "CASES",
    "CONCERNS",
    "CONTACTS",
    "DEAD_LETTERS",
    "DELIVERIES",
    "ENROLLMENTS",
    "HEALTH",
    "PAIRS",
    "PARTICIPANTS",
    "PROGRAMS",
    "SERVICES",
    "SESSIONS",
    "TOPICS",
    "Answer",
    "Assessment",
    "Case",
    "Concern",
    "Contact",
    "Contract",
    "Days",
    "DeadLetterNotice",
    "Delivery",
    "Enrollment",
    "Erased",
    "Health",
    "Pair",
    "Participant",
    "Preferences",
    "Program",
    "Role",
    "SessionFact",
    "Topic",
    "read_by",
    "written_by",
]
