"""The operators' page in a real browser: the balance moves by itself, and what was set aside is taken in by a press."""

import hashlib
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from drill import wire
from supportagent.demo import BUSINESS_ID, CLIENT_KEY
from tests.integrations.tiktok import event
from tests.product import RunningProduct
from tests.waiting import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
TOTAL = ".ingestion-total [data-key=%s]"


def sign_in(page: "Page", product: RunningProduct) -> None:
    page.goto(f"{product.url}/accounts/login/?next=/operations/")
    page.fill("input[name=login]", "sam")
    page.fill("input[name=password]", product.secrets()["DEMO_PASSWORD"])
    page.press("input[name=password]", "Enter")
    page.locator(".connection[data-state=live]").wait_for()


def write(product: RunningProduct, user: str) -> None:
    body = {"user": user, "text": "Where is my parcel?"}
    wire.post(f"{product.simulator_url}/_sim/say", json=body, timeout=30).raise_for_status()


def set_aside(product: RunningProduct, key: str) -> None:
    """Keep an event as if an older version could not read it; this one can."""
    content = {"message_id": key, "conversation_id": f"thread-{key}", "from_user": {"id": f"customer-{key}"}}
    body = event("receive_text", content=content, user_openid=BUSINESS_ID, client_key=CLIENT_KEY)
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    row = {
        "source": f"tiktok:{CLIENT_KEY}",
        "event_key": f"msg:{key}",
        "platform": "tiktok",
        "body": body,
        "body_sha256": hashlib.sha256(body).hexdigest(),
        "headers": "{}",
        "conv_key": f"thread-{key}",
        "is_late": False,
        "received_at": now,
        "state": "quarantined",
        "reason": "schema: content.text was unknown.",
        "attempts": 0,
        "next_attempt_at": now,
    }
    names, places = ", ".join(row), ", ".join(f":{name}" for name in row)
    with closing(sqlite3.connect(product.folder / "db.sqlite3", timeout=10)) as connection, connection:
        connection.execute(f"INSERT INTO integrations_webhookevent ({names}) VALUES ({places})", row)  # noqa: S608


def number(page: "Page", key: str) -> int:
    return int(page.inner_text(TOTAL % key))


def _is_listed(page: "Page", product: RunningProduct) -> bool:
    page.goto(f"{product.url}/operations/events/?state=stored")
    return page.locator("a", has_text="msg:operated-on").count() == 1


def test_a_quarantined_event_is_taken_in_again_and_the_balance_moves_by_itself(
    page: "Page", running_demo: RunningProduct
) -> None:
    sign_in(page, running_demo)
    before = number(page, "quarantined")
    page.evaluate("window.sameDocument = true")
    set_aside(running_demo, "operated-on")

    write(running_demo, "operations-live")
    page.wait_for_function(
        "([at, old]) => Number(document.querySelector(at).innerText) > old", arg=[TOTAL % "quarantined", before]
    )
    assert page.evaluate("window.sameDocument")

    page.click(TOTAL % "quarantined")
    page.locator("tr", has_text="content.text was unknown").locator("a").click()
    assert "Is the blue lamp" not in page.inner_text(".event-body")
    page.get_by_role("button", name="Take in again").click()
    page.get_by_text("1 event is being taken in again.").wait_for()

    page.goto(f"{running_demo.url}/operations/")
    page.wait_for_function(
        "([at, old]) => Number(document.querySelector(at).innerText) === old", arg=[TOTAL % "quarantined", before]
    )
    assert page.locator("[data-balance=holds]").is_visible()
    wait_until(lambda: _is_listed(page, running_demo), seconds=30, what="the event to be stored")


def test_a_phone_shows_it_without_scrolling_sideways(phone: "Page", running_demo: RunningProduct) -> None:
    set_aside(running_demo, "on-a-phone")
    sign_in(phone, running_demo)

    for path in ("/operations/", "/operations/events/?period=all", "/operations/sends/"):
        phone.goto(f"{running_demo.url}{path}")
        phone.locator("main h1").wait_for()
        assert phone.evaluate(
            "document.querySelector('main').scrollWidth <= document.querySelector('main').clientWidth"
        ), path
