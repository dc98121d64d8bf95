"""The older project's doors to the agent, behind our policy and releases."""

from typing import Any

from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agent.exceptions import InvalidValue, UnknownKey
from agent.releases import learning
from agent.releases import services as releases
from conversations.models import Conversation
from core import audit
from core.doors import NotRead, OlderDoor
from core.policy import Action


class Setting(serializers.Serializer[Any]):
    """One setting of the agent."""

    config_key = serializers.CharField(max_length=80)
    config_value = serializers.CharField(max_length=65_536, allow_blank=True, trim_whitespace=False)
    description = serializers.CharField(max_length=300, required=False, default="", allow_blank=True)


class ConfigureAgent(OlderDoor):
    """``POST /admin/agent/configure``: the setting stands in the address."""

    needs = {"post": Action.EDIT_PROMPTS}

    def post(self, request: Request) -> Response:
        """Write the setting into a draft, which changes no answer until it is published."""
        wanted = self.read(Setting, request.query_params.dict(), place="query")
        try:
            releases.configure(
                wanted["config_key"], wanted["config_value"], self.who, description=wanted["description"]
            )
        except UnknownKey as error:
            raise NotRead("query", {"config_key": [str(error)]}) from error
        except InvalidValue as error:
            raise NotRead("query", {"config_value": [str(error)]}) from error
        return Response(
            {"status": "success", "config_key": wanted["config_key"], "config_value": wanted["config_value"]}
        )


class AgentStatus(OlderDoor):
    """``GET /admin/agent/status``."""

    needs = {"get": Action.VIEW_ANALYTICS}

    def get(self, request: Request) -> Response:
        """How many conversations there are, in one query; a key that is bound to a team counts its team's."""
        counted = Conversation.objects.in_reach_of(self.who, Action.VIEW_ANALYTICS).aggregate(
            total=Count("pk"),
            active=Count("pk", filter=Q(mode=Conversation.Mode.BOT)),
            escalated=Count("pk", filter=Q(pk__in=Conversation.objects.escalated().values("pk"))),
        )
        return Response(
            {
                "status": "healthy",
                "uptime_seconds": None,
                "total_conversations": counted["total"],
                "active_conversations": counted["active"],
                "escalated_conversations": counted["escalated"],
                "timestamp": timezone.now(),
            }
        )


class TrainAgent(OlderDoor):
    """``POST /admin/agent/train``."""

    needs = {"post": Action.TRAIN}

    def post(self, request: Request) -> Response:
        """Fit the newest draft's heads from its examples, in a worker."""
        with transaction.atomic():
            draft = releases.open_draft(self.who)
            audit.record(self.who, "release.refit", draft)
            learning.want(draft)
        return Response(
            {
                "status": "success",
                "message": f"Fitting the heads of draft release {draft.number}.",
                "timestamp": timezone.now(),
            }
        )
