"""The rows that the doors are about: one of each kind, of one team."""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.core.files.base import ContentFile
from django.utils import timezone

from agent.models import AgentRun, Approval, Article, ArticleVersion, Release, Replay
from conversations.models import Attachment, Conversation, Delivery, Escalation, Message, Promise
from core.models import Team, User
from integrations import services as integrations
from integrations.models import EventDelivery, PlatformAccount, WebhookEvent
from privacy import folder
from privacy.models import Export
from tests.factories import (
    make_account,
    make_channel,
    make_conversation,
    make_delivery,
    make_escalation,
    make_event,
    make_message,
    make_release,
    make_user,
    number,
)  # fmt: skip
from workspace.models import DrillRun


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamRows:
    """What one team has: talks in each state, and what hangs on them."""

    account: PlatformAccount
    waiting: Escalation
    waiting_message: Message
    with_bot: Conversation
    bot_message: Message
    run: AgentRun
    replay: Replay
    unsent: Delivery
    dead: Delivery
    closed: Conversation
    attachment: Attachment
    promise: Promise
    approval: Approval
    colleague: User


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedRows:
    """What belongs to no team."""

    event: WebhookEvent
    told: EventDelivery
    drill: DrillRun
    article: Article


def rows_of(team: Team) -> TeamRows:
    """A team's rows. Nobody has a conversation yet, so whoever may take one can."""
    account = make_account(team=team)
    channel = make_channel(account)
    waiting = make_conversation(channel=channel)
    waiting_message = make_message(waiting, "I live at 5 Long Lane, call +44 20 7946 0000.")
    escalation = make_escalation(waiting)
    with_bot = make_conversation(channel=channel)
    make_message(with_bot)
    release = Release.objects.filter(state=Release.State.PUBLISHED).first() or make_release()
    run = AgentRun.objects.create(conversation_id=with_bot.pk, epoch=1, release=release, from_seq=1, to_seq=1)
    replay = Replay.objects.create(run=run, kind=Replay.Kind.EXACT)
    unsent = make_delivery(with_bot)
    Message.objects.filter(pk=unsent.message_id).update(run_id=run.pk)
    dead = make_delivery(make_conversation(channel=channel), state=Delivery.State.DEAD)
    closed = make_conversation(channel=channel, mode=Conversation.Mode.CLOSED)
    make_delivery(closed, state=Delivery.State.SENT)
    attachment = Attachment.objects.create(
        message=waiting_message, kind="image", name="parcel.png", content_type="image/png",
        state=Attachment.State.KEPT, file=ContentFile(b"\x89PNG", "parcel.png"),
    )  # fmt: skip
    asking = AgentRun.objects.create(
        conversation_id=waiting.pk,
        epoch=1,
        release=release,
        from_seq=1,
        to_seq=1,
        state=AgentRun.State.ESCALATED,
        ended_at=timezone.now(),
    )
    approval = Approval.objects.create(run=asking, conversation=waiting, tool="lead")
    promise = Promise.objects.create(
        conversation=waiting, text="A call.", made_by="Dana", due_at=timezone.now() + timedelta(days=1)
    )
    return TeamRows(
        account=account, waiting=escalation, waiting_message=waiting_message, with_bot=with_bot,
        bot_message=unsent.message, run=run, replay=replay, unsent=unsent, dead=dead, closed=closed, attachment=attachment,
        promise=promise, approval=approval, colleague=make_user(team=team),
    )  # fmt: skip


def shared_rows() -> SharedRows:
    """The rows of everybody."""
    subscription, _ = integrations.add_subscription(f"Warehouse {number()}", "http://127.0.0.1:9/hook")
    told = EventDelivery.objects.create(
        subscription=subscription, event_id=uuid.uuid4(), kind="message.received", conversation_id=1, attempts=10,
        happened_at=timezone.now(), state="failed", reason="Given up after 10 attempts: HTTP 500",
    )  # fmt: skip
    article = Article.objects.create(slug=f"returns-{number()}", language="en")
    ArticleVersion.objects.create(article=article, number=1, title="Returns", body="Within thirty days.")
    return SharedRows(
        event=make_event(state=WebhookEvent.State.QUARANTINED),
        told=told,
        drill=DrillRun.objects.create(state=DrillRun.State.HELD, ended_at=timezone.now()),
        article=article,
    )


def exported_file(user: User) -> Export:
    """A file of messages that ``user`` asked for, ready to be fetched."""
    export = Export.objects.create(
        kind=Export.Kind.CONVERSATIONS, state=Export.State.READY, requested_by=user,
        ready_at=timezone.now(), expires_at=timezone.now() + timedelta(days=1),
    )  # fmt: skip
    folder.path_of(export).write_text("id\r\n")
    return export
