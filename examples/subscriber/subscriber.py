"""Keeps the newest state of every pair, from the beginning of the topic on. Needs aiokafka and nothing of Rapport.

BOOTSTRAP=localhost:9092 python examples/subscriber/subscriber.py
"""

import asyncio
import json
import os

from aiokafka import AIOKafkaConsumer


def learn(newest, record):
    """Keep the higher version: a replay, a duplicate and a late arrival change nothing."""
    headers = dict(record.headers)
    if record.key is None or "ce_sequence" not in headers:
        return
    version, (known, _) = int(headers["ce_sequence"]), newest.get(record.key, (0, None))
    if version > known:
        erased = record.value is None or headers["ce_type"].endswith(b".erased")
        newest[record.key] = (version, None if erased else json.loads(record.value))


async def main(bootstrap, topic):
    # No group: this program keeps its states in memory, so it starts from the beginning every time.
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest", isolation_level="read_committed"
    )
    newest = {}  # b"organization/id" -> (version, state); an erased pair keeps its version and has no state
    await consumer.start()
    try:
        while True:
            for records in (await consumer.getmany(timeout_ms=1000)).values():
                for record in records:
                    learn(newest, record)
            pairs = {key.decode(): state["state"] for key, (_, state) in newest.items() if state}
            print(json.dumps(pairs, sort_keys=True), flush=True)
    finally:
        await consumer.stop()


if __name__ == "__main__":
    asyncio.run(main(os.environ["BOOTSTRAP"], os.environ.get("TOPIC", "matching.pairs")))
