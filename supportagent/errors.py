"""How the REST doors answer when something is refused."""

from typing import Any

from rest_framework.response import Response
from rest_framework.views import exception_handler

from conversations.exceptions import ConversationError
from core.exceptions import NotAllowed


def answer(error: Exception, context: dict[str, Any]) -> Response | None:
    """409 for a broken rule of a conversation, 403 for what the policy refuses, else as DRF; the body is JSON."""
    if isinstance(error, ConversationError):
        return Response({"detail": str(error)}, status=409)
    if isinstance(error, NotAllowed):
        return Response({"detail": str(error)}, status=403)
    return exception_handler(error, context)
