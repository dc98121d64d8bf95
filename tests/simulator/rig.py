"""A running simulator, a receiver for its webhooks, and a client that speaks to both sides."""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2

from drill import wire
from simulator.app import Simulator
from simulator.tiktok import signature

CLIENT_KEY = "7000000000000000001"
SECRET = "tt-test-secret"
BUSINESS = "biz-open-id"
TOKEN = "act.first"
REFRESH = "rft.first"
API = "/open_api/v1.3"


def wait_until(condition: Callable[[], object], *, seconds: float = 10.0) -> None:
    """Return once the condition holds; fail when it does not in time."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "It did not happen in time."
        pause.wait(0.01)


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One webhook as it arrived."""

    body: bytes
    headers: Mapping[str, str]
    at: float

    @property
    def event(self) -> str:
        """The event's name."""
        return str(json.loads(self.body)["event"])

    @property
    def content(self) -> dict[str, Any]:
        """The content, parsed the second time."""
        content: dict[str, Any] = json.loads(json.loads(self.body)["content"])
        return content

    @property
    def signed_at(self) -> int:
        """The signature's time."""
        return int(self.headers["tiktok-signature"].split(",")[0].removeprefix("t="))

    @property
    def is_signed(self) -> bool:
        """Whether the app's secret signed these bytes."""
        expected = signature.header(SECRET, body=self.body, at=self.signed_at)
        return self.headers["tiktok-signature"] == expected


@dataclass(slots=True)
class Receiver:
    """A product's door: keeps what arrives and answers ``statuses`` first, then 200 (401 to a forgery)."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    hold: threading.Event = field(default_factory=threading.Event)
    holding: bool = False

    def texts(self) -> list[str]:
        """The texts of the messages that arrived, in order of arrival."""
        return [each.content["text"]["body"] for each in self.received if "text" in each.content]


@contextlib.contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that listens."""
    receiver = Receiver()
    lock = threading.Lock()

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            one = Received(body=body, headers=headers, at=time.time())
            with lock:
                receiver.received.append(one)
                status = receiver.statuses.pop(0) if receiver.statuses else (200 if one.is_signed else 401)
            if receiver.holding:
                receiver.hold.wait(10)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    server.daemon_threads = True
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield receiver
    finally:
        receiver.hold.set()
        server.shutdown()
        server.server_close()


@dataclass(slots=True, kw_only=True)
class Rig:
    """A simulator and a way to speak to it."""

    simulator: Simulator
    receiver: Receiver
    client: httpx2.Client

    def order(self, path: str, **order: object) -> dict[str, Any]:
        """An order to the control API, which must be accepted."""
        # Escaped by the standard library: the client's own encoder refuses half a surrogate pair.
        headers = {"Content-Type": "application/json"}
        response = self.client.post(f"/_sim/{path}", content=json.dumps(order), headers=headers)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def look(self, path: str) -> dict[str, Any]:
        """A look at the control API."""
        response = self.client.get(f"/_sim/{path}")
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def say(self, text: str = "Where is my order?", **order: Any) -> dict[str, Any]:
        """A customer says something."""
        return self.order("say", **({"user": "jane.k", "text": text} | order))

    def post(self, path: str, *, token: str = TOKEN, **parameters: Any) -> dict[str, Any]:
        """An API call; answers the envelope."""
        response = self.client.post(
            f"{API}{path}", json={"business_id": BUSINESS} | parameters, headers={"Access-Token": token}
        )
        assert response.status_code == 200, response.text
        envelope: dict[str, Any] = response.json()
        return envelope

    def get(self, path: str, *, token: str = TOKEN, **parameters: str) -> dict[str, Any]:
        """An API query; answers the envelope."""
        response = self.client.get(
            f"{API}{path}", params={"business_id": BUSINESS} | parameters, headers={"Access-Token": token}
        )
        assert response.status_code == 200, response.text
        envelope: dict[str, Any] = response.json()
        return envelope

    def send(self, conversation_id: str, text: str = "It left today.", **parameters: Any) -> dict[str, Any]:
        """Send a text; answers the envelope."""
        return self.post(
            "/business/message/send/",
            **(
                {
                    "recipient_type": "CONVERSATION",
                    "recipient": conversation_id,
                    "message_type": "TEXT",
                    "text": {"body": text},
                }
                | parameters
            ),
        )

    def log(self, kind: str) -> list[dict[str, Any]]:
        """The truth log's rows of one kind."""
        rows: list[dict[str, Any]] = self.look(f"log?kind={kind}")["rows"]
        return rows

    def fault(self, where: str, kind: str, **rule: object) -> None:
        """Put one fault rule in force."""
        self.order("faults", rules=[{"where": where, "kind": kind} | rule])

    def is_quiet(self) -> bool:
        """Whether every webhook is delivered or given up."""
        webhooks = self.look("state?acked=0")["webhooks"]
        return bool(webhooks["pending"] == 0)


def config(callback_url: str | None) -> dict[str, Any]:
    """The file that the product writes."""
    return {
        "apps": [
            {
                "client_key": CLIENT_KEY,
                "client_secret": SECRET,
                "callback_url": callback_url,
                "redirect_uri": "http://127.0.0.1:9/callback",
                "accounts": [
                    {
                        "business_id": BUSINESS,
                        "display_name": "Acme Shop",
                        "username": "acme.shop",
                        "access_token": TOKEN,
                        "refresh_token": REFRESH,
                    },
                    {
                        "business_id": "other-open-id",
                        "display_name": "Other Shop",
                        "username": "other.shop",
                        "access_token": "act.other",
                        "refresh_token": "rft.other",
                    },
                ],
            }
        ],
        "scripted": {"enabled": False},
        "settings": {"retry_factor": 0.02, "query_limit_per_minute": 0},
    }


@contextlib.contextmanager
def running(data: Path, receiver: Receiver, *, callback_url: str | None = "") -> Iterator[Rig]:
    """A simulator on a free port; without ``callback_url`` it sends its webhooks to the receiver."""
    simulator = Simulator(
        host="127.0.0.1",
        port=0,
        data=data,
        config=config(receiver.url if callback_url == "" else callback_url),
    )
    simulator.start()
    try:
        with wire.Client(base_url=simulator.base_url, timeout=10) as client:
            yield Rig(simulator=simulator, receiver=receiver, client=client)
    finally:
        simulator.stop()
