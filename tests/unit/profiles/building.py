"""Small builders for the tests of profiles: a CSV text, a known world, ids in order."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from services.profiles.domain.importing.against import checked
from services.profiles.domain.importing.columns import NAMES, REQUIRED
from services.profiles.domain.importing.plan import plan
from services.profiles.domain.importing.reading import read
from services.profiles.domain.importing.report import Outcome
from services.profiles.domain.importing.rows import Rejected, Row, rows_of
from services.profiles.domain.importing.world import Known, Plan
from services.profiles.domain.programs import Cohort, Program, rules_of

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
TODAY = NOW.date()


def text_of(*rows: Mapping[str, str], delimiter: str = ",") -> str:
    names = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(names)
    writer.writerows([[row.get(name, "") for name in names] for row in rows])
    return out.getvalue()


def parsed(*rows: Mapping[str, str], today: date = TODAY) -> list[Row | Rejected]:
    return checked(rows_of(read(text_of(*rows), NAMES, REQUIRED), today))


def good(*rows: Mapping[str, str], today: date = TODAY) -> list[Row]:
    found = parsed(*rows, today=today)
    bad = [row for row in found if isinstance(row, Rejected)]
    assert not bad, bad
    return [row for row in found if isinstance(row, Row)]


def ids() -> Iterator[str]:
    return iter(f"p{number}" for number in range(1, 10_000))


def program(**changes: Any) -> Program:
    cohort = Cohort(
        id="2026-1",
        name="Spring 2026",
        enrollment_from=date(2026, 1, 1),
        enrollment_until=date(2026, 4, 1),
        starts=date(2026, 4, 6),
        ends=date(2026, 12, 31),
    )
    base = Program(
        name="Spring",
        state="open",
        rules=rules_of("professional", {}),
        coordinators=("c1",),
        cohorts=(cohort,),
    )
    return base.model_copy(update=changes)


def person_row(number: str, **cells: str) -> dict[str, str]:
    base = {
        "external_id": number,
        "given_name": f"Given{number}",
        "family_name": f"Family{number}",
        "email": f"p{number}@example.org",
        "start_date": "2020-01-01",
    }
    return base | cells


class Directory:
    """Applies plans one after the other, as the store does."""

    def __init__(self, source: str = "hr", programs: Mapping[str, Program] | None = None) -> None:
        self.known = Known(
            "acme", source, NOW, {}, {}, {}, {}, programs if programs is not None else {"spring": program()}
        )
        self.new = ids()

    def send(self, *rows: Mapping[str, str], last: bool = False, at: datetime = NOW) -> Plan:
        return self.apply(good(*rows, today=at.date()), last=last, at=at)

    def apply(self, rows: list[Row], *, last: bool = False, at: datetime = NOW) -> Plan:
        known = self.known
        known = replace(known, now=at)
        made = plan(rows, known, self.new, last=last)
        self.known = replace(
            known,
            links={**known.links, **made.links},
            people={**known.people, **made.people},
            contacts={**known.contacts, **made.contacts},
            enrollments={**known.enrollments, **made.enrollments},
        )
        return made

    def other_source(self, source: str) -> "Directory":
        self.known = replace(self.known, source=source)
        return self


def only(made: Plan) -> Outcome:
    assert len(made.outcomes) == 1
    return made.outcomes[0]
