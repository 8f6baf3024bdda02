"""The matching engine: pure functions on arrays; nothing here knows Kafka, MongoDB or a clock."""
