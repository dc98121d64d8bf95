"""Webhooks: their content, their order, their retries, and what a restart keeps."""

import threading
from pathlib import Path

import pytest

from simulator.webhooks import backoff
from simulator.webhooks.lanes import Lanes
from tests.simulator.rig import CLIENT_KEY, Receiver, Rig, running, wait_until


def test_a_customers_message_arrives_signed_with_its_content_as_text(rig: Rig) -> None:
    said = rig.say("Is it blue? 💙")

    wait_until(rig.is_quiet)
    (received,) = rig.receiver.received
    assert received.is_signed
    assert received.event == "im_receive_msg"
    content = received.content
    assert content["message_id"] == said["message_id"]
    assert content["conversation_id"] == said["conversation_id"]
    assert content["text"] == {"body": "Is it blue? 💙"}
    assert content["from"] == "jane.k"
    assert content["to"] == "acme.shop"
    assert content["to_user"] == {"id": "biz-open-id", "role": "business_account"}
    assert content["unique_identifier"] == content["from_user"]["id"]
    assert content["timestamp"] > 1_000_000_000_000
    assert b'"create_time":1' in received.body


@pytest.mark.parametrize(
    ("order", "type_", "key"),
    [
        ({"image": True}, "image", "media_id"),
        ({"video": True}, "video", "media_id"),
        ({"sticker": "star"}, "sticker", "url"),
        ({"emoji": True}, "emoji", "url"),
        ({"share_post": {}}, "share_post", "embed_url"),
    ],
)
def test_each_kind_of_message_carries_its_own_part(rig: Rig, order: dict[str, object], type_: str, key: str) -> None:
    rig.order("say", user="jane.k", **order)

    wait_until(lambda: rig.receiver.received)
    content = rig.receiver.received[0].content
    assert content["type"] == type_
    assert content[type_][key]


def test_a_quoted_message_a_button_and_hostile_text_travel_as_they_are(rig: Rig) -> None:
    first = rig.say()
    text = "\u0000 \u202e \ud83d <b>"

    rig.say(text, referenced=first["message_id"], button_id="yes")

    wait_until(lambda: len(rig.receiver.received) == 2)
    content = rig.receiver.received[1].content
    assert content["text"]["body"] == text
    assert content["referenced_message_info"] == {"referenced_message_id": first["message_id"]}
    assert content["reply_source_payload"]["reply_source_unique_id"] == "yes"


def test_a_colleague_in_the_app_is_an_echo_with_another_source(rig: Rig) -> None:
    rig.say()

    rig.order("colleague", user="jane.k", text="I'll look into it.", source="WEB")

    wait_until(lambda: len(rig.receiver.received) == 2)
    echo = rig.receiver.received[1]
    assert echo.event == "im_send_msg"
    assert echo.content["message_tag"] == {"source": "WEB"}


def test_reading_arriving_and_europe_have_their_own_events(rig: Rig) -> None:
    rig.say()
    rig.order("read", user="jane.k")
    rig.order("referral", user="new.one", source="ad", ad_id="42")
    rig.order("say", eu=True)

    wait_until(lambda: len(rig.receiver.received) == 4)
    events = {each.event: each.content for each in rig.receiver.received}
    assert events["im_mark_read_msg"]["read"]["last_read_timestamp"] > 1_000_000_000_000
    assert events["im_referral_msg"]["referral"]["ad"]["ad_id"] == "42"
    assert "message_id" not in events["im_referral_msg"]
    assert set(events["im_receive_msg_eu"]) == {"to", "to_user", "timestamp"}


@pytest.mark.parametrize(
    "event",
    ["im_auto_message_config_update", "im_auto_message_audit_update", "im_receive_high_intent_comment", "im_new_thing"],
)
def test_any_other_event_can_be_sent(rig: Rig, event: str) -> None:
    rig.order("event", event=event)

    wait_until(lambda: rig.receiver.received)
    assert rig.receiver.received[0].event == event
    assert rig.receiver.received[0].is_signed


def test_comments_go_to_the_address_for_comments_only(rig: Rig) -> None:
    rig.order("event", event="comment.update")

    assert rig.look("state")["webhooks"]["unregistered"] == 1
    rig.post(
        "/business/webhook/update/",
        app_id=CLIENT_KEY,
        secret="tt-test-secret",
        event_type="COMMENT",
        callback_url=rig.receiver.url,
    )
    rig.order("event", event="comment.update")
    wait_until(lambda: rig.receiver.received)
    assert rig.receiver.received[0].content["comment_id"] == 7390000000000000002


@pytest.mark.parametrize("status", [500, 204, 302, 401])
def test_anything_but_200_is_tried_again_and_order_is_kept(rig: Rig, status: int) -> None:
    rig.receiver.statuses += [status, status]

    for number in range(4):
        rig.say(f"Line {number}")

    wait_until(rig.is_quiet)
    assert rig.receiver.texts() == ["Line 0"] * 3 + ["Line 1", "Line 2", "Line 3"]
    assert [row["status"] for row in rig.log("webhook")] == [status, status, 200, 200, 200, 200]


def test_one_conversations_trouble_does_not_hold_another_up(rig: Rig) -> None:
    rig.order("settings", retry_factor=1000)
    rig.receiver.statuses.append(503)
    rig.say("Stuck")
    wait_until(lambda: rig.receiver.received)

    rig.say("Free", user="ben")

    wait_until(lambda: rig.receiver.texts() == ["Stuck", "Free"])
    rig.order("hurry")
    wait_until(rig.is_quiet)


def test_a_door_that_does_not_answer_in_time_is_tried_again(rig: Rig) -> None:
    rig.order("settings", webhook_timeout_seconds=0.1)
    rig.receiver.holding = True
    rig.say()
    wait_until(lambda: rig.log("webhook"))

    rig.receiver.holding = False
    rig.receiver.hold.set()

    wait_until(rig.is_quiet)
    rows = rig.log("webhook")
    assert rows[0]["detail"]["error"] == "timeout"
    assert rows[-1]["status"] == 200


def test_the_signature_of_a_retry_is_new_or_the_first_one_as_set(rig: Rig) -> None:
    rig.order("settings", resign_retries=False, retry_factor=1.2)
    rig.receiver.statuses.append(500)

    rig.say()

    wait_until(rig.is_quiet)
    first, second = rig.receiver.received
    assert second.at - first.at > 0.8
    assert second.signed_at == first.signed_at
    assert second.is_signed


def test_a_webhook_is_given_up_when_its_time_is_over(rig: Rig) -> None:
    rig.order("settings", retry_for_hours=0)
    rig.receiver.statuses.append(500)

    rig.say()

    wait_until(rig.is_quiet)
    assert rig.look("state")["webhooks"]["dropped"] == 1


def test_paused_webhooks_wait_and_go_when_resumed(rig: Rig) -> None:
    rig.order("pause")
    rig.say()
    assert rig.look("state")["webhooks"]["pending"] == 1
    assert rig.receiver.received == []

    rig.order("resume")

    wait_until(lambda: rig.receiver.received)


def test_a_restart_keeps_conversations_the_log_and_what_was_not_delivered(tmp_path: Path, receiver: Receiver) -> None:
    with running(tmp_path, receiver) as rig:
        rig.order("pause")
        said = [rig.say(f"Line {number}") for number in range(5)]
        before = rig.look("log")["rows"]

    with running(tmp_path, receiver) as again:
        wait_until(again.is_quiet)

        assert receiver.texts() == [f"Line {number}" for number in range(5)]
        assert again.look("log")["rows"][: len(before)] == before
        acked = again.look("state")["acked"]
        assert [each["message_id"] for each in acked] == [each["message_id"] for each in said]
        assert all(each["first_ack_at"] for each in acked)
        assert again.send(said[0]["conversation_id"])["code"] == 0


def test_many_conversations_at_once_keep_their_own_order(rig: Rig) -> None:
    def write(user: str) -> None:
        for number in range(10):
            rig.say(f"{user} {number}", user=user)

    writers = [threading.Thread(target=write, args=(f"user{number}",)) for number in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    wait_until(rig.is_quiet)
    for number in range(8):
        own = [text for text in rig.receiver.texts() if text.startswith(f"user{number} ")]
        assert own == [f"user{number} {line}" for line in range(10)]


def test_the_waits_grow_and_are_spread() -> None:
    waits = [backoff.wait_after(attempts, factor=1.0) for attempts in (1, 2, 3, 4, 5, 99)]

    for wait, base in zip(waits, (1, 2, 5, 15, 60, 14_400), strict=True):
        assert 0.8 * base <= wait <= 1.2 * base


def test_a_lane_gives_one_at_a_time_and_the_earliest_due_first() -> None:
    lanes = Lanes()
    lanes.add(1, lane="a", due_at=20)
    lanes.add(2, lane="a", due_at=5)
    lanes.add(3, lane="b", due_at=10)

    assert lanes.next_due() == 10
    assert lanes.take() == (3, "b")
    assert lanes.next_due() == 20
    assert lanes.take() == (1, "a")
    assert lanes.next_due() is None
    lanes.again("a", due_at=30)
    assert lanes.next_due() == 30
    assert lanes.take() == (1, "a")
    lanes.done("a")
    assert lanes.take() == (2, "a")


def test_what_was_overtaken_is_sent_once_more_too_and_in_its_place(rig: Rig) -> None:
    rig.order("faults", rules=[{"where": "webhook", "kind": "reorder", "count": 1, "seconds": 0.05}])
    rig.say("Where is my order?")
    rig.say("Hello?")
    wait_until(lambda: len(rig.receiver.received) == 2)
    wait_until(rig.is_quiet)

    assert rig.order("redeliver", seconds=60) == {"webhooks": 2}

    wait_until(lambda: len(rig.receiver.received) == 4)
    assert rig.receiver.texts()[2:] == ["Where is my order?", "Hello?"]


def test_what_was_taken_can_be_sent_once_more(rig: Rig) -> None:
    rig.say("Where is my order?")
    rig.say("Hello?")
    wait_until(rig.is_quiet)

    assert rig.order("redeliver", seconds=60) == {"webhooks": 2}

    wait_until(lambda: len(rig.receiver.received) == 4)
    assert rig.receiver.texts() == ["Where is my order?", "Hello?"] * 2
    assert rig.client.post("/_sim/redeliver", json={"seconds": 0}).status_code == 400
