"""The chat on a business's own page, as a site embeds it: one line of script, in a real browser."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from drill.ports import free_ports
from tests.integrations.webchat.sites import identity
from tests.pictures import make_png
from tests.product import RunningProduct

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FilePayload, Page

PDF = b"%PDF-1.7\n1 0 obj\nendobj\n%%EOF\n"


@contextmanager
def shop(
    browser: "Browser", product: RunningProduct, key: str, port: int, *, identity: str = ""
) -> "Iterator[tuple[Page, list[str]]]":
    """A plain page of a shop with the script in it, and what its console says; ``identity`` names who is signed in."""
    signed_in = f'data-identity="{identity}"' if identity else ""
    script = f'<script src="{product.url}/chat/embed.js" data-key="{key}" {signed_in} async></script>'
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


@pytest.mark.browser
def test_a_guest_says_who_they_are_and_sends_a_picture_and_a_document(
    browser: "Browser", running_demo: RunningProduct
) -> None:
    (port,) = free_ports(1)
    account = running_demo.manage_json(
        *("account", "add", "--platform", "webchat", "--name", "Shop", "--origin", f"http://localhost:{port}"),
        *("--ask-name", "required", "--ask-email", "optional"),
    )

    with shop(browser, running_demo, account["public_key"], port) as (page, said):
        page.get_by_role("button", name="Chat").click()
        chat = page.frame_locator("iframe")
        chat.get_by_role("button", name="Start the chat").click()
        chat.get_by_text("Tell us your name.").wait_for()
        assert chat.locator("#chat-name").get_attribute("aria-invalid") == "true"
        assert not chat.locator("#chat-field").is_visible()
        chat.get_by_label("Your name").fill("Bo")
        chat.get_by_label("Your e-mail address").fill("bo@example.org")
        chat.get_by_role("button", name="Start the chat").click()

        chat.locator("#chat-field").wait_for()
        chosen: list[FilePayload] = [
            {"name": "box.png", "mimeType": "image/png", "buffer": make_png()},
            {"name": "invoice.pdf", "mimeType": "application/pdf", "buffer": PDF},
            {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"Hello"},
        ]
        chat.locator("#chat-picker").set_input_files(chosen)
        chat.get_by_text("notes.txt is no picture and no PDF").wait_for()
        chat.locator("#chat-field").fill("What arrived")
        chat.locator("button.chat-send").click()
        message = chat.locator(".chat-message[data-state=sent]", has_text="What arrived")
        message.locator(".chat-picture[data-state=shown]").wait_for()
        with page.expect_download() as saved:
            message.get_by_role("button", name="Save invoice.pdf").click()
        assert (saved.value.suggested_filename, saved.value.path().read_bytes()) == ("invoice.pdf", PDF)
        assert said == []


@pytest.mark.browser
def test_a_voice_note_is_recorded_in_the_frame_until_the_chat_is_closed(
    browser: "Browser", running_demo: RunningProduct
) -> None:
    (port,) = free_ports(1)
    account = running_demo.manage_json(
        *("account", "add", "--platform", "webchat", "--name", "Shop", "--origin", f"http://localhost:{port}")
    )

    with shop(browser, running_demo, account["public_key"], port) as (page, said):
        page.context.grant_permissions(["microphone"])
        page.get_by_role("button", name="Chat").click()
        chat = page.frame_locator("iframe")
        chat.get_by_role("button", name="Record a voice note").click()
        chat.locator("#chat-recording[data-state=recording]").wait_for()

        page.get_by_role("button", name="Chat").click()
        page.get_by_role("button", name="Chat").click()

        ended = chat.locator("#chat-recording[data-state=ended]")
        ended.get_by_text("Recorded. Send it or delete it.").wait_for()
        ended.get_by_role("button", name="Send the voice note").click()
        chat.locator(".chat-message[data-state=sent] .chat-voice").wait_for()
        assert said == []


@pytest.mark.browser
def test_a_person_whom_the_site_knows_finds_their_conversation_and_the_next_one_does_not(
    browser: "Browser", running_demo: RunningProduct
) -> None:
    (port,) = free_ports(1)
    account = running_demo.manage_json(
        *("account", "add", "--platform", "webchat", "--name", "Shop", "--origin", f"http://localhost:{port}")
    )
    secret = running_demo.manage_json("account", "rotate", str(account["id"]))["secret"]
    word = identity("customer-7", secret=secret, name="Ada Marsh")
    mine = "Where is what I ordered?"

    with shop(browser, running_demo, account["public_key"], port, identity=word) as (page, said):
        page.get_by_role("button", name="Chat").click()
        chat = page.frame_locator("iframe")
        chat.get_by_text("Signed in as Ada Marsh").wait_for()
        chat.locator("#chat-field").fill(mine)
        chat.locator("button.chat-send").click()
        chat.locator(".chat-message[data-state=sent]", has_text=mine).wait_for()
        assert said == []

    # Another browser: first somebody whom the site does not know, then the same person, then nobody again.
    with shop(browser, running_demo, account["public_key"], port) as (page, said):
        page.get_by_role("button", name="Chat").click()
        chat = page.frame_locator("iframe")
        chat.locator("#chat-field").fill("A guest's own words")
        chat.locator("button.chat-send").click()
        guests = chat.locator(".chat-message[data-state=sent]", has_text="A guest's own words")
        guests.wait_for()
        page.evaluate("word => SupportChat.identify(word)", word)
        chat.locator(".chat-message", has_text=mine).wait_for()
        assert guests.count() == 0
        page.evaluate("SupportChat.identify()")
        chat.locator(".chat-message", has_text="A guest's own words").wait_for()
        assert chat.locator(".chat-message", has_text=mine).count() == 0
        page.evaluate("word => SupportChat.identify(word)", identity("customer-7", secret="of somebody else"))
        chat.get_by_text("so you write as a guest").wait_for()
        assert any("its signature is not by a secret of this account" in line for line in said)
