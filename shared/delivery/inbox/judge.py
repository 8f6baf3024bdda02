"""What a batch of one partition means to whoever holds the claim on it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class Record(Protocol):
    """The part of a Kafka record that the judgement needs."""

    offset: int
    timestamp: int
    headers: Sequence[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Last:
    """The last record that a position covers, to recognise the log it belongs to."""

    offset: int
    timestamp: int
    id: str


@dataclass(slots=True)
class Claim:
    """One process's right to apply one partition: `epoch` fences whoever held it before.

    `next` is where the following batch must begin. `after_fetch` is the last fetch before the consumer was sent
    to `next`: what that fetch or an earlier one handed out says nothing about this claim. `verify` is the last
    applied record while the consumer has been sent to it to see whether the log is still the same.
    """

    epoch: int
    next: int
    after_fetch: int
    last: Last | None
    verify: Last | None


@dataclass(frozen=True, slots=True)
class Apply:
    """Apply these records, which follow on `next` directly or after a gap that compaction left."""

    records: Sequence[Record]
    end: int


@dataclass(frozen=True, slots=True)
class Discard:
    """Nothing to do: handed out before the claim, or only the record that proves the log."""


@dataclass(frozen=True, slots=True)
class Halt:
    """The log is not the one the position was made on."""

    reason: str


def ce_id(record: Record) -> str:
    """The event id of a record, or nothing where it has none."""
    for name, value in record.headers:
        if name == "ce_id" and value is not None:
            return value.decode("utf-8", "replace")
    return ""


def last_of(record: Record) -> Last:
    """What to remember of the last record of a batch."""
    return Last(record.offset, record.timestamp, ce_id(record))


def judge(claim: Claim | None, records: Sequence[Record], fetch: int) -> Apply | Discard | Halt:
    """What to do with records of one partition that the fetch of this number handed out.

    A record before `next` is only ever the one the consumer was sent back to for proof. Any other means that the
    client silently began again at the log's beginning because the log was cut or made anew: passing over it would
    lose all that follows.
    """
    if claim is None or fetch <= claim.after_fetch or not records:
        return Discard()
    proof = claim.verify
    skip = 0
    for record in records:
        if record.offset >= claim.next:
            break
        if proof is None or record.offset != proof.offset:
            return Halt(
                f"the log went back to offset {record.offset}, {claim.next} was expected: the topic was deleted and "
                "made again, or its records were removed"
            )
        if (record.timestamp, ce_id(record)) != (proof.timestamp, proof.id):
            return Halt(f"the record at offset {record.offset} is another than the one that was applied")
        skip += 1
    rest = records[skip:]
    return Apply(rest, rest[-1].offset + 1) if rest else Discard()


def outside(next: int, first: int, end: int, begun: bool) -> str | None:
    """Why a position lies outside the log [first, end), or None when it does not.

    `begun`: something was applied already; a fresh position may start wherever the log begins.
    """
    if next > end:
        return (
            f"the position {next} lies behind the log's end {end}: the topic was deleted and made again, or "
            "cut by an unclean election"
        )
    if begun and next < first:
        return f"the log begins at {first} and the position is {next}: records were removed before they were read"
    return None
