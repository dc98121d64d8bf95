"""The door, as these tests knock at it."""

import json
from typing import Any

from django.http import HttpResponse
from django.test import Client

from conversations.models import Message
from integrations import services
from integrations.models import WebhookEvent
from tests.integrations.tiktok import event, post

State = WebhookEvent.State


def taken(body: bytes, **how: Any) -> WebhookEvent:
    """The event after it came through the door and was taken in."""
    answer = post(Client(), body, **how)
    assert answer.status_code == 200, answer.content
    kept = WebhookEvent.objects.latest("pk")
    assert bytes(kept.body) == body
    services.ingest_event(kept.pk)
    kept.refresh_from_db()
    return kept


def within(body: bytes) -> bytes:
    """The fields of a small JSON object where TikTok would carry them."""
    fields = json.loads(body)
    envelope = {"create_time": fields.pop("create_time")} if "create_time" in fields else {}
    return event("receive_text", content={"text": {"body": fields.pop("text")}, **fields}, **envelope)


def refused(answer: HttpResponse, status: int) -> None:
    """Refused with JSON that tells nothing, and nothing was kept."""
    assert answer.status_code == status
    assert set(json.loads(answer.content)) == {"detail"}
    assert not WebhookEvent.objects.exists()


def set_aside(body: bytes, reason: str) -> None:
    """Answered 200, kept word for word, and shown with its reason."""
    kept = taken(body)
    assert (kept.state, kept.reason.partition(":")[0]) == (State.QUARANTINED, reason)
    assert not Message.objects.exists()
