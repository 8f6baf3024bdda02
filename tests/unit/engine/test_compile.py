"""A kernel is compiled anew when one that it calls has changed, in whatever file."""

import pytest

from services.matching.engine import changes, swap
from services.matching.engine.compile import _stamp


def test_the_stamp_of_a_kernel_covers_those_it_calls_in_other_files(monkeypatch: pytest.MonkeyPatch) -> None:
    caller = changes.mend.py_func  # type: ignore[attr-defined]
    before = _stamp(caller)
    assert before == _stamp(caller)
    monkeypatch.setattr(swap.swap, "stamp", "another")
    assert _stamp(caller) != before
