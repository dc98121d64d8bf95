"""What the record says about how things stand, in a handful of cheap questions."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from celery import current_app
from django.db.models import Count, Min, Model, QuerySet
from django.utils import timezone
from kombu.exceptions import OperationalError

from conversations.models import Conversation, Delivery, Escalation, Message
from core.models import AuditEvent
from integrations.models import EventDelivery, PlatformAccount, Subscription, WebhookEvent
from integrations.platforms import AUTHORIZING
from integrations.token_health import health
from supportagent import heartbeats

RECENT = timedelta(hours=1)
NOT_DEALT_WITH = (
    WebhookEvent.State.RECEIVED,
    WebhookEvent.State.QUARANTINED,
    WebhookEvent.State.CONFLICT,
    WebhookEvent.State.DEAD,
)
HEALTHS = ("ok", "soon", "untold", "lost")
NOT_ENDED = (*Delivery.MOVING, *Delivery.STUCK)


def events_by_state() -> dict[str, int]:
    """Webhook events that wait or were set aside."""
    return dict.fromkeys(map(str, NOT_DEALT_WITH), 0) | _counted(
        WebhookEvent.objects.filter(state__in=NOT_DEALT_WITH), "state"
    )


def recent_events_by_state() -> dict[str, int]:
    """Webhook events of the last hour, by what became of them."""
    recent = WebhookEvent.objects.filter(received_at__gte=timezone.now() - RECENT)
    return dict.fromkeys(WebhookEvent.State.values, 0) | _counted(recent, "state")


def conversations_by_mode() -> dict[str, int]:
    """All conversations, by who answers."""
    return dict.fromkeys(Conversation.Mode.values, 0) | _counted(Conversation.objects.all(), "mode")


def deliveries_by_state() -> dict[str, int]:
    """Deliveries that have not ended, or ended badly."""
    return dict.fromkeys(map(str, NOT_ENDED), 0) | _counted(Delivery.objects.filter(state__in=NOT_ENDED), "state")


def escalations_by_state() -> dict[str, int]:
    """Escalations that still need somebody."""
    states = (Escalation.State.OPEN, Escalation.State.CLAIMED)
    return dict.fromkeys(map(str, states), 0) | _counted(Escalation.objects.live(), "state")


def accounts_by_state() -> dict[str, int]:
    """Platform accounts, by whether they work."""
    return dict.fromkeys(PlatformAccount.State.values, 0) | _counted(PlatformAccount.objects.all(), "state")


def accounts_by_health() -> dict[str, int]:
    """Connected accounts of platforms with tokens, by how they stand; unreadable: the key of their secrets is gone."""
    connected = PlatformAccount.objects.exclude(state=PlatformAccount.State.REMOVED)
    readable, lost = connected.filter(platform__in=list(AUTHORIZING)).by_readable()
    return dict.fromkeys(HEALTHS, 0) | Counter(health(account).kind for account in readable) | {"unreadable": len(lost)}


def subscriptions_by_state() -> dict[str, int]:
    """Subscribers to outgoing events, by whether they are told."""
    return dict.fromkeys(Subscription.State.values, 0) | _counted(Subscription.objects.all(), "state")


def event_deliveries_by_state() -> dict[str, int]:
    """Outgoing events that wait, or were given up, of subscribers that are told."""
    states = (EventDelivery.State.WAITING, EventDelivery.State.FAILED)
    found = EventDelivery.objects.filter(state__in=states, subscription__state=Subscription.State.ACTIVE)
    return dict.fromkeys(map(str, states), 0) | _counted(found, "state")


def undecided_messages() -> int:
    """Customers' messages that have no visible end yet."""
    return Message.objects.filter(disposition=Message.Disposition.UNDECIDED).count()


def unsealed_audit_events() -> int:
    """Audit events that are not in the chain yet."""
    return AuditEvent.objects.filter(seal=None).count()


def oldest_unanswered_seconds() -> float:
    """How long the bot has owed an answer at most."""
    return _age(Conversation.objects.unanswered_longer_than(0).aggregate(at=Min("first_unanswered_at"))["at"])


def oldest_waiting_seconds() -> float:
    """How long a customer has waited for a person at most."""
    waiting = Conversation.objects.filter(waiting_since__isnull=False, mode=Conversation.Mode.HUMAN)
    return _age(waiting.aggregate(at=Min("waiting_since"))["at"])


def sweeper_age_seconds() -> float | None:
    """Seconds since a sweeper last gave a sign of life; None where none ever has."""
    return min((age for kind, age in heartbeats.ages().values() if kind == "sweeper"), default=None)


def queue_length() -> int | None:
    """Bells that wait in the broker; None where it does not answer."""
    try:
        with current_app.connection_for_read(connect_timeout=1) as connection:
            connection.ensure_connection(max_retries=0, timeout=1)
            channel: Any = connection.default_channel
            declared = channel.queue_declare(queue=current_app.conf.task_default_queue, passive=False, durable=True)
            return int(declared.message_count)
    except (OperationalError, OSError):
        return None


def details() -> dict[str, Any]:
    """What somebody who looks after this wants to see first."""
    return {
        "sweeper": {"age_seconds": sweeper_age_seconds()},
        "queue": {"length": queue_length()},
        "events": events_by_state(),
        "deliveries": deliveries_by_state(),
        "escalations": escalations_by_state(),
        "oldest_unanswered_seconds": round(oldest_unanswered_seconds(), 1),
        "oldest_waiting_seconds": round(oldest_waiting_seconds(), 1),
    }


def _counted(rows: "QuerySet[Model]", field: str) -> dict[str, int]:
    return dict(rows.order_by().values_list(field).annotate(n=Count("pk")))


def _age(since: datetime | None) -> float:
    return 0.0 if since is None else max(0.0, (timezone.now() - since).total_seconds())
