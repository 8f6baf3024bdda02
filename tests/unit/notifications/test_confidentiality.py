"""Nothing a person receives depends on the other's pulse, rubric or request: compared byte for byte."""

from dataclasses import replace
from datetime import date

from a_pair import DAY, NOON, RULES, Service, facts
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifications.domain.dispatch import Dispatch, send
from services.notifications.domain.facts import Facts, Health, Signal
from services.notifications.domain.letters import About, compose
from services.notifications.domain.published import case_event
from services.notifications.domain.state import Mailing, Post, Review
from services.notifications.gather import health_of
from services.notifications.store import kept_health
from shared.contracts.health import Component, Evidence
from shared.contracts.health import Health as HealthEvent
from shared.contracts.health import Signal as SignalEvent
from shared.ladder import Ask, Ladder, Precedence, Rung

MEMBERS = ("mentor", "mentee")
COORDINATOR_FIRST = Ladder(
    rungs=(
        Rung(number=1, offset_days=0, ask=Ask.COORDINATOR),
        Rung(number=2, offset_days=3, ask=Ask.BOTH),
        Rung(number=3, offset_days=7, ask=Ask.REMATCH),
    )
)


def judged(stalled: bool, low: bool, score: float | None, band: str | None, value: float | None) -> Health:
    """What notifications keeps of a health event, with everything sealed or scored in it varied."""
    kinds = (["stalled"] if stalled else []) + (["review.low_pulse", "review.apart"] if low else [])
    event = HealthEvent(
        id="pair",
        program="program",
        cohort="cohort",
        score=score,
        band=band,
        confidence=0.3,
        components=(Component(name="connection", value=value, confidence=0.1),),
        evidence=(Evidence(component="connection", code="voice", sentence="Heard from one side."),),
        cadence_days=14,
        signals=tuple(SignalEvent(kind=kind, since=date(2026, 3, 1)) for kind in kinds),
    )
    return health_of(kept_health(event))


def received(health: Health, story: list[bool], ladder: Ladder, *, asked: bool) -> list[Mailing]:
    """All mail to the two over a story of days on which the pair is stalled or not."""
    start: Facts = facts(health=health, rules=RULES.__class__(ladder=ladder, coordinators=("carla",)))
    service = Service(start)
    if asked:
        out, reviews = Dispatch(), []
        for id in ("help", "finish"):  # two words would fill the coordinator's week, if they counted
            reviews.append(Review(id=id, kind=f"word.{id}", since=NOON.date(), by="mentee"))
            post = Post(id=id, kind="word", person="carla", pair="pair", program="program", at=NOON)
            send(out, service.facts, post, Precedence.CASE, NOON)
        attention = service.facts.attention.model_copy(update={"reviews": tuple(reviews)})
        service.facts = replace(
            service.facts, attention=attention, postboxes={**service.facts.postboxes, **out.postboxes}
        )
    service.run()
    still = [signal for signal in health.signals if signal.kind != "stalled"]
    for stalled in story:
        up = (Signal("stalled", date(2026, 3, 1)),) if stalled else ()
        service.facts = replace(service.facts, health=Health(14, (*up, *still), health.owes))
        service.after(1)
    return [mail for mail in service.mail if mail.person in MEMBERS]


@settings(max_examples=40, deadline=None)
@given(
    low=st.booleans(),
    asked=st.booleans(),
    score=st.one_of(st.none(), st.floats(0, 100)),
    band=st.sampled_from([None, "failing", "steady", "thriving"]),
    value=st.one_of(st.none(), st.floats(0, 100)),
    story=st.lists(st.booleans(), max_size=25),
    ladder=st.sampled_from([RULES.ladder, COORDINATOR_FIRST]),
)
def test_what_the_two_receive_is_the_same_whatever_the_other_answered_or_asked(
    low: bool,
    asked: bool,
    score: float | None,
    band: str | None,
    value: float | None,
    story: list[bool],
    ladder: Ladder,
) -> None:
    plain = received(judged(True, False, 80, "steady", 90), story, ladder, asked=False)
    other = received(judged(True, low, score, band, value), story, ladder, asked=asked)
    assert [mail.model_dump_json() for mail in other] == [mail.model_dump_json() for mail in plain]


def test_words_in_confidence_do_not_put_off_what_the_two_get_after_the_coordinator() -> None:
    health, story = judged(True, False, None, None, None), [True] * 14
    plain = received(health, story, COORDINATOR_FIRST, asked=False)
    asked = received(health, story, COORDINATOR_FIRST, asked=True)
    assert len(plain) == 2
    assert asked == plain


def test_a_word_in_confidence_is_not_published() -> None:
    word = Review(id="w", kind="word.need_help", since=NOON.date(), by="mentee")
    attention = facts().attention
    asked = attention.model_copy(update={"reviews": (word,)})
    assert case_event("pair", asked) == case_event("pair", attention)


def test_a_failing_gate_of_a_kind_unknown_here_reads_restricted() -> None:
    review = Review(id="r", kind="something_sealed", since=NOON.date())
    (shown,) = case_event("pair", facts().attention.model_copy(update={"reviews": (review,)})).reviews
    assert shown.kind == "restricted"


def test_letters_to_the_two_have_no_words_for_scores() -> None:
    for kind in ("rung.owing", "rung.both", "nudge", "proposal", "welcome", "ended"):
        text = compose(About(kind=kind, reader="Ana", partner="Björn")).text.lower()
        assert not any(word in text for word in ("score", "health", "band", "pulse", "rubric", "review "))


def test_days_pass_in_these_stories() -> None:
    """The stories above do send mail: a comparison of two empty lists would prove nothing."""
    mail = received(judged(True, False, 80, "steady", 90), [True] * 20, RULES.ladder, asked=False)
    assert len(mail) == 4
    assert mail[-1].at - mail[0].at == 3 * DAY
