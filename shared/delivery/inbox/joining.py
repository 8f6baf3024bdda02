"""Joining the group by FastStream: one batch subscriber on all topics, with our own parser and consumer."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, cast

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage

from shared.delivery.inbox.consumer import NumberedConsumer
from shared.delivery.model import Limits

Partitions = Callable[[Iterable[TopicPartition]], None]


async def connected(
    bootstrap: str,
    topics: Sequence[str],
    group: str,
    owner: str,
    limits: Limits,
    kafka_options: Mapping[str, Any],
    handle: Callable[[KafkaMessage], Awaitable[None]],
    assigned: Partitions,
    revoked: Partitions,
) -> tuple[KafkaBroker, Any]:
    """A broker and its subscriber, whose `start` joins the group; raises KafkaError while the cluster is away.

    Not `broker.start()`: it would connect again and put FastStream's plain consumer back.
    """
    broker = KafkaBroker(
        bootstrap,
        client_id=owner,
        consumer_only=True,
        metadata_max_age_ms=10_000,
        allow_auto_create_topics=False,
        logger=None,
        graceful_timeout=None,
        **kafka_options,
    )
    subscriber = subscribed(broker, topics, group, limits, _Listener(assigned, revoked))
    subscriber(handle)
    await broker.connect()
    config = broker.config.broker_config
    options = cast("partial[Any]", config.builder).keywords
    config.builder = partial(NumberedConsumer, **options)
    return broker, subscriber


async def asking(bootstrap: str, owner: str, kafka_options: Mapping[str, Any]) -> AIOKafkaConsumer:
    """A client that only asks where logs begin and end; raises KafkaError while the cluster is away.

    A broker answers one request of a connection after the other: asked on the consumer's own, each question waits
    for the end of the fetch before it, up to `fetch_max_wait_ms`.
    """
    client = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        client_id=f"{owner}.offsets",
        isolation_level="read_committed",
        metadata_max_age_ms=10_000,
        **kafka_options,
    )
    try:
        await client.start()
    except BaseException:
        await client.stop()
        raise
    return client


def subscribed(
    broker: KafkaBroker,
    topics: Sequence[str],
    group: str,
    limits: Limits,
    listener: ConsumerRebalanceListener | None = None,
) -> Any:
    """The one subscriber: several would each be a group member, and every join a rebalance of all."""
    return broker.subscriber(
        *topics,
        group_id=group,
        batch=True,
        max_records=limits.batch_records,
        batch_timeout_ms=5,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        # FastStream's default commits before processing, which would pass over a batch that fails.
        ack_policy=AckPolicy.MANUAL,
        fetch_max_wait_ms=250,
        session_timeout_ms=limits.session_timeout_ms,
        heartbeat_interval_ms=max(500, limits.session_timeout_ms // 5),
        # An outage of the database is waited out inside the handler, with heartbeats: being thrown out of the
        # group for it would only move the same wait to another replica.
        max_poll_interval_ms=3_600_000,
        rebalance_timeout_ms=15_000,
        listener=listener,
        parser=_parse,
        decoder=_decode,
    )


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, assigned: Partitions, revoked: Partitions) -> None:
        self._assigned, self._revoked = assigned, revoked

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        self._revoked(revoked)

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        self._assigned(assigned)


async def _parse(message: tuple[ConsumerRecord[Any, Any], ...]) -> KafkaMessage:
    """Headers are read per record by the contracts: FastStream's own parser fails a whole batch on a bad one."""
    return KafkaMessage(
        body=b"", headers={}, raw_message=message, message_id="", path={}, consumer=cast("Any", None)
    )


async def _decode(_message: KafkaMessage) -> bytes:
    return b""
