"""``/metrics``: this process's counters, and the record's figures as of this moment."""

import logging
from collections.abc import Iterable, Mapping

from django.db import DatabaseError
from django.http import HttpResponse
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from core.authentication import caller
from core.bells import breaker
from core.policy import Action, require
from supportagent import heartbeats, readings
from supportagent.counters import registry

logger = logging.getLogger(__name__)


class Metrics(APIView):
    """In Prometheus' text format, for whoever may see operations: staff by session, programs by API key."""

    def get(self, request: Request) -> HttpResponse:
        """The figures; those of the record are missing while the database is away."""
        who = caller(request)
        if who is None:
            raise NotAuthenticated
        require(who, Action.VIEW_OPERATIONS)
        return HttpResponse(generate_latest(registry) + generate_latest(record), content_type=CONTENT_TYPE_LATEST)


class RecordCollector(Collector):
    """Reads the record at each scrape, so that every process tells the same and none has to keep count."""

    def describe(self) -> Iterable[Metric]:
        """Nothing, so that registering asks no database."""
        return []

    def collect(self) -> Iterable[Metric]:
        """The figures, and whether the database answered."""
        try:
            yield from list(_figures())
        except DatabaseError as error:
            logger.warning("The database did not answer a scrape: %s", str(error).splitlines()[0])
            yield _single("database_up", "Whether the database answered this scrape.", 0)
        else:
            yield _single("database_up", "Whether the database answered this scrape.", 1)


def _figures() -> Iterable[Metric]:
    yield _by("webhook_events", "Events that wait or were set aside.", "state", readings.events_by_state())
    yield _by("webhook_events_last_hour", "Events of the last hour.", "state", readings.recent_events_by_state())
    yield _by("conversations", "Conversations by who answers.", "mode", readings.conversations_by_mode())
    yield _by("deliveries", "Deliveries that have not ended well.", "state", readings.deliveries_by_state())
    yield _by("escalations", "Escalations that need somebody.", "state", readings.escalations_by_state())
    yield _by("accounts", "Platform accounts.", "state", readings.accounts_by_state())
    yield _single("messages_undecided", "Customers' messages without an end yet.", readings.undecided_messages())
    yield _single("audit_events_unsealed", "Audit events outside the chain.", readings.unsealed_audit_events())
    yield _single("oldest_unanswered_seconds", "Longest the bot owes an answer.", readings.oldest_unanswered_seconds())
    yield _single("oldest_waiting_seconds", "Longest a customer waits for a person.", readings.oldest_waiting_seconds())
    yield _heartbeats()
    yield _single("bells_breaker_open", "Whether bells are being skipped.", int(breaker.is_open))
    length = readings.queue_length()
    yield _single("broker_up", "Whether the broker answered this scrape.", int(length is not None))
    if length is not None:
        yield _single("queue_length", "Bells that wait in the broker.", length)


def _heartbeats() -> Metric:
    gauge = GaugeMetricFamily(
        "heartbeat_age_seconds", "Since a process's last sign of life.", labels=["kind", "process"]
    )
    for process, (kind, age) in heartbeats.ages().items():
        gauge.add_metric([kind, process], age)
    return gauge


def _single(name: str, help_text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, help_text, value=value)


def _by(name: str, help_text: str, label: str, values: Mapping[str, int]) -> Metric:
    gauge = GaugeMetricFamily(name, help_text, labels=[label])
    for key, value in values.items():
        gauge.add_metric([key], value)
    return gauge


record = CollectorRegistry()
record.register(RecordCollector())
