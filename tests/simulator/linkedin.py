"""A running LinkedIn, and a door for its webhooks that answers its challenges."""

import contextlib
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx2

from drill import wire
from simulator.app import Simulator
from tests.simulator.rig import wait_until

CLIENT_ID = "li-app"
APPLICATION = "221195"
SECRET = "li-test-secret"
PAGE = "urn:li:organization:111"
POST = "urn:li:activity:7000000000000000000"
TOKEN = "li.first"
REFRESH = "li.refresh"
HEADERS = {"LinkedIn-Version": "202606", "X-Restli-Protocol-Version": "2.0.0"}


@dataclass(slots=True)
class Door:
    """A product's door: answers challenges while it ``answers``, keeps what is posted and says ``status``."""

    base_url: str = ""
    answers: bool = True
    status: int = 200
    challenges: int = 0
    received: list[tuple[bytes, Mapping[str, str]]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where the app's events come in."""
        return f"{self.base_url}/webhooks/linkedin/{CLIENT_ID}"

    def notifications(self) -> list[dict[str, Any]]:
        """Every notification that was posted, in order of arrival."""
        return [item for body, _ in self.received for item in json.loads(body)["notifications"]]


@contextlib.contextmanager
def door() -> Iterator[Door]:
    """A door that listens."""
    kept = Door()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kept.challenges += 1
            code = parse_qs(urlsplit(self.path).query).get("challengeCode", [""])[0]
            digest = hmac.new(SECRET.encode(), code.encode(), hashlib.sha256).hexdigest()
            body = json.dumps({"challengeCode": code, "challengeResponse": digest}).encode()
            self._answer(200 if kept.answers else 503, body)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.received.append((body, {name.lower(): value for name, value in self.headers.items()}))
            self._answer(kept.status, b"{}")

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    kept.base_url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()


@dataclass(slots=True, kw_only=True)
class LinkedInRig:
    """A simulator and a way to speak to it as the product and as a member."""

    simulator: Simulator
    door: Door
    client: httpx2.Client

    @property
    def base_url(self) -> str:
        """Where LinkedIn is."""
        return self.simulator.base_url

    def order(self, name: str, **order: object) -> dict[str, Any]:
        """An order, which must be accepted."""
        path = f"/_sim/linkedin/{name}" if name not in {"faults", "settings"} else f"/_sim/{name}"
        response = self.client.post(path, json=order)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def call(self, method: str, path: str, *, token: str = TOKEN, **given: Any) -> httpx2.Response:
        """A call of LinkedIn's interface."""
        headers = HEADERS | {"Authorization": f"Bearer {token}"} | given.pop("headers", {})
        return self.client.request(method, path, headers=headers, **given)

    def comment(self, top: str, text: str, **changes: Any) -> httpx2.Response:
        """A comment of the Page's under a comment."""
        order = {"actor": PAGE, "object": POST, "message": {"text": text}, "parentComment": top} | changes
        return self.call("POST", f"/rest/socialActions/{quote(top, safe='')}/comments", json=order)

    def log(self, kind: str) -> list[dict[str, Any]]:
        """The truth log's rows of one kind."""
        rows: list[dict[str, Any]] = self.client.get(f"/_sim/log?kind={kind}").json()["rows"]
        return rows


@contextlib.contextmanager
def linkedin(data: Path, **settings: Any) -> Iterator[LinkedInRig]:
    """A running LinkedIn whose webhook has been validated."""
    page = {
        "organization": PAGE,
        "name": "Acme",
        "access_token": TOKEN,
        "refresh_token": REFRESH,
        "posts": [{"activity": POST, "text": "New plans!"}],
    }
    with door() as listens:
        app = {
            "client_id": CLIENT_ID,
            "client_secret": SECRET,
            "application_id": APPLICATION,
            "webhook_url": listens.url,
            "pages": [page],
        }
        config = {"linkedin": [app], "settings": {"retry_factor": 0.001, "linkedin_calls_per_minute": 0} | settings}
        simulator = Simulator(host="127.0.0.1", port=0, data=data, config=config)
        simulator.start()
        try:
            with wire.Client(base_url=simulator.base_url, timeout=10) as client:
                wait_until(lambda: listens.challenges)
                rig = LinkedInRig(simulator=simulator, door=listens, client=client)
                wait_until(lambda: client.get("/_sim/linkedin").json()["apps"][0]["state"] == "validated")
                yield rig
        finally:
            simulator.stop()
