"""The other rows of the record: messages, customers, escalations, deliveries."""

from typing import Any, cast

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from conversations import services
from conversations.api.conversations import person
from conversations.api.files import Exported
from conversations.api.reach import reachable, readable
from conversations.models import Conversation, Customer, Delivery, DeliveryAttempt, Escalation, Message
from conversations.serializers import deeds, rows
from conversations.serializers.filters import CustomerFilters, DeliveryFilters, EscalationFilters, MessageFilters
from conversations.services.deliveries import Decision
from core.doors import Listed
from core.idempotency import idempotent
from core.policy import Action, allows


class Messages(Exported):
    """What was said, in all conversations or one."""

    file_name = "messages"
    filters = MessageFilters
    serializer_class = rows.MessageShown
    order_column = "created_at"
    needs = {
        "list": Action.VIEW_TEAM_CONVERSATIONS,
        "retrieve": Action.VIEW_TEAM_CONVERSATIONS,
        "export": Action.EXPORT_CONVERSATIONS,
        "reveal": Action.REVEAL_PII,
    }

    def get_queryset(self) -> QuerySet[Message]:
        """Those in conversations that the caller may read, or export; of customers alone where something is to be revealed."""
        found = Message.objects.all()
        is_file = self.action == "export"
        found = reachable(found, self.who, Action.EXPORT_CONVERSATIONS) if is_file else readable(found, self.who)
        if self.action == "reveal":
            found = found.filter(sender_type=Message.Sender.CUSTOMER)
        return found.select_related("conversation", "delivery").prefetch_related("attachments")

    # Not idempotent: its answer would be kept for a day, and each look is to be noted.
    @extend_schema(request=deeds.Nothing, responses=rows.MessageRevealed)
    @action(detail=True, methods=["post"])
    def reveal(self, request: Request, public_id: str) -> Response:
        """A customer's message whole, with what was read in its attachments. Each look is noted. For people, not for keys."""
        message = self.get_object()
        self.read(deeds.Nothing)
        by = person(self.who)
        told = {"id": message.public_id, "text": services.reveal(message, by)}
        readings = [
            {"attachment": each.public_id, "text": services.reveal_reading(each, by)}
            for each in message.attachments.all()
            if each.reading_text
        ]
        return Response(rows.MessageRevealed(told | {"readings": readings}).data)


class Customers(Listed):
    """Who writes."""

    filters = CustomerFilters
    serializer_class = rows.CustomerShown
    needs = {"list": Action.VIEW_TEAM_CONVERSATIONS, "retrieve": Action.VIEW_TEAM_CONVERSATIONS}

    def get_queryset(self) -> QuerySet[Customer]:
        """Those with a conversation that the caller may read."""
        if allows(self.who, Action.VIEW_ALL_CONVERSATIONS):
            return Customer.objects.all()
        return Customer.objects.filter(pk__in=Conversation.objects.visible_to(self.who).values("customer_id"))


class Escalations(Listed):
    """Why people are needed."""

    filters = EscalationFilters
    serializer_class = rows.EscalationShown
    order_column = "created_at"
    needs = {
        "list": Action.VIEW_TEAM_CONVERSATIONS,
        "retrieve": Action.VIEW_TEAM_CONVERSATIONS,
        "claim": Action.CLAIM_ESCALATION,
        "claim_next": Action.CLAIM_ESCALATION,
    }

    def get_queryset(self) -> QuerySet[Escalation]:
        """Those in conversations that the caller may read, or claim."""
        found = Escalation.objects.select_related("conversation", "claimed_by")
        if self.action == "claim":
            return reachable(found, self.who, Action.CLAIM_ESCALATION)
        return readable(found, self.who)

    @extend_schema(request=deeds.Nothing, responses=rows.EscalationState)
    @action(detail=True, methods=["post"])
    @idempotent
    def claim(self, request: Request, public_id: str) -> Response:
        """Take it. One of several who try wins; the others get 409 with the winner's name. For people, not for keys."""
        escalation = self.get_object()
        self.read(deeds.Nothing)
        return Response(rows.json_of(rows.EscalationState, services.claim(escalation, person(self.who))))

    @extend_schema(request=deeds.Nothing, responses={200: rows.EscalationState, 204: None})
    @action(detail=False, methods=["post"], url_path="claim-next", pagination_class=None)
    @idempotent
    def claim_next(self, request: Request) -> Response:
        """Take the first of the queue; 204 where nothing waits. For people, not for keys."""
        self.read(deeds.Nothing)
        escalation = services.claim_next(person(self.who))
        if escalation is None:
            return Response(status=204)
        return Response(rows.json_of(rows.EscalationState, escalation))


class Deliveries(Listed):
    """What has to reach a platform, and each attempt at it."""

    filters = DeliveryFilters
    serializer_class = rows.DeliveryShown
    needs = {
        "list": Action.VIEW_TEAM_CONVERSATIONS,
        "retrieve": Action.VIEW_TEAM_CONVERSATIONS,
        "decide": Action.DECIDE_DELIVERY,
    }

    def get_queryset(self) -> QuerySet[Delivery]:
        """Those in conversations that the caller may read, or decide about."""
        found = Delivery.objects.select_related("conversation", "message")
        if self.action == "decide":
            return reachable(found, self.who, Action.DECIDE_DELIVERY)
        attempts: Prefetch[Any] = Prefetch("attempt_log", DeliveryAttempt.objects.order_by("number", "id"))
        return readable(found, self.who).prefetch_related(attempts)

    @extend_schema(request=deeds.DecideForm, responses=rows.DeliveryState)
    @action(detail=True, methods=["post"])
    @idempotent
    def decide(self, request: Request, public_id: str) -> Response:
        """Say what becomes of a message in doubt or given up: it arrived, send it again, or drop it."""
        form = self.read(deeds.DecideForm)
        decided = services.decide_delivery(
            self.get_object(),
            self.who,
            cast("Decision", form["decision"]),
            reason=form["reason"],
            seen_fence=form["seen_fence"],
        )
        return Response(rows.json_of(rows.DeliveryState, decided))
