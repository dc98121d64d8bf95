"""The doors of the older project's clients: its addresses and shapes, behind our policy and services."""

from django.db.models import Prefetch, QuerySet
from django.http import Http404
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from conversations import services
from conversations.exceptions import ConversationError
from conversations.models import Conversation, Escalation, Message
from conversations.serializers import older
from core.doors import OlderDoor
from core.policy import Action

READ = Action.VIEW_TEAM_CONVERSATIONS
# What one conversation is answered with; a client of that time has no way to ask for the rest.
MOST_MESSAGES = 1_000


def whole(found: QuerySet[Conversation]) -> QuerySet[Conversation]:
    """The conversations with all that is shown of them, in three queries."""
    return found.prefetch_related(
        Prefetch("messages", Message.objects.order_by("seq")),
        Prefetch("escalations", Escalation.objects.order_by("-id")),
    )


def missing(number: int | str) -> NotFound:
    """What is answered where there is no such conversation."""
    return NotFound(f"Conversation {number} not found")


class OlderConversations(OlderDoor):
    """``GET /conversations``."""

    needs = {"get": READ}

    def get(self, request: Request) -> Response:
        """A bare list, the latest changed first."""
        wanted = self.read(older.OlderFilters, request.query_params.dict(), place="query")
        found = Conversation.objects.visible_to(self.who)
        if wanted["platform"]:
            found = found.filter(platform=wanted["platform"])
        if wanted["status"]:
            found = found.filter(mode=older.MODES.get(wanted["status"], "none"))
        if wanted["escalated"] is not None:
            people = Conversation.Mode.HUMAN
            found = found.filter(mode=people) if wanted["escalated"] else found.exclude(mode=people)
        if wanted["priority"]:
            found = found.filter(priority=wanted["priority"])
        if wanted["assigned_to"]:
            found = found.filter(assignee__username=wanted["assigned_to"])
        first = wanted["offset"]
        rows = whole(found.order_by("-updated_at", "-id"))[first : first + wanted["limit"]]
        return Response(older.OlderConversation(rows, many=True).data)


class OneOlderConversation(OlderDoor):
    """``GET /conversations/{id}``."""

    needs = {"get": READ}

    def get(self, request: Request, number: str) -> Response:
        """The conversation with its messages."""
        found = whole(Conversation.objects.visible_to(self.who).filter(pk=number)).first()
        if found is None:
            raise missing(number)
        return Response(older.OlderConversation(found).data)


class NeverThere(OlderDoor):
    """``GET /messages/conversations…``: printed in that project's papers, and 404 in its own tests."""

    needs = {"get": READ}

    def get(self, request: Request) -> Response:
        """404."""
        raise Http404


class SendOlder(OlderDoor):
    """``POST /messages/send``."""

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
        return Response({"success": True, "message_id": message.pk, "job_id": None, "error": None}, status=202)


def _not_sent(why: str) -> Response:
    return Response({"success": False, "message_id": None, "job_id": None, "error": why}, status=202)


class EscalateOlder(OlderDoor):
    """``POST /admin/escalate/{id}``."""

    needs = {"post": Action.TAKE_OVER}

    def post(self, request: Request, number: str) -> Response:
        """Put the conversation into the queue."""
        reason = self.read(older.OlderEscalation, request.data)["reason"]
        found = Conversation.objects.in_reach_of(self.who, Action.TAKE_OVER).filter(pk=number).first()
        if found is None:
            raise missing(number)
        services.escalate(found, detail=reason, by=self.who)
        return Response({"status": "success", "conversation_id": found.pk, "escalated": True, "reason": reason})


class OverrideOlder(OlderDoor):
    """``PUT /admin/override/{id}``."""

    needs = {"put": Action.REPLY}

    def put(self, request: Request, number: str) -> Response:
        """Replace what was not sent yet; beside what was, leave a correction."""
        wanted = self.read(older.OlderOverride, request.data)
        reachable = Conversation.objects.in_reach_of(self.who, Action.REPLY)
        found = Message.objects.filter(conversation__in=reachable, pk=number).exclude(direction="in").first()
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
