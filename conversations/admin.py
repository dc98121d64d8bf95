"""The record in the admin: to be read, searched and followed. Staff work in the workspace."""

import json
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import Truncator

from conversations import services
from conversations.exceptions import ConversationError
from conversations.models import (
    Attachment,
    Conversation,
    Customer,
    Delivery,
    DeliveryAttempt,
    Episode,
    Escalation,
    Fact,
    Message,
    Note,
    Promise,
    SeenKey,
)
from core import following
from core.exceptions import NotAllowed
from core.personal import hidden_address, masked
from core.policy import Action
from core.policy_admin import PolicyAdmin, RowsInline

LETTERS_IN_A_LIST = 120


def in_a_list(text: str) -> str:
    """A text as lists show it: its beginning, numbers and addresses masked."""
    return Truncator(masked(text)).chars(LETTERS_IN_A_LIST)


class RecordAdmin(PolicyAdmin):
    """Rows of the record, for those who may read all of it."""

    view_action = Action.VIEW_ALL_CONVERSATIONS

    @staticmethod
    def expected_errors() -> tuple[type[Exception], ...]:
        """The rules of a conversation and the policy."""
        return (ConversationError, NotAllowed)


def workspace_link(conversation: Conversation) -> str:
    """The way to the page where a conversation is worked, and where whoever shows what is hidden is noted."""
    return format_html('<a href="{}">Open</a>', reverse("workspace-conversation", args=[conversation.public_id]))


class EpisodeInline(RowsInline):
    """The stretches a conversation is made of."""

    model = Episode
    fields = ["number", "started_at", "ended_at", "outcome"]
    readonly_fields = fields


@admin.register(Customer)
class CustomerAdmin(RecordAdmin):
    """Customers."""

    list_display = ["display_name", "platform", "external_id", "details_from", "locale", "created_at"]
    list_filter = ["platform", "details_from"]
    search_fields = ["name", "username", "external_id"]
    exclude = ["email"]
    readonly_fields = ["address"]

    @admin.display(description="E-mail")
    def address(self, customer: Customer) -> str:
        """Hidden, as everywhere at first sight; whoever may see it opens the conversation."""
        return hidden_address(customer.email) or "-"


@admin.register(Conversation)
class ConversationAdmin(RecordAdmin):
    """Conversations."""

    list_display = [
        "customer",
        "platform",
        "mode",
        "assignee",
        "last_words",
        "last_message_at",
        "open_in_workspace",
    ]
    list_filter = ["mode", "platform", "team"]
    list_select_related = ["customer", "assignee"]
    search_fields = ["customer__name", "customer__username", "thread_key"]
    exclude = ["subject"]
    readonly_fields = ["about"]
    inlines = [EpisodeInline]
    actions = ["escalate", "hand_back", "resolve"]

    @admin.display(description="Subject")
    def about(self, conversation: Conversation) -> str:
        """What the thread is about, which may be in the customer's words."""
        return masked(conversation.subject)

    @admin.display(description="Last customer line")
    def last_words(self, conversation: Conversation) -> str:
        """What the customer said last."""
        return in_a_list(conversation.last_customer_line)

    @admin.display(description="Workspace")
    def open_in_workspace(self, conversation: Conversation) -> str:
        """The way to the page where it is worked."""
        return workspace_link(conversation)

    @admin.action(description="Hand over to a person")
    def escalate(self, request: HttpRequest, conversations: "QuerySet[Conversation]") -> None:
        """Put the chosen ones into the queue."""
        user: Any = request.user
        self.each(
            request,
            conversations,
            lambda row: services.escalate(row, detail=f"Handed over by {user.display_name} from the admin.", by=user),
            done="Handed over",
        )

    @admin.action(description="Hand back to the bot")
    def hand_back(self, request: HttpRequest, conversations: "QuerySet[Conversation]") -> None:
        """Let the bot answer in the chosen ones again."""
        user: Any = request.user
        self.each(request, conversations, lambda row: services.hand_back(row, user), done="Handed back")

    @admin.action(description="Resolve")
    def resolve(self, request: HttpRequest, conversations: "QuerySet[Conversation]") -> None:
        """Close the chosen ones."""
        user: Any = request.user
        self.each(request, conversations, lambda row: services.resolve(row, user), done="Resolved")


@admin.register(Message)
class MessageAdmin(RecordAdmin):
    """Messages."""

    list_display = ["created_at", "conversation", "seq", "sender_type", "words", "disposition", "intent"]
    list_filter = ["sender_type", "disposition", "kind"]
    list_select_related = ["conversation"]
    search_fields = ["platform_message_id", "text"]
    date_hierarchy = "created_at"
    exclude = ["text", "details"]
    readonly_fields = ["said", "remarks", "id_in_the_logs", "open_in_workspace"]

    @admin.display(description="Text")
    def words(self, message: Message) -> str:
        """How it begins, numbers and addresses masked as in every list."""
        return in_a_list(message.text)

    @admin.display(description="Text")
    def said(self, message: Message) -> str:
        """All of it; a customer's as the workspace shows it at first sight."""
        return masked(message.text) if message.sender_type == Message.Sender.CUSTOMER else message.text

    @admin.display(description="Details")
    def remarks(self, message: Message) -> str:
        """What the platform told beside it, as JSON."""
        told = {name: value for name, value in message.details.items() if name != following.NAME}
        return masked(json.dumps(told, ensure_ascii=False))

    @admin.display(description="Id in the logs")
    def id_in_the_logs(self, message: Message) -> str:
        """By what it is followed there."""
        return message.request_id or "-"

    @admin.display(description="Workspace")
    def open_in_workspace(self, message: Message) -> str:
        """Where the words are shown to those who may see them."""
        return workspace_link(message.conversation)


@admin.register(Escalation)
class EscalationAdmin(RecordAdmin):
    """Escalations."""

    list_display = ["created_at", "conversation", "reason", "priority", "state", "outcome", "claimed_by", "due_at"]
    list_filter = ["state", "reason", "priority"]
    list_select_related = ["conversation", "claimed_by"]
    exclude = ["detail", "suggestion", "card"]
    readonly_fields = ["why", "proposed_reply", "hand_off", "open_in_workspace"]

    @admin.display(description="Detail")
    def why(self, escalation: Escalation) -> str:
        """Why a person is needed, which may be in the customer's words."""
        return masked(escalation.detail)

    @admin.display(description="Suggestion")
    def proposed_reply(self, escalation: Escalation) -> str:
        """What the bot would have said."""
        return masked(escalation.suggestion)

    @admin.display(description="Card")
    def hand_off(self, escalation: Escalation) -> str:
        """What the hand-off holds, as JSON."""
        return masked(json.dumps(escalation.card, ensure_ascii=False))

    @admin.display(description="Workspace")
    def open_in_workspace(self, escalation: Escalation) -> str:
        """Where it is worked."""
        return workspace_link(escalation.conversation)


class AttemptInline(RowsInline):
    """Each attempt at a delivery."""

    model = DeliveryAttempt
    fields = ["number", "started_at", "ended_at", "outcome", "http_status", "evidence"]
    readonly_fields = fields


@admin.register(Delivery)
class DeliveryAdmin(RecordAdmin):
    """Deliveries. What is in doubt or failed is decided about in operations."""

    list_display = [
        "created_at",
        "conversation",
        "out_seq",
        "author",
        "state",
        "attempts",
        "next_attempt_at",
        "reason",
        "open_in_operations",
    ]
    list_filter = ["state", "author"]
    list_select_related = ["conversation"]
    search_fields = ["platform_message_id", "idem_key"]
    inlines = [AttemptInline]

    @admin.display(description="Operations")
    def open_in_operations(self, delivery: Delivery) -> str:
        """The way to the page where it is decided about, for what waits for that."""
        if delivery.state not in Delivery.STUCK:
            return ""
        return format_html('<a href="{}#send-{}">Open</a>', reverse("operations-sends"), delivery.public_id)


@admin.register(Note)
class NoteAdmin(RecordAdmin):
    """Notes of staff."""

    list_display = ["created_at", "conversation", "author_name", "words"]
    list_select_related = ["conversation"]

    @admin.display(description="Text")
    def words(self, note: Note) -> str:
        """How it begins."""
        return in_a_list(note.text)


@admin.register(Episode)
class EpisodeAdmin(RecordAdmin):
    """Episodes."""

    list_display = ["conversation", "number", "started_at", "ended_at", "outcome"]
    list_filter = ["outcome"]
    list_select_related = ["conversation"]


@admin.register(Attachment)
class AttachmentAdmin(RecordAdmin):
    """Attachments."""

    list_display = ["message", "kind", "state", "size", "name"]
    list_filter = ["state", "kind"]
    list_select_related = ["message"]
    exclude = ["reading_text"]
    readonly_fields = ["reading", "open_in_workspace"]

    @admin.display(description="Reading text")
    def reading(self, attachment: Attachment) -> str:
        """What a machine read in it, as the workspace shows it at first sight."""
        return masked(attachment.reading_text)

    @admin.display(description="Workspace")
    def open_in_workspace(self, attachment: Attachment) -> str:
        """Where file and words are shown to those who may see them."""
        return workspace_link(attachment.message.conversation)


@admin.register(Promise)
class PromiseAdmin(RecordAdmin):
    """What customers were promised."""

    list_display = ["due_at", "state", "made_by", "words", "conversation"]
    list_filter = ["state"]
    list_select_related = ["conversation"]

    @admin.display(description="promised")
    def words(self, promise: Promise) -> str:
        """The beginning of it."""
        return in_a_list(promise.text)


@admin.register(DeliveryAttempt)
class DeliveryAttemptAdmin(RecordAdmin):
    """Attempts."""

    list_display = ["delivery", "number", "started_at", "outcome", "http_status", "evidence"]
    list_filter = ["outcome"]
    list_select_related = ["delivery"]


@admin.register(SeenKey)
class SeenKeyAdmin(RecordAdmin):
    """Items that have had their effect."""

    list_display = ["seen_at", "account_id", "key"]


@admin.register(Fact)
class FactAdmin(RecordAdmin):
    """What happened and was not passed on yet."""

    list_display = ["created_at", "kind", "conversation_id"]
    list_filter = ["kind"]
