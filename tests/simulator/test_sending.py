"""Sending: what is accepted, what is refused, and what the truth log says about it."""

from typing import Any

import pytest

from tests.simulator.rig import Rig, wait_until


def test_a_text_is_accepted_and_its_echo_comes_as_a_webhook(rig: Rig) -> None:
    conversation_id = rig.say()["conversation_id"]

    message_id = rig.send(conversation_id)["data"]["message"]["message_id"]

    wait_until(lambda: len(rig.receiver.received) == 2)
    echo = rig.receiver.received[1]
    assert echo.is_signed
    assert echo.event == "im_send_msg"
    assert echo.content["message_id"] == message_id
    assert echo.content["message_tag"] == {"source": "API"}
    assert echo.content["to_user"]["role"] == "personal_account"
    assert echo.content["unique_identifier"] == "biz-open-id"
    accepted = rig.log("accepted")
    assert [row["message_id"] for row in accepted] == [message_id]
    assert accepted[0]["detail"]["content"] == {"body": "It left today."}


def test_ids_carry_the_signs_that_need_encoding(rig: Rig) -> None:
    said = rig.say()

    for each in (said["conversation_id"], said["message_id"]):
        assert {"+", "/", "="} <= set(each)


def test_ten_messages_fit_in_a_window_and_the_next_customer_message_opens_another(rig: Rig) -> None:
    conversation_id = rig.say()["conversation_id"]

    codes = [rig.send(conversation_id, f"Part {number}")["code"] for number in range(11)]

    assert codes == [0] * 10 + [40064]
    rig.say("Still there?")
    assert rig.send(conversation_id)["code"] == 0


def test_a_closed_window_refuses(rig: Rig) -> None:
    conversation_id = rig.say()["conversation_id"]
    rig.order("settings", window_hours=0)

    assert rig.send(conversation_id)["code"] == 40064
    assert rig.log("accepted") == []


def test_nobody_can_be_written_to_first(rig: Rig) -> None:
    conversation_id = rig.order("customers", user="shy.one")["conversation_id"]

    assert rig.send(conversation_id)["code"] == 40064


def test_typing_is_shown_and_uses_no_message(rig: Rig) -> None:
    conversation_id = rig.say()["conversation_id"]

    answer = rig.send(conversation_id, message_type="SENDER_ACTION", sender_action="TYPING")

    assert answer["data"] == {"message": {"message_id": ""}}
    shown = rig.look("conversations")["conversations"][0]
    assert shown["typing_until"] > 0
    assert shown["window"]["left"] == 10
    rig.send(conversation_id)
    assert rig.look("conversations")["conversations"][0]["typing_until"] == 0


def test_mark_read_comes_back_as_the_businesss_own_receipt(rig: Rig) -> None:
    conversation_id = rig.say()["conversation_id"]

    rig.send(conversation_id, message_type="SENDER_ACTION", sender_action="MARK_READ")

    wait_until(lambda: len(rig.receiver.received) == 2)
    receipt = rig.receiver.received[1]
    assert receipt.event == "im_mark_read_msg"
    assert receipt.content["from_user"]["id"] == "biz-open-id"


BUTTON = {"type": "REPLY", "title": "Yes", "id": "yes"}


@pytest.mark.parametrize(
    "parameters",
    [
        {"text": {"body": "x" * 6001}},
        {"text": {"body": ""}},
        {"text": None},
        {"recipient": "unknown=="},
        {"recipient_type": "USER"},
        {"message_type": "VOICE"},
        {"image": {"media_id": "v0"}},
        {"message_type": "IMAGE", "image": {"media_id": "v0none"}},
        {"message_type": "SHARE_POST", "share_post": {"item_id": "not a number"}},
        {"message_type": "SENDER_ACTION", "sender_action": "DANCE"},
        {"message_type": "TEMPLATE", "template": {"type": "QA_BUTTON_CARD", "title": "x" * 41, "buttons": [BUTTON]}},
        {"message_type": "TEMPLATE", "template": {"type": "QA_BUTTON_CARD", "title": "Ok?", "buttons": []}},
        {"message_type": "TEMPLATE", "template": {"type": "QA_BUTTON_CARD", "title": "Ok?", "buttons": [BUTTON] * 4}},
        {
            "message_type": "TEMPLATE",
            "template": {"type": "QA_BUTTON_CARD", "title": "Ok?", "buttons": [BUTTON | {"title": "x" * 21}]},
        },
        {
            "message_type": "TEMPLATE",
            "template": {"type": "QA_LINK_CARD", "title": "Ok?", "buttons": [BUTTON | {"id": "x" * 41}]},
        },
        {"referenced_message_info": {"referenced_message_id": "unknown=="}},
    ],
)
def test_what_breaks_a_limit_is_refused_as_a_bad_parameter(rig: Rig, parameters: dict[str, Any]) -> None:
    conversation_id = rig.say()["conversation_id"]

    answer = rig.send(conversation_id, **parameters)

    assert answer["code"] == 40002
    assert rig.log("accepted") == []


def test_cards_posts_quotes_and_the_longest_text_are_accepted(rig: Rig) -> None:
    said = rig.say()
    card = {"type": "QA_LINK_CARD", "title": "Did it help?", "buttons": [BUTTON | {"title": "x" * 40}]}

    answers = [
        rig.send(said["conversation_id"], "é" * 6000),
        rig.send(said["conversation_id"], referenced_message_info={"referenced_message_id": said["message_id"]}),
        rig.send(said["conversation_id"], message_type="SHARE_POST", share_post={"item_id": "7380000000000000042"}),
        rig.send(said["conversation_id"], message_type="TEMPLATE", template=card),
    ]

    assert [answer["code"] for answer in answers] == [0, 0, 0, 0]


def test_a_sticker_cannot_be_quoted(rig: Rig) -> None:
    said = rig.order("say", user="jane.k", sticker="heart")

    answer = rig.send(said["conversation_id"], referenced_message_info={"referenced_message_id": said["message_id"]})

    assert answer["code"] == 40002


def test_a_business_cannot_write_in_anothers_conversation(rig: Rig) -> None:
    conversation_id = rig.say(business_id="other-open-id")["conversation_id"]

    assert rig.send(conversation_id)["code"] == 40002
    assert rig.send(conversation_id, business_id="other-open-id")["code"] == 40001


def test_sixty_queries_a_minute_are_answered_and_the_next_is_not(rig: Rig) -> None:
    rig.order("settings", query_limit_per_minute=3)

    codes = [rig.get("/business/get/")["code"] for _ in range(4)]

    assert codes == [0, 0, 0, 40100]
    assert rig.get("/business/get/", token="act.other", business_id="other-open-id")["code"] == 0


@pytest.mark.parametrize("token", ["", "act.unknown", "Bearer act.first"])
def test_a_wrong_token_is_refused_with_http_200(rig: Rig, token: str) -> None:
    conversation_id = rig.say()["conversation_id"]

    answer = rig.post(
        "/business/message/send/",
        token=token,
        recipient_type="CONVERSATION",
        recipient=conversation_id,
        message_type="TEXT",
        text={"body": "Hello"},
    )

    assert answer["code"] == 40105
    assert answer["message"]
    assert answer["request_id"]


def test_a_path_without_its_last_slash_is_not_found(rig: Rig) -> None:
    response = rig.client.post("/open_api/v1.3/business/message/send", json={})

    assert response.status_code == 404


def test_a_body_that_is_no_json_is_a_bad_parameter(rig: Rig) -> None:
    response = rig.client.post(
        "/open_api/v1.3/business/message/send/", content=b"[" * 100_000, headers={"Access-Token": "act.first"}
    )

    assert response.status_code == 200
    assert response.json()["code"] == 40002
