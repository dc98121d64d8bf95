"""What was said in a conversation, as a turn reads it."""

from typing import Any

from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce

from conversations.models import Attachment, Conversation, Customer, Escalation, Message
from conversations.services.attachments import media_by_seq
from conversations.types import Media, Talk, TalkLine
from core.statements import Read

MOST_LINES = 40
READ_OF_MESSAGE = (
    "seq", "sender_type", "text", "kind", "created_at", "intent", "sentiment_score", "language", "disposition",
)  # fmt: skip
READ_OF_CONVERSATION = (
    "public_id", "platform", "account_id", "account_name", "language", "is_public", "text_limit", "bot_context_from_seq",
    "customer__name", "customer__locale", "customer__public_id", "customer__email", "customer__details_from",
)  # fmt: skip


@Read
def _talk(pk: int) -> QuerySet[Conversation, Any]:
    before = Escalation.objects.filter(conversation_id=OuterRef("pk")).order_by().values("conversation_id")
    counted = before.annotate(number=Count("pk")).values("number")
    talk = Conversation.objects.select_related("customer").only(*READ_OF_CONVERSATION).filter(pk=pk).order_by()
    return talk.annotate(escalations_before=Coalesce(Subquery(counted), 0))


@Read
def _said(conversation_id: int, from_seq: int) -> QuerySet[Message, Any]:
    since = Message.objects.filter(conversation_id=conversation_id, seq__gte=from_seq).order_by("-seq")
    # Not the details whole: they hold what the platform sent, word for word.
    told = since.annotate(
        followed=KT("details__request_id"), has_more=Exists(Attachment.objects.filter(message_id=OuterRef("pk")))
    )
    return told.values_list(*READ_OF_MESSAGE, "followed", "has_more", named=True)[:MOST_LINES]


def read_talk(conversation_id: int) -> Talk:
    """What was said since the bot's context begins, at most ``MOST_LINES`` lines, oldest first."""
    conversation = _talk.one(conversation_id)
    recent = _said.all(conversation_id, conversation.bot_context_from_seq)
    has_media = any(message.has_more for message in recent)
    media = media_by_seq(conversation.pk, from_seq=recent[-1].seq) if has_media else {}
    lines = tuple(
        TalkLine(
            seq=message.seq,
            sender_type=message.sender_type,
            text=message.text,
            kind=message.kind,
            created_at=message.created_at,
            intent=message.intent,
            sentiment=message.sentiment_score,
            language=message.language,
            disposition=message.disposition,
            media=media.get(message.seq, Media()),
            request_id=message.followed or "",
        )
        for message in reversed(recent)
    )
    return Talk(
        conversation_id=conversation.pk,
        public_id=str(conversation.public_id),
        platform=conversation.platform,
        account_id=conversation.account_id,
        account_name=conversation.account_name,
        customer_id=conversation.customer_id,
        customer_name=conversation.customer.name,
        customer_public_id=str(conversation.customer.public_id),
        customer_email=conversation.customer.email,
        is_vouched_for=conversation.customer.details_from == Customer.Source.SITE,
        locale=conversation.customer.locale,
        language=conversation.language,
        is_public=conversation.is_public,
        text_limit=conversation.text_limit,
        escalations_before=conversation.escalations_before,
        lines=lines,
    )
