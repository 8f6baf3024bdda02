"""What is transient, what is for good, and when too much has failed."""

import pytest
from aiokafka.errors import KafkaConnectionError
from pymongo.errors import AutoReconnect, BulkWriteError, DocumentTooLarge, OperationFailure

from shared.delivery.failure import (
    Backoff,
    Breaker,
    Conflict,
    describe,
    is_conflict,
    is_for_good,
    is_outage,
    is_too_large,
)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (Conflict("x"), "conflict"),
        (OperationFailure("write conflict", 112), "conflict"),
        (OperationFailure("no such transaction", 251), "conflict"),
        (BulkWriteError({"writeErrors": [{"code": 11000}]}), "conflict"),
        (AutoReconnect("gone"), "outage"),
        (KafkaConnectionError(), "outage"),
        (ConnectionRefusedError(), "outage"),
        (TimeoutError(), "outage"),
        (OperationFailure("not primary", 10107), "outage"),
        (OperationFailure("transaction too large", 257), "large"),
        (DocumentTooLarge("x"), "large"),
        (OperationFailure("bad value", 2), "good"),
        (ValueError("x"), "good"),
        (KeyError("x"), "good"),
    ],
)
def test_every_error_has_exactly_one_meaning(error, kind):
    meanings = {
        "conflict": is_conflict(error),
        "outage": is_outage(error),
        "large": is_too_large(error),
        "good": is_for_good(error),
    }
    assert [name for name, holds in meanings.items() if holds] == [kind]


def test_the_breaker_trips_past_ten_in_a_row():
    breaker = Breaker()
    for _ in range(10):
        assert not breaker.would_trip()
        breaker.failed()
    assert breaker.would_trip()
    breaker.reset()
    assert not breaker.would_trip()


def test_the_breaker_trips_past_twenty_of_the_last_four_hundred():
    breaker = Breaker()
    for _ in range(20):
        assert not breaker.would_trip()
        breaker.failed()
        breaker.succeeded()
    assert breaker.would_trip()
    breaker.succeeded(400)
    assert not breaker.would_trip()


def test_waits_double_to_their_ceiling_and_start_again():
    backoff = Backoff(0.1, 30.0, chance=lambda: 1.0)
    waits = [backoff.next() for _ in range(12)]
    assert waits[:4] == [0.1, 0.2, 0.4, 0.8]
    assert waits[-1] == 30.0
    backoff.reset()
    assert backoff.next() == 0.1


def test_a_description_names_the_place_and_never_the_value():
    try:
        raise ValueError("Anna Müller")
    except ValueError as error:
        said = describe(error)
    assert said.startswith("ValueError at ")
    assert "Anna" not in said
