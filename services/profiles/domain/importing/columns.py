"""The one CSV form: each column, how its cells are read, what they mean (docs/hr-import.md is this table)."""

from dataclasses import dataclass
from typing import Literal

from services.profiles.domain.importing import cells
from services.profiles.domain.importing.cells import Parser
from shared.contracts.enrollments import Style, Support

Goes = Literal["row", "person", "contact", "leave", "enrollment", "taste"]


@dataclass(frozen=True)
class Column:
    """`goes` is the part of the row a value belongs to; `to` its field there."""

    name: str
    goes: Goes
    to: str
    parse: Parser
    meaning: str
    example: str


COLUMNS: tuple[Column, ...] = (
    Column("external_id", "row", "external_id", cells.text, "the person's number in the HR system", "10042"),
    Column(
        "previous_external_id",
        "row",
        "previous",
        cells.text,
        "the earlier number of someone hired again under a new one",
        "08817",
    ),
    Column(
        "identity",
        "row",
        "identity",
        cells.one_of("same", "new"),
        "HR's word where a number returned with another name",
        "new",
    ),
    Column("given_name", "contact", "given_name", cells.text, "given name", "Zoë"),
    Column("family_name", "contact", "family_name", cells.text, "family name", "O'Brien"),
    Column("email", "contact", "email", cells.address, "mail address at work", "zoe@example.org"),
    Column("locale", "contact", "locale", cells.locale, "language of messages", "fr-CA"),
    Column("start_date", "person", "started_on", cells.day, "first day of employment", "2021-09-01"),
    Column("manager", "row", "manager", cells.text, "the manager's number in the same HR system", "10007"),
    Column("country", "person", "country", cells.country, "country, ISO 3166", "CA"),
    Column("region", "person", "region", cells.text, "region, for public holidays", "QC"),
    Column("time_zone", "person", "time_zone", cells.zone, "time zone, IANA", "America/Toronto"),
    Column("site", "person", "site", cells.text, "where the person works, as you name it", "Montreal plant"),
    Column("department", "person", "department", cells.text, "department", "Finance"),
    Column("field", "person", "field", cells.text, "trade or field of work", "controlling"),
    Column(
        "promotion_pool",
        "person",
        "promotion_pool",
        cells.text,
        "people of one pool compete and are never paired",
        "sales-leads",
    ),
    Column("seniority", "person", "seniority", cells.number(1, 12), "level, 1 (junior) to 12", "4"),
    Column(
        "skills_offered",
        "taste",
        "skills_offered",
        cells.levels,
        "skills the person can teach, with a level from 1 to 5",
        "python:4 | negotiation:3",
    ),
    Column(
        "skills_sought",
        "taste",
        "skills_sought",
        cells.levels,
        "skills the person wants to learn, with the level wanted",
        "public speaking:3",
    ),
    Column("goals", "taste", "goals", cells.many(cells.text), "what the person wants from it", "lead a team"),
    Column(
        "values", "taste", "values", cells.many(cells.word), "what matters to the person", "honesty | growth"
    ),
    Column(
        "style_wanted",
        "taste",
        "style_wanted",
        cells.many(cells.one_of(*map(str, Style))),
        "how a mentee likes to be mentored: " + ", ".join(Style),
        "directive | motivating",
    ),
    Column(
        "style_offered",
        "taste",
        "style_offered",
        cells.many(cells.one_of(*map(str, Style))),
        "how a mentor works",
        "collaborative",
    ),
    Column(
        "support_wanted",
        "taste",
        "support_wanted",
        cells.many(cells.one_of(*map(str, Support))),
        "what a mentee seeks: " + ", ".join(Support),
        "career | networks",
    ),
    Column(
        "support_offered",
        "taste",
        "support_offered",
        cells.many(cells.one_of(*map(str, Support))),
        "what a mentor gives",
        "psychosocial",
    ),
    Column("languages", "taste", "languages", cells.many(cells.language), "languages, ISO 639", "en | fr"),
    Column(
        "availability",
        "taste",
        "availability",
        cells.windows,
        "weekly hours in the person's own time zone",
        "mon 09:00-12:00 | thu 14:00-16:00",
    ),
    Column(
        "leave_from",
        "leave",
        "start",
        cells.day,
        "first day of a leave; no reason is ever kept",
        "2026-05-01",
    ),
    Column("leave_until", "leave", "end", cells.day, "last day of the leave; empty: open", "2026-08-31"),
    Column("leaving_on", "person", "leaving_on", cells.day, "first day the person is gone", "2026-06-30"),
    Column("program", "enrollment", "program", cells.text, "the program to invite to", "spring-mentoring"),
    Column("cohort", "enrollment", "cohort", cells.text, "its cohort; empty: the one that enrolls", "2026-1"),
    Column("role", "enrollment", "role", cells.one_of("mentor", "mentee"), "mentor or mentee", "mentor"),
    Column("places", "enrollment", "capacity", cells.number(0, 50), "how many partners at once", "2"),
    Column("first_time", "enrollment", "first_time", cells.yes_no, "mentors for the first time", "yes"),
    Column("trained", "enrollment", "trained", cells.yes_no, "has had the mentor training", "yes"),
    Column("screened", "enrollment", "screened", cells.yes_no, "has been screened, where required", "no"),
    Column(
        "choices",
        "enrollment",
        "choices",
        cells.many(cells.text),
        "numbers of wanted partners, first choice first",
        "10007 | 10031",
    ),
    Column(
        "consent_on",
        "enrollment",
        "consent_on",
        cells.day,
        "when the person agreed to take part",
        "2026-01-12",
    ),
    Column(
        "consent_source",
        "enrollment",
        "consent_source",
        cells.text,
        "where the consent is kept",
        "form 2026-01, HR archive",
    ),
)

BY_NAME = {column.name: column for column in COLUMNS}
NAMES = tuple(BY_NAME)
REQUIRED = ("external_id",)
KEPT = {
    "external_id": "give the person's number in HR",
    "given_name": "leave the cell empty, or give the name",
    "family_name": "leave the cell empty, or give the name",
    "program": "leave the cell empty; an invitation is withdrawn in Rapport",
    "role": "leave the cell empty; an invitation is withdrawn in Rapport",
    "consent_on": "leave the cell empty; whoever no longer agrees withdraws in Rapport",
    "consent_source": "leave the cell empty; whoever no longer agrees withdraws in Rapport",
}
"""Columns that no file clears, and what to do instead."""
CLEAR = "-"
"""A cell with only this clears the value; an empty cell leaves it as it is (the file is a delta)."""
