"""Partners' order systems: asked by signed request, changed by order, and seen on a page of their own."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from simulator.partner import books, signature
from tests.browser import DESKTOP, PHONE
from tests.simulator.rig import Receiver, Rig, running

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SECRET = "whsec_b3JkZXJzb3JkZXJzb3JkZXJzb3JkZXJzb3JkZXJzMTI="
WRONG = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
ORDERS = [
    {"number": "1001", "status": "shipped", "carrier": "Tarn Post", "expected_in_days": 2},
    {"number": "th-7", "email": "Ada@Mail.Example"},
]


@pytest.fixture
def desk(rig: Rig) -> Rig:
    """A simulator with a partner that has two orders in its books."""
    rig.order("partners", partners=[{"name": "desk", "secrets": [SECRET], "orders": ORDERS}])
    return rig


def ask(rig: Rig, number: object, email: str = "", *, secret: str = SECRET) -> httpx2.Response:
    """Ask where an order is, as the product would."""
    event = {"type": books.ASKED, "data": {"order_number": number, "email": email}}
    body = json.dumps(event).encode()
    headers = signature.headers([secret], name=f"look_{time.time_ns()}", body=body, at=int(time.time()))
    return rig.client.post("/partner/desk/orders", content=body, headers=headers)


def test_whoever_signs_is_told_where_an_order_is(desk: Rig) -> None:
    expected = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()

    answer, unknown = ask(desk, "1001"), ask(desk, "9999")

    order = {"number": "1001", "status": "shipped", "carrier": "Tarn Post", "expected_on": expected}
    assert (answer.status_code, answer.json()) == (200, {"found": True, "order": order})
    assert (unknown.status_code, unknown.json()) == (200, {"found": False})


@pytest.mark.parametrize(
    ("email", "found"), [("", True), ("ada@mail.example", True), ("ADA@mail.example", True), ("bob@x.example", False)]
)
def test_an_address_that_is_given_is_compared(desk: Rig, email: str, found: bool) -> None:
    assert ask(desk, "TH-7", email).json()["found"] is found


def test_what_is_not_proved_is_told_nothing_and_counted(desk: Rig) -> None:
    forged = ask(desk, "1001", secret=WRONG)

    (partner,) = desk.look("partner-books")["partners"]
    assert (forged.status_code, "order" in forged.json()) == (401, False)
    assert [each["status"] for each in partner["asked"]] == [401]


@pytest.mark.parametrize("number", [None, 7, ["1001"]])
def test_a_question_without_a_number_is_not_understood(desk: Rig, number: object) -> None:
    assert ask(desk, number).status_code == 400


def test_an_order_is_changed_where_something_is_given(desk: Rig) -> None:
    desk.order("partner-books", partner="desk", number="1001", status="delayed")

    order = ask(desk, "1001").json()["order"]
    assert (order["status"], order["carrier"]) == ("delayed", "Tarn Post")


def test_books_are_loaded_once_and_survive_a_restart(tmp_path: Path, receiver: Receiver) -> None:
    partner = {"name": "desk", "secrets": [SECRET], "orders": ORDERS}
    with running(tmp_path, receiver) as first:
        first.order("partners", partners=[partner])
        first.order("partner-books", partner="desk", number="1001", status="delivered")

    with running(tmp_path, receiver) as second:
        second.order("partners", partners=[partner])

        assert ask(second, "1001").json()["order"]["status"] == "delivered"


@pytest.mark.parametrize(
    "change",
    [
        {"status": "eaten"},
        {"number": ""},
        {"number": "9" * 41},
        {"expected_in_days": -1},
        {"expected_in_days": "soon"},
        {"partner": "nobody"},
    ],
)
def test_what_cannot_be_booked_is_refused_in_a_sentence(desk: Rig, change: dict[str, Any]) -> None:
    order = {"partner": "desk", "number": "1001"} | change

    refused = desk.client.post("/_sim/partner-books", json=order)

    assert refused.status_code == 400
    assert refused.json()["error"].endswith(".")
    assert ask(desk, "1001").json()["order"]["status"] == "shipped"


def test_its_door_fails_on_command(desk: Rig) -> None:
    desk.fault("partner", "http_503", account="desk", count=1)

    assert [ask(desk, "1001").status_code for _ in range(2)] == [503, 200]


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def orders_page(request: pytest.FixtureRequest, browser: "Browser", desk: Rig) -> "Iterator[Page]":
    """The page, in two sizes; it may not complain on the console nor be wider than the screen."""
    opened = browser.new_page(viewport=request.param)
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.goto(f"{desk.simulator.base_url}/orders")
    yield opened
    assert opened.evaluate("document.documentElement.scrollWidth") <= request.param["width"]
    assert complaints == []
    opened.close()


@pytest.mark.browser
def test_the_books_are_seen_and_changed_on_their_page(orders_page: "Page", desk: Rig) -> None:
    expect = pytest.importorskip("playwright.sync_api").expect
    status = orders_page.get_by_label("Status of 1001")
    expect(status).to_have_value("shipped")
    expect(orders_page.get_by_text("Nobody has asked yet.")).to_be_visible()

    status.focus()
    with orders_page.expect_response("**/_sim/partner-books"):
        status.select_option("Delayed")
    expect(status).to_be_focused()
    answer = ask(desk, "1001")

    assert answer.json()["order"]["status"] == "delayed"
    expect(orders_page.get_by_text("1001: found")).to_be_visible()
