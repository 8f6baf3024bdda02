"""Records on the wire: what goes out comes in, and what cannot be read is an outcome that tells no value."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contracts import ANSWERS, DEAD_LETTERS, PAIRS, TOPICS, Answer, Pair, Topic
from shared.contracts.envelope import (
    MAX_BODY_BYTES,
    BodyTooLarge,
    Decoded,
    Envelope,
    Event,
    Malformed,
    Tombstone,
    Unlisted,
    decode,
    event_id,
    event_of,
    from_headers,
    to_headers,
)
from tests.unit.contracts.event_samples import SAMPLES

PAIR = SAMPLES["pair"]
TOPIC_LIST = list(TOPICS.values())
COMPACTED = [topic for topic in TOPIC_LIST if topic.compacted]
RETAINED = [topic for topic in TOPIC_LIST if not topic.compacted]
SECRET = "secret-value"


def made(topic: Topic = PAIRS, version: int = 3, organization: str = "acme") -> Event:
    return event_of(
        topic,
        next(iter(topic.types)),
        organization=organization,
        id="a1",
        version=version,
        body=SAMPLES[topic.family],
        time_ms=1_772_452_800_123,
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    )


@pytest.mark.parametrize("topic", TOPIC_LIST, ids=lambda topic: topic.name)
def test_what_goes_out_comes_in(topic: Topic) -> None:
    event = made(topic)
    found = decode(topic, to_headers(event), event.kafka_key, event.body)
    assert isinstance(found, Decoded)
    assert (found.organization, found.id, found.version, found.type) == ("acme", "a1", 3, event.type)
    assert found.state == SAMPLES[topic.family]
    assert found.envelope.time == "2026-03-02T12:00:00.123Z"
    assert found.envelope.traceparent == event.traceparent
    assert found.envelope.source == f"/rapport/{topic.writer}"
    assert found.envelope.dataschema == topic.schema_of(event.type)


@pytest.mark.parametrize("topic", TOPIC_LIST, ids=lambda topic: topic.name)
def test_the_outbox_keeps_an_event_whole(topic: Topic) -> None:
    assert Event.from_row(made(topic).to_row()) == made(topic)


def test_headers_are_cloudevents_in_binary_mode() -> None:
    headers = dict(to_headers(made()))
    assert headers == {
        "ce_specversion": b"1.0",
        "ce_id": str(event_id("pair", "acme", "a1", 3)).encode(),
        "ce_type": b"pair.proposed",
        "ce_source": b"/rapport/matching",
        "ce_subject": b"a1",
        "ce_dataschema": b"urn:rapport:schema:matching.pairs:pair.proposed:1",
        "ce_sequence": b"3",
        "ce_organization": b"acme",
        "ce_time": b"2026-03-02T12:00:00.123Z",
        "traceparent": b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "content-type": b"application/json",
    }


def test_the_id_of_an_event_follows_from_what_it_is() -> None:
    assert made().uuid == made().uuid
    assert made().uuid.version == 5
    others = [made(version=4), made(organization="other"), made(TOPICS["sessions.health"])]
    assert len({made().uuid, *(other.uuid for other in others)}) == 4
    # Written down: another value would make every event that is already published a new one.
    assert str(made().uuid) == "7b46d931-2a2c-5d01-a942-0a156319c872"


def test_keys_are_organization_and_what_orders() -> None:
    assert made().kafka_key == b"acme/a1"
    answer = SAMPLES["answer"]
    assert isinstance(answer, Answer)
    assert made(ANSWERS).kafka_key == f"acme/{answer.pair}".encode()
    assert made(TOPICS["notifications.deliveries"]).kafka_key == b"acme/p"


@pytest.mark.parametrize("topic", COMPACTED, ids=lambda topic: topic.name)
def test_an_erasure_is_the_id_alone_and_then_a_null(topic: Topic) -> None:
    last, null = topic.erasure("acme", "a1", 9, time_ms=1)
    assert last.body == b'{"id":"a1"}'
    assert last.type == f"{topic.family}.erased"
    found = decode(topic, to_headers(last), last.kafka_key, last.body)
    assert isinstance(found, Decoded)
    assert (found.id, found.version, found.state) == ("a1", 9, None)
    assert null.body is None
    assert null.kafka_key == last.kafka_key
    assert decode(topic, to_headers(null), null.kafka_key, None) == Tombstone("acme", "a1", 9)
    assert decode(topic, [], null.kafka_key, None) == Tombstone("acme", "a1", None)


@pytest.mark.parametrize("topic", RETAINED, ids=lambda topic: topic.name)
def test_a_null_says_nothing_where_states_are_not_kept(topic: Topic) -> None:
    assert topic.erasure("acme", "a1", 9) == ()
    assert decode(topic, to_headers(made(topic)), b"acme/a1", None) == Malformed("null")


@pytest.mark.parametrize("key", [None, b"", b"acme", b"/a1", b"acme/", b"\xff/a1"])
def test_a_null_without_a_key_is_malformed(key: bytes | None) -> None:
    assert decode(PAIRS, [], key, None) == Malformed("key")


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("ce_specversion", None, "envelope:missing"),
        ("ce_specversion", b"0.3", "envelope:specversion"),
        ("ce_id", None, "envelope:id"),
        ("ce_id", b"", "envelope:empty"),
        ("ce_type", None, "envelope:type"),
        ("ce_type", b"\xff", "envelope:encoding"),
        ("ce_source", None, "envelope:source"),
        ("ce_subject", None, "envelope:subject"),
        ("ce_subject", b"", "envelope:empty"),
        ("ce_sequence", None, "envelope:sequence"),
        ("ce_sequence", b"0", "envelope:sequence"),
        ("ce_sequence", b"-1", "envelope:sequence"),
        ("ce_sequence", b"1_0", "envelope:sequence"),
        ("ce_sequence", b" 1", "envelope:sequence"),
        ("ce_sequence", b"1" * 19, "envelope:sequence"),
        ("ce_organization", None, "envelope:organization"),
        ("ce_organization", b"", "envelope:organization"),
        ("ce_organization", b"a/b", "envelope:organization"),
    ],
)
def test_a_broken_envelope_is_malformed(name: str, value: bytes | None, reason: str) -> None:
    event = made()
    headers = [each for each in to_headers(event) if each[0] != name]
    if value is not None:
        headers.append((name, value))
    assert decode(PAIRS, headers, event.kafka_key, event.body) == Malformed(reason)


def test_a_header_without_a_value_is_malformed() -> None:
    headers: list[tuple[str, bytes | None]] = [each for each in to_headers(made()) if each[0] != "ce_type"]
    assert from_headers([*headers, ("ce_type", None)]) == Malformed("envelope:encoding")


def test_no_headers_at_all() -> None:
    assert decode(PAIRS, [], b"acme/a1", b"{}") == Malformed("envelope:missing")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "json"),
        (b"{", "json"),
        (b"\xff\xfe", "json"),
        (b"null", "schema:body:model_type"),
        (b"[]", "schema:body:model_type"),
        (b'{"id": "a1"}', "schema:program:missing"),
        (PAIR.model_dump_json(exclude={"id"}).encode(), "schema:id:missing"),
        (PAIR.model_copy(update={"id": "a2"}).model_dump_json().encode(), "schema:id:subject"),
        (
            b'{"id":"a1","program":"g","cohort":"c","state":"x","members":"secret-value"}',
            "schema:members:tuple_type",
        ),
        (b" " * (MAX_BODY_BYTES + 1), "size"),
    ],
)
def test_a_broken_body_is_malformed_and_tells_no_value(body: bytes, reason: str) -> None:
    event = made()
    assert decode(PAIRS, to_headers(event), event.kafka_key, body) == Malformed(reason)


def test_a_reason_never_names_a_key_of_the_data() -> None:
    topic = TOPICS["profiles.programs"]
    event = made(topic)
    body = f'{{"id":"a1","state":"open","rules":{{"weights":{{"{SECRET}":99}}}}}}'.encode()
    found = decode(topic, to_headers(event), event.kafka_key, body)
    assert found == Malformed("schema:rules:less_than_equal")


def test_a_key_that_is_not_the_aggregate_is_malformed_where_compaction_goes_by_it() -> None:
    event = made()
    assert decode(PAIRS, to_headers(event), b"acme/other", event.body) == Malformed("key")
    assert decode(PAIRS, to_headers(event), None, event.body) == Malformed("key")
    answer = made(ANSWERS)
    assert isinstance(decode(ANSWERS, to_headers(answer), None, answer.body), Decoded)


def test_an_unknown_type_is_passed_over_whatever_its_body() -> None:
    headers = [each for each in to_headers(made()) if each[0] != "ce_type"] + [("ce_type", b"pair.sang")]
    assert decode(PAIRS, headers, b"acme/a1", b"{") == Unlisted("pair.sang")


def test_a_reader_lists_the_types_it_wants_and_always_hears_of_an_erasure() -> None:
    event = made()
    assert decode(PAIRS, to_headers(event), event.kafka_key, event.body, {"pair.ended"}) == Unlisted(
        event.type
    )
    last = PAIRS.erasure("acme", "a1", 9)[0]
    assert isinstance(decode(PAIRS, to_headers(last), last.kafka_key, last.body, {"pair.ended"}), Decoded)


def test_what_a_newer_writer_adds_is_passed_over() -> None:
    event = made()
    assert event.body is not None
    newer = event.body[:-1] + b',"mood":"fine","members_of":[1]}'
    found = decode(PAIRS, to_headers(event), event.kafka_key, newer)
    assert isinstance(found, Decoded)
    assert found.state == PAIR


@pytest.mark.parametrize(
    ("type", "organization", "id", "told"),
    [
        ("health.changed", "acme", "a1", "no event type"),
        ("pair.erased", "acme", "a1", "no event type"),
        ("pair.ended", "", "a1", "slash"),
        ("pair.ended", "a/b", "a1", "slash"),
        ("pair.ended", "acme", "a2", "id is not"),
    ],
)
def test_what_must_not_be_published(type: str, organization: str, id: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        event_of(PAIRS, type, organization=organization, id=id, version=1, body=PAIR, time_ms=1)


def test_another_familys_body_is_not_published() -> None:
    with pytest.raises(ValueError, match="carries Pair"):
        event_of(PAIRS, "pair.ended", organization="a", id="a1", version=1, body=SAMPLES["case"], time_ms=1)


def test_a_body_that_no_reader_could_decode_is_not_published() -> None:
    broken = PAIR.model_copy(update={"members": ()})
    with pytest.raises(ValueError, match="schema:members:too_short"):
        event_of(PAIRS, "pair.ended", organization="a", id="a1", version=1, body=broken, time_ms=1)


def test_a_body_over_the_limit_fails_before_it_is_committed() -> None:
    large = PAIR.model_copy(update={"external_id": "x" * MAX_BODY_BYTES})
    with pytest.raises(BodyTooLarge, match=r"at most 900000"):
        event_of(PAIRS, "pair.ended", organization="a", id="a1", version=1, body=large, time_ms=1)


def test_a_dead_letter_carries_no_record() -> None:
    assert set(DEAD_LETTERS["profiles"].model.model_fields) == {
        "id", "group", "topic", "partition", "offset", "reason", "at",
    }  # fmt: skip


IDS = st.text(min_size=1, max_size=30).filter(lambda text: text.isprintable())
ORGANIZATIONS = IDS.filter(lambda text: "/" not in text)


@settings(max_examples=60)
@given(organization=ORGANIZATIONS, id=IDS, version=st.integers(1, 10**12), at=st.integers(0, 4 * 10**12))
def test_any_id_goes_round(organization: str, id: str, version: int, at: int) -> None:
    assert isinstance(PAIR, Pair)
    body = PAIR.model_copy(update={"id": id})
    event = event_of(
        PAIRS, "pair.ended", organization=organization, id=id, version=version, body=body, time_ms=at
    )
    found = decode(PAIRS, to_headers(event), event.kafka_key, event.body)
    assert isinstance(found, Decoded)
    assert (found.organization, found.id, found.version, found.state) == (organization, id, version, body)
    assert found.envelope.time is not None
    assert datetime.fromisoformat(found.envelope.time) == datetime.fromtimestamp(at / 1000, UTC)
    null = PAIRS.erasure(organization, id, version)[1]
    assert decode(PAIRS, to_headers(null), null.kafka_key, None) == Tombstone(organization, id, version)


@settings(max_examples=60)
@given(
    headers=st.lists(
        st.tuples(
            st.sampled_from([name for name, _ in to_headers(made())]) | st.text(max_size=5),
            st.binary(max_size=20) | st.none() | st.sampled_from([b"1.0", b"1", b"acme", b"pair.ended"]),
        )
    ),
    key=st.binary(max_size=20) | st.none(),
    value=st.binary(max_size=50) | st.none(),
)
def test_nothing_on_the_wire_raises(
    headers: list[tuple[str, bytes | None]], key: bytes | None, value: bytes | None
) -> None:
    assert isinstance(decode(PAIRS, headers, key, value), Decoded | Tombstone | Unlisted | Malformed)
    assert isinstance(from_headers(headers), Envelope | Malformed)
