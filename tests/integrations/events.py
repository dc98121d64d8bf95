"""The other end of a signed webhook for the tests: its events as bytes, signed and posted, and an account they are for."""

import json
import time
from typing import Any

from django.http import HttpResponse
from django.test import Client

from integrations import keys, standard_webhooks
from integrations.models import PlatformAccount
from tests.factories import make_account

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
OTHER_SECRET = "whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="


def events_account(**values: Any) -> PlatformAccount:
    """An account by signed webhook."""
    given: dict[str, Any] = {
        "secrets": {"secret": SECRET},
        "name": "The shop's own app",
        "api_base": "http://127.0.0.1:9/replies",
    }
    account = make_account(platform="events", **(given | values))
    keys.forget()
    return account


def created(text: str = "Where is my parcel?", **changes: Any) -> bytes:
    """The bytes of a ``message.created``, with what is changed of its data."""
    data = {
        "id": "m-1",
        "conversation_id": "c-1",
        "customer": {"id": "u-1", "name": "Ada Marsh", "locale": "en-GB"},
        "text": text,
        "sent_at": "2026-11-28T10:00:00+00:00",
    }
    event = {"type": "message.created", "timestamp": "2026-11-28T10:00:01Z", "data": data | changes}
    return json.dumps(event).encode()


def post(
    account: PlatformAccount,
    body: bytes,
    *,
    secret: str = SECRET,
    identifier: str = "evt-1",
    at: float | None = None,
    headers: dict[str, str] | None = None,
) -> HttpResponse:
    """Knock at the account's door with a signed body."""
    moment = int(time.time() if at is None else at)
    signed = standard_webhooks.signed([secret], id=identifier, at=moment, body=body)
    path = f"/webhooks/events/{account.public_id}"
    return Client().post(  # type: ignore[return-value]
        path, body, content_type="application/json", headers=signed if headers is None else headers
    )
