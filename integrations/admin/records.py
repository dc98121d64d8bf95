"""What came in and goes out in the admin: events, visitors, subscribers."""

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import Truncator
from unfold.decorators import display

from core.masking import mask
from core.personal import hidden_address
from core.policy import Action
from core.policy_admin import PolicyAdmin
from integrations.models import (
    EventAttempt,
    EventDelivery,
    IdentifiedPerson,
    SendWindow,
    Subscription,
    Visitor,
    WebhookEvent,
)

_COLOURS = {
    "received": "info",
    "ingested": "success",
    "ignored": "info",
    "quarantined": "warning",
    "conflict": "warning",
    "dead": "danger",
}
KEY_LETTERS_IN_A_LIST = 40


@admin.register(WebhookEvent)
class WebhookEventAdmin(PolicyAdmin):
    """What the platforms sent, word for word, and what became of it. What is set aside is decided about in operations."""

    view_action = Action.VIEW_ALL_CONVERSATIONS
    list_display = [
        "received_at",
        "platform",
        "shown_state",
        "reason",
        "attempts",
        "short_key",
        "is_late",
        "open_in_operations",
    ]
    list_filter = ["state", "platform", "is_late"]
    search_fields = ["event_key", "conv_key"]
    date_hierarchy = "received_at"
    exclude = ["body"]
    readonly_fields = ["bytes_as_text", "id_in_the_logs"]

    @display(description="State", label=_COLOURS, ordering="state")  # type: ignore[untyped-decorator]  # unfold has no types
    def shown_state(self, event: WebhookEvent) -> str:
        """The state, coloured."""
        return event.state

    @admin.display(description="Event key", ordering="event_key")
    def short_key(self, event: WebhookEvent) -> str:
        """How it begins; the whole is on the event's page."""
        return Truncator(event.event_key).chars(KEY_LETTERS_IN_A_LIST)

    @admin.display(description="Body")
    def bytes_as_text(self, event: WebhookEvent) -> str:
        """The bytes, with what is not UTF-8 made visible, and nobody's words; Operations shows them, and notes who looked."""
        return mask(bytes(event.body).decode("utf-8", "backslashreplace"))

    @admin.display(description="Id in the logs")
    def id_in_the_logs(self, event: WebhookEvent) -> str:
        """By what its way is followed there."""
        return event.request_id

    @admin.display(description="Operations")
    def open_in_operations(self, event: WebhookEvent) -> str:
        """The way to the page where it is decided about."""
        return format_html('<a href="{}">Open</a>', reverse("operations-event", args=[event.pk]))


class SomebodyAdmin(PolicyAdmin):
    """Whoever writes in the web chat."""

    view_action = Action.VIEW_ALL_CONVERSATIONS
    readonly_fields = ["address"]

    @admin.display(description="E-mail")
    def address(self, somebody: Visitor | IdentifiedPerson) -> str:
        """Hidden, as everywhere at first sight."""
        return hidden_address(somebody.email) or "-"


@admin.register(Visitor)
class VisitorAdmin(SomebodyAdmin):
    """Browsers in the web chat."""

    list_display = ["public_id", "account", "person", "locale", "created_at", "last_seen_at"]
    list_select_related = ["account", "person"]
    fields = ["public_id", "account", "person", "name", "address", "locale", "created_at", "last_seen_at", "expires_at"]


@admin.register(IdentifiedPerson)
class IdentifiedPersonAdmin(SomebodyAdmin):
    """People whom a web chat's site vouches for."""

    list_display = ["public_id", "account", "name", "created_at", "proven_at"]
    list_select_related = ["account"]
    fields = ["public_id", "account", "name", "address", "created_at", "proven_at"]


@admin.register(SendWindow)
class SendWindowAdmin(PolicyAdmin):
    """Calls of the last minute."""

    view_action = Action.VIEW_OPERATIONS
    list_display = ["account"]
    list_select_related = ["account"]


@admin.register(Subscription)
class SubscriptionAdmin(PolicyAdmin):
    """Who is told what happens. Made with ``manage.py subscription``, looked after in operations."""

    view_action = Action.MANAGE_ACCOUNTS
    list_display = ["name", "url", "state", "state_reason", "failing_since"]
    list_filter = ["state"]
    search_fields = ["name", "url"]
    fields = [
        "public_id",
        "name",
        "url",
        "kinds",
        "state",
        "state_reason",
        "failing_since",
        "paused_until",
        "created_at",
    ]


@admin.register(EventDelivery)
class EventDeliveryAdmin(PolicyAdmin):
    """Events on their way to subscribers."""

    view_action = Action.VIEW_OPERATIONS
    list_display = ["happened_at", "kind", "subscription", "state", "attempts", "reason"]
    list_filter = ["state", "kind"]
    list_select_related = ["subscription"]


@admin.register(EventAttempt)
class EventAttemptAdmin(PolicyAdmin):
    """Each attempt at one."""

    view_action = Action.VIEW_OPERATIONS
    list_display = ["started_at", "delivery", "number", "http_status", "evidence"]
    list_select_related = ["delivery__subscription"]
