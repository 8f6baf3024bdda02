"""The judgement of a batch: what a claim may apply, what it must throw away, when the log is not the same."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from shared.delivery.inbox.judge import Apply, Claim, Discard, Halt, judge, last_of, outside


@dataclass(frozen=True)
class Rec:
    offset: int
    timestamp: int = 1000
    headers: tuple[tuple[str, bytes], ...] = (("ce_id", b"a"),)


def claim(next: int, *, after_fetch: int = 3, verify: Rec | None = None) -> Claim:
    last = last_of(verify) if verify else None
    return Claim(epoch=1, next=next, after_fetch=after_fetch, last=last, verify=last)


def test_a_batch_that_follows_is_applied_to_its_end():
    assert judge(claim(5), [Rec(5), Rec(6)], fetch=4) == Apply([Rec(5), Rec(6)], 7)


def test_a_gap_that_compaction_or_a_marker_left_is_passed():
    assert judge(claim(5), [Rec(9)], fetch=4) == Apply([Rec(9)], 10)


def test_records_handed_out_before_the_claim_have_no_effect():
    assert judge(claim(5, after_fetch=4), [Rec(100)], fetch=4) == Discard()
    assert judge(None, [Rec(5)], fetch=9) == Discard()


def test_the_last_applied_record_proves_the_log_and_is_not_applied_again():
    assert judge(claim(5, verify=Rec(4)), [Rec(4)], fetch=4) == Discard()
    assert judge(claim(5, verify=Rec(4)), [Rec(4), Rec(5)], fetch=4) == Apply([Rec(5)], 6)


def test_another_record_at_the_last_offset_halts():
    verdict = judge(claim(5, verify=Rec(4)), [Rec(4, headers=(("ce_id", b"other"),)), Rec(5)], fetch=4)
    assert isinstance(verdict, Halt)
    assert "offset 4" in verdict.reason


def test_a_log_that_began_again_halts_instead_of_being_passed_over():
    verdict = judge(claim(500), [Rec(0), Rec(1)], fetch=4)
    assert isinstance(verdict, Halt)
    assert "made again" in verdict.reason


@given(st.integers(0, 50), st.lists(st.integers(0, 100), unique=True, min_size=1).map(sorted))
def test_nothing_before_next_is_ever_applied(next, offsets):
    match judge(claim(next), [Rec(each) for each in offsets], fetch=4):
        case Apply(records=records, end=end):
            assert min(each.offset for each in records) >= next
            assert end == offsets[-1] + 1
        case Halt():
            assert offsets[0] < next


def test_a_position_outside_the_log_is_named():
    assert outside(10, 0, 10, True) is None
    assert "behind the log's end" in (outside(11, 0, 10, True) or "")
    assert "removed before" in (outside(3, 5, 10, True) or "")
    assert outside(0, 5, 10, False) is None
