"""Conversations: read, answered, noted on, taken, passed on, handed back, closed."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from conversations import services
from conversations.api.files import Exported
from conversations.exceptions import ForPeople
from conversations.models import Conversation, Delivery, Note
from conversations.serializers import deeds, rows
from conversations.serializers.filters import ConversationFilters
from core.idempotency import idempotent
from core.models import ApiKey, User
from core.policy import Action, Subject, allows


def person(who: User | ApiKey) -> User:
    """The caller, who has to be one. Raises ForPeople."""
    if not isinstance(who, User):
        raise ForPeople
    return who


class Conversations(Exported):
    """The threads with customers. ``last_message_at`` orders them; one in which nobody has written is none."""

    file_name = "conversations"
    filters = ConversationFilters
    serializer_class = rows.ConversationShown
    order_column = "last_message_at"
    needs = {
        "list": Action.VIEW_TEAM_CONVERSATIONS,
        "retrieve": Action.VIEW_TEAM_CONVERSATIONS,
        "export": Action.EXPORT_CONVERSATIONS,
        "notes": Action.VIEW_TEAM_CONVERSATIONS,
        "reply": Action.REPLY,
        "note": Action.ANNOTATE,
        "escalate": Action.TAKE_OVER,
        "take_over": Action.TAKE_OVER,
        "hand_back": Action.TAKE_OVER,
        "assign": Action.ASSIGN,
        "close": Action.CLOSE,
        "reopen": Action.CLOSE,
    }

    def get_queryset(self) -> QuerySet[Conversation]:
        """Those the caller may read, or do to what the call does."""
        found = Conversation.objects.filter(last_message_at__isnull=False)
        wanted = self.needs[self.action]
        is_read = wanted is Action.VIEW_TEAM_CONVERSATIONS
        found = found.visible_to(self.who) if is_read else found.in_reach_of(self.who, wanted)
        return found.select_related("customer", "assignee", "team") if is_read or self.action == "export" else found

    @extend_schema(responses=rows.NoteShown(many=True))
    @action(detail=True, pagination_class=None, filters=None)
    def notes(self, request: Request, public_id: str) -> Response:
        """The 200 newest notes of colleagues, oldest first."""
        found = Note.objects.filter(conversation=self.get_object()).select_related("conversation").order_by("-id")[:200]
        return Response(rows.NoteShown(list(reversed(found)), many=True).data)

    @extend_schema(request=deeds.ReplyForm, responses={201: rows.MessageSent})
    @action(detail=True, methods=["post"])
    @idempotent
    def reply(self, request: Request, public_id: str) -> Response:
        """Answer the customer. Where the bot or nobody answers this takes over, unless ``keep_bot``."""
        form = self.read(deeds.ReplyForm)
        message = services.reply(
            self.get_object(),
            form["text"],
            self.who,
            expected_last_seq=form["expected_last_seq"],
            keep_bot=form["keep_bot"],
        )
        return Response(rows.json_of(rows.MessageSent, message), status=201)

    @extend_schema(request=deeds.NoteForm, responses={201: rows.NoteLeft})
    @action(detail=True, methods=["post"])
    @idempotent
    def note(self, request: Request, public_id: str) -> Response:
        """Leave a note for colleagues. It never reaches the customer."""
        note = services.add_note(self.get_object(), self.read(deeds.NoteForm)["text"], self.who)
        return Response(rows.json_of(rows.NoteLeft, note), status=201)

    @extend_schema(request=deeds.EscalateForm, responses={201: rows.EscalationState})
    @action(detail=True, methods=["post"])
    @idempotent
    def escalate(self, request: Request, public_id: str) -> Response:
        """Put the conversation into the queue of people; where it waits already, that escalation is answered."""
        form = self.read(deeds.EscalateForm)
        escalation = services.escalate(self.get_object(), detail=form["detail"], priority=form["priority"], by=self.who)
        return Response(rows.json_of(rows.EscalationState, escalation), status=201)

    @extend_schema(request=deeds.ReasonForm, responses=rows.TakenOver)
    @action(detail=True, methods=["post"], url_path="take-over")
    @idempotent
    def take_over(self, request: Request, public_id: str) -> Response:
        """Silence the bot. Taking from a colleague needs a reason, and the right to assign."""
        conversation = self.get_object()
        taken = services.take_over(conversation, self.who, reason=self.read(deeds.ReasonForm)["reason"])
        on_its_way = Delivery.objects.filter(pk__in=taken.in_flight).values_list("public_id", flat=True)
        state = self._state(conversation)
        return Response(state.data | {"in_flight": [str(each) for each in on_its_way]})

    @extend_schema(request=deeds.HandBackForm, responses=rows.ConversationState)
    @action(detail=True, methods=["post"], url_path="hand-back")
    @idempotent
    def hand_back(self, request: Request, public_id: str) -> Response:
        """Let the bot answer again."""
        conversation = self.get_object()
        services.hand_back(conversation, self.who, note=self.read(deeds.HandBackForm)["note"])
        return self._state(conversation)

    @extend_schema(request=deeds.AssignForm, responses=rows.ConversationState)
    @action(detail=True, methods=["post"])
    @idempotent
    def assign(self, request: Request, public_id: str) -> Response:
        """Give the conversation to a colleague, or back into the queue."""
        conversation, form = self.get_object(), self.read(deeds.AssignForm)
        by = person(self.who)
        services.assign(conversation, self._colleague(conversation, form), by, reason=form["reason"])
        return self._state(conversation)

    @extend_schema(request=deeds.Nothing, responses=rows.ConversationState)
    @action(detail=True, methods=["post"])
    @idempotent
    def close(self, request: Request, public_id: str) -> Response:
        """Close the conversation as resolved."""
        conversation = self.get_object()
        self.read(deeds.Nothing)
        services.resolve(conversation, self.who)
        return self._state(conversation)

    @extend_schema(request=deeds.Nothing, responses=rows.ConversationState)
    @action(detail=True, methods=["post"])
    @idempotent
    def reopen(self, request: Request, public_id: str) -> Response:
        """Open a closed conversation for people again."""
        conversation = self.get_object()
        self.read(deeds.Nothing)
        services.reopen(conversation, self.who)
        return self._state(conversation)

    def _state(self, conversation: Conversation) -> Response:
        now = Conversation.objects.select_related("assignee").get(pk=conversation.pk)
        return Response(rows.json_of(rows.ConversationState, now))

    def _colleague(self, conversation: Conversation, form: dict[str, Any]) -> User | None:
        """The person who is meant, if they may answer there."""
        if form["to"] is None:
            return None
        found = User.objects.filter(public_id=form["to"], is_active=True).first()
        subject = Subject(team_id=conversation.team_id)
        if found is None or not allows(found, Action.REPLY, subject):
            raise ValidationError({"to": "There is no colleague of this id who may answer here."})
        return found
