"""TikTok's side for the tests: its events as bytes, signed and posted, and an account they are for."""

import hashlib
import json
import time
from pathlib import Path
from typing import Any

from django.http import HttpResponse
from django.test import Client

from integrations import keys
from integrations.models import PlatformAccount, WebhookEvent
from integrations.platforms.tiktok import parse, signature
from tests.factories import make_account

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures" / "tiktok"
CLIENT_KEY = "7000000000000000001"
BUSINESS = "biz-open-id"
SECRET = "tt-test-secret"
CUSTOMER = "8f1c-unique"
THREAD = "Y29udi0x+/=="


def tiktok_account(**values: Any) -> PlatformAccount:
    """The account that the fixtures are for."""
    values = {"client_key": CLIENT_KEY, "external_id": BUSINESS, "name": "Acme on TikTok"} | values
    values.setdefault("secrets", {"secret": SECRET, "access_token": "act.first", "refresh_token": "rft.first"})
    account = make_account(**values)
    keys.forget()
    return account


def event(name: str, *, content: dict[str, Any] | None = None, **changes: Any) -> bytes:
    """The bytes of a fixture as TikTok posts them: the content as JSON within JSON, with what is changed of both."""
    envelope = json.loads((FIXTURES / f"{name}.json").read_text())
    inner = envelope["content"] | (content or {})
    return json.dumps(envelope | {"content": json.dumps(inner)} | changes).encode()


def text_event(text: str, *, message_id: str, thread: str = THREAD, customer: str = CUSTOMER, **content: Any) -> bytes:
    """A customer's text."""
    person = {"id": customer, "role": "personal_account"}
    changes = {"message_id": message_id, "conversation_id": thread, "from_user": person, "text": {"body": text}}
    return event("receive_text", content=changes | content)


def post(
    client: Client,
    body: bytes,
    *,
    secret: str = SECRET,
    path: str = "/webhooks/tiktok",
    at: float | None = None,
    content_type: str = "application/json",
    headers: dict[str, str] | None = None,
) -> HttpResponse:
    """Knock at the door with a signed body."""
    signed = {"Tiktok-Signature": signature.sign(secret, body, time=int(at if at is not None else time.time()))}
    given = signed if headers is None else headers
    return client.post(path, body, content_type=content_type, headers=given)  # type: ignore[return-value]


def keep(body: bytes, *, client_key: str = CLIENT_KEY, late: bool = False) -> WebhookEvent:
    """An event as the door keeps it, without the door."""
    glance = parse.glance(body)
    digest = hashlib.sha256(body).hexdigest()
    return WebhookEvent.objects.create(
        source=f"tiktok:{client_key}",
        event_key=glance.event_key or f"sha256:{digest}",
        platform="tiktok",
        body=body,
        body_sha256=digest,
        conv_key=glance.conv_key,
        is_late=late,
    )


def said(person: int, text: str = "Where is my parcel?", *, name: str = "first") -> WebhookEvent:
    """What somebody wrote in a thread of their own, as the door keeps it; ``name`` tells their messages apart."""
    return keep(text_event(text, message_id=f"{name}-{person}", thread=f"t-{person}", customer=f"c-{person}"))
