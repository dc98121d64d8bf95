"""What a list costs: the same queries for ten rows and for two hundred."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from agent.models import (
    AgentRun,
    Approval,
    Gap,
    GapQuestion,
    ImportFile,
    ImportJob,
    KnowledgeFinding,
    Lead,
    Passage,
    Release,
    Tool,
    ToolCall,
)
from conversations.models import Conversation, Promise
from core.policy import Role
from tests.factories import make_conversation, make_message, make_user

pytestmark = pytest.mark.django_db

FEW, MANY = 10, 200


def make_run(conversation: Conversation, number: int) -> AgentRun:
    """A run that ended."""
    now = timezone.now()
    return AgentRun.objects.create(
        conversation_id=conversation.pk, epoch=number + 1, release=Release.objects.current().get(), from_seq=1, to_seq=1,
        state="escalated", started_at=now, ended_at=now, envelope={"brief": {"message": "Do you rent canoes?"}},
    )  # fmt: skip


def make_tool_call(number: int) -> None:
    conversation = make_conversation()
    run = make_run(conversation, number)
    ToolCall.objects.create(run=run, conversation_id=conversation.pk, tool=Tool.Name.ORDER_STATUS, outcome="ok")


def make_lead(_number: int) -> None:
    conversation = make_conversation()
    Lead.objects.create(
        conversation=conversation,
        episode=conversation.episodes.get(),
        email="a@b.example",
        consent="Yes",
        consent_seq=1,
    )


def make_approval(number: int) -> None:
    conversation = make_conversation()
    decided: dict[str, Any] = {"state": "approved", "decided_by": make_user(), "decided_at": timezone.now()}
    Approval.objects.create(run=make_run(conversation, number), conversation=conversation, tool="lead", **decided)


def make_gap(number: int) -> None:
    conversation = make_conversation()
    make_message(conversation, "Do you rent canoes?")
    make_message(conversation, "Yes, we do.", sender="human")
    gap = Gap.objects.create(vector=b"", count=number)
    GapQuestion.objects.create(run=make_run(conversation, number), gap=gap, at=timezone.now())


def make_finding(_number: int) -> None:
    left, right = Passage.objects.order_by("pk")[:2]
    KnowledgeFinding.objects.create(
        kind="duplicate", left_public_id=uuid.uuid4(), right_public_id=uuid.uuid4(), left=left, right=right,
        left_words="30 days", right_words="45 days", score=0.9,
    )  # fmt: skip


def make_import(number: int) -> None:
    job = ImportJob.objects.create(language="en", requested_by=make_user())
    ImportFile.objects.create(job=job, position=number, name="a.md", size=1, content=b"x")


def make_promise(_number: int) -> None:
    Promise.objects.create(
        conversation=make_conversation(), text="A call.", made_by="Dana", due_at=timezone.now() - timedelta(hours=1)
    )


@pytest.mark.parametrize(
    ("page", "make"),
    [
        ("admin:agent_toolcall_changelist", make_tool_call),
        ("admin:agent_lead_changelist", make_lead),
        ("admin:agent_approval_changelist", make_approval),
        ("knowledge-gaps", make_gap),
        ("admin:agent_knowledgefinding_changelist", make_finding),
        ("admin:agent_importjob_changelist", make_import),
        ("admin:conversations_promise_changelist", make_promise),
    ],
)
def test_a_list_asks_as_much_for_two_hundred_rows_as_for_ten(
    client: Client, first_release: Release, page: str, make: Callable[[int], None]
) -> None:
    client.force_login(make_user(role=Role.ADMIN))
    for number in range(FEW):
        make(number)
    few = queries(client, page)

    for number in range(FEW, MANY):
        make(number)

    assert queries(client, page) == few


def test_the_list_of_tools_asks_as_much_for_all_as_for_one(client: Client, first_release: Release) -> None:
    client.force_login(make_user(role=Role.ADMIN))
    Tool.objects.create(name=Tool.Name.LEAD)
    one = queries(client, "admin:agent_tool_changelist")

    Tool.objects.bulk_create(Tool(name=name) for name in Tool.Name.values if name != Tool.Name.LEAD)

    assert queries(client, "admin:agent_tool_changelist") == one


def queries(client: Client, page: str) -> int:
    """How many queries the first page of a list takes, once caches are warm."""
    client.get(reverse(page))
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(reverse(page))
    assert answer.status_code == 200
    return len(captured)
