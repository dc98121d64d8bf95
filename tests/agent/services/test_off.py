"""What a customer is told while the release has the bot switched off."""

from datetime import timedelta

import pytest
from django.utils import timezone

from agent import services
from agent.models import AgentRun, ReplyTemplate
from agent.releases import services as releases
from agent.releases.defaults.texts import TEXTS
from agent.revisiting import Recollection
from agent.runtime import Runtime
from agent.services.replays import replay
from conversations.models import Conversation, Escalation, Message, Promise
from tests.conversations.talk import answered_after, wrote

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _off(mind: Runtime) -> None:
    releases.publish(releases.configure("bot.enabled", "false", None), None)


def told(conversation: Conversation) -> str:
    return Message.objects.get(conversation=conversation, sender_type=Message.Sender.SYSTEM).text


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The gas is leaking", "en"),
        ("Es riecht nach Gas", "de"),
        ("Huele a gas", "es"),
        ("C'è puzza di gas", "it"),
        ("Er lekt gas", "nl"),
    ],
)
def test_danger_comes_first_and_the_customer_is_told_what_to_do(mind: Runtime, text: str, language: str) -> None:
    conversation = wrote(text)

    services.answer(conversation.pk, mind)

    escalation = Escalation.objects.get()
    assert (escalation.reason, escalation.priority) == ("danger", "first")
    assert told(conversation) == TEXTS["danger_handoff"][language]


def test_haste_is_high_and_the_release_s_own_text_is_said(mind: Runtime) -> None:
    ReplyTemplate.objects.filter(key="urgent_handoff", language="en").update(text="We hurry.")
    conversation = wrote("This is urgent")

    services.answer(conversation.pk, mind)

    escalation = Escalation.objects.get()
    assert (escalation.reason, escalation.priority) == ("urgent", "high")
    assert told(conversation) == "We hurry."


def test_the_time_is_told_and_kept_and_told_again_when_the_turn_is_replayed(mind: Runtime) -> None:
    answered_after(12, 12, 12, 12, 12, now=timezone.now())
    conversation = wrote("How long does delivery take?", thread="off")

    services.answer(conversation.pk, mind)

    assert told(conversation).endswith("At present an answer takes about 15 minutes.")
    promise = Promise.objects.get(conversation=conversation)
    assert promise.due_at > timezone.now() + timedelta(minutes=14)
    answered_after(55, 55, 55, 55, 55, now=timezone.now())
    assert replay(AgentRun.objects.get(conversation_id=conversation.pk), Recollection(runtime=mind)).equal
