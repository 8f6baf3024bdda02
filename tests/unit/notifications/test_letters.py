"""The words and the links: what a person reads, and what a link can and cannot do."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.domain.acts import suggestions
from services.notifications.domain.answers import (
    EXPIRED,
    FORGED,
    Question,
    Tap,
    read,
    refusal,
    sign,
)
from services.notifications.domain.history import told
from services.notifications.domain.letters import ANSWERABLE, AUTOMATIC, About, compose, digest
from services.notifications.domain.relevance import still_true
from services.notifications.domain.state import Attention, Case, Entry, Post, Rematch, Status
from shared.ladder import start

KEY = b"a key of the tests, long enough to sign with"
TAP = Tap("acme", "pair", "mentee", "post", Question.MET, 2_000)
TODAY = date(2026, 3, 2)
LINKS = {question: f"https://rapport.example/v1/answers/{question}" for question in Question}
ALL_KINDS = (
    "rung.owing",
    "rung.both",
    "rung.coordinator",
    "rung.rematch",
    "nudge",
    "proposal",
    "welcome",
    "ended",
    "word",
)


def about(kind: str) -> About:
    links = {question: LINKS[question] for question in ANSWERABLE.get(kind, ())}
    return About(kind=kind, reader="Ana", partner="Björn", links=links, members=("Ana", "Björn"))


@pytest.mark.parametrize("kind", ALL_KINDS)
def test_every_message_is_short_addressed_and_signed(kind: str) -> None:
    letter = compose(about(kind))
    assert letter.text.startswith("Hello Ana,")
    assert letter.text.rstrip().endswith("your mentoring program")
    assert len(letter.text) < 2_000
    assert "\n" not in letter.subject
    assert "{" not in letter.text


def test_rung_one_offers_the_five_answers_one_tap_each() -> None:
    text = compose(about("rung.owing")).text
    assert all(link in text for link in LINKS.values())


def test_nobody_who_never_met_is_told_a_date() -> None:
    assert "have not met yet" in compose(about("rung.owing")).text
    held = replace(about("rung.owing"), last_held=date(2026, 2, 1))
    assert "01 February 2026" in compose(held).text


def test_an_end_reads_the_same_whoever_decided_it() -> None:
    texts = {compose(replace(about("ended"), details=(why,))).text for why in ("ended", "something newer")}
    assert len(texts) == 1
    assert "no longer available" in texts.pop()


def test_a_proposal_names_the_moment_until_which_it_stands() -> None:
    until = datetime(2026, 12, 1, 19, 36, tzinfo=ZoneInfo("Europe/Paris"))
    assert (
        "by 01 December 2026, 19:36 (your time)" in compose(replace(about("proposal"), answer_by=until)).text
    )
    assert "week" not in compose(about("proposal")).text


def test_a_coordinator_reads_what_really_happened() -> None:
    silent = compose(replace(about("rung.coordinator"), asked=True)).text
    assert "have not been meeting, and our messages to them did not change it." in silent
    few = compose(replace(about("rung.coordinator"), cause="failing_commitment")).text
    assert "have met less often than they agreed.\n" in few
    assert "our messages" not in few, "nobody has written to them yet"


def test_a_rematch_that_needs_no_word_does_not_ask_for_one() -> None:
    asks = compose(about("rung.rematch"))
    assert "recommended" in asks.subject
    assert "Nothing happens without your word." in asks.text
    tells = compose(replace(about("rung.rematch"), details=(AUTOMATIC,)))
    assert "under way" in tells.subject
    assert "Nothing happens" not in tells.text
    assert "recommend" not in tells.text


def test_history_says_who_was_asked_and_not_that_they_asked() -> None:
    when = datetime(2026, 3, 2, 12, tzinfo=UTC)
    rungs = [
        Entry(at=when, what="rung", rung=1, to=("ana",)),
        Entry(at=when, what="rung", rung=2, to=("ana", "bo")),
        Entry(at=when, what="rung", rung=3),
    ]
    case = Case(
        number=1, status=Status.OPEN, cause="stalled", since=TODAY, opened_at=when, track=start(when),
        history=tuple(rungs),
    )  # fmt: skip
    assert told(case, {"ana": "Ana", "bo": "Bo"}) == (
        "02 March 2026: step 1: Ana was asked",
        "02 March 2026: step 2: Ana and Bo were asked",
        "02 March 2026: step 3: nobody was asked",
    )


def test_a_partner_without_a_name_begins_a_sentence() -> None:
    letter = compose(About(kind="ended", reader="Ana"))
    assert letter.subject == "Your partner is no longer available"
    assert "\nYour partner is no longer" in letter.text


def test_an_unknown_message_is_the_plain_reminder() -> None:
    assert "reminder" in compose(about("something.newer")).subject


def test_a_digest_is_one_mail_with_all_of_it() -> None:
    pieces = [(piece, compose(piece)) for piece in (about("rung.coordinator"), about("rung.rematch"))]
    letter = digest("Carla", "Acme mentoring", pieces)
    assert letter.subject.startswith("2 things")
    assert "1. Ana and Björn have not been meeting" in letter.text
    assert "2. Ana and Björn have not found a way" in letter.text


def test_a_coordinator_is_offered_three_actions() -> None:
    assert len({suggestion.code for suggestion in suggestions(Attention())}) == 3
    for rematch, first in ((Rematch.RECOMMENDED, "rematch"), (Rematch.CONFIRMED, "wait")):
        when = datetime(2026, 3, 2, 12, tzinfo=UTC)
        case = Case(
            number=1, status=Status.OPEN, cause="stalled", since=TODAY, opened_at=when, track=start(when),
            rematch=rematch,
        )  # fmt: skip
        codes = [suggestion.code for suggestion in suggestions(Attention(case=case))]
        assert (len(set(codes)), codes[0]) == (3, first)


def test_a_link_opens_until_it_expires() -> None:
    token = sign(TAP, KEY)
    assert read(token, KEY, wall=1_999) == TAP
    assert read(token, KEY, wall=2_000) == EXPIRED


@given(position=st.integers(0, 300), letter=st.characters(codec="ascii"))
def test_a_link_changed_anywhere_does_not_open(position: int, letter: str) -> None:
    token = sign(TAP, KEY)
    position %= len(token)
    changed = token[:position] + letter + token[position + 1 :]
    opened = read(changed, KEY, wall=0)
    assert opened in (TAP, FORGED)
    # Base64 leaves spare bits in its last letter: another text of the same bytes is the same link.
    assert opened == FORGED or read(token, KEY, wall=0) == opened


def test_a_link_signed_with_another_key_does_not_open() -> None:
    assert read(sign(TAP, b"another key"), KEY, wall=0) == FORGED
    assert read("", KEY, wall=0) == FORGED
    assert read("nothing at all", KEY, wall=0) == FORGED


def test_the_same_link_is_the_same_answer() -> None:
    assert TAP.id == replace(TAP, expires=9_999).id
    assert TAP.id != replace(TAP, question=Question.BUSY).id


@pytest.mark.parametrize(
    ("question", "days", "taken"),
    [
        (Question.MET, 0, True),
        (Question.MET, 1, False),
        (Question.MET, -121, False),
        (Question.PLANNED, 0, True),
        (Question.PLANNED, -1, False),
        (Question.BUSY, 28, True),
        (Question.BUSY, 29, False),
        (Question.BUSY, 0, False),
    ],
)
def test_only_days_that_make_sense_are_taken(question: Question, days: int, taken: bool) -> None:
    assert (refusal(question, TODAY + timedelta(days=days), TODAY) is None) is taken


def test_two_cannot_have_met_as_a_pair_before_they_were_one() -> None:
    began = TODAY - timedelta(days=10)
    assert refusal(Question.MET, began, TODAY, began) is None
    assert "back to 20 February 2026" in str(refusal(Question.MET, began - timedelta(days=1), TODAY, began))
    tomorrow = TODAY + timedelta(days=1)
    assert refusal(Question.MET, TODAY, TODAY, tomorrow) is None, "a zone apart, today is the day they began"


def test_a_confidential_word_needs_no_day_and_the_others_do() -> None:
    assert refusal(Question.HELP, None, TODAY) is None
    assert refusal(Question.MET, None, TODAY) is not None


def test_mail_that_waited_is_dropped_when_it_is_no_longer_true() -> None:
    def post(kind: str, **more: object) -> Post:
        base = {"id": "i", "kind": kind, "person": "mentee", "pair": "pair", "program": "program"}
        return Post.model_validate({**base, "at": "2026-03-02T12:00:00Z", **more})

    assert still_true(post("proposal"), None, "proposed")
    assert not still_true(post("proposal"), None, "accepted")
    assert not still_true(post("rung.owing", case=1, rung=1), Attention(), "active")
    assert still_true(post("ended"), None, "ended")


def test_of_reminders_that_waited_only_those_go_that_still_hold() -> None:
    kinds = ("nudge.nothing_planned", "nudge.cancellations")
    waited = Post.model_validate(
        {
            "id": "i", "kind": "nudge", "person": "mentee", "pair": "pair", "program": "program",
            "at": "2026-03-02T12:00:00Z", "details": kinds,
        }
    )  # fmt: skip

    def left(signals: tuple[str, ...], pair_state: str = "active", planned: bool = False) -> tuple[str, ...]:
        found = still_true(waited, Attention(), pair_state, signals, planned=planned)
        return found.details if found else ()

    assert left(kinds) == kinds
    assert left(kinds[:1]) == kinds[:1]
    assert left(("watch",)) == ()
    assert left(kinds, planned=True) == ("nudge.cancellations",)
    assert left(kinds, pair_state="paused") == ()


def test_two_who_never_met_are_not_asked_what_went_well() -> None:
    assert "what went well" not in compose(about("rung.both")).text
    assert "what went well" in compose(replace(about("rung.both"), last_held=TODAY)).text
