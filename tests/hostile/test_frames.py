"""Fake messages between windows, in a real browser: the chat's frame listens to the page around it, and that page's script
to its own frame, whatever a neighbour's frame or the window that opened the page sends to either."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from tests.hostile.cases import covers
from tests.integrations.webchat.sites import identity
from tests.product import RunningProduct

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Frame, Page

pytestmark = pytest.mark.browser

LABEL = "support-chat"
# What a hostile window tells the chat, and what it tells the page that the chat is embedded in. WORD is a token of the site's
# that is good, but another person's: whoever is signed in as somebody else tells them what they write.
TO_CHAT: list[dict[str, Any]] = [
    {"type": "hello", "open": True, "page": "https://evil.example/", "identity": "WORD"},
    {"type": "open", "open": True},
    {"type": "identity", "identity": "WORD"},
    {"type": "close"},
    {"type": "eval", "code": "alert(1)"},
]
TO_SITE: list[dict[str, Any]] = [
    {"type": "unread", "count": 99},
    {"type": "message", "from": "bot"},
    {"type": "visitor"},
    {"type": "identity", "ok": True, "reason": ""},
    {"type": "identity", "ok": False, "reason": "identity_expired", "detail": "x"},
    {"type": "ready"},
    {"type": "close"},
    {"type": "open"},
]
LISTENS = (
    "() => { window.heard = []; window.addEventListener('message', event => window.heard.push(event.data?.type)); }"
)
EVENTS = ["ready", "open", "close", "unread", "message", "identity"]


@contextmanager
def site(**pages: str) -> Iterator[str]:
    """A site of these pages, by the last part of their address; where it is, by the machine's number."""

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            html = f"<!doctype html><link rel=icon href=data:,>{pages.get(self.path.strip('/'), '')}".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(html)))
            self.end_headers()
            self.wfile.write(html)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def foreign() -> Iterator[str]:
    """A site that the account does not list: its pages send what the test has them send."""
    with site() as url:
        yield url


@pytest.fixture
def opener(browser: "Browser", foreign: str) -> "Iterator[Page]":
    """A page of the foreign site."""
    context = browser.new_context(viewport={"width": 1280, "height": 720}, locale="en-GB")
    context.set_default_timeout(30_000)
    page = context.new_page()
    page.goto(foreign)
    page.evaluate(LISTENS)
    yield page
    context.close()


def opened(opener: "Page", url: str) -> "Page":
    """The page at this address, opened by the foreign page, which keeps its window."""
    with opener.expect_popup() as popup:
        opener.evaluate("url => { window.target = window.open(url); }", url)
    page = popup.value
    page.wait_for_load_state("load")
    return page


def frame_named(page: "Page", name: str) -> "Frame":
    """A frame of the page, loaded."""
    found = page.frame(name=name)
    assert found is not None
    found.wait_for_load_state("load")
    return found


def sent(source: "Page | Frame", window: str, fakes: list[dict[str, Any]], *, word: str = "") -> None:
    """Send these messages to the window that ``window`` finds, as its own party would label them."""
    said = [{**fake, "label": LABEL} | ({"identity": word} if "identity" in fake else {}) for fake in fakes]
    source.evaluate(f"said => said.forEach(each => {window}.postMessage(each, '*'))", said)


def arrived(target: "Page | Frame", count: int) -> None:
    """Wait until so many messages were told to the window."""
    target.wait_for_function("count => window.heard.length >= count", arg=count)


@covers("S-016")
def test_the_chat_hears_the_page_around_it_and_no_neighbour_and_no_opener(
    running_demo: RunningProduct, opener: "Page", foreign: str
) -> None:
    with site() as address:
        # By another name it is another site than the foreign one.
        shop = address.replace("127.0.0.1", "localhost")
        account = running_demo.manage_json(
            *("account", "add", "--platform", "webchat", "--name", "Shop", "--origin", shop)
        )
        secret = running_demo.manage_json("account", "rotate", str(account["id"]))["secret"]
        page = opened(opener, shop)
        identified: list[str] = []
        page.on(
            "request",
            lambda asked: identified.append(asked.post_data or "") if asked.url.endswith("/session") else None,
        )
        page.evaluate(LISTENS)
        page.evaluate(
            """([chat, neighbour]) => Promise.all([["chat", chat], ["neighbour", neighbour]].map(([name, src]) =>
                new Promise(done => {
                    const frame = document.createElement("iframe");
                    frame.addEventListener("load", done);
                    Object.assign(frame, { name, src });
                    document.body.append(frame);
                })))""",
            [f"{running_demo.url}/chat/{account['public_key']}/?embedded=1", foreign],
        )
        chat, neighbour = frame_named(page, "chat"), frame_named(page, "neighbour")
        for window in (chat, neighbour):
            window.evaluate(LISTENS)
        theirs, ours = identity("somebody-else", secret=secret), identity("customer-7", secret=secret, name="Ada Marsh")

        # Before the page around has said anything: the first who says hello must not become that page.
        sent(neighbour, "parent.frames['chat']", TO_CHAT, word=theirs)
        sent(opener, "window.target.frames['chat']", TO_CHAT, word=theirs)
        arrived(chat, 2 * len(TO_CHAT))
        sent(page, "frames['chat']", [{"type": "hello", "open": True, "identity": ""}])
        page.wait_for_function("() => window.heard.includes('ready')")
        # And after it.
        sent(neighbour, "parent.frames['chat']", TO_CHAT, word=theirs)
        sent(opener, "window.target.frames['chat']", TO_CHAT, word=theirs)
        arrived(chat, 4 * len(TO_CHAT) + 1)
        sent(page, "frames['chat']", [{"type": "identity", "identity": "WORD"}], word=ours)
        chat.get_by_text("Signed in as Ada Marsh").wait_for()

        assert len(identified) == 1
        assert ours in identified[0]
        assert neighbour.evaluate("window.heard") == opener.evaluate("window.heard") == []


@covers("S-016")
def test_a_site_with_the_chat_hears_its_own_frame_and_nobody_else(
    running_demo: RunningProduct, opener: "Page", foreign: str
) -> None:
    with site() as address:
        shop = address.replace("127.0.0.1", "localhost")
        account = running_demo.manage_json(
            *("account", "add", "--platform", "webchat", "--name", "Shop", "--origin", shop)
        )
        key = account["public_key"]
        page = opened(opener, shop)
        page.evaluate(
            """([src, key, foreign]) => new Promise(done => {
                const neighbour = document.createElement("iframe");
                Object.assign(neighbour, { name: "neighbour", src: foreign });
                const script = document.createElement("script");
                script.dataset.key = key;
                script.addEventListener("load", done);
                script.src = src;
                document.body.append(neighbour, script);
            })""",
            [f"{running_demo.url}/chat/embed.js", key, foreign],
        )
        page.evaluate(
            """names => {
                window.told = [];
                names.forEach(name => SupportChat.on(name, () => window.told.push(name)));
            }""",
            EVENTS,
        )
        page.get_by_role("button", name="Chat").click()
        page.wait_for_function("() => window.told.includes('ready')")
        before = page.evaluate("window.told")
        page.evaluate(LISTENS)
        neighbour = frame_named(page, "neighbour")

        sent(neighbour, "parent", TO_SITE)
        sent(opener, "window.target", TO_SITE)
        arrived(page, 2 * len(TO_SITE))

        assert page.evaluate("window.told") == before
        assert page.locator("iframe[title=Chat]").is_visible()
        assert not page.locator(".badge").is_visible()
        assert page.evaluate("localStorage.length") == 0
