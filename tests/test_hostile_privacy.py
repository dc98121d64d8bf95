"""The hostile cases of requests to the inside, exports and privacy; outside data, so HOSTILE_CASES says where it is."""

import json
import os
import re
import socket
import threading
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pytest_django import Settings

from conversations.models import Attachment
from core import egress, http
from core.exceptions import AnswerTooLong, EgressRefused
from integrations import services as integrations
from tests.integrations.tiktok import event, keep, text_event, tiktok_account
from tests.outside import PUBLIC, certificate, listening

CASES_PATH = os.environ.get("HOSTILE_CASES", "")
CASES: dict[str, dict[str, Any]] = (
    {case["id"]: case for case in map(json.loads, Path(CASES_PATH).read_text().splitlines()) if case["id"][0] == "F"}
    if CASES_PATH
    else {}
)
ADDRESSES = [name for name, case in CASES.items() if case["surface"] == "ssrf" and name not in {"F-011", "F-016"}]
FIVE_MEGABYTES = 5_000_000

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not CASES_PATH, reason="HOSTILE_CASES is not set: the hostile cases are outside data"),
]


def address_of(name: str) -> str:
    """The address of a case; words behind it say what it does."""
    found = re.match(r"[^\s,]+", str(CASES[name]["input"]))
    assert found, f"{name} has no address"
    return found.group()


def call(url: str, *, seconds: float = 10.0, client: httpx2.Client | None = None) -> http.Answer:
    """One GET within the limits that the cases name."""
    deadline = time.monotonic() + seconds
    return http.exchange(
        client or http.client(), "GET", url, deadline=deadline, connect=min(3.0, seconds), limit=FIVE_MEGABYTES
    )


@pytest.mark.parametrize("name", ADDRESSES)
def test_an_address_to_the_inside_is_not_fetched(
    name: str, settings: Settings, names: dict[str, list[list[str]]], dialled: list[str]
) -> None:
    settings.EGRESS_ALLOW = []
    names["rebind.evil.example"] = [[PUBLIC], ["127.0.0.1"]]

    with pytest.raises((EgressRefused, httpx2.ConnectError, httpx2.InvalidURL)):
        call(address_of(name))

    assert all(egress.is_public(address) for address in dialled)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case["surface"] == "ssrf"])
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


def test_f_016_what_never_ends_is_cut_by_time_and_by_size(settings: Settings) -> None:
    ended = threading.Event()

    def slow(line: socket.socket) -> None:
        line.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while not ended.wait(0.02):
            line.sendall(b"x")

    def big(line: socket.socket) -> None:
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n")
        while not ended.is_set():
            line.sendall(b"x" * 65_536)

    with listening(slow) as slow_port, listening(big) as big_port:
        settings.EGRESS_ALLOW = [f"127.0.0.1:{slow_port}", f"127.0.0.1:{big_port}"]
        with pytest.raises(httpx2.TimeoutException):
            call(f"http://127.0.0.1:{slow_port}/", seconds=0.5)
        with pytest.raises(AnswerTooLong):
            call(f"http://127.0.0.1:{big_port}/")
        ended.set()
