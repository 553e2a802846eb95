"""What the gateway counts about itself, in Prometheus' text form."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

registry = CollectorRegistry()
ANSWERS = Counter(
    "millwright_gateway_answers",
    "Answers by protocol and status",
    ["protocol", "status"],
    registry=registry,
)
ENDINGS = Counter(
    "millwright_gateway_calls", "Reservations by how they ended", ["ended_as"], registry=registry
)
UNDER_WAY = Gauge(
    "millwright_gateway_calls_under_way", "Reservations not yet ended", registry=registry
)
OVERHEAD = Histogram(
    "millwright_gateway_overhead_seconds",
    "Time of a prediction spent outside of the model",
    registry=registry,
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0),
)


def written() -> bytes:
    """The text that a scraper reads."""
    return generate_latest(registry)
