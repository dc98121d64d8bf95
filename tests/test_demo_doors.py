"""The demo at work: each door has somebody at its other end, also those of programs."""

from typing import Any

import httpx2
import pytest

from drill import wire
from supportagent import demo
from tests.product import RunningProduct
from tests.waiting import wait_until

pytestmark = pytest.mark.product


def seen(simulator: httpx2.Client, name: str) -> dict[str, Any]:
    """What the simulator shows of one partner."""
    partners: list[dict[str, Any]] = simulator.get("/_sim/partners").json()["partners"]
    return next(each for each in partners if each["name"] == name)


def test_a_partners_customer_is_answered_and_the_subscriber_is_told(running_demo: RunningProduct) -> None:
    thread = "c-demo-doors"
    order = {
        "partner": demo.PARTNER,
        "user": "u-noor",
        "text": "How long does delivery take?",
        "conversation_id": thread,
    }
    with wire.Client(base_url=running_demo.simulator_url) as simulator:
        said = simulator.post("/_sim/partner-says", json=order)
        assert said.status_code == 200, said.text

        def replies() -> list[str]:
            taken = seen(simulator, demo.PARTNER)["taken"]
            return [row["detail"]["text"] for row in taken if row["conversation_id"] == thread]

        wait_until(lambda: bool(replies()), what="the reply to the partner")

        def told() -> set[str]:
            rows = seen(simulator, demo.SUBSCRIBER)["taken"]
            words = {order["text"], replies()[0]}
            return {row["name"] for row in rows if row["detail"].get("message", {}).get("text") in words}

        wait_until(lambda: told() == {"message.received", "message.answered"}, what="the events for the subscriber")

        assert len(replies()) == 1
        assert [row["data"]["text"] for row in seen(simulator, demo.PARTNER)["said"]][:1] == [order["text"]]
        assert [seen(simulator, name)["refused"] for name in (demo.PARTNER, demo.SUBSCRIBER)] == [0, 0]
        assert (seen(simulator, demo.PARTNER)["has_customers"], seen(simulator, demo.SUBSCRIBER)["has_customers"]) == (
            True,
            False,
        )
        assert "Simulated partners" in simulator.get("/partners").text


def test_what_is_not_signed_by_us_is_refused_and_counted(running_demo: RunningProduct) -> None:
    with wire.Client(base_url=running_demo.simulator_url) as simulator:
        before = seen(simulator, demo.SUBSCRIBER)["refused"]

        forged = simulator.post(f"/partner/{demo.SUBSCRIBER}", json={"type": "message.received", "data": {}})

        assert forged.status_code == 401
        assert seen(simulator, demo.SUBSCRIBER)["refused"] == before + 1
