"""What this process counts by itself: answered requests, answers to platforms, rung bells, transactions done again."""

from django.http import HttpRequest
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.process_collector import ProcessCollector

from core import bells, transactions
from integrations import webhooks
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
registry.register(transactions.counter)
registry.register(webhooks.counter)
registry.register(logs.dropped)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def count_request(request: HttpRequest, status: int, seconds: float) -> None:
    """Count an answer under its route, never under its path: paths are as many as callers like."""
    match = request.resolver_match
    route = "none" if match is None else str(match.route)
    method = request.method if request.method in _METHODS else "other"
    _requests.labels(method, route, str(status)).inc()
    _seconds.labels(route).observe(seconds)


def count_policy_report(directive: str) -> None:
    """Count a browser's report; ``directive`` is a part of our policy, or ``other``."""
    _policy_reports.labels(directive).inc()
