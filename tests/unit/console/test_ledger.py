"""The audit's books: a sound run balances, and each kind of damage is found as what it is."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.console.ledger import Books, Held, Identity, Name, Reader, Record, Report, audit, digest

TOPIC = "profiles.participants"


def record(id: str, version: int, offset: int, content: str | None = None) -> Record:
    return Record(Identity(TOPIC, "acme", id, version), 0, offset, digest(content or f"{id}{version}"))


def held(id: str, version: int, content: bytes | None = None) -> Held:
    return Held(Name(TOPIC, "acme", id), version, content)


def books(records: list[Record], versions: dict[str, int], copies: dict[str, int] | None = None) -> Books:
    """Sound books of one reader who has read everything, but for what the arguments say."""
    reader = Reader("matching", TOPIC, next={0: 1000})
    for each in records:
        reader.expected[each.partition, each.offset] = digest(
            ["kept", each.identity.id, each.identity.version]
        )
    for id, version in (versions if copies is None else copies).items():
        copy = held(id, version, digest(["kept", id, version]))
        reader.copies[copy.name] = copy
    aggregates = [held(id, version) for id, version in versions.items()]
    return Books({TOPIC: records}, aggregates, set(), [reader], frozenset({TOPIC}))


def counts(report: Report) -> tuple[int, int, int, int]:
    return report.events, report.applied, report.lost, report.doubled


def test_sound_books_balance() -> None:
    found = audit(books([record("a", 1, 0), record("b", 1, 1), record("a", 2, 3)], {"a": 2, "b": 1}))
    assert counts(found) == (3, 3, 0, 0)
    assert found.findings == []


def test_an_event_sent_twice_is_a_duplicate_that_was_dropped() -> None:
    found = audit(books([record("a", 1, 0), record("a", 1, 1)], {"a": 1}))
    assert counts(found) == (1, 1, 0, 0)
    assert (found.duplicates, found.dropped) == (1, 1)


def test_compaction_takes_older_versions_and_nothing_is_missed() -> None:
    assert counts(audit(books([record("a", 9, 40)], {"a": 9}))) == (1, 1, 0, 0)


def test_a_version_that_never_came_to_the_log_is_lost_unless_it_waits() -> None:
    wrong = books([record("a", 1, 0)], {"a": 3}, {"a": 1})
    assert counts(audit(wrong)) == (1, 1, 2, 0)
    wrong.pending.add(Identity(TOPIC, "acme", "a", 3))
    report = audit(wrong)
    assert (report.lost, report.waiting) == (0, 1)


def test_an_event_without_its_cause_is_doubled() -> None:
    assert counts(audit(books([record("a", 1, 0), record("a", 2, 1)], {"a": 1}, {"a": 2})))[2:] == (0, 1)


def test_one_version_with_two_contents_is_doubled() -> None:
    records = [record("a", 1, 0), record("a", 1, 1, "other")]
    assert audit(books(records, {"a": 1})).doubled == 1


def test_an_older_state_that_stands_last_would_win_the_compaction() -> None:
    assert audit(books([record("a", 2, 0), record("a", 1, 1)], {"a": 2})).lost == 1


@pytest.mark.parametrize(("copies", "lost", "doubled"), [({}, 1, 0), ({"a": 1}, 1, 0), ({"a": 3}, 0, 1)])
def test_a_copy_that_is_behind_or_ahead_is_found(copies: dict[str, int], lost: int, doubled: int) -> None:
    found = audit(books([record("a", 1, 0), record("a", 2, 1)], {"a": 2}, copies))
    assert (found.lost, found.doubled) == (lost, doubled)
    assert found.findings


def test_a_copy_with_another_content_is_lost() -> None:
    wrong = books([record("a", 1, 0)], {"a": 1})
    wrong.readers[0].copies = {Name(TOPIC, "acme", "a"): held("a", 1, digest("else"))}
    assert audit(wrong).lost == 1


def test_what_a_reader_has_not_read_yet_is_waiting() -> None:
    early = books([record("a", 1, 0), record("a", 2, 1)], {"a": 2}, {"a": 1})
    early.readers[0].next = {0: 1}
    found = audit(early)
    assert (found.lost, found.waiting) == (0, 1)


def test_a_dead_letter_is_counted_and_not_lost() -> None:
    aside = books([record("a", 1, 0), record("a", 2, 1)], {"a": 2}, {"a": 1})
    aside.readers[0].dead = {(0, 1)}
    found = audit(aside)
    assert (found.lost, found.dead_letters) == (0, 1)


def test_an_erasure_and_its_null_are_one_event() -> None:
    null = Record(Identity(TOPIC, "acme", "a", 2), 0, 2, None)
    gone = books([record("a", 1, 0), record("a", 2, 1), null], {"a": 2})
    assert counts(audit(gone)) == (2, 2, 0, 0)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_single_damage_to_sound_books_is_found(data: st.DataObject) -> None:
    versions = data.draw(st.dictionaries(st.sampled_from("abcde"), st.integers(1, 4), min_size=1))
    order = [(id, version) for id in versions for version in range(1, versions[id] + 1)]
    records = [record(id, version, offset) for offset, (id, version) in enumerate(order)]
    assert counts(audit(books(records, versions)))[2:] == (0, 0)
    victim = data.draw(st.sampled_from(sorted(versions)))
    damage = data.draw(st.sampled_from(["copy", "aggregate", "record"]))
    if damage == "copy":
        broken = books(
            records, versions, {id: v - (id == victim) for id, v in versions.items() if v - (id == victim)}
        )
    elif damage == "aggregate":
        broken = books(records, versions)
        broken.aggregates = [held(id, v + (id == victim)) for id, v in versions.items()]
    else:
        kept = [each for each in records if each.identity[2:] != (victim, versions[victim])]
        broken = books(kept, versions)
    report = audit(broken)
    assert report.lost + report.doubled > 0
