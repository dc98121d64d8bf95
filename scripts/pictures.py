"""Takes the README's pictures: starts a demo of its own, plays its customers and its people, and photographs the pages.

    .venv/bin/python -m scripts.pictures          writes docs/pictures/*.png; takes about three minutes

Needs requirements-dev.txt and a Chromium (named by CHROMIUM where it is not found). The scenes are the same each time;
the clock on them is that of the day.
"""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, ViewportSize, sync_playwright

from drill import wire
from tests.browser import ARGUMENTS, chromium_program
from tests.product import ROOT, RunningProduct, start_product
from tests.waiting import wait_until

FOLDER = ROOT / "docs" / "pictures"
SIZE: ViewportSize = {"width": 1280, "height": 800}
LARGEST_BYTES = 250_000
ANSWER_SECONDS = 90
TRACED = "noor.bakker"
RUNNING_OUT_OF_PATIENCE = "jonas.weber"
# Who writes, and what, line by line; each line waits for what the product says to the one before.
TALKS = {
    "mia.torres": ["Hi there!", "How much does shipping to Austria cost?", "perfect, thanks"],
    "emil.brandt": ["Wie lange habe ich Zeit, etwas zurückzuschicken?", "Super, vielen Dank!"],
    "ava.lund": ["When is your store open on Saturday?"],
    "theo.marsh": ["Which size of boots should I take?", "I'd rather talk to a person about it"],
    "ines.costa": ["This is the second tent that arrives broken. I am furious and I want my money back today!"],
    TRACED: ["Can I return boots that I have worn outside once?"],
    RUNNING_OUT_OF_PATIENCE: [
        "Hi, my order TH-204816 still has not come",
        "It is a birthday present for Friday. I want to speak to a real person, please",
    ],
}


def main() -> int:
    """Take all pictures; 1 if one is too heavy for a README, 2 without a browser."""
    program = chromium_program()
    if not program:
        print("No Chromium: install it, or name it with CHROMIUM.", file=sys.stderr)
        return 2
    FOLDER.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="supportagent-pictures-"))
    try:
        with start_product(folder / "demo", demo=True) as product, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
            play_customers(product)
            photograph(product, browser)
            browser.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    heavy = [file.name for file in sorted(FOLDER.glob("*.png")) if file.stat().st_size > LARGEST_BYTES]
    if heavy:
        print(f"Heavier than {LARGEST_BYTES} bytes: {', '.join(heavy)}", file=sys.stderr)
    return 1 if heavy else 0


def play_customers(product: RunningProduct) -> None:
    """Everybody in TALKS writes on the simulated platform; nobody else does."""
    simulator(product, "scripted", {"enabled": False})
    for name, lines in TALKS.items():
        for line in lines:
            speak(product, name, line)


def speak(product: RunningProduct, name: str, line: str) -> None:
    """A customer writes, and waits for what the product says to it."""
    before = len(replies(product))
    thread = simulator(product, "say", {"user": name, "display_name": full_name(name), "text": line})["conversation_id"]

    def is_answered() -> bool:
        return any(row["conversation_id"] == thread for row in replies(product)[before:])

    wait_until(is_answered, seconds=ANSWER_SECONDS, what=f"the answer to {name}")


def full_name(name: str) -> str:
    """What the customer is called beside the username."""
    return name.replace(".", " ").title()


def replies(product: RunningProduct) -> list[dict[str, Any]]:
    """What the simulated platform took from the product, oldest first."""
    answer = wire.get(f"{product.simulator_url}/_sim/log?after=0&kind=accepted&limit=10000", timeout=30)
    answer.raise_for_status()
    rows: list[dict[str, Any]] = answer.json()["rows"]
    return rows


def simulator(product: RunningProduct, order: str, body: dict[str, Any]) -> dict[str, Any]:
    """Give the simulator one order; what it answers."""
    answer = wire.post(f"{product.simulator_url}/_sim/{order}", json=body, timeout=30)
    answer.raise_for_status()
    done: dict[str, Any] = answer.json()
    return done


def photograph(product: RunningProduct, browser: Browser) -> None:
    """One picture after the other, from the customer's to the admin's."""
    with window(browser) as visitor:
        visitor.goto(f"{product.url}/chat/{product.secrets()['CHAT_PUBLIC_KEY']}/")
        for number, line in enumerate(("Hello!", "How long does standard delivery take?")):
            visitor.fill("#chat-field", line)
            visitor.press("#chat-field", "Enter")
            written = visitor.locator(".chat-message[data-from=bot]:not(.is-revealing)")
            written.nth(number).wait_for(timeout=ANSWER_SECONDS * 1000)
        keep(visitor, "chat")
    with window(browser) as page:
        page.goto(product.simulator_url)
        page.locator(".person", has_text=full_name(TRACED)).click()
        page.locator("#shop-note", has_text=full_name(TRACED)).wait_for()
        page.locator("#thread .bubble").nth(1).wait_for()
        keep(page, "simulator")
    with window(browser, product, "dana") as page:
        photograph_workspace(product, page)
    with window(browser, product, "sam") as page:
        page.goto(f"{product.url}/dashboard/")
        page.locator(".connection[data-state=live]").wait_for()
        keep(page, "dashboard")
        page.goto(f"{product.url}/operations/")
        page.locator(".connection[data-state=live]").wait_for()
        keep(page, "operations")
    with window(browser, product, "admin") as page:
        photograph_release(product, page)


def photograph_workspace(product: RunningProduct, page: Page) -> None:
    """A conversation that was handed over, claimed and half answered; then why the bot said what it said."""
    open_conversation(product, page, "unclaimed", RUNNING_OUT_OF_PATIENCE)
    page.locator(".answering button", has_text="Claim").click()
    page.locator(".answering[data-owner=you]").wait_for()
    open_conversation(product, page, "mine", RUNNING_OUT_OF_PATIENCE)
    page.fill("#reply-text", "Hello Jonas, this is Dana. I am looking at TH-204816 with the carrier right now,")
    keep(page, "workspace")
    page.fill("#reply-text", "")
    open_conversation(product, page, "bot", TRACED)
    trace = page.locator("details.trace").last
    trace.locator("summary").click()
    trace.locator(".trace-steps").wait_for()
    trace.evaluate("element => element.scrollIntoView({ block: 'start' })")
    keep(page, "why")


def photograph_release(product: RunningProduct, page: Page) -> None:
    """A greeting is changed in a draft; the draft's page shows what it changes."""
    page.goto(f"{product.url}/admin/agent/replytemplate/?q=greeting&language=en")
    page.locator("#result_list tbody th a").first.click()
    page.fill(
        "textarea[name=text]", "Hello! I'm {name}, the shop's assistant. Ask me about tents, parcels and returns."
    )
    page.locator("button[name=_save], input[name=_save]").first.click()
    page.get_by_role("link", name="See what it changes, and publish it").first.click()
    page.locator("#changes-title").wait_for()
    keep(page, "admin")


def open_conversation(product: RunningProduct, page: Page, view: str, name: str) -> None:
    """Open somebody's conversation from one view of the queue."""
    page.goto(f"{product.url}/workspace/?view={view}")
    row: Locator = page.locator("a.queue-row", has_text=name)
    row.click()
    page.locator("#conversation .pane-title", has_text=name).wait_for()
    page.locator(".connection[data-state=live]").wait_for()


@contextmanager
def window(browser: Browser, product: RunningProduct | None = None, name: str = "") -> Iterator[Page]:
    """A fresh light window, in which ``name`` is signed in."""
    context = browser.new_context(
        viewport=SIZE, color_scheme="light", locale="en-GB", timezone_id="UTC", reduced_motion="reduce"
    )
    context.set_default_timeout(30_000)
    page = context.new_page()
    if product is not None:
        page.goto(f"{product.url}/accounts/login/")
        page.fill("input[name=login]", name)
        page.fill("input[name=password]", product.secrets()["DEMO_PASSWORD"])
        page.click("main button[type=submit]")
        page.wait_for_url("**/workspace/**")
    yield page
    context.close()


def keep(page: Page, name: str) -> None:
    """Write the picture, once everything of it has come."""
    page.wait_for_load_state("networkidle")
    page.evaluate("() => document.fonts.ready.then(() => null)")
    page.mouse.move(SIZE["width"] / 2, 1)
    page.screenshot(path=FOLDER / f"{name}.png", animations="disabled", caret="hide", timeout=120_000)


if __name__ == "__main__":
    sys.exit(main())
