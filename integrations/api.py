"""REST: our accounts, and what the platforms sent."""

import uuid

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from core import ids
from core.doors import Listed
from core.idempotency import idempotent
from core.policy import Action, Grant, reach
from integrations import serializers
from integrations.models import PlatformAccount, WebhookEvent
from integrations.services import events


class Accounts(Listed):
    """Our accounts on the platforms."""

    filters = serializers.AccountFilters
    serializer_class = serializers.AccountShown
    needs = {"list": Action.VIEW_OPERATIONS, "retrieve": Action.VIEW_OPERATIONS}

    def get_queryset(self) -> QuerySet[PlatformAccount]:
        """All, or those of the key's team."""
        found = PlatformAccount.objects.defer("secrets").select_related("team")
        if reach(self.who, Action.VIEW_OPERATIONS) is Grant.ALL:
            return found
        return found.filter(team__in=self.who.policy_team_ids)


class Events(Listed):
    """What the platforms sent. It belongs to an app's key and to no team, so a key of one team sees none."""

    filters = serializers.EventFilters
    serializer_class = serializers.EventShown
    order_column = "received_at"
    needs = {
        "list": Action.VIEW_OPERATIONS,
        "retrieve": Action.VIEW_OPERATIONS,
        "replay": Action.REPLAY_EVENTS,
        "drop": Action.REPLAY_EVENTS,
    }

    def get_queryset(self) -> QuerySet[WebhookEvent]:
        """All, without their bodies."""
        if reach(self.who, self.needs[self.action]) is not Grant.ALL:
            return WebhookEvent.objects.none()
        return WebhookEvent.objects.defer("body", "headers")

    def get_object(self) -> WebhookEvent:
        """The event whose number the id holds."""
        found = self.get_queryset().filter(pk=ids.number_of(uuid.UUID(self.kwargs["public_id"])) or 0).first()
        if found is None:
            raise Http404
        return found

    @extend_schema(request=serializers.ReplayForm, responses=serializers.EventState)
    @action(detail=True, methods=["post"])
    @idempotent
    def replay(self, request: Request, public_id: str) -> Response:
        """Take a set-aside event in once more."""
        form = self.read(serializers.ReplayForm)
        event = events.replay_event(self.get_object(), self.who, reason=form["reason"])
        return Response(serializers.EventState(event).data)

    @extend_schema(request=serializers.DropForm, responses=serializers.EventState)
    @action(detail=True, methods=["post"])
    @idempotent
    def drop(self, request: Request, public_id: str) -> Response:
        """Decide that a set-aside event needs nothing, and say why."""
        event = events.drop_event(self.get_object(), self.who, reason=self.read(serializers.DropForm)["reason"])
        return Response(serializers.EventState(event).data)
