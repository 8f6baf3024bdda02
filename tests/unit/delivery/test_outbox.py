"""The outbox: which row and slot an event goes to, and in which order rows are sent."""

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contracts import HEALTH
from shared.contracts.envelope import Event
from shared.delivery.outbox import documents, first_id, slot_of
from shared.delivery.transaction import Unit
from tests.support.echo import health
from tests.support.kafka import event

SLOTS = 8


def events(ids):
    """One event for each id, of growing versions of the same aggregate."""
    versions: dict[str, int] = {}
    made = []
    for id in ids:
        versions[id] = versions.get(id, 0) + 1
        made.append(event(HEALTH, "health.changed", health(id, str(versions[id])), versions[id]))
    return made


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from([f"p{n}" for n in range(12)]), max_size=400), st.integers(0, 2**41))
def test_events_keep_their_order_in_the_slot_of_their_aggregate(ids, order):
    given_events = events(ids)
    rows = sorted(documents(given_events, order, SLOTS), key=lambda row: row["_id"])
    for slot in range(SLOTS):
        # As the relay reads them: by id, within the slot's range of ids.
        prefix = first_id(slot)
        mine = [row for row in rows if prefix < row["_id"] < prefix[:-1] + "0"]
        sent = [Event.from_row(each).id_hex for row in mine for each in row["events"]]
        assert sent == [each.id_hex for each in given_events if slot_of(each, SLOTS) == slot]
        assert all(row["count"] == len(row["events"]) <= 100 for row in mine)
    assert len({row["_id"] for row in rows}) == len(rows)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**41), st.lists(st.integers(0, 2**42), min_size=1, max_size=10))
def test_the_order_lies_after_the_clock_and_all_that_was_seen(wall, seen):
    unit = Unit(wall, SLOTS)
    orders = [unit.next_order(each) for each in seen]
    assert orders == sorted(orders)
    assert orders[-1] >= wall
    assert orders[-1] > max(seen)
