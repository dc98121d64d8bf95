"""The conversations as the older project's clients read them.

These doors stand here and not beside those that change a conversation: such a client knows four intents, and which of them
one of ours belongs to is known to the releases alone.
"""

from collections.abc import Sequence
from typing import Any

from django.db.models import Prefetch, Q, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from agent.models import Intent
from conversations.api.older import missing
from conversations.models import Conversation, Escalation, Message
from conversations.serializers import older
from core.doors import OlderDoor
from core.policy import Action

READ = Action.VIEW_TEAM_CONVERSATIONS
# What one conversation is answered with, the newest; a client of that time has no way to ask for the rest.
MOST_MESSAGES = 1_000


def whole(found: QuerySet[Conversation]) -> QuerySet[Conversation]:
    """The conversations with what is shown of them, in three queries; MOST_MESSAGES of each, the newest first."""
    return found.prefetch_related(
        Prefetch("messages", Message.objects.order_by("-seq")[:MOST_MESSAGES], to_attr="newest_messages"),
        Prefetch("escalations", Escalation.objects.order_by("-id")),
    )


def shown(rows: Sequence[Conversation], request: Request) -> list[Any]:
    """What is answered of the conversations, which came from ``whole``; in two more queries at most."""
    messages = [message for row in rows for message in getattr(row, "newest_messages", ())]
    routes = Intent.objects.routes_of({message.intent for message in messages if message.intent})
    return list(older.OlderConversation(rows, many=True, context={"request": request, "routes": routes}).data)


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
            people = Q(pk__in=Conversation.objects.escalated().values("pk"))
            found = found.filter(people if wanted["escalated"] else ~people)
        if wanted["priority"]:
            found = found.filter(priority__in=older.PRIORITIES[wanted["priority"]])
        if wanted["assigned_to"] is not None:
            found = found.filter(assignee_id=wanted["assigned_to"])
        first = wanted["offset"]
        rows = whole(found.order_by("-updated_at", "-id"))[first : first + wanted["limit"]]
        return Response(shown(list(rows), request))


class OneOlderConversation(OlderDoor):
    """``GET /conversations/{id}``."""

    needs = {"get": READ}

    def get(self, request: Request, number: str) -> Response:
        """The conversation with its messages."""
        wanted = self.number(number, "conversation_id")
        rows = whole(Conversation.objects.visible_to(self.who).filter(pk=wanted))
        found = shown(list(rows), request)
        if not found:
            raise missing(number)
        return Response(found[0])
