"""What is left of the older project's addresses: whether it is well, and its log."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.doors import OlderDoor
from core.models import AuditEvent
from core.policy import Action

# What people and programs did is neither a fault nor a detail.
LEVELS = frozenset({"INFO", "ALL", ""})


@require_safe
def health(_: HttpRequest) -> JsonResponse:
    """As long as the process answers."""
    return JsonResponse({"status": "healthy", "environment": "demo" if settings.DEMO else "production"})


class LogFilters(serializers.Serializer[Any]):
    """Which lines."""

    level = serializers.CharField(required=False, default="INFO", max_length=20, allow_blank=True)
    limit = serializers.IntegerField(required=False, default=100, min_value=0, max_value=1_000)


class OlderLogs(OlderDoor):
    """``GET /admin/logs``: the audit trail, one line an event, the newest last. Logs of processes are not kept here."""

    needs = {"get": Action.VIEW_AUDIT}

    def get(self, request: Request) -> Response:
        """The newest lines."""
        wanted = self.read(LogFilters, request.query_params.dict(), place="query")
        level = wanted["level"].upper()
        newest = list(AuditEvent.objects.order_by("-id")[: wanted["limit"]]) if level in LEVELS else []
        lines = [f"{event.at:%Y-%m-%d %H:%M:%S} | INFO | {event}" for event in reversed(newest)]
        return Response({"logs": lines, "count": len(lines), "level": wanted["level"]})
