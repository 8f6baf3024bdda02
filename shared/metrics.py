"""Every metric of Rapport, named and described here and nowhere else; docs/metrics.md is generated from this
file.

One process is one service, so no metric has a service label: the scraper's job label says it. No label
carries an id of an organization or a person: they would be personal data, and one time series each.
"""

from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

REGISTRY = CollectorRegistry()
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_ALL: list[tuple[str, str, tuple[str, ...], str]] = []


def _counter(name: str, help: str, *labels: str) -> Counter:
    _ALL.append((f"{name}_total", "counter", labels, help))
    return Counter(name, help, labels, registry=REGISTRY)


def _gauge(name: str, help: str, *labels: str) -> Gauge:
    _ALL.append((name, "gauge", labels, help))
    return Gauge(name, help, labels, registry=REGISTRY)


def _histogram(name: str, help: str, *labels: str, buckets: tuple[float, ...]) -> Histogram:
    _ALL.append((name, "histogram", labels, help))
    return Histogram(name, help, labels, registry=REGISTRY, buckets=buckets)


_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

# 1 Facts in
LAG = _gauge(
    "rapport_consumer_lag_events",
    "Records not yet applied: end of the partition minus our position.",
    "topic",
    "partition",
)
INBOX_EVENTS = _counter(
    "rapport_inbox_events",
    "Records by outcome: applied, duplicate (not newer), passed_over (not listed), erased, dead_letter.",
    "topic",
    "outcome",
)
INBOX_BATCH_SECONDS = _histogram(
    "rapport_inbox_batch_seconds", "From a batch in hand to its commit, in seconds.", buckets=_FAST
)
INBOX_SEEK_BACK = _counter(
    "rapport_inbox_seek_back",
    "Times a consumer sought back or gave up a partition: skipped, fenced, failed.",
    "reason",
)
HALTED = _gauge(
    "rapport_consumer_halted",
    "1 while the consumer is halted and waits for `rapport consumers resume`.",
    "consumer",
)

# 2 Decisions
WORK_DUE = _gauge("rapport_work_due", "Work rows that are due now.", "kind")
WORK_LATE_SECONDS = _gauge(
    "rapport_work_late_seconds", "Age of the oldest due work row, in seconds; 0 if none is due.", "kind"
)
WORK_DONE = _counter(
    "rapport_work",
    "Pieces of work by outcome: done, failed (the decision raised), retried.",
    "kind",
    "outcome",
)
WORK_SECONDS = _histogram(
    "rapport_work_seconds", "One transaction of work, load to commit, in seconds.", "kind", buckets=_FAST
)
EFFECTS = _counter(
    "rapport_effects", "Outside effects (mail) by outcome: sent, failed, given_up.", "kind", "outcome"
)

# 3 Events out
OUTBOX_ROWS = _gauge("rapport_outbox_rows", "Outbox rows not yet sent.")
OUTBOX_AGE_SECONDS = _gauge(
    "rapport_outbox_age_seconds", "Age of the oldest outbox row not yet sent, in seconds; 0 if none."
)
OUTBOX_PARKED = _gauge("rapport_outbox_parked", "Aggregates whose event the broker refused for good.")
RELAY_EVENTS = _counter("rapport_relay_events", "Events sent and committed by the relay.", "topic")
RELAY_ROUNDS = _counter(
    "rapport_relay_rounds",
    "Relay rounds by outcome: committed, unknown (time-out), fenced, failed.",
    "outcome",
)
RELAY_SLOTS = _gauge("rapport_relay_slots", "Outbox slots that this process holds.")

# Failure and time
DEAD_LETTERS_ADDED = _counter(
    "rapport_dead_letters_added", "Records put aside, by class of error.", "topic", "class"
)
DEAD_LETTERS = _gauge("rapport_dead_letters", "Dead letters that wait for a redrive.")
DATABASE_RETRIES = _counter(
    "rapport_database_retries", "Transactions tried again: conflict, outage.", "reason"
)
CLOCK_OFFSET_SECONDS = _gauge(
    "rapport_clock_offset_seconds", "How far program time is ahead; 0 outside the embedded profile."
)
CLOCK_SKEW_SECONDS = _gauge(
    "rapport_clock_skew_seconds", "This machine's clock minus the database's, in seconds."
)

# HTTP
MATCHING_PLANS = _counter(
    "rapport_matching_plans",
    "Plans of cohorts: begun (everybody loaded and solved) or followed (a standing plan brought up to date).",
    "how",
)
MATCHING_PLAN_SECONDS = _histogram(
    "rapport_matching_plan_seconds",
    "From the facts of a cohort to its plan, reading included.",
    "how",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
)
MATCHING_GAP = _gauge(
    "rapport_matching_gap", "Share of the bound that the latest plan did not reach; 0: optimal."
)
MATCHING_BLOCKING = _gauge(
    "rapport_matching_blocking_pairs", "Of the latest plan: two who would both rather have each other."
)
HTTP_REQUESTS = _counter(
    "rapport_http_requests", "Requests by route template, method and status.", "route", "method", "status"
)
HTTP_SECONDS = _histogram(
    "rapport_http_request_seconds", "Duration of requests, in seconds.", "route", "method", buckets=_FAST
)
HTTP_REPLAYS = _counter(
    "rapport_http_replays", "Requests answered from a stored response by their Idempotency-Key.", "route"
)


def exposition() -> bytes:
    """All metrics in Prometheus' text format, for `/metrics`."""
    return generate_latest(REGISTRY)


def described() -> list[tuple[str, str, tuple[str, ...], str]]:
    """(name, kind, labels, meaning) of every metric."""
    return list(_ALL)


def value(metric: Counter | Gauge, **labels: str) -> float:
    """Current value of one series, for tests and readiness."""
    series: Any = metric.labels(**labels) if labels else metric
    return float(series._value.get())


def page() -> str:
    """The generated page docs/metrics.md."""
    lines = [
        "# Metrics",
        "",
        "What `/metrics` of every service gives, in Prometheus' text format. Generated from",
        "`shared/metrics.py` by `rapport settings`; a test compares. Set `RAPPORT_METRICS_PROTECTED=true`",
        "to ask for a token with the role ops.",
        "",
        "| name | kind | labels | meaning |",
        "|---|---|---|---|",
    ]
    lines += [f"| `{name}` | {kind} | {', '.join(labels)} | {text} |" for name, kind, labels, text in _ALL]
    return "\n".join(lines) + "\n"
