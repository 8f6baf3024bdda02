"""An enrollment opens by consent alone, in its window, in an open program; it ends with person or cohort."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.profiles.domain import published
from services.profiles.domain.enrollments import (
    Away,
    Consent,
    Enrollment,
    Refused,
    applied,
    approved,
    away,
    consented,
    invited,
    seen_by,
    settled,
    withdrawn,
    worded,
)
from services.profiles.domain.people import Person
from services.profiles.domain.programs import rules_of, setting, with_state, with_tokens
from services.profiles.domain.tastes import Wants
from shared.contracts.enrollments import Preferences
from tests.unit.profiles.building import NOW, program

CONSENT = Consent(on=date(2026, 3, 1), source="Rapport")
FRESH = Enrollment(participant="p1", program="spring", cohort="2026-1", role="mentee")
PERSON = Person()


def settle(
    enrollment: Enrollment, now: datetime = NOW, person: Person = PERSON, **changes: object
) -> Enrollment:
    made = program(**changes)
    return settled(enrollment, person, setting(made, made.cohorts[0]), now)[0]


def test_only_a_consent_opens() -> None:
    assert settle(FRESH).state == "invited"
    assert settle(applied(FRESH)).state == "applied"
    assert settle(approved(applied(FRESH))).state == "approved"
    opened = settle(consented(FRESH, CONSENT))
    assert (opened.state, opened.opened_at) == ("open", NOW)


WEIGHTS = {"affinity": 3, "field": 2}


def test_only_the_person_says_by_which_groups_and_outside_there_are_only_tokens() -> None:
    rules = rules_of("professional", {"affinity_groups": ["parents", "veterans"], "weights": WEIGHTS})
    made = with_tokens(program(rules=rules), iter(["t1", "t2"]))
    tokens = made.affinity_tokens
    said = Wants(affinity=("parents",))
    kept = worded(said, Preferences(), tokens, own=True)
    assert kept.affinity == ("t1",)
    with pytest.raises(Refused, match="only the person"):
        worded(said, Preferences(), tokens, own=False)
    with pytest.raises(Refused, match="does not ask about 'left-handed'"):
        worded(Wants(affinity=("left-handed",)), Preferences(), tokens, own=True)
    # Whoever cannot read it does not clear it.
    for body in (Wants(goals=("g",)), Wants(affinity=())):
        assert worded(body, kept, tokens, own=False).affinity == ("t1",)
    assert worded(Wants(goals=("g",)), kept, tokens, own=True).affinity == ("t1",)
    assert worded(Wants(affinity=()), kept, tokens, own=True).affinity == ()
    assert worded(Wants(), Preferences(excluded=("x",)), tokens, own=False).excluded == ("x",)

    one = FRESH.model_copy(update={"preferences": kept.model_copy(update={"excluded": ("x",)}), "boost": 5})
    own, staff = (seen_by(one, tokens, own=who == "own", staff=who == "staff") for who in ("own", "staff"))
    assert (own.preferences.affinity, own.preferences.excluded, own.boost) == (("parents",), (), 0)
    assert (staff.preferences.affinity, staff.preferences.excluded, staff.boost) == ((), (), 5)
    body = published.program("spring", made).model_dump_json()
    assert "parents" not in body
    assert "t1" not in body
    assert published.enrollment("e", one).preferences.affinity == ("t1",)

    # A group that the program asks about no longer is forgotten, one that stays keeps its token.
    fewer = rules_of("professional", {"affinity_groups": ["veterans"], "weights": WEIGHTS})
    after = with_tokens(made.model_copy(update={"rules": fewer}), iter(["t3"]))
    assert after.affinity_tokens == {"veterans": "t2"}
    assert settled(one, PERSON, setting(after, after.cohorts[0]), NOW)[0].preferences.affinity == ()
    assert settled(one, PERSON, setting(made, made.cohorts[0]), NOW)[0].preferences.affinity == ("t1",)


def test_where_the_program_asks_the_coordinator_approves_first() -> None:
    rules = rules_of("professional", {"needs_approval": True})
    ready = consented(applied(FRESH), CONSENT)
    assert settle(ready, rules=rules).state == "applied"
    assert settle(approved(ready), rules=rules).state == "open"


def test_before_the_program_or_its_window_opens_one_waits() -> None:
    ready = consented(FRESH, CONSENT)
    assert settle(ready, state="draft").state == "waitlisted"
    early = datetime(2025, 12, 1, tzinfo=UTC)
    made = program()
    waiting, due = settled(ready, PERSON, setting(made, made.cohorts[0]), early)
    assert (waiting.state, due) == ("waitlisted", datetime(2026, 1, 1, tzinfo=UTC))
    assert settle(waiting, datetime(2026, 1, 1, tzinfo=UTC)).state == "open"
    late = settle(ready, datetime(2026, 4, 2, tzinfo=UTC))
    assert late.state == "waitlisted"
    assert settle(approved(late), datetime(2026, 4, 2, tzinfo=UTC)).state == "open"


def test_away_for_some_days_and_back() -> None:
    opened = settle(consented(FRESH, CONSENT))
    gone = away(opened, Away(since=NOW.date(), until=NOW.date() + timedelta(days=3)), NOW.date())
    assert settle(gone).state == "away"
    later = NOW + timedelta(days=4)
    back = settle(settle(gone), later)
    assert (back.state, back.away) == ("open", gone.away)
    early = away(settle(gone), None, NOW.date() + timedelta(days=2))
    assert settle(early, NOW + timedelta(days=2)).state == "open"
    assert early.away == (Away(since=NOW.date(), until=NOW.date() + timedelta(days=1)),)


def test_who_has_left_is_withdrawn_and_the_end_of_the_cohort_completes() -> None:
    opened = settle(consented(FRESH, CONSENT))
    left = settle(opened, person=Person(status="left"))
    assert (left.state, left.closed_at) == ("withdrawn", NOW)
    end = datetime(2026, 12, 31, tzinfo=UTC)
    assert settle(opened, end).state == "completed"
    assert settle(FRESH, end).state == "withdrawn"


def test_steps_from_a_wrong_state_are_refused() -> None:
    gone = withdrawn(FRESH, NOW)
    for step in (applied, approved):
        with pytest.raises(Refused, match="withdrawn"):
            step(gone)
    with pytest.raises(Refused):
        consented(gone, CONSENT)
    with pytest.raises(Refused):
        away(FRESH, None, NOW.date())
    with pytest.raises(Refused):
        withdrawn(FRESH.model_copy(update={"state": "completed"}), NOW)
    assert invited(gone, FRESH) == FRESH
    assert withdrawn(gone, NOW) is gone


def test_the_first_consent_stays() -> None:
    once = consented(FRESH, CONSENT)
    assert consented(once, Consent(on=date(2026, 3, 2), source="later")) is once


def test_a_program_cannot_open_without_a_coordinator_nor_open_again() -> None:
    made = program(state="draft", coordinators=())
    with pytest.raises(Exception, match="coordinator"):
        with_state(made, "open")
    assert with_state(program(state="draft"), "open").state == "open"
    with pytest.raises(Exception, match="closed"):
        with_state(program(state="closed"), "open")
