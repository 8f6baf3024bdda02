"""A spreadsheet of people, read whole: every bad cell is found at once, with its line, its column and a fix."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from services.matching.domain.people import MENTEE, MENTOR, Person
from services.matching.engine import cells
from services.matching.engine.cells import BadCell, Parser
from services.matching.engine.table import Row, Unreadable, named, rows
from shared.contracts.enrollments import Style, Support


class Column(NamedTuple):
    parse: Parser
    meaning: str
    example: str


COLUMNS: dict[str, Column] = {
    "external_id": Column(str, "the person's number; the only column that every file needs", "10042"),
    "role": Column(
        cells.role, "mentor or mentee; both: two rows; empty: only in the reporting tree", "mentor"
    ),
    "name": Column(str, "shown beside the number in the result, used for nothing else", "Zoë Park"),
    "given_name": Column(str, "instead of name, as in the HR form", "Zoë"),
    "family_name": Column(str, "instead of name", "Park"),
    "places": Column(cells.whole(0, 1000), "how many partners at most (default 1)", "2"),
    "skills_offered": Column(
        cells.skills, "of a mentor, with levels 1-5 (default 3)", "python:4 | negotiation"
    ),
    "skills_sought": Column(cells.skills, "of a mentee, with the level wanted", "public speaking:3"),
    "values": Column(cells.words, "what matters to the person", "honesty | growth"),
    "style_wanted": Column(
        cells.listed(*map(str, Style)), "how a mentee likes to be mentored: " + ", ".join(Style), "directive"
    ),
    "style_offered": Column(
        cells.listed(*map(str, Style)), "how a mentor works", "collaborative | motivating"
    ),
    "support_wanted": Column(
        cells.listed(*map(str, Support)), "what a mentee seeks: " + ", ".join(Support), "career"
    ),
    "support_offered": Column(
        cells.listed(*map(str, Support)), "what a mentor gives", "psychosocial | networks"
    ),
    "goals": Column(cells.words, "what a mentee wants to reach, or a mentor helps with", "lead a team"),
    "languages": Column(cells.languages, "ISO 639, the one liked best first", "en | fr"),
    "availability": Column(
        cells.hours, "weekly hours in the person's own zone", "mon 09:00-12:00 | thu 14-16"
    ),
    "time_zone": Column(cells.zone, "IANA name", "America/Toronto"),
    "country": Column(cells.country, "ISO 3166, for nearness", "CA"),
    "region": Column(str, "for nearness", "QC"),
    "site": Column(str, "where the person works, as you name it", "Montreal plant"),
    "field": Column(str, "field of work or study", "controlling"),
    "affinity": Column(
        cells.words, "groups by which this person asked to be matched; shown nowhere", "first in family"
    ),
    "boost": Column(
        cells.whole(0, 1_000_000), "points added to every pair of this person, of 1,000,000", "50000"
    ),
    "first_time": Column(cells.yes_no, "mentors for the first time; a boost may look at it", "yes"),
    "seniority": Column(cells.whole(1, 12), "level from 1 to 12", "4"),
    "manager": Column(str, "the manager's number", "10007"),
    "promotion_pool": Column(str.casefold, "people of one pool compete and are not paired", "sales-leads"),
    "choices": Column(cells.ids, "numbers of wanted partners, first choice first", "10007 | 10031"),
    "excluded": Column(cells.ids, "numbers of people never to be paired with", "10055"),
    "past_partners": Column(cells.ids, "numbers of people paired with before", "10061"),
    "trained": Column(cells.yes_no, "where the program asks for training", "yes"),
    "screened": Column(cells.yes_no, "where the program asks for screening", "yes"),
}

PASSED = frozenset(
    """source previous_external_id identity email locale start_date department leave_from
    leave_until leaving_on program cohort consent_on consent_source cost_center""".split()  # noqa: SIM905
)
"""Columns of the HR import that matching alone has no use for: passed over without a word."""


@dataclass(frozen=True)
class Problem:
    file: str
    line: int
    column: str
    reason: str
    fix: str

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}, {self.column}: {self.reason}; {self.fix}"


@dataclass
class Sheet:
    """What was read; with problems nothing should be matched."""

    persons: list[Person] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    managers: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    """Sentences about columns, and skills, that nobody knows."""
    said: set[str] = field(default_factory=set)
    """Columns that some cell fills."""
    without_role: int = 0
    """Rows of people who do not take part."""
    lines: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)
    """(role, number) → (file, line)."""

    def read(self, file: str, content: bytes, role: str | None = None) -> None:
        """Add one file's people. role: that of everybody in it who has none of their own."""
        found = rows(content)
        try:
            top = next(found, Row(1, []))
            header = [named(cell) for cell in top.cells]
            if not self._header(file, top.line, header, role):
                return
            for row in found:
                self._row(file, row.line, header, row.cells, role)
        except Unreadable as error:
            self._bad(file, error.line, "-", error.reason, error.fix)

    def _header(self, file: str, line: int, header: list[str], role: str | None) -> bool:
        before = len(self.problems)
        for name in header:
            if header.count(name) > 1 and name in COLUMNS:
                self._bad(file, line, name, "this column is there twice", "keep one")
                break
        for needed in ("external_id", *(() if role else ("role",))):
            if needed not in header:
                meant = cells.near(needed, header)
                fix = f"is it {meant!r}? Name it {needed!r}" if meant else f"add a column {needed!r}"
                self._bad(file, line, needed, "this column is missing", fix)
        for name in header:
            if name and name not in COLUMNS and name not in PASSED:
                meant = cells.near(name, COLUMNS)
                hint = f"did you mean {meant!r}?" if meant else "it is passed over"
                self.unknown.append(f"{file}: nobody knows the column {name!r}; {hint}")
        return len(self.problems) == before

    def _row(self, file: str, line: int, header: list[str], row: list[str], role: str | None) -> None:
        found: dict[str, Any] = {}
        bad = len(self.problems)
        if len(row) > len(header):
            self._bad(
                file, line, "-", f"{len(row)} cells under {len(header)} columns", "quote cells with commas"
            )
        for name, raw in zip(header, row, strict=False):
            cell = raw.strip()
            if name in COLUMNS and cell and cell != "-":
                try:
                    found[name] = COLUMNS[name].parse(cell)
                    self.said.add(name)
                except BadCell as error:
                    self._bad(file, line, name, str(error), error.fix)
        found.setdefault("role", role)
        if not found.get("external_id"):
            self._bad(file, line, "external_id", "this cell is empty", "every person needs one")
        if len(self.problems) == bad:
            self._person(file, line, found)

    def _person(self, file: str, line: int, found: Mapping[str, Any]) -> None:
        number, role = found["external_id"], found["role"] or ""
        twin = self.lines.get((role, number))
        if twin is not None:
            self._bad(file, line, "external_id", f"{role} {number} is already in {twin[0]}, line {twin[1]}".strip(),
                      "keep one of the two lines")  # fmt: skip
            return
        self.lines[role, number] = (file, line)
        manager = found.get("manager")
        if manager == number:
            self._bad(
                file, line, "manager", "nobody is their own manager", "name the manager, or leave it empty"
            )
            return
        if manager:
            self.managers[number] = manager
        name = found.get("name") or " ".join(
            found[part] for part in ("given_name", "family_name") if part in found
        )
        if name:
            self.names[number] = name
        if not role:
            self.without_role += 1
            return
        self.persons.append(
            Person(
                enrollment=f"{role} {number}",
                participant=number,
                role=role,
                places=found.get("places", 1),
                choices=found.get("choices", ()),
                excluded=frozenset(found.get("excluded", ())),
                past=frozenset(found.get("past_partners", ())),
                languages=found.get("languages", ()),
                skills=found.get("skills_offered" if role == MENTOR else "skills_sought", {}),
                goals=frozenset(found.get("goals", ())),
                availability=found.get("availability", ()),
                zone=found.get("time_zone"),
                seniority=found.get("seniority"),
                values=frozenset(found.get("values", ())),
                styles=frozenset(found.get("style_offered" if role == MENTOR else "style_wanted", ())),
                supports=frozenset(found.get("support_offered" if role == MENTOR else "support_wanted", ())),
                country=found.get("country"),
                region=found.get("region"),
                site=found.get("site"),
                area=found.get("field"),
                affinity=frozenset(found.get("affinity", ())),
                boost=found.get("boost", 0),
                first_time=found.get("first_time"),
                promotion_pool=found.get("promotion_pool"),
                trained=found.get("trained"),
                screened=found.get("screened"),
            )
        )

    def finish(self) -> None:
        """What only the whole says: choices and managers that nobody has, circles of managers, no such role."""
        known = {number for _, number in self.lines}
        for person in self.persons:
            file, line = self.lines[person.role, person.participant]
            for other in person.choices:
                if other not in known:
                    meant = cells.near(other, known)
                    fix = f"did you mean {meant!r}?" if meant else "leave them out"
                    self._bad(file, line, "choices", f"nobody has the number {other!r}", fix)
        self._skills_nobody_offers()
        self._people_nobody_knows(known)
        for circle in _circles(self.managers):
            file, line = next(
                (
                    self.lines[role, circle[0]]
                    for role in (MENTEE, MENTOR, "")
                    if (role, circle[0]) in self.lines
                ),
                ("-", 0),
            )
            chain = " → ".join((*circle, circle[0]))
            self._bad(file, line, "manager", f"managers in a circle: {chain}", "correct one of them")
        self.problems.sort(key=lambda problem: (problem.file, problem.line))

    def _people_nobody_knows(self, known: set[str]) -> None:
        """Notes, no problems: the others may stand in another file. But a typing error here opens a gate."""
        named = {
            "excluded": {other for person in self.persons for other in person.excluded},
            "past_partners": {other for person in self.persons for other in person.past},
            "manager": {*self.managers.values()},
        }
        for column, seen in ((column, sorted(others - known)) for column, others in named.items()):
            if not seen:
                continue
            shown = [f"{other!r}{_meant(other, known)}" for other in seen[:LISTED]]
            more = f" and {len(seen) - LISTED} more" if len(seen) > LISTED else ""
            self.unknown.append(
                f"{column}: no row has the number {', '.join(shown)}{more}; nothing follows from it"
            )

    def _skills_nobody_offers(self) -> None:
        """A note, no problem: perhaps nobody can teach it, perhaps it is written in two ways."""
        offered = {skill for person in self.persons if person.role == MENTOR for skill in person.skills}
        sought: dict[str, int] = {}
        for person in self.persons:
            for skill in person.skills if person.role == MENTEE else ():
                sought[skill] = sought.get(skill, 0) + 1
        for skill, count in sought.items():
            if offered and skill not in offered:
                meant = cells.near(skill, offered)
                hint = f"did you mean {meant!r}?" if meant else "it counts as not met"
                self.unknown.append(f"no mentor offers {skill!r}, which {count} seek; {hint}")

    def _bad(self, file: str, line: int, column: str, reason: str, fix: str) -> None:
        self.problems.append(Problem(file, line, column, reason, fix))


MOST_COMPARED = 5000
LISTED = 5
"""Unknown numbers of one column that are named."""


def _meant(number: str, known: set[str]) -> str:
    meant = cells.near(number, known) if len(number) > 2 and len(known) < MOST_COMPARED else None
    return f" (did you mean {meant!r}?)" if meant else ""


def _circles(managers: Mapping[str, str]) -> list[tuple[str, ...]]:
    """Every circle of managers once, from the one that was met first."""
    state: dict[str, int] = {}
    found = []
    for turn, start in enumerate(managers, 1):
        path: list[str] = []
        at: str | None = start
        while at is not None and at not in state:
            state[at] = turn
            path.append(at)
            at = managers.get(at)
        if at is not None and state[at] == turn and at in path:
            found.append(tuple(path[path.index(at) :]))
    return found
