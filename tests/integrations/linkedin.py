"""LinkedIn's side for the tests: its events as bytes, signed and posted, and an account they are for."""

import hashlib
import json
from pathlib import Path
from typing import Any

from django.http import HttpResponse
from django.test import Client

from conversations import services as conversations
from conversations.models import Conversation
from core.policy import Role
from integrations import keys, services
from integrations.models import PlatformAccount, WebhookEvent
from integrations.platforms.linkedin import parse, signature
from tests.factories import make_account, make_user
from tests.simulator import linkedin as simulated
from tests.simulator.linkedin import LinkedInRig
from tests.waiting import wait_until

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures" / "linkedin"
CLIENT_ID = "li-app"
PAGE = "urn:li:organization:111"
SECRET = "li-test-secret"
AUTHOR = "urn:li:person:XyZ"
POST = "urn:li:activity:7000000000000000000"
COMMENT = f"urn:li:comment:({POST},7000000000000000002)"
# Nobody listens here, so whatever LinkedIn is asked goes unanswered at once.
NOWHERE = "http://127.0.0.1:9"


def linkedin_account(**values: Any) -> PlatformAccount:
    """The account that the fixtures are for; nobody is at its other end unless an address is given."""
    values = {
        "platform": "linkedin",
        "kind": "comments",
        "client_key": CLIENT_ID,
        "external_id": PAGE,
        "name": "Acme on LinkedIn",
        "api_base": NOWHERE,
        "auth_base": NOWHERE,
    } | values
    values.setdefault("secrets", {"secret": SECRET, "access_token": "li.first"})
    account = make_account(**values)
    keys.forget()
    return account


def account_at(rig: LinkedInRig, **values: Any) -> PlatformAccount:
    """Our account at a running LinkedIn, with the tokens that it knows."""
    secrets = {"secret": simulated.SECRET, "access_token": simulated.TOKEN, "refresh_token": simulated.REFRESH}
    return linkedin_account(api_base=rig.base_url, auth_base=rig.base_url, **({"secrets": secrets} | values))


def fixture(name: str) -> dict[str, Any]:
    """A fixture as JSON."""
    found: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text())
    return found


def comment(
    text: str = "Price for 50 seats?",
    *,
    number: int = 7000000000000000002,
    author: str = AUTHOR,
    action: str = "COMMENT",
    parent: str | None = None,
    page: str = PAGE,
    post: str = POST,
) -> dict[str, Any]:
    """The notification of one comment on a post of the Page."""
    item: dict[str, Any] = fixture("comment")["notifications"][0]
    told = {
        "entity": f"urn:li:comment:({post},{number})",
        "owner": author,
        "object": post,
        "text": text,
    }
    return item | {
        "notificationId": number % 10**12,
        "action": action,
        "organizationalEntity": page,
        "sourcePost": post,
        "generatedActivity": f"urn:li:comment:({post.removeprefix('urn:li:')},{number})",
        "decoratedGeneratedActivity": {"comment": told | ({"parentComment": parent} if parent else {})},
    }


def batch(*notifications: dict[str, Any]) -> bytes:
    """The bytes of a batch as LinkedIn posts it."""
    return json.dumps({"type": parse.SOCIAL, "notifications": list(notifications)}).encode()


def post(
    client: Client,
    body: bytes,
    *,
    secret: str = SECRET,
    path: str = "/webhooks/linkedin",
    headers: dict[str, str] | None = None,
) -> HttpResponse:
    """Knock at the door with a signed body."""
    given = {"X-LI-Signature": signature.sign(secret, body)} if headers is None else headers
    return client.post(path, body, content_type="application/json", headers=given)  # type: ignore[return-value]


def keep(body: bytes, *, client_key: str = CLIENT_ID) -> WebhookEvent:
    """An event as the door keeps it, without the door."""
    glance = parse.glance(body)
    digest = hashlib.sha256(body).hexdigest()
    return WebhookEvent.objects.create(
        source=f"linkedin:{client_key}",
        event_key=glance.event_key or f"sha256:{digest}",
        platform="linkedin",
        body=body,
        body_sha256=digest,
        conv_key=glance.conv_key,
    )


def deliver(client: Client, rig: LinkedInRig, count: int) -> None:
    """Wait for ``count`` batches of the running LinkedIn and bring all of them to our door as they came."""
    wait_until(lambda: len(rig.door.received) >= count, what="the webhooks")
    for body, headers in rig.door.received:
        signed = {"X-LI-Signature": headers["x-li-signature"]}
        answer = client.post("/webhooks/linkedin", body, content_type="application/json", headers=signed)
        assert answer.status_code == 200
    services.ingest_waiting()


def answered(text: str = "Nine a seat.") -> Conversation:
    """The first conversation, which a person has answered; what was due of it is sent."""
    talk = Conversation.objects.order_by("id").first()
    assert talk is not None
    conversations.reply(talk, text, talk.assignee or make_user(role=Role.SUPERVISOR))
    services.send_next(talk.pk)
    return talk
