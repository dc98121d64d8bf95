"""A voice note from a partner's app: fetched, written down by a provider on loopback, answered, and shown to staff."""

import json
import sqlite3
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from core.signing import signed
from drill import wire
from tests.agent.providers import Answer, serving
from tests.browser import DESKTOP, PHONE
from tests.product import RunningProduct, start_product
from tests.recordings import OGG
from tests.waiting import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, ViewportSize

pytestmark = [pytest.mark.browser, pytest.mark.product]

SAID = "How long does delivery take? <img src=x onerror=alert(1)> Call me at +44 20 7946 0000."
LONG = "I have waited for my parcel since Monday. " * 12


@dataclass
class Partner:
    """Somebody else's app: it serves the customer's voice notes and notes what is replied to it."""

    url: str = ""
    replies: list[str] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    partner: Partner

    def do_GET(self) -> None:
        self._answer(OGG, "audio/ogg")

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.partner.replies.append(body["data"]["text"])
        self._answer(b"{}", "application/json")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing is logged."""

    def _answer(self, content: bytes, content_type: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def partner_listening() -> Iterator[Partner]:
    """The partner, on a free port of loopback."""
    partner = Partner()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"partner": partner}))
    partner.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield partner
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A product in which two voice notes were heard, and the conversation they stand in."""

    product: RunningProduct
    conversation: str
    replies: list[str]


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Heard]:
    """Two voice notes come in, one after the other, and are answered or handed over."""
    with serving() as script, partner_listening() as partner:
        script.will("transcription", [Answer(text=SAID), Answer(text=LONG)])
        with start_product(
            tmp_path_factory.mktemp("heard"),
            demo=True,
            TRANSCRIPTION_MODEL="openai:whisper-test",
            OPENAI_API_KEY="key-for-tests-only",
            OPENAI_BASE_URL=f"http://127.0.0.1:{script.port}/v1",
        ) as product:
            account = product.manage_json(
                *("account", "add", "--platform", "events", "--name", "App", "--api-base", f"{partner.url}/replies")
            )
            for number in (1, 2):
                speak(account["webhook_url"], account["secret"], f"{partner.url}/note-{number}.ogg")
                wait_until(lambda n=number: len(partner.replies) == n, seconds=120, what="the answer")  # type: ignore[misc]
            with closing(sqlite3.connect(product.folder / "db.sqlite3", timeout=10)) as connection:
                ((found,),) = connection.execute(
                    "SELECT public_id FROM conversations_conversation WHERE platform = 'events'"
                )
            yield Heard(product=product, conversation=str(uuid.UUID(found)), replies=partner.replies)


def speak(address: str, secret: str, recording: str) -> None:
    """The partner reports a voice note of its customer."""
    data = {
        "id": uuid.uuid4().hex,
        "conversation_id": "c-1",
        "customer": {"id": "u-1", "name": "Ada Marsh", "locale": "en"},
        "text": "",
        "attachments": [{"url": recording, "type": "audio/ogg", "name": "Voice note"}],
    }
    body = json.dumps({"type": "message.created", "timestamp": "2026-11-28T10:00:01Z", "data": data}).encode()
    headers = signed([secret], id=uuid.uuid4().hex, at=int(time.time()), body=body)
    wire.post(address, content=body, headers={"Content-Type": "application/json", **headers}, timeout=30)


def opened(browser: "Browser", heard: Heard, viewport: "ViewportSize") -> "Page":
    """The conversation's page, as a supervisor sees it."""
    page = browser.new_page(viewport=viewport)
    page.set_default_timeout(30_000)
    page.goto(f"{heard.product.url}/accounts/login/?next=/workspace/c/{heard.conversation}/")
    page.fill("input[name=login]", "sam")
    page.fill("input[name=password]", heard.product.secrets()["DEMO_PASSWORD"])
    page.press("input[name=password]", "Enter")
    page.locator(".connection[data-state=live]").wait_for()
    return page


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_transcript_is_shown_with_its_recording_and_never_as_markup(
    browser: "Browser", heard: Heard, viewport: "ViewportSize"
) -> None:
    page = opened(browser, heard, viewport)
    complaints: list[str] = []
    page.on("dialog", lambda dialog: complaints.append(dialog.message))

    first = page.locator(".kept-file").first

    assert "working days" in heard.replies[0]
    assert "<img src=x onerror=alert(1)> Call me at [phone]." in first.locator(".machine-reading-text").inner_text()
    assert first.locator("img").count() == 0
    assert "Transcript by a machine" in " ".join(first.locator(".machine-reading-label").inner_text().split())
    assert "openai" in (first.locator(".machine-reading-label").get_attribute("title") or "")
    assert first.locator("audio").get_attribute("controls") is not None
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    box = page.locator(".machine-reading").nth(1).bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= viewport["width"]

    first.get_by_role("button", name="Show addresses and numbers").click()

    in_full = page.locator(".machine-reading-text", has_text="+44 20 7946 0000")
    in_full.wait_for()
    assert first.locator("img").count() == 0
    with page.expect_response(lambda answer: answer.url.split("?")[0].endswith(f"/c/{heard.conversation}/")) as look:
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    look.value.finished()
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert in_full.is_visible()
    assert complaints == []
    page.close()
