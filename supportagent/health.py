"""Whether this process lives, and whether it can take messages in."""

import logging
import time

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.authentication import caller
from core.negotiation import OneAnswer
from core.policy import Action, allows
from supportagent import heartbeats, readings

logger = logging.getLogger(__name__)


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """One line, as long as the process answers at all."""
    return HttpResponse("live\n", content_type="text/plain")


class Ready(APIView):
    """200 while the database takes writes, else 503. Whoever may see operations is told more."""

    permission_classes = [AllowAny]
    content_negotiation_class = OneAnswer

    def perform_authentication(self, request: Request) -> None:
        """Nobody has to be known here, and the database that would know them may be away."""

    def get(self, request: Request) -> Response:
        """``{"status": "ready"}`` or ``{"status": "unavailable"}``, with details for those who may have them."""
        started = time.monotonic()
        try:
            heartbeats.beat(settings.PROCESS_KIND)
        except DatabaseError as error:
            logger.warning("The database takes no writes: %s", str(error).splitlines()[0])
            connection.close()
            return Response({"status": "unavailable"}, status=503, headers={"Retry-After": "5"})
        body: dict[str, object] = {"status": "ready"}
        who = caller(request)
        if who is not None and allows(who, Action.VIEW_OPERATIONS):
            body["database"] = {"kind": connection.vendor, "write_ms": round((time.monotonic() - started) * 1000, 1)}
            body |= readings.details()
        return Response(body)
