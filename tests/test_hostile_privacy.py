"""The hostile cases of requests to the inside, exports and privacy."""

import csv
import io
import re
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from conversations import services as conversations
from conversations.models import Attachment, Conversation, Customer, Delivery, Message
from conversations.types import MessageFacts, Reply, SendOutcome, TurnResult
from core import egress, http
from core.exceptions import EgressRefused, NotAllowed
from core.models import AuditEvent, User
from core.policy import Role
from core.sheets import as_csv
from integrations import services as integrations
from integrations.platforms import PLATFORMS, calls
from integrations.platforms.base import CallFailed
from privacy import services as privacy
from privacy.models import Export
from privacy.services import messages_file
from supportagent import settings as ours
from tests.factories import make_account, make_api_key, make_channel, make_conversation, make_message, make_user
from tests.hostile.cases import CASES, covers
from tests.integrations.tiktok import event, keep, text_event, tiktok_account
from tests.outside import PUBLIC, certificate, listening
from tests.pictures import make_png
from tests.privacy.marker import places
from tests.privacy.people import told

INSIDE = [name for name, case in CASES.items() if case["surface"] == "ssrf"]
ADDRESSES = [name for name in INSIDE if name not in {"F-011", "F-016"}]
MARKER = "zq7xkvwp93"

pytestmark = pytest.mark.django_db


def address_of(name: str) -> str:
    """The address of a case; words behind it say what it does."""
    found = re.match(r"[^\s,]+", str(CASES[name]["input"]))
    assert found, f"{name} has no address"
    return found.group()


def call(url: str, *, seconds: float = 10.0, client: httpx2.Client | None = None) -> http.Answer:
    """One GET within the limits that the cases name."""
    deadline = time.monotonic() + seconds
    return http.exchange(
        client or http.client(), "GET", url, deadline=deadline, connect=min(3.0, seconds), limit=calls.PICTURE_BYTES
    )


@covers(*ADDRESSES)
@pytest.mark.parametrize("name", ADDRESSES)
def test_an_address_to_the_inside_is_not_fetched(
    name: str, settings: Settings, names: dict[str, list[list[str]]], dialled: list[str]
) -> None:
    settings.EGRESS_ALLOW = []
    names["rebind.evil.example"] = [[PUBLIC], ["127.0.0.1"]]

    with pytest.raises((EgressRefused, httpx2.ConnectError, httpx2.InvalidURL)):
        call(address_of(name))

    assert all(egress.is_public(address) for address in dialled)


@pytest.mark.parametrize("name", INSIDE)
def test_an_address_in_what_a_customer_sends_is_kept_as_text(name: str, settings: Settings, dialled: list[str]) -> None:
    tiktok_account()
    settings.EGRESS_ALLOW = []
    url = address_of(name)

    in_words = keep(text_event(f"Look at {url}", message_id=f"words-{name}"))
    beside = keep(event("receive_share_post", content={"share_post": {"embed_url": url}, "message_id": f"post-{name}"}))
    for kept in (in_words, beside):
        integrations.ingest_event(kept.pk)
    integrations.fetch_media()

    assert Attachment.objects.get().state == Attachment.State.REFERENCED
    assert dialled == []


@covers("F-011")
def test_f_011_a_redirect_to_the_inside_is_not_followed(
    settings: Settings, names: dict[str, list[list[str]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = httpx2.URL(address_of("F-011")).host
    names[host] = [[PUBLIC]]
    settings.EGRESS_ALLOW = []
    ours, trusted = certificate(tmp_path, host)
    inside: list[str] = []

    def redirect(line: socket.socket) -> None:
        line.sendall(f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{inner}/\r\nContent-Length: 0\r\n\r\n".encode())

    with listening(redirect, ours) as outer, listening(lambda _: inside.append("reached")) as inner:
        dial = socket.create_connection
        monkeypatch.setattr(
            socket, "create_connection", lambda _, *rest, **more: dial(("127.0.0.1", outer), *rest, **more)
        )
        client = httpx2.Client(transport=http.GuardedTransport(trusted), follow_redirects=False)
        answer = call(address_of("F-011"), client=client)

    assert answer.status == 302
    assert inside == []


@covers("F-016")
def test_f_016_what_never_ends_is_cut_by_time_and_by_size_and_other_files_are_fetched(settings: Settings) -> None:
    ended = threading.Event()

    def slow(line: socket.socket) -> None:
        line.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while not ended.wait(0.02):
            line.sendall(b"x")

    def big(line: socket.socket) -> None:
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n")
        while not ended.is_set():
            line.sendall(b"x" * 65_536)

    assert ours.PLATFORM_CALL_SECONDS == 10
    settings.PLATFORM_CALL_SECONDS, settings.EGRESS_ALLOW = 0.5, ["127.0.0.1:*"]
    with listening(slow) as slow_port, listening(big) as big_port, listening(answering(make_png())) as good_port:
        waiting = [waiting_file(port) for port in (slow_port, big_port, good_port)]

        # By the one hand that fetches, in this order.
        assert integrations.fetch_media() == 1
        ended.set()

    for attachment in waiting:
        attachment.refresh_from_db()
    # The slow one has its next try; what is too large would be so again.
    assert [attachment.state for attachment in waiting] == ["waiting", "failed", "kept"]
    assert waiting[0].next_attempt_at is not None
    assert waiting[0].next_attempt_at > timezone.now()


@covers("F-016")
@pytest.mark.parametrize("platform", ["tiktok", "events"])
@pytest.mark.parametrize(("kind", "most"), [("image", 5_000_000), ("video", 20_000_000)])
def test_f_016_of_a_file_no_more_is_read_than_the_product_allows(
    platform: str, kind: str, most: int, settings: Settings
) -> None:
    settings.EGRESS_ALLOW = ["127.0.0.1:*"]

    assert fetched(platform, kind, b"x" * most) == most
    with pytest.raises(CallFailed, match=f"more than {most // 1_000_000} MB") as failure:
        fetched(platform, kind, b"x" * (most + 1))

    assert failure.value.result.outcome is SendOutcome.REFUSED


def fetched(platform: str, kind: str, content: bytes) -> int:
    """How many bytes an account of the platform gets of a file that a customer sent."""
    link = b'{"code": 0, "message": "OK", "data": {"download_url": "http://127.0.0.1:%d/file"}}'
    # TikTok is asked for the file's address first; there is one server for both.
    bodies = [content] if platform == "events" else [link, content]
    with listening(lambda line: in_turn(line, bodies)) as port:
        account = make_account(platform=platform, api_base=f"http://127.0.0.1:{port}/open_api/v1.3")
        file = PLATFORMS[platform].fetch_media(
            PLATFORMS[platform].session(account), thread_key="t", message_id="m", media_id=f"http://127.0.0.1:{port}/file", kind=kind
        )  # fmt: skip
    return len(file.content)


def answering(body: bytes) -> Callable[[socket.socket], None]:
    """A server that answers each request with these bytes."""
    return lambda line: line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def in_turn(line: socket.socket, bodies: list[bytes]) -> None:
    """Answer with the first of the bodies that was not told yet; a ``%d`` in it is the server's port."""
    body = bodies.pop(0)
    answering(body % line.getsockname()[1] if b"%d" in body else body)(line)


def waiting_file(port: int) -> Attachment:
    """A picture on the host of an account of its own, to be fetched."""
    account = make_account(platform="events", api_base=f"http://127.0.0.1:{port}/replies")
    conversation = make_conversation(channel=make_channel(account))
    return Attachment.objects.create(
        message=make_message(conversation), kind="image", state="waiting", media_id=f"http://127.0.0.1:{port}/a.png",
        next_attempt_at=timezone.now() - timedelta(minutes=1),
    )  # fmt: skip


@covers("F-002")
@pytest.mark.parametrize("by", ["address", "name", "another loopback"])
def test_f_002_not_even_by_an_operators_word_is_our_own_store_called(
    by: str, settings: Settings, names: dict[str, list[list[str]]], dialled: list[str]
) -> None:
    names["redis.example"] = names["innocent.example"] = [["10.0.0.9"]]
    settings.EGRESS_ALLOW = ["10.0.0.9:*", "innocent.example:*", "127.0.0.2:*"]
    settings.REDIS_URL = f"redis://{'127.0.0.1' if by == 'another loopback' else 'redis.example'}:6390/0"
    host = {"address": "10.0.0.9", "name": "innocent.example", "another loopback": "127.0.0.2"}[by]

    with pytest.raises(EgressRefused, match="our own data"):
        call(f"http://{host}:6390/")

    assert dialled == []
    # The port makes the difference, as it does for a model server on the same machine.
    with pytest.raises(httpx2.ConnectError):
        call(f"http://{host}:6391/")
    assert dialled == [names[host][0][0] if host in names else host]


@covers("F-020")
def test_f_020_every_dangerous_cell_is_quoted_and_prefixed() -> None:
    words = str(CASES["F-020"]["input"])
    signs = [*"=+-@\t\r\n", *(sign for sign in words if "\uff00" < sign < "\uffef")]
    cells = [f"{sign}1+1" for sign in signs] + [";=1+1", ",=1+1", '"\n=1+1"']

    text = as_csv([cells], is_start=False)

    assert next(csv.reader(io.StringIO(text, newline=""))) == [f"'{cell}" for cell in cells]
    assert text.count("\"'") == len(cells)


@covers("F-021")
@pytest.mark.parametrize("role", [Role.AGENT, Role.VIEWER])
def test_f_021_an_export_is_for_whoever_may_and_its_link_for_whoever_asked(role: Role, client: Client) -> None:
    with pytest.raises(NotAllowed):
        privacy.request_messages_export(make_user(role=role))
    export = exported(make_user(role=Role.SUPERVISOR))
    address = f"/exports/{export.public_id}/"

    client.force_login(make_user(role=role))
    assert client.get(address).status_code == 404
    assert export.requested_by is not None
    client.force_login(export.requested_by)
    assert client.get(address).status_code == 200
    Export.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.get(address).status_code == 404
    assert AuditEvent.objects.get(action="export.written").after["rows"] == export.rows
    assert AuditEvent.objects.get(action="export.downloaded").after["rows"] == export.rows


@covers("F-021")
def test_f_021_no_key_asks_for_a_file_or_takes_one(client: Client) -> None:
    export = exported(make_user(role=Role.SUPERVISOR))
    for scopes in (("conversations:read",), ("conversations:export", "analytics:read")):
        _, key = make_api_key(scopes=scopes)
        headers = {"Authorization": f"Bearer {key}"}

        for address in (f"/exports/{export.public_id}/", "/admin/privacy/export/", "/dashboard/rows/runs/csv/"):
            answer = client.get(address, headers=headers)
            assert answer.status_code == 302
            assert answer.headers["Location"].partition("?")[0] in {"/accounts/login/", "/admin/login/"}
        assert client.post("/admin/privacy/export/add/", {}, headers=headers).status_code in {302, 403}

    assert Export.objects.count() == 1
    assert not AuditEvent.objects.filter(action="export.downloaded").exists()


@covers("F-023")
def test_f_023_an_export_asks_for_a_page_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    messages(130)
    monkeypatch.setattr(messages_file, "CHUNK", 20)

    with CaptureQueriesContext(connection) as asked:
        export = exported(make_user(role=Role.SUPERVISOR))

    pages = [query["sql"] for query in asked if 'FROM "conversations_message"' in query["sql"]]
    assert len(pages) == 7
    assert all("LIMIT 20" in page for page in pages)
    assert export.rows == 130


@covers("F-023")
def test_f_023_memory_does_not_grow_with_an_export(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages_file, "CHUNK", 20)
    supervisor = make_user(role=Role.SUPERVISOR)

    def most_at_once() -> int:
        tracemalloc.start()
        try:
            export = exported(supervisor)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
            assert export.rows == Message.objects.count()

    messages(60, "x" * 10_000)
    most_at_once()  # what is loaded once and kept is no growth
    few = most_at_once()
    messages(300, "x" * 10_000)

    # Six times the rows: three million characters more, if they were held.
    assert most_at_once() - few < 1_000_000


@covers("F-024", "F-025")
def test_f_024_and_f_025_nothing_of_the_erased_is_left_and_what_they_write_anew_is_new(settings: Settings) -> None:
    settings.FOUR_EYES = False
    person = told(MARKER)
    conversations.hand_back(person.conversation, person.staff)
    asks = text_event(f"And {MARKER}?", message_id="m-9", thread=f"thread-{MARKER}", customer=f"person-{MARKER}")
    integrations.ingest_event(keep(asks).pk)
    Conversation.objects.update(ready_at=timezone.now() - timedelta(seconds=1))
    thinking = conversations.claim_turn(person.conversation.pk, owner="a worker")
    assert thinking is not None
    unsent = set(Delivery.objects.filter(state=Delivery.State.PENDING).values_list("pk", flat=True))
    assert unsent
    began = time.monotonic()

    erasure = privacy.request_erasure(person.customer, None)
    assert privacy.work_erasure(erasure.pk)

    assert time.monotonic() - began < 60
    assert places(MARKER) == []
    # What was in flight is cancelled: the words that were to be sent, and those that were being thought of.
    assert set(Delivery.objects.filter(pk__in=unsent).values_list("state", flat=True)) == {Delivery.State.CANCELLED}
    assert conversations.claim_delivery(person.conversation.pk) is None
    said = conversations.commit_turn(thinking, Reply(text=f"Dear {MARKER}"), run_id=1, facts=MessageFacts())
    assert said in {TurnResult.CANCELLED_BY_HUMAN, TurnResult.FENCED}
    assert places(MARKER) == []
    integrations.ingest_event(keep(person.bodies[0]).pk)
    assert places(MARKER) == []
    again = text_event("Hello again", message_id="new-1", thread=f"thread-{MARKER}", customer=f"person-{MARKER}")
    integrations.ingest_event(keep(again).pk)
    assert Customer.objects.filter(erased_at=None).count() == 1


def messages(number: int, text: str = "Hello") -> None:
    """So many messages of one conversation, all answered."""
    conversation = make_conversation()
    first = make_message(conversation, text, disposition="ignored")
    Message.objects.bulk_create(
        Message(
            conversation=conversation, account_id=conversation.account_id, seq=first.seq + further, direction="in",
            sender_type="customer", text=text, disposition="ignored", created_at=first.created_at,
        )
        for further in range(1, number)
    )  # fmt: skip


def exported(by: User) -> Export:
    """A whole export of messages."""
    export = privacy.request_messages_export(by)
    assert privacy.work_export(export.pk)
    export.refresh_from_db()
    return export
