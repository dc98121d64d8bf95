"""What a run keeps of a hand-over."""

from datetime import datetime

import pytest
from django.utils import timezone

from agent import services
from agent.models import AgentRun
from agent.runtime import Runtime
from conversations.models import Promise
from conversations.types import TurnResult
from tests.conversations.talk import answered_after, wrote

pytestmark = pytest.mark.django_db


def test_a_time_that_the_customer_is_told_is_kept_with_the_run(mind: Runtime) -> None:
    answered_after(4, 4, 4, 4, 4, now=timezone.now())
    conversation = wrote("I want to speak to a real person", thread="asks")

    assert services.answer(conversation.pk, mind) is TurnResult.ESCALATED

    promise = Promise.objects.get(conversation=conversation)
    kept = AgentRun.objects.get(conversation_id=conversation.pk).envelope["outcome"]["answer_by"]
    assert datetime.fromisoformat(kept) == promise.due_at
