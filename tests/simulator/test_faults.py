"""Each fault does what it says, and the truth log knows."""

import time

import httpx2
import pytest

from drill import wire
from simulator.faults import FaultBook, InvalidRule, parse_rule
from tests.simulator.rig import REFRESH, TOKEN, Rig, wait_until


def send_raw(rig: Rig, conversation_id: str, *, timeout: float = 5.0) -> httpx2.Response:
    """Send a text over a connection of its own."""
    return wire.post(
        f"{rig.simulator.base_url}/open_api/v1.3/business/message/send/",
        json={
            "business_id": "biz-open-id",
            "recipient_type": "CONVERSATION",
            "recipient": conversation_id,
            "message_type": "TEXT",
            "text": {"body": "It left today."},
        },
        headers={"Access-Token": TOKEN},
        timeout=timeout,
        trust_env=False,
    )


def accepted(rig: Rig) -> int:
    """How many sends count."""
    return len(rig.log("accepted"))


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_http_error_comes_instead_of_the_work(rig: Rig, status: int) -> None:
    conversation_id = rig.say()["conversation_id"]
    rig.fault("send", f"http_{status}", seconds=7, count=1)

    response = send_raw(rig, conversation_id)

    assert response.status_code == status
    assert response.headers["retry-after"] == "7"
    assert accepted(rig) == 0
    assert send_raw(rig, conversation_id).json()["code"] == 0
    assert [row["name"] for row in rig.log("fault")] == [f"http_{status}"]


@pytest.mark.parametrize("code", [40100, 40105, 51065])
def test_a_code_comes_with_http_200(rig: Rig, code: int) -> None:
    conversation_id = rig.say()["conversation_id"]
    rig.fault("send", f"code_{code}", count=1)

    response = send_raw(rig, conversation_id)

    assert response.status_code == 200
    assert response.json()["code"] == code
    assert accepted(rig) == 0


def test_an_error_may_come_after_the_work_was_done(rig: Rig) -> None:
    conversation_id = rig.say()["conversation_id"]
    rig.fault("send", "code_51065", accepted=True)

    response = send_raw(rig, conversation_id)

    assert response.json()["code"] == 51065
    assert accepted(rig) == 1


def test_accepted_and_then_silence(rig: Rig) -> None:
    conversation_id = rig.say()["conversation_id"]
    rig.fault("send", "timeout_after_accept", seconds=5)

    with pytest.raises(httpx2.ReadTimeout):
        send_raw(rig, conversation_id, timeout=0.3)

    assert accepted(rig) == 1


def test_accepted_and_then_reset(rig: Rig) -> None:
    conversation_id = rig.say()["conversation_id"]
    rig.fault("send", "reset_after_accept")

    with pytest.raises((httpx2.ReadError, httpx2.RemoteProtocolError)) as caught:
        send_raw(rig, conversation_id)

    assert "reset" in str(caught.value).lower()
    assert accepted(rig) == 1


def test_reset_before_anything_was_done(rig: Rig) -> None:
    conversation_id = rig.say()["conversation_id"]
    rig.fault("send", "reset_before")

    with pytest.raises((httpx2.ReadError, httpx2.RemoteProtocolError)):
        send_raw(rig, conversation_id)

    assert accepted(rig) == 0


def test_half_an_answer(rig: Rig) -> None:
    conversation_id = rig.say()["conversation_id"]
    rig.fault("send", "half_response")

    with pytest.raises(httpx2.RemoteProtocolError):
        send_raw(rig, conversation_id)

    assert accepted(rig) == 1


def test_html_where_json_should_be(rig: Rig) -> None:
    conversation_id = rig.say()["conversation_id"]
    rig.fault("send", "html_200")

    response = send_raw(rig, conversation_id)

    assert response.status_code == 200
    assert "<h1>" in response.text
    assert accepted(rig) == 1


def test_slow_before_and_slow_after(rig: Rig) -> None:
    conversation_id = rig.say()["conversation_id"]
    rig.fault("send", "slow", seconds=0.3, count=1)
    started = time.monotonic()
    assert send_raw(rig, conversation_id).json()["code"] == 0
    assert time.monotonic() - started >= 0.3

    rig.fault("send", "slow", seconds=5, accepted=True)
    with pytest.raises(httpx2.ReadTimeout):
        send_raw(rig, conversation_id, timeout=0.3)

    # The echo is there although the call has not been answered.
    wait_until(lambda: [each.event for each in rig.receiver.received].count("im_send_msg") == 2)


def test_a_renewal_can_be_lost_after_it_was_made(rig: Rig) -> None:
    rig.fault("refresh", "reset_after_accept", account="biz-open-id")

    with pytest.raises((httpx2.ReadError, httpx2.RemoteProtocolError)):
        rig.post(
            "/tt_user/oauth2/refresh_token/",
            client_id="7000000000000000001",
            client_secret="tt-test-secret",
            grant_type="refresh_token",
            refresh_token=REFRESH,
        )

    (row,) = rig.log("call")
    assert (row["name"], row["code"]) == ("refresh", 0)


def test_a_rule_strikes_only_its_place_and_its_account(rig: Rig) -> None:
    rig.fault("content_list", "code_51065")
    rig.fault("api", "code_40001", account="other-open-id")

    assert rig.get("/business/get/")["code"] == 0
    assert rig.get("/business/get/", token="act.other", business_id="other-open-id")["code"] == 40001
    conversation_id = rig.say()["conversation_id"]
    assert rig.get("/business/message/content/list/", conversation_id=conversation_id)["code"] == 51065


def test_duplicates_are_delivered_beside_the_first(rig: Rig) -> None:
    rig.fault("webhook", "duplicate", copies=9, count=1)

    rig.say()

    wait_until(rig.is_quiet)
    assert len(rig.receiver.received) == 10
    assert len({each.body for each in rig.receiver.received}) == 1
    assert all(each.is_signed for each in rig.receiver.received)


@pytest.mark.parametrize("kind", ["reorder", "late"])
def test_a_message_can_be_overtaken(rig: Rig, kind: str) -> None:
    rig.fault("webhook", kind, count=1, seconds=0.5)

    rig.say("First")
    rig.say("Second")

    wait_until(rig.is_quiet)
    assert rig.receiver.texts() == ["Second", "First"]


def test_an_echo_can_be_lost(rig: Rig) -> None:
    conversation_id = rig.say()["conversation_id"]
    rig.fault("send", "drop_echo")

    assert rig.send(conversation_id)["code"] == 0

    wait_until(rig.is_quiet)
    assert [each.event for each in rig.receiver.received] == ["im_receive_msg"]
    assert [row["name"] for row in rig.log("fault")] == ["drop_echo"]


def test_a_forgery_comes_beside_the_honest_one_and_is_tried_once(rig: Rig) -> None:
    rig.fault("webhook", "forge", count=1)

    said = rig.say()

    wait_until(rig.is_quiet)
    honest = [each for each in rig.receiver.received if each.is_signed]
    forged = [each for each in rig.receiver.received if not each.is_signed]
    assert [each.content["message_id"] for each in honest] == [said["message_id"]]
    assert len(forged) == 1
    rows = [row for row in rig.log("webhook") if row["detail"]["variant"] == "forged"]
    assert [(row["status"], row["detail"]["state"]) for row in rows] == [(401, "dropped")]


def test_an_old_event_can_come_again_with_its_old_signature(rig: Rig) -> None:
    rig.fault("webhook", "stale", count=1)

    rig.say()

    wait_until(rig.is_quiet)
    times = sorted(each.signed_at for each in rig.receiver.received)
    assert times[0] < time.time() - 170_000
    assert all(each.is_signed for each in rig.receiver.received)


def test_a_caller_that_hangs_up_comes_again(rig: Rig) -> None:
    rig.fault("webhook", "hang_up", count=1)

    rig.say()

    wait_until(rig.is_quiet)
    rows = rig.log("webhook")
    assert [row["status"] for row in rows] == [0, 200]


def test_rules_are_listed_with_their_strikes_and_removed(rig: Rig) -> None:
    rig.order("faults", rules=[{"where": "send", "kind": "slow", "seconds": 0}, {"where": "webhook", "kind": "forge"}])
    rig.say()

    listed = rig.look("faults")["rules"]

    assert [(rule["kind"], rule["applied"]) for rule in listed] == [("slow", 0), ("forge", 1)]
    assert rig.client.delete(f"/_sim/faults/{listed[0]['id']}").json() == {"removed": 1}
    assert rig.client.delete("/_sim/faults").json() == {"removed": 1}
    assert rig.look("faults") == {"rules": []}


@pytest.mark.parametrize(
    "rule",
    [
        {"where": "nowhere", "kind": "slow"},
        {"where": "send", "kind": "duplicate"},
        {"where": "webhook", "kind": "http_503"},
        {"where": "send", "kind": "http_200"},
        {"where": "send", "kind": "slow", "probability": 2},
        {"where": "send", "kind": "slow", "seconds": -1},
        {"where": "send", "kind": "slow", "colour": "red"},
        "slow",
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused(rig: Rig, rule: object) -> None:
    response = rig.client.post("/_sim/faults", json={"rules": [rule]})

    assert response.status_code == 400
    assert response.json()["error"]
    assert rig.look("faults") == {"rules": []}


def test_chance_is_repeatable_with_a_seed() -> None:
    def throws() -> list[bool]:
        book = FaultBook()
        book.seed(7)
        book.add([parse_rule({"where": "send", "kind": "slow", "probability": 0.3})])
        return [book.strike(("send",), account=None) is not None for _ in range(200)]

    assert throws() == throws()
    assert 30 <= sum(throws()) <= 90


def test_a_count_ends_a_rule() -> None:
    book = FaultBook()
    book.add([parse_rule({"where": "send", "kind": "slow", "count": 2})])

    struck = [book.strike(("send",), account=None) is not None for _ in range(3)]

    assert struck == [True, True, False]


def test_a_rule_is_an_object() -> None:
    with pytest.raises(InvalidRule, match="object"):
        parse_rule(["send"])
