"""``/metrics``: this server's counters, those of the processes behind it, and the record's figures as of this moment."""

import logging
import math
from collections.abc import Iterable, Mapping

from django.db import Error as AnyDatabaseError
from django.http import HttpResponse
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from core.authentication import OperationsKeyAuthentication, caller
from core.bells import breaker
from core.negotiation import OneAnswer
from core.policy import Action, require
from supportagent import counters, durability, heartbeats, promises, readings, sign_ins

logger = logging.getLogger(__name__)


class Metrics(APIView):
    """In Prometheus' text format, for whoever may see operations: staff by session, programs by API key."""

    authentication_classes = [OperationsKeyAuthentication, SessionAuthentication]
    content_negotiation_class = OneAnswer

    def get(self, request: Request) -> HttpResponse:
        """The figures; those of the record are missing while the database is away."""
        who = caller(request)
        if who is None:
            raise NotAuthenticated
        require(who, Action.VIEW_OPERATIONS)
        return HttpResponse(counters.text() + generate_latest(record), content_type=CONTENT_TYPE_LATEST)


class RecordCollector(Collector):
    """Reads the record at each scrape, so that every process tells the same and none has to keep count."""

    def describe(self) -> Iterable[Metric]:
        """Nothing, so that registering asks no database."""
        return []

    def collect(self) -> Iterable[Metric]:
        """The figures, and whether the database answered."""
        try:
            yield from list(_figures())
        except AnyDatabaseError as error:
            logger.warning("The database did not answer a scrape: %s", str(error).partition("\n")[0])
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
    yield _by("account_health", "Connected accounts with tokens.", "kind", readings.accounts_by_health())
    yield _by("subscriptions", "Subscribers to outgoing events.", "state", readings.subscriptions_by_state())
    yield _by(
        "event_deliveries", "Outgoing events on their way or given up.", "state", readings.event_deliveries_by_state()
    )
    yield _single("messages_undecided", "Customers' messages without an end yet.", readings.undecided_messages())
    yield _single("audit_events_unsealed", "Audit events outside the chain.", readings.unsealed_audit_events())
    yield _single("breakglass_sign_ins", "By superusers, within 24 hours.", sign_ins.break_glass_recently())
    yield _single("oldest_unanswered_seconds", "Longest the bot owes an answer.", readings.oldest_unanswered_seconds())
    yield _single("oldest_waiting_seconds", "Longest a customer waits for a person.", readings.oldest_waiting_seconds())
    yield _single("database_durable", "Whether a commit waits for the disk.", int(not durability.unsafe()))
    yield from _promises()
    yield from _heartbeats()
    yield _single("bells_breaker_open", "Whether bells are being skipped.", int(breaker.is_open))
    length = readings.queue_length()
    yield _single("broker_up", "Whether the broker answered this scrape.", int(length is not None))
    if length is not None:
        yield _single("queue_length", "Bells that wait in the broker.", length)


def _promises() -> Iterable[Metric]:
    waits = promises.waits()
    yield _single("event_waiting_seconds", "Longest an event waits to be taken in.", waits.event)
    yield _single("event_unasked_seconds", "Longest an event waits for its platform to say the rest.", waits.unasked)
    yield _single("message_undecided_seconds", "Longest a customer's message has no end.", waits.message)
    yield _single("delivery_waiting_seconds", "Longest a reply waits to be sent.", waits.send)
    yield _single("delivery_unknown_seconds", "Longest it is not known whether a reply arrived.", waits.unknown)
    yield _single("delivery_review_seconds", "Longest a reply waits for a person's decision.", waits.review)
    missing, over, early, twice = (
        promises.events_without_effect(),
        promises.takeover_violations(),
        promises.sends_out_of_order(),
        promises.deliveries_sent_twice(),
    )
    yield _single("webhook_events_without_message_last_hour", "Taken in, and not in the record. Must be 0.", missing)
    yield _single("takeover_violations_last_hour", "Sends of the bot begun while people answer. Must be 0.", over)
    yield _single("sends_out_of_order_last_hour", "Replies begun before an earlier one. Must be 0.", early)
    yield _single("deliveries_sent_twice_last_hour", "Replies that a platform took twice. Must be 0.", twice)
    yield _by("send_attempts_last_hour", "Attempts by how they ended.", "outcome", promises.attempts_by_outcome())
    yield _by("turns_last_hour", "Answers worked out, by how it ended.", "state", promises.answers_by_kind())
    yield _by("escalations_last_hour", "Calls for a person, by why.", "reason", promises.escalations_by_reason())
    spend = promises.spend_today()
    over_cap, near_cap = spend.pop("scopes_over"), spend.pop("accounts_near")
    yield _single("spend_scopes_over_cap", "Scopes above their cap by more than one call today.", over_cap)
    yield _single("spend_accounts_near_cap", "Accounts that have used four fifths of their cap today.", near_cap)
    yield _by("spend_dollars_today", "What models cost today.", "part", spend)
    yield _by("breaker_open", "Processes that leave this alone for now.", "name", promises.left_alone())
    yield _single("restore_unfinished_seconds", "Longest an account is held after a restore.", promises.held_seconds())
    held = promises.last_drill_held()
    if held is not None:
        yield _single("last_drill_held", "Whether the last drill from the page held.", held)


def _heartbeats() -> Iterable[Metric]:
    gauge = GaugeMetricFamily(
        "heartbeat_age_seconds", "Since a process's last sign of life.", labels=["kind", "process"]
    )
    ages = heartbeats.ages()
    for process, (kind, age) in ages.items():
        gauge.add_metric([kind, process], age)
    yield gauge
    apart = GaugeMetricFamily(
        "clock_apart_seconds", "How far a process's clock and the database's differ.", labels=["kind", "process"]
    )
    for process, (kind, seconds) in heartbeats.clocks_apart().items():
        apart.add_metric([kind, process], seconds)
    yield apart
    # Infinite where there is none, and where the last was so long ago that its row is forgotten.
    for kind, words in (
        ("sweeper", "Since any sweeper gave a sign of life."),
        ("worker", "Since any of Celery's workers gave a sign of life."),
        ("beat", "Since the clock of the periodic jobs gave a sign of life."),
    ):
        youngest = min((age for of_kind, age in ages.values() if of_kind == kind), default=math.inf)
        yield _single(f"{kind}_age_seconds", words, youngest)
    yield from _counts()


def _counts() -> Iterable[Metric]:
    """What the processes without a door count, under names of their own: what this server counts is no part of it."""
    for name, counted in heartbeats.counts().items():
        labels = sorted({label for _, _, own, _ in counted for label in own})
        family = CounterMetricFamily(
            f"behind_{name}", "As told by processes that are not scraped.", labels=["kind", "process", *labels]
        )
        for kind, process, own, value in counted:
            family.add_metric([kind, process, *(own.get(label, "") for label in labels)], value)
        yield family


def _single(name: str, help_text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, help_text, value=value)


def _by(name: str, help_text: str, label: str, values: Mapping[str, float]) -> Metric:
    gauge = GaugeMetricFamily(name, help_text, labels=[label])
    for key, value in values.items():
        gauge.add_metric([key], value)
    return gauge


record = CollectorRegistry()
record.register(RecordCollector())
