"""A customer of whom something lies in every place that a customer can reach."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.utils import timezone

from agent import services as agent
from agent.graph.brief import Mind
from agent.models import AgentRun, Approval, Dialogue, Gap, GapQuestion, Lead, ToolCall
from agent.services import gaps
from conversations import services as conversations
from conversations.models import Attachment, Conversation, Customer, Delivery, DeliveryAttempt, Escalation, Message
from core.models import User
from core.policy import Role
from integrations import services as integrations
from integrations.models import PlatformAccount, WebhookEvent
from privacy import services as privacy
from privacy.models import Erasure
from tests.factories import make_delivery, make_message, make_user
from tests.integrations.tiktok import BUSINESS, event, keep, text_event, tiktok_account
from workspace.models import Draft, SuggestionOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What was made: the customer, and the platform's events as they came."""

    account: PlatformAccount
    customer: Customer
    conversation: Conversation
    bodies: tuple[bytes, ...]
    staff: User


def told(marker: str, mind: Mind | None = None) -> Told:
    """A customer whose every field, word and file holds the marker."""
    account = tiktok_account()
    staff = make_user(role=Role.SUPERVISOR)
    thread, customer_id = f"thread-{marker}", f"person-{marker}"
    first = text_event(
        f"How long does delivery take? {marker}", message_id=f"first-{marker}", thread=thread, customer=customer_id
    )
    first = changed(first, {"from": f"name {marker}"})
    bodies = (
        first,
        changed(
            text_event(f"I quote {marker}", message_id=f"second-{marker}", thread=thread, customer=customer_id),
            {"referenced_message_info": {"referenced_message_id": f"first-{marker}"}},
        ),
        _of(
            event("receive_share_post"),
            thread,
            customer_id,
            f"post-{marker}",
            {"share_post": {"embed_url": f"https://www.tiktok.com/{marker}"}},
        ),
        _of(event("receive_image"), thread, customer_id, f"image-{marker}", {}),
        _of(event("referral_ad"), thread, customer_id, f"referral-{marker}", {"from": marker}),
        _of(event("read"), thread, customer_id, f"read-{marker}", {}),
        _of(event("receive_unknown_type"), thread, customer_id, f"unknown-{marker}", {}),
        # Authentic, and not to be read: set aside with its bytes.
        _of(event("receive_text"), thread, customer_id, f"odd-{marker}", {"text": {"words": marker}}),
    )
    for body in bodies[:1]:
        integrations.ingest_event(keep(body).pk)
    conversation = Conversation.objects.get(thread_key=thread)
    if mind is not None:
        Conversation.objects.filter(pk=conversation.pk).update(ready_at=timezone.now() - timedelta(seconds=1))
        agent.answer(conversation.pk, mind)
    for body in bodies[1:]:
        integrations.ingest_event(keep(body).pk)
    conflict = keep(changed(first, {"from": f"other {marker}"}).replace(b"first-", b"frist-"))
    WebhookEvent.objects.filter(pk=conflict.pk).update(
        state=WebhookEvent.State.CONFLICT, reason=f"conflict: msg:first-{marker} came before with another body."
    )
    conversation.refresh_from_db()
    _fill_in(conversation, staff, marker)
    return Told(account=account, customer=conversation.customer, conversation=conversation, bodies=bodies, staff=staff)


def changed(body: bytes, content: dict[str, Any]) -> bytes:
    """An event's bytes with something else in its content."""
    envelope = json.loads(body)
    inner = json.loads(envelope["content"]) | content
    return json.dumps(envelope | {"content": json.dumps(inner)}).encode()


def _of(body: bytes, thread: str, customer_id: str, message_id: str, content: dict[str, Any]) -> bytes:
    person = {"id": customer_id, "role": "personal_account"}
    return changed(
        body,
        {
            "conversation_id": thread,
            "message_id": message_id,
            "from_user": person,
            "to_user": {"id": BUSINESS, "role": "business_account"},
            "unique_identifier": customer_id,
            **content,
        },
    )


def _fill_in(conversation: Conversation, staff: User, marker: str) -> None:
    """What staff, the bot and the platform add."""
    Customer.objects.filter(pk=conversation.customer_id).update(username=marker[:20], locale="en", name=f"Ada {marker}")
    Conversation.objects.filter(pk=conversation.pk).update(subject=f"About {marker}", last_customer_line=marker)
    conversations.escalate(conversation, detail=f"Needs help: {marker}", by=staff)
    escalation = Escalation.objects.live().get(conversation=conversation)
    Escalation.objects.filter(pk=escalation.pk).update(suggestion=f"Dear {marker}", card={"wants": marker})
    SuggestionOutcome.objects.create(escalation=escalation, for_seq=1, user=staff, outcome="edited", reason=marker)
    conversations.add_note(conversation, f"Ada said {marker}", staff)
    Draft.objects.create(user=staff, conversation=conversation, text=f"Hello {marker}")
    conversation.refresh_from_db()
    sent = make_delivery(conversation, f"We wrote {marker}", author="human", state=Delivery.State.SENT)
    Message.objects.filter(pk=sent.message_id).update(platform_message_id=f"sent-{marker}")
    Delivery.objects.filter(pk=sent.pk).update(platform_message_id=f"sent-{marker}", echo_message_id=f"echo-{marker}")
    DeliveryAttempt.objects.create(
        delivery=sent, number=1, started_at=sent.created_at, outcome="ok", evidence=f"TikTok says: {marker}"
    )
    stuck = make_delivery(conversation, f"Never arrived: {marker}", state=Delivery.State.DEAD)
    Delivery.objects.filter(pk=stuck.pk).update(reason=f"TikTok refused {marker}")
    make_delivery(conversation, f"Still waits: {marker}")
    for attachment in Attachment.objects.filter(message__conversation=conversation):
        attachment.file.save("a.jpg", ContentFile(b"\xff\xd8" + marker.encode()), save=False)
        Attachment.objects.filter(pk=attachment.pk).update(
            file=attachment.file.name, state=Attachment.State.KEPT, name=marker, url=f"https://x.example/{marker}",
            reading_state=Attachment.ReadingState.DONE, reading_text=f"On it stands {marker}", reading_provider="openai",
            reading_model="gpt-test",
        )  # fmt: skip
    AgentRun.objects.filter(conversation_id=conversation.pk).update(error=f"about {marker}")
    _use_tools(conversation, marker)


def _use_tools(conversation: Conversation, marker: str) -> None:
    """What tools keep of a person."""
    episode = conversation.episodes.latest("number")
    Dialogue.objects.create(episode=episode, slots={"order_number": {"value": marker, "seq": 1}})
    run = AgentRun.objects.filter(conversation_id=conversation.pk).first()
    Lead.objects.create(
        conversation=conversation,
        episode=episode,
        email=f"{marker}@mail.example",
        need=marker,
        consent=f"yes {marker}",
        consent_seq=1,
    )
    if run is not None:
        about: dict[str, Any] = {"run": run, "conversation": conversation, "tool": "lead", "input": {"need": marker}}
        ToolCall.objects.create(outcome="ok", evidence=marker, **about)
        Approval.objects.create(reply=f"Dear {marker}", **about)


def decide(person: Told, marker: str) -> None:
    """What people decide about the customer, each with a reason that names them, and an article drafted from the talk."""
    conversation, staff = person.conversation, person.staff
    conversation.refresh_from_db()
    message = make_message(conversation, f"Dear {marker}, in three days.", sender=Message.Sender.HUMAN)
    run = AgentRun.objects.filter(conversation_id=conversation.pk, to_seq__lt=message.seq).latest("pk")
    gap = Gap.objects.create(vector=b"", count=1)
    GapQuestion.objects.create(run=run, gap=gap, at=run.started_at)
    gaps.draft_article(gap, staff)
    conversations.take_over(conversation, staff, reason=f"{marker} is upset")
    conversations.assign(conversation, None, staff, reason=f"{marker} calls later")
    conversation.refresh_from_db()
    said = make_message(conversation, "Hello", sender=Message.Sender.BOT)
    conversations.override(said, "Good day", staff, reason=f"{marker} is a Dr")
    conversation.refresh_from_db()
    stuck = make_delivery(conversation, "Did it arrive?", state=Delivery.State.NEEDS_REVIEW)
    conversations.decide_delivery(stuck, staff, "drop", reason=f"{marker} was called")
    conflict = WebhookEvent.objects.get(state=WebhookEvent.State.CONFLICT)
    integrations.drop_event(conflict, staff, reason=f"{marker} wrote it twice")


def erase(customer: Customer) -> Erasure:
    """Ask and do."""
    erasure = privacy.request_erasure(customer, None)
    assert privacy.work_erasure(erasure.pk)
    erasure.refresh_from_db()
    return erasure
