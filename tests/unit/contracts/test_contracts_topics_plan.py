"""What may be done to a broker's topics, decided without one."""

from shared.contracts import ANSWERS, PAIRS, TOPICS
from shared.contracts.topics_plan import (
    Alter,
    Create,
    Existing,
    Grow,
    Refuse,
    Wanted,
    plan,
    settings_of,
    told,
    wanted,
)

DECLARED = wanted("x.")
AS_DECLARED = {each.name: Existing(each.name, each.partitions, each.settings) for each in DECLARED}
COMPACTED = next(each for each in DECLARED if each.name == "x.matching.pairs")
RETAINED = next(each for each in DECLARED if each.name == "x.notifications.answers")


def with_(name: str, *, partitions: int | None = None, **settings: str) -> dict[str, Existing]:
    """All as declared but for one topic; underscores stand for dots."""
    before = AS_DECLARED[name]
    changed = {key.replace("_", "."): value for key, value in settings.items()}
    return AS_DECLARED | {
        name: Existing(name, partitions or before.partitions, {**before.settings, **changed})
    }


def test_an_empty_broker_gets_every_topic_under_its_prefix() -> None:
    steps = plan({}, DECLARED)
    assert [step.topic.name for step in steps if isinstance(step, Create)] == [f"x.{name}" for name in TOPICS]


def test_nothing_to_do() -> None:
    assert plan(AS_DECLARED, DECLARED) == []


def test_other_topics_are_left_alone() -> None:
    assert plan({**AS_DECLARED, "foreign": Existing("foreign", 1, {})}, DECLARED) == []


def test_a_compacted_topic_never_grows() -> None:
    (step,) = plan(with_(COMPACTED.name, partitions=COMPACTED.partitions - 1), DECLARED)
    assert isinstance(step, Refuse)
    assert "publish anew" in step.reason


def test_a_retained_topic_grows_but_does_not_shrink() -> None:
    assert plan(with_(RETAINED.name, partitions=RETAINED.partitions - 1), DECLARED) == [
        Grow(RETAINED.name, RETAINED.partitions)
    ]
    (step,) = plan(with_(RETAINED.name, partitions=RETAINED.partitions + 1), DECLARED)
    assert isinstance(step, Refuse)


def test_settings_are_altered_and_those_of_others_are_carried_along() -> None:
    (step,) = plan(with_(RETAINED.name, retention_ms="1", segment_ms="5"), DECLARED)
    assert isinstance(step, Alter)
    assert step.changes == {"retention.ms": ("1", str(90 * 24 * 3600 * 1000))}
    assert step.settings["segment.ms"] == "5"
    assert step.settings["retention.ms"] == str(90 * 24 * 3600 * 1000)


def test_a_topic_does_not_change_between_compaction_and_retention() -> None:
    for name, policy in ((COMPACTED.name, "delete"), (RETAINED.name, "compact")):
        (step,) = plan(with_(name, cleanup_policy=policy), DECLARED)
        assert isinstance(step, Refuse)


def test_a_topic_that_the_broker_made_by_itself_is_not_taken_for_compacted() -> None:
    (step,) = plan({COMPACTED.name: Existing(COMPACTED.name, COMPACTED.partitions, {})}, [COMPACTED])
    assert isinstance(step, Refuse)
    assert "cleanup.policy is delete" in step.reason


def test_compacted_topics_keep_states_for_ever_and_forget_the_erased() -> None:
    settings = settings_of(PAIRS)
    assert settings["cleanup.policy"] == "compact"
    assert settings["retention.ms"] == "-1"
    assert int(settings["max.compaction.lag.ms"]) <= 24 * 3600 * 1000
    assert int(settings["delete.retention.ms"]) >= 7 * 24 * 3600 * 1000
    assert settings_of(ANSWERS)["cleanup.policy"] == "delete"


def test_every_step_is_told_in_a_line() -> None:
    steps = [
        Create(COMPACTED),
        Alter("t", {}, {"retention.ms": (None, "5")}),
        Grow("t", 9),
        Refuse("t", "why"),
    ]
    assert [told(step) for step in steps] == [
        "create x.matching.pairs with 6 partitions, compact",
        "alter t: retention.ms None → 5",
        "grow t to 9 partitions",
        "refuse t: why",
    ]
    assert isinstance(COMPACTED, Wanted)
