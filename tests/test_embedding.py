"""The chat on a business's own page, as a site embeds it: one line of script, in a real browser."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from tests.product import RunningProduct, free_ports

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@contextmanager
def shop(browser: "Browser", product: RunningProduct, key: str, port: int) -> "Iterator[tuple[Page, list[str]]]":
    """A plain page of a shop with the script in it, and what its console says."""
    script = f'<script src="{product.url}/chat/embed.js" data-key="{key}" async></script>'
    html = f'<!doctype html><link rel="icon" href="data:,"><h1>Shop</h1>{script}'.encode()

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(html)))
            self.end_headers()
            self.wfile.write(html)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Site)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    context = browser.new_context(viewport={"width": 1280, "height": 720}, locale="en-GB")
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    try:
        page.goto(f"http://localhost:{port}/")
        yield page, said
    finally:
        context.close()
        server.shutdown()
        server.server_close()


@pytest.mark.browser
def test_a_listed_site_shows_the_chat_in_place(browser: "Browser", running_demo: RunningProduct) -> None:
    (port,) = free_ports(1)
    account = running_demo.manage_json(
        *("account", "add", "--platform", "webchat", "--name", "Shop", "--origin", f"http://localhost:{port}")
    )

    with shop(browser, running_demo, account["public_key"], port) as (page, said):
        page.get_by_role("button", name="Chat").click()
        chat = page.frame_locator("iframe")
        chat.locator("#chat-field").fill("How long does delivery take?")
        chat.locator("button[type=submit]").click()
        chat.locator(".chat-message[data-from=bot]", has_text="working days").wait_for(timeout=60_000)

        page.get_by_role("button", name="Chat").click()
        page.locator("iframe").wait_for(state="hidden")
        assert said == []


@pytest.mark.browser
def test_a_site_that_is_not_listed_leads_to_the_chat_by_a_link(
    browser: "Browser", running_demo: RunningProduct
) -> None:
    (port,) = free_ports(1)
    with shop(browser, running_demo, running_demo.secrets()["CHAT_PUBLIC_KEY"], port) as (page, said):
        page.get_by_role("button", name="Chat").click()
        link = page.locator("a.elsewhere")
        link.wait_for(timeout=30_000)

        assert "embedded" not in (link.get_attribute("href") or "")
        assert any("Add this site to the account's origins" in line for line in said)
        with page.expect_popup() as opened:
            link.click()
        opened.value.locator("#chat-field").wait_for(timeout=30_000)
