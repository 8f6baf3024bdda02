"""An aiokafka consumer that numbers its fetches, so that what was handed out before a claim can be told apart."""

from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition


class NumberedConsumer(AIOKafkaConsumer):  # type: ignore[misc]
    """Counts in `fetches` how often it handed out records; `handed` is the end of what it handed out last.

    FastStream sleeps for as long again after an empty poll: `wait_ms` lets the poll itself wait, and leaves that
    sleep as short as its own timeout.
    """

    def __init__(self, *topics: str, wait_ms: int = 500, **options: Any) -> None:
        super().__init__(*topics, **options)
        self.fetches = 0
        self.handed: dict[TopicPartition, int] = {}
        self._wait_ms = wait_ms

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """As aiokafka's; what was handed out before says nothing any longer."""
        super().seek(partition, offset)
        self.handed.pop(partition, None)

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int = 0, max_records: int | None = None
    ) -> dict[TopicPartition, list[Any]]:
        """As aiokafka's, counted in the same step that hands the records over."""
        found: dict[TopicPartition, list[Any]] = await super().getmany(
            *partitions, timeout_ms=max(timeout_ms, self._wait_ms), max_records=max_records
        )
        self.fetches += 1
        for tp, records in found.items():
            self.handed[tp] = records[-1].offset + 1
        return found
