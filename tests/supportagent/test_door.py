"""The way in for platforms under ASGI."""

import asyncio
import threading
import time
from typing import Any

import pytest
from asgiref import testing

from integrations import keys
from integrations.models import WebhookEvent
from integrations.platforms.tiktok import signature
from supportagent.asgi import application
from supportagent.door import THREADS
from supportagent.quick_door import Reply, reply
from tests.integrations.tiktok import SECRET, text_event, tiktok_account

# It has no types.
Communicator: Any = testing.ApplicationCommunicator

Sent = tuple[int, dict[bytes, bytes], bytes]


def scope(method: str, path: str, *headers: tuple[bytes, bytes]) -> dict[str, Any]:
    """A request's head, as an ASGI server tells it."""
    at, _, query = path.partition("?")
    host = (b"host", b"localhost")
    shape = {"type": "http", "http_version": "1.1", "method": method, "path": at, "query_string": query.encode()}
    return shape | {"headers": [host, *headers], "client": ("127.0.0.1", 5000), "server": ("localhost", 80)}


async def ask(head: dict[str, Any], *pieces: bytes) -> Sent:
    """Status, headers and body of the answer."""
    communicator = Communicator(application, head)
    for number, piece in enumerate(pieces or (b"",), start=1):
        await communicator.send_input({"type": "http.request", "body": piece, "more_body": number < len(pieces)})
    start = await communicator.receive_output(10)
    body = b""
    while (part := await communicator.receive_output(10)).get("more_body"):
        body += part["body"]
    await communicator.wait(10)
    return start["status"], dict(start["headers"]), body + part.get("body", b"")


@pytest.mark.django_db(transaction=True)
def test_an_event_in_pieces_is_kept_word_for_word_in_a_thread_of_the_doors(monkeypatch: pytest.MonkeyPatch) -> None:
    tiktok_account()
    keys.warm()
    body = text_event("Hello", message_id="door-1")
    signed = (b"tiktok-signature", signature.sign(SECRET, body, time=int(time.time())).encode())
    length = (b"content-length", str(len(body)).encode())
    seen: list[str] = []

    def noting(*about: Any) -> Reply | None:
        seen.append(threading.current_thread().name)
        return reply(*about)

    monkeypatch.setattr("supportagent.door.reply", noting)
    status, headers, _ = asyncio.run(
        ask(scope("POST", "/webhooks/tiktok/", signed, length), body[:9], body[9:40], body[40:])
    )

    assert status == 200
    assert bytes(WebhookEvent.objects.get().body) == body
    assert b"X-Request-ID" in headers
    assert len(seen) == 1
    assert seen[0].startswith("door_")


@pytest.mark.django_db(transaction=True)
def test_a_header_whose_name_could_be_taken_for_another_one_is_not_read() -> None:
    tiktok_account()
    keys.warm()
    body = text_event("Hello", message_id="door-2")
    signed = (b"tiktok_signature", signature.sign(SECRET, body, time=int(time.time())).encode())

    status, _, _ = asyncio.run(ask(scope("POST", "/webhooks/tiktok", signed), body))

    assert status == 401
    assert not WebhookEvent.objects.exists()


def test_a_refusal_has_all_that_answers_have() -> None:
    status, headers, body = asyncio.run(ask(scope("GET", "/webhooks/nobody/")))

    assert status == 404
    assert headers[b"X-Content-Type-Options"] == b"nosniff"
    assert body


def test_who_hangs_up_in_mid_body_is_not_answered() -> None:
    async def hang_up() -> bool:
        communicator = Communicator(application, scope("POST", "/webhooks/tiktok/"))
        await communicator.send_input({"type": "http.request", "body": b"{", "more_body": True})
        await communicator.send_input({"type": "http.disconnect"})
        await communicator.wait(10)
        return bool(await communicator.receive_nothing())

    assert asyncio.run(hang_up())


def test_many_at_once_are_answered_by_a_few_threads() -> None:
    async def everybody() -> list[Sent]:
        return await asyncio.gather(
            *(ask(scope("GET", f"/webhooks/verify?challenge={number}")) for number in range(100))
        )

    answers = asyncio.run(everybody())

    assert [body for _, _, body in answers] == [b'{"challenge": "%d"}' % number for number in range(100)]
    assert sum(thread.name.startswith("door_") for thread in threading.enumerate()) <= THREADS


@pytest.mark.django_db(transaction=True)
def test_pages_do_not_come_in_here() -> None:
    status, headers, _ = asyncio.run(ask(scope("GET", "/workspace/")))

    assert status == 302
    assert b"/accounts/login" in headers[b"Location"]
