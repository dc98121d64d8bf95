"""Playing on a running demo from outside: its customers by the simulator, its people in a browser, its rows by SQL."""

import json
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from drill import wire
from tests.product import RunningProduct
from tests.waiting import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FIRST_ANSWER_SECONDS = 180
ASKS_FOR_A_PERSON = "I want to speak to a real person"
# Milliseconds that a page has for what a worker or the sweeper does.
PATIENCE = 60_000


@pytest.fixture(scope="module")
def product(running_demo: RunningProduct) -> RunningProduct:
    """The demo, without its scripted customers, once the engine has answered. A file that needs another has its own."""
    simulator(running_demo, "POST", "scripted", {"enabled": False})
    thread = say(running_demo, "Hello", user="warm-up")
    wait_until(lambda: len(answers(running_demo, thread)) > 0, seconds=FIRST_ANSWER_SECONDS, what="the first answer")
    return running_demo


@pytest.fixture
def visitor(browser: "Browser", product: RunningProduct) -> "Iterator[Page]":
    """Somebody with the web chat open."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="en-GB")
    page = context.new_page()
    page.goto(f"{product.url}/chat/{product.secrets()['CHAT_PUBLIC_KEY']}/")
    yield page
    context.close()


def simulator(product: RunningProduct, method: str, path: str, body: object = None) -> Any:
    """An order to the simulator, or a look at it."""
    answer = wire.request(method, f"{product.simulator_url}/_sim/{path}", json=body, timeout=30)
    answer.raise_for_status()
    return answer.json()


def say(product: RunningProduct, text: str, *, user: str) -> str:
    """A customer writes; the platform's id of the thread."""
    return str(simulator(product, "POST", "say", {"user": user, "text": text})["conversation_id"])


def answers(product: RunningProduct, thread: str) -> list[dict[str, Any]]:
    """What the platform accepted for one thread, oldest first."""
    rows = simulator(product, "GET", "log?after=0&kind=accepted&limit=10000")["rows"]
    return [row for row in rows if row["conversation_id"] == thread]


def answered(product: RunningProduct, text: str, *, user: str) -> str:
    """A customer writes and is answered; the words of the answer."""
    before = simulator(product, "GET", "log?last=1")["next"] or 0
    thread = say(product, text, user=user)
    rows = wait_until(
        lambda: [row for row in answers(product, thread) if row["id"] > before],
        seconds=60,
        what=f"the answer to “{text}”",
    )
    return json.dumps(rows[0]["detail"]["content"], ensure_ascii=False)


def query(product: RunningProduct, sql: str, *values: object) -> list[tuple[Any, ...]]:
    """Rows of the product's database; what the statement changes is kept."""
    with closing(sqlite3.connect(product.folder / "db.sqlite3", timeout=10)) as connection, connection:
        return list(connection.execute(sql, values))


def conversation_of(product: RunningProduct, user: str) -> tuple[int, str]:
    """The newest conversation of somebody who wrote on the simulator: its key, and its id in addresses."""
    found = query(
        product,
        "SELECT c.id, c.public_id FROM conversations_conversation c JOIN conversations_customer p ON p.id = c.customer_id"
        " WHERE p.username = ? OR p.name = ? ORDER BY c.id DESC",
        user,
        user,
    )
    key, public_id = found[0]
    return int(key), str(uuid.UUID(public_id))


def sign_in(page: "Page", product: RunningProduct, name: str) -> None:
    """Sign one of the demo's people in."""
    page.goto(f"{product.url}/accounts/login/")
    page.fill("input[name=login]", name)
    page.fill("input[name=password]", product.secrets()["DEMO_PASSWORD"])
    page.click("main button[type=submit]")
    page.wait_for_url("**/workspace/**")


def open_conversation(page: "Page", product: RunningProduct, public_id: str) -> None:
    """Look at one conversation in the workspace, live."""
    page.goto(f"{product.url}/workspace/c/{public_id}/?view=all")
    page.locator("#conversation .pane-title").wait_for()
    page.locator(".connection[data-state=live]").wait_for()


def fits(page: "Page") -> bool:
    """Whether nothing of the page is wider than the screen."""
    wide = "Math.max(document.documentElement.scrollWidth, document.querySelector('main')?.scrollWidth ?? 0)"
    return bool(page.evaluate(f"{wide} <= window.innerWidth"))


def write(page: "Page", text: str) -> None:
    """The visitor writes in the web chat."""
    page.fill("#chat-field", text)
    page.press("#chat-field", "Enter")
