"""A shop's own order system on loopback: it judges our signature and answers what a test has scripted."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from core import signing
from integrations import standard_webhooks

SECRET = signing.new_secret()


@dataclass
class Shop:
    """What it knows, what it was asked, and how it behaves. ``orders`` is by (number, e-mail address)."""

    orders: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    refused: int = 0
    status: int = 200
    body: bytes | None = None
    hold: threading.Event | None = None
    port: int = 0

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}/order-status"

    def knows(self, number: str, email: str = "", *, status: str = "shipped", **values: Any) -> None:
        """Put an order into its books."""
        self.orders[number, email] = {"number": number, "status": status, **values}


class _Handler(BaseHTTPRequestHandler):
    shop: Shop

    def do_POST(self) -> None:
        shop, body = self.shop, self.rfile.read(int(self.headers["Content-Length"]))
        claim = standard_webhooks.claim_of(dict(self.headers.items()))
        if not claim.is_proved_by(SECRET, body):
            shop.refused += 1
            self._answer(401, b"")
            return
        asked = json.loads(body)
        shop.asked.append(asked)
        if shop.hold is not None:
            shop.hold.wait(30)
        data = asked["data"]
        order = shop.orders.get((data["order_number"], data["email"]))
        found = {"found": order is not None} | ({"order": order} if order is not None else {})
        self._answer(shop.status, json.dumps(found).encode() if shop.body is None else shop.body)

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def open_shop() -> Iterator[Shop]:
    """A shop that is open while the block runs."""
    shop = Shop()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"shop": shop}))
    server.daemon_threads = True
    shop.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield shop
    finally:
        if shop.hold is not None:
            shop.hold.set()
        server.shutdown()
        server.server_close()
