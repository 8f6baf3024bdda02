"""From raw records to facts: decoded one by one, newest first per aggregate, the bad ones set apart. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pydantic import BaseModel

from shared.contracts.envelope import Decoded, Malformed, Tombstone, Unlisted, decode
from shared.delivery.failure import describe
from shared.delivery.model import Change, Document, Projection, Wake, no_wakes


class Fact(NamedTuple):
    """One decoded record: `state` None means the aggregate is erased; a null record has no version of its own."""

    # A tuple since there is one for every record: a frozen dataclass takes three times as long to make.
    record: Any
    projection: Projection
    organization: str
    id: str
    version: int | None
    type: str
    state: BaseModel | None


@dataclass(frozen=True, slots=True)
class Dead:
    """One record that can never be applied, and the class of reason; never its content."""

    record: Any
    reason: str


@dataclass(slots=True)
class Sorted:
    """The facts of one chunk by target collection and document id, in the order of the log."""

    facts: dict[tuple[str, str], list[Fact]] = field(default_factory=dict)
    dead: list[Dead] = field(default_factory=list)
    unlisted: int = 0


class Row(NamedTuple):
    """The next state of one copy."""

    collection: str
    id: str
    document: Document
    new: bool


@dataclass(slots=True)
class Plan:
    """What one chunk changes."""

    rows: list[Row] = field(default_factory=list)
    wakes: list[tuple[str, Wake]] = field(default_factory=list)
    dead: list[Dead] = field(default_factory=list)
    applied: int = 0
    dropped: int = 0


def sort(projections: Mapping[str, Projection], records: Iterable[Any]) -> Sorted:
    """Decode every record; `projections` is by topic name as it is on the broker."""
    found = Sorted()
    for record in records:
        projection = projections[record.topic]
        topic = projection.copies.topic
        match decode(topic, record.headers, record.key, record.value, projection.copies.types):
            case Decoded() as fact:
                _add(
                    found,
                    Fact(record, projection, fact.organization, fact.id, fact.version, fact.type, fact.state),
                )
            case Tombstone() as gone:
                _add(
                    found,
                    Fact(record, projection, gone.organization, gone.id, gone.version, topic.erased, None),
                )
            case Unlisted():
                found.unlisted += 1
            case Malformed(reason=reason):
                found.dead.append(Dead(record, reason))
    return found


def _add(found: Sorted, fact: Fact) -> None:
    target = (fact.projection.copies.collection, f"{fact.organization}/{fact.id}")
    found.facts.setdefault(target, []).append(fact)


def plan(found: Sorted, stored: Mapping[tuple[str, str], Document]) -> Plan:
    """The newest applicable state of every target; a function that raises costs its own record alone."""
    result = Plan(dead=list(found.dead))
    for target, facts in found.facts.items():
        row = stored.get(target)
        for fact in _newest_first(facts, row):
            version = _applies(fact, row)
            if version is None:
                result.dropped += 1
                continue
            wakes: list[tuple[str, Wake]] = []
            try:
                after = None if fact.state is None else fact.projection.copies.keep(fact.state)
                if fact.projection.wakes is not no_wakes:
                    before = row["state"] if row is not None else None
                    change = Change(fact.organization, fact.id, fact.type, before, after)
                    wakes = [(fact.organization, each) for each in fact.projection.wakes(change)]
            except Exception as error:
                result.dead.append(Dead(fact.record, describe(error)))
                continue
            document = {
                "_id": target[1],
                "organization": fact.organization,
                "id": fact.id,
                "version": version,
                "type": fact.type,
                "state": after,
                "erased": after is None,
            }
            result.rows.append(Row(target[0], target[1], document, target not in stored))
            result.wakes += wakes
            result.applied += 1
            row = document
    return result


def _newest_first(facts: Sequence[Fact], row: Document | None) -> Sequence[Fact]:
    if len(facts) == 1:
        return facts
    known = row["version"] if row is not None else 0
    return sorted(facts, key=lambda fact: known if fact.version is None else fact.version, reverse=True)


def _applies(fact: Fact, row: Document | None) -> int | None:
    """The version to store the fact under, or None where what is stored is not older.

    A null that carries its version is judged by it, so that a late one never erases what came again after it. One
    without (made by hand) erases whatever is there.
    """
    if fact.version is not None:
        return fact.version if row is None or fact.version > row["version"] else None
    return None if row is None or row["erased"] else int(row["version"])
