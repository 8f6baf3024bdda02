"""Two readings of health.md come to the same, whatever a pair's history is."""

from dataclasses import replace

import pytest
from by_hand import by_hand
from histories import day, judged, kinds, logs, rules
from hypothesis import given, settings
from hypothesis import strategies as st

from services.sessions.domain import Rules, Session
from shared.calendar import Span

SLOTS = {"failing_commitment", "nudge.cancellations"}
spans = st.lists(
    st.tuples(st.integers(0, 140), st.integers(0, 15)).map(lambda at: Span(day(at[0]), day(sum(at)))),
    max_size=4,
)


@settings(max_examples=250, deadline=None)
@given(log=logs, now=st.integers(0, 130), rules=rules, off=spans, plans=st.booleans())
def test_both_readings_agree(
    log: list[Session], now: int, rules: Rules, off: list[Span], plans: bool
) -> None:
    history = log if plans else [replace(one, plans=()) for one in log]
    wanted, found = by_hand(history, now, rules, off), judged(history, now, rules, off)
    values = {str(one.component): one.value for one in found.components if one.value is not None}
    assert values == pytest.approx(wanted.values)
    assert (found.total is None) == (wanted.total is None)
    assert found.total is None or found.total == pytest.approx(wanted.total)
    assert found.confidence == pytest.approx(wanted.confidence)
    assert found.band == wanted.band
    assert (found.owes.role if found.owes else None) == wanted.owes
    signals = set(kinds(found))
    assert (signals if wanted.with_clocks else signals & SLOTS) == wanted.signals
