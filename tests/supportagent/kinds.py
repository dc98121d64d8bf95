"""Rows of every kind that `/api/v1/` shows, in each state that a row of it may have."""

import uuid
from typing import Any

from django.core.files.base import ContentFile
from django.utils import timezone

from agent.models import AgentRun, Article, ArticleVersion, Release
from conversations.models import (
    Attachment,
    Conversation,
    Customer,
    Delivery,
    DeliveryAttempt,
    Escalation,
    Message,
    Note,
)
from conversations.types import Priority, ReasonCategory
from core import ids
from integrations.models import PlatformAccount, WebhookEvent
from tests.factories import (
    make_account,
    make_channel,
    make_conversation,
    make_customer,
    make_delivery,
    make_escalation,
    make_event,
    make_message,
    make_release,
    make_team,
    make_user,
)


def rows_of_every_kind() -> dict[str, list[uuid.UUID]]:
    """Make them; their ids, by the name of the resource."""
    release = make_release()
    _make_accounts()
    _make_talks()
    _make_escalations()
    _make_deliveries()
    _make_runs(release)
    _make_articles(release)
    events = [make_event(state=state) for state in WebhookEvent.State.values]
    for talk in Conversation.objects.filter(last_message_at=None):
        make_message(talk)
    kinds: dict[str, Any] = {
        "accounts": PlatformAccount, "articles": Article, "conversations": Conversation, "customers": Customer,
        "deliveries": Delivery, "escalations": Escalation, "messages": Message, "runs": AgentRun,
    }  # fmt: skip
    rows = {name: list(kind.objects.values_list("public_id", flat=True)) for name, kind in kinds.items()}
    return rows | {"events": [ids.id_of(event.pk) for event in events]}


def _make_accounts() -> None:
    make_account(team=make_team())
    for state in PlatformAccount.State.values:
        make_account(state=state, state_reason="It was asked for.", token_expires_at=timezone.now())


def _make_talks() -> None:
    for source in ("", *Customer.Source.values):
        customer = make_customer(details_from=source, email="ada@example.org", locale="en", blocked_at=timezone.now())
        make_conversation(customer=customer)
    for mode in Conversation.Mode.values:
        team = make_team()
        talk = make_conversation(mode=mode, channel=make_channel(make_account(team=team), team_id=team.pk))
        owner = make_user() if mode == Conversation.Mode.HUMAN else None
        Conversation.objects.filter(pk=talk.pk).update(assignee=owner, last_sentiment=-0.5, language="en")
        Note.objects.create(conversation=talk, author=make_user(), text="He called.", after_seq=0)
        for disposition in Message.Disposition.values:
            make_message(talk, disposition=disposition, disposition_id=1, intent="track-parcel", sentiment_score=0.5)
        for sender in ("bot", "human", "system"):
            make_message(talk, sender=sender, sources=[{"title": "Returns", "url": "/returns"}])
    _make_attachments(make_message(make_conversation()))


def _make_attachments(said: Message) -> None:
    more: dict[str, dict[str, Any]] = {
        Attachment.ReadingState.DONE: {"reading_provider": "mock", "reading_model": "m", "reading_text": "A parcel."},
        Attachment.ReadingState.PENDING: {"reading_due_at": timezone.now()},
    }
    for reading in Attachment.ReadingState.values:
        Attachment.objects.create(
            message=said, kind="image", name="parcel.png", content_type="image/png", size=4,
            state=Attachment.State.KEPT, file=ContentFile(b"\x89PNG", "parcel.png"), reading_state=reading,
            **more.get(reading, {}),
        )  # fmt: skip
    for state in (Attachment.State.REFERENCED, Attachment.State.FAILED):
        Attachment.objects.create(message=said, kind="file", state=state)


def _make_escalations() -> None:
    for reason in ReasonCategory.values:
        make_escalation(reason=reason, detail="Call +44 20 7946 0000.", suggestion="It is on its way.")
    for priority in Priority.values:
        make_escalation(priority=priority, claimed_by=make_user(), due_at=timezone.now(), snoozed_until=timezone.now())
    for outcome in Escalation.Outcome.values:
        make_escalation(state=Escalation.State.CLOSED, outcome=outcome, closed_at=timezone.now())


def _make_deliveries() -> None:
    for state in Delivery.State.values:
        delivery = make_delivery(state=state)
        for status in (None, 500):
            DeliveryAttempt.objects.create(
                delivery=delivery, number=1, started_at=timezone.now(), ended_at=timezone.now(),
                outcome="ambiguous", http_status=status,
            )  # fmt: skip
    for author in Delivery.Author.values:
        make_delivery(author=author)


def _make_runs(release: Release) -> None:
    for state in AgentRun.State.values:
        talk = make_conversation()
        make_message(talk)
        AgentRun.objects.create(
            conversation_id=talk.pk, epoch=1, release=release, from_seq=1, to_seq=1, state=state,
            ended_at=None if state == AgentRun.State.RUNNING else timezone.now(),
        )  # fmt: skip


def _make_articles(release: Release) -> None:
    Article.objects.create(slug="empty", language="en")
    for audience in Article.Audience.values:
        article = Article.objects.create(slug=f"returns-{audience}", language="en", audience=audience)
        for number in (1, 2):
            release.articles.add(
                ArticleVersion.objects.create(
                    article=article,
                    number=number,
                    title="Returns",
                    body="In thirty days.",
                    questions={"": ["How long?"]},
                )
            )
