"""The doors by which the older project's clients change conversations: its addresses and shapes, our policy and services.

They read them in ``agent.api``.
"""

from django.http import Http404
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from conversations import services
from conversations.exceptions import ConversationError
from conversations.models import Conversation, Delivery, Message
from conversations.serializers import older
from core.doors import OlderDoor
from core.policy import Action


def missing(number: int | str) -> NotFound:
    """What is answered where there is no such conversation."""
    return NotFound(f"Conversation {number} not found")


class NeverThere(OlderDoor):
    """``GET /messages/conversations…``: printed in that project's papers, and 404 in its own tests."""

    needs = {"get": Action.VIEW_TEAM_CONVERSATIONS}

    def get(self, request: Request) -> Response:
        """404."""
        raise Http404


class SendOlder(OlderDoor):
    """``POST /messages/send``; its ``job_id`` is the public id of the delivery."""

    needs = {"post": Action.REPLY}

    def post(self, request: Request) -> Response:
        """202; what stands against it is told by ``success`` and ``error``, and nothing is sent then."""
        wanted = self.read(older.OlderReply, request.data)
        number = wanted["conversation_id"]
        found = Conversation.objects.in_reach_of(self.who, Action.REPLY).filter(pk=number).first()
        if found is None:
            raise missing(number)
        if found.platform != wanted["platform"]:
            return _not_sent(f"Conversation {number} is on {found.platform}.")
        try:
            message = services.reply(found, wanted["message"], self.who)
        except ConversationError as error:
            return _not_sent(str(error))
        delivery = Delivery.objects.filter(message=message).first()
        job_id = None if delivery is None else str(delivery.public_id)
        return Response({"success": True, "message_id": message.pk, "job_id": job_id, "error": None}, status=202)


def _not_sent(why: str) -> Response:
    return Response({"success": False, "message_id": None, "job_id": None, "error": why}, status=202)


class EscalateOlder(OlderDoor):
    """``POST /admin/escalate/{id}``."""

    needs = {"post": Action.TAKE_OVER}

    def post(self, request: Request, number: str) -> Response:
        """Put the conversation into the queue."""
        wanted = self.number(number, "conversation_id")
        reason = self.read(older.OlderEscalation, request.data)["reason"]
        found = Conversation.objects.in_reach_of(self.who, Action.TAKE_OVER).filter(pk=wanted).first()
        if found is None:
            raise missing(number)
        services.escalate(found, detail=reason, by=self.who)
        return Response({"status": "success", "conversation_id": found.pk, "escalated": True, "reason": reason})


class OverrideOlder(OlderDoor):
    """``PUT /admin/override/{id}``."""

    needs = {"put": Action.REPLY}

    def put(self, request: Request, number: str) -> Response:
        """Replace what was not sent yet; beside what was, leave a correction."""
        message_id = self.number(number, "message_id")
        wanted = self.read(older.OlderOverride, request.data)
        reachable = Conversation.objects.in_reach_of(self.who, Action.REPLY)
        found = Message.objects.filter(conversation__in=reachable, pk=message_id).exclude(direction="in").first()
        if found is None:
            raise NotFound(f"Message {number} not found")
        before = services.override(found, wanted["new_content"], self.who, reason=wanted["reason"] or "")
        return Response(
            {
                "status": "success",
                "message_id": found.pk,
                "original_content": before,
                "new_content": wanted["new_content"],
                "reason": wanted["reason"],
            }
        )
