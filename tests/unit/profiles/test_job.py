"""An import moves batch by batch, tries again what waits, and forgets what rows said."""

from datetime import date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.profiles.domain import published
from services.profiles.domain.importing import jsonrows
from services.profiles.domain.importing.job import (
    BATCH_ROWS,
    Batch,
    Import,
    advanced,
    counted,
    pending,
    reported,
    staged,
    waiting,
)
from services.profiles.domain.importing.report import Counts
from services.profiles.domain.importing.rows import Rejected, Row
from services.profiles.domain.people import Leave, Person
from shared.contracts import CONTACTS, ENROLLMENTS, PARTICIPANTS, PROGRAMS
from tests.unit.profiles.building import NOW, Directory, parsed, person_row, program


def job(batches: list[Batch], rows: int) -> Import:
    counts = Counts(rejected=sum(each.counts.rejected for each in batches))
    return Import(source="hr", rows=rows, batches=len(batches), counts=counts, created_at=NOW, state="queued")


def kept(batch: Batch) -> Batch:
    """The batch as it comes back from the database."""
    return Batch.model_validate(batch.model_dump(mode="json"))


def run(rows: list[Row | Rejected], directory: Directory, at: datetime = NOW) -> tuple[Import, list[Batch]]:
    """A whole import as the work does it: every batch once, then rounds over what waits, the last one final."""
    batches = [kept(batch) for batch in staged("job", rows)]
    state = job(batches, len(rows))
    for again in range(3):
        for number, batch in enumerate(batches):
            managers = {id: person.manager for id, person in directory.known.people.items()}
            todo = waiting(batch, managers) if again else pending(batch)
            if again and not todo:
                continue
            made = directory.apply(todo, last=again == 2, at=at)
            managers = {id: person.manager for id, person in directory.known.people.items()}
            after = reported(batch, made.outcomes, managers)
            state = advanced(state, batch, after, at, again=bool(again))
            batches[number] = after
    return state, batches


def test_a_file_of_any_length_is_cut_into_batches_and_none_of_its_rows_is_lost() -> None:
    rows = parsed(*(person_row(str(n)) for n in range(2 * BATCH_ROWS + 1)))
    batches = staged("job", rows)
    assert [len(batch.items) for batch in batches] == [BATCH_ROWS, BATCH_ROWS, 1]
    assert [row for batch in batches for row in pending(batch)] == rows
    assert staged("job", []) == []


def test_a_row_that_was_kept_means_what_it_said() -> None:
    """A delta: what the file does not mention stays, also after the row has been in the database."""
    (row,) = parsed({"external_id": "1", "department": "Sales", "time_zone": "-"})
    (batch,) = staged("job", [row])
    (back,) = pending(kept(batch))
    assert isinstance(row, Row)
    assert back.person.model_fields_set == row.person.model_fields_set == {"department", "time_zone"}
    assert not back.contact.model_fields_set

    directory = Directory()
    run(parsed(person_row("1", country="FR", email="a@b.example")), directory)
    run(parsed({"external_id": "1", "department": "Sales"}), directory)
    (person,) = directory.known.people.values()
    (contact,) = directory.known.contacts.values()
    assert (person.country, person.department, contact.email) == ("FR", "Sales", "a@b.example")


def test_a_rejected_row_is_reported_from_the_start_and_counted_once() -> None:
    rows = parsed(person_row("1", email="x"), person_row("2"))
    batches = staged("job", rows)
    assert batches[0].counts == Counts(rejected=1)
    state, batches = run(rows, Directory())
    assert state.counts == Counts(created=1, rejected=1)
    assert (state.state, state.done_at) == ("done", NOW)


def test_what_a_row_said_is_forgotten_when_it_is_applied() -> None:
    _, batches = run(parsed(person_row("1"), person_row("2", email="x")), Directory())
    assert all(item.row is None for item in batches[0].items)
    assert "p1@" not in batches[0].model_dump_json()


def test_who_was_given_a_manager_meanwhile_keeps_that_one() -> None:
    directory = Directory()
    (batch,) = staged("job", parsed(person_row("1", manager="9")))
    made = directory.apply(pending(batch))
    batch = reported(batch, made.outcomes, {"p1": None})
    assert batch.counts == Counts(waiting=1)
    directory.send(person_row("2"), {"external_id": "1", "manager": "2"})
    directory.send(person_row("9"))
    managers = {id: person.manager for id, person in directory.known.people.items()}
    made = directory.apply(waiting(batch, managers))
    assert not made.changes
    assert reported(batch, made.outcomes, managers).counts == Counts(created=1)


@st.composite
def files(draw: st.DrawFn) -> list[dict[str, str]]:
    count = draw(st.integers(1, 2 * BATCH_ROWS))
    manager = st.integers(0, count + 3).map(str)
    return [
        person_row(str(n), manager=draw(manager), email=draw(st.sampled_from(["a@b.cd", "bad"])))
        for n in range(count)
    ]


@given(files())
@settings(max_examples=25, deadline=None)
def test_every_row_ends_somehow_and_the_counts_say_how(file: list[dict[str, str]]) -> None:
    rows = parsed(*file)
    state, batches = run(rows, Directory())
    assert state.state == "done"
    ended = [item.outcome for batch in batches for item in batch.items]
    assert len(ended) == len(file)
    assert all(outcome is not None and outcome.result != "waiting" for outcome in ended)
    assert state.counts == counted([item for batch in batches for item in batch.items])
    assert sum(state.counts.model_dump().values()) == len(file)


def test_rows_as_json_are_rows_as_csv() -> None:
    body = {
        "rows": [
            {"external_id": "1", "given_name": "Ana", "leave": {"start": "2026-05-01"}, "manager": None},
            {"external_id": "2", "manager": "2"},
            {
                "external_id": "3",
                "enrollment": {"program": "p", "role": "mentee", "consent_on": "2026-01-01"},
            },
            {"external_id": "4", "seniority": "high", "unknown": 1},
            {"external_id": "1"},
            7,
        ]
    }
    found = jsonrows.rows_of(body, NOW.date())
    first = found[0]
    assert isinstance(first, Row)
    assert first.clears_manager
    assert first.person.leave == Leave(start=date(2026, 5, 1))
    bad = [row for row in found if isinstance(row, Rejected)]
    assert [(row.line, [p.column for p in row.problems]) for row in bad] == [
        (2, ["manager"]),
        (3, ["enrollment.consent_on"]),
        (4, ["seniority", "unknown"]),
        (5, ["external_id"]),
        (6, [None]),
    ]


def test_what_is_published_holds_no_name_and_only_listed_types() -> None:
    directory = Directory()
    wish = {"program": "spring", "role": "mentee", "consent_on": "2026-02-01", "consent_source": "form 7"}
    directory.send(person_row("1", department="Finance", choices="1") | wish)
    person, contact = directory.known.people["p1"], directory.known.contacts["p1"]
    (enrollment,) = directory.known.enrollments.values()
    assert published.participant_type(None, person) in PARTICIPANTS.types
    assert published.enrollment_type(None, enrollment) in ENROLLMENTS.types
    assert published.program_type(None, program()) in PROGRAMS.types
    body = published.participant("p1", person).model_dump_json()
    assert "Given1" not in body
    assert "example.org" not in body
    assert "Finance" not in body
    assert published.contact("p1", contact).given_name == "Given1"
    assert "contact.changed" in CONTACTS.types
    assert published.program("spring", program()).cohorts[0].midpoint is not None


def test_a_change_goes_by_what_happened() -> None:
    person = Person()

    def named(**changes: object) -> str | None:
        return published.participant_type(person, person.model_copy(update=changes))

    assert named() is None
    assert named(department="Finance") is None
    assert named(field="law") == "participant.changed"
    assert named(leaves=(Leave(start=date(2026, 5, 1)),)) == "participant.leave_changed"
    assert named(status="on_leave") == "participant.leave_changed"
    assert named(leaving_on=date(2026, 5, 1)) == "participant.departure_changed"
    assert named(status="left", left_at=NOW + timedelta(days=1)) == "participant.left"
    gone = Person(status="left")
    assert published.participant_type(gone, Person()) == "participant.rehired"
    assert published.participant_type(None, gone) == "participant.left"
