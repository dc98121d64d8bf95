"""What this process counts by itself: answered requests, answers to platforms, rung bells, transactions done again.

Where PROMETHEUS_MULTIPROC_DIR names a folder, the processes of one server count into files there, and whichever is asked
tells their sum: else each answer would come from another process, and every other one look as if it had begun anew.
"""

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, values
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.process_collector import ProcessCollector

from core import bells, live, transactions
from integrations import intake
from supportagent import logs

registry = CollectorRegistry()
ProcessCollector(registry=registry)

_requests = Counter("http_requests_total", "Answered requests.", ["method", "route", "status"], registry=registry)
_seconds = Histogram(
    "http_request_seconds",
    "How long answers took.",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
    registry=registry,
)
_policy_reports = Counter(
    "csp_reports_total", "What the content policy stopped, as browsers report it.", ["directive"], registry=registry
)
registry.register(bells.counter)
registry.register(live.unheard)
registry.register(transactions.counter)
registry.register(intake.counter)
registry.register(logs.dropped)
# What processes that nobody scrapes count as well, and tell with their signs of life.
_TOLD_BY_ALL = (bells.counter, live.unheard, transactions.counter, logs.dropped)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def count_request(method: str | None, route: str, status: int, seconds: float) -> None:
    """Count an answer under its route, never under its path: paths are as many as callers like."""
    _requests.labels(method if method in _METHODS else "other", route, str(status)).inc()
    _seconds.labels(route).observe(seconds)


def count_policy_report(directive: str) -> None:
    """Count a browser's report; ``directive`` is a part of our policy, or ``other``."""
    _policy_reports.labels(directive).inc()


def text() -> bytes:
    """In Prometheus' text format: what the processes of this server counted together, or this one alone."""
    if values.ValueClass is values.MutexValue:
        return generate_latest(registry)
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return generate_latest(together)


def of_this_process() -> list[tuple[str, dict[str, str], float]]:
    """The counters that processes without a door have too: the sample's name, its labels and its value."""
    samples = [sample for counter in _TOLD_BY_ALL for family in counter.collect() for sample in family.samples]
    return [(each.name, each.labels, each.value) for each in samples if each.name.endswith("_total")]
