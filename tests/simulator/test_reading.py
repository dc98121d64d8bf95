"""Reading back, media and webhook registration."""

import pytest

from simulator.tiktok import pictures
from tests.simulator.rig import API, BUSINESS, CLIENT_KEY, SECRET, TOKEN, Rig, wait_until


def test_the_twenty_newest_messages_are_listed_newest_first(rig: Rig) -> None:
    said = [rig.say(f"Line {number}") for number in range(25)]
    conversation_id = said[0]["conversation_id"]

    data = rig.get("/business/message/content/list/", conversation_id=conversation_id)["data"]

    assert [each["text"]["body"] for each in data["messages"]] == [f"Line {number}" for number in range(24, 4, -1)]
    assert {each["message_type"] for each in data["messages"]} == {"TEXT"}
    roles = {each["role"]: each for each in data["participants"]}
    assert roles["BUSINESS_ACCOUNT"]["id"] == BUSINESS
    assert roles["PERSONAL_ACCOUNT"]["is_follower"] is False


def test_a_plus_that_is_not_encoded_makes_the_conversation_unknown(rig: Rig) -> None:
    conversation_id = rig.say()["conversation_id"]

    response = rig.client.get(
        f"{API}/business/message/content/list/?business_id={BUSINESS}&conversation_id={conversation_id}",
        headers={"Access-Token": TOKEN},
    )

    assert response.json()["code"] == 40002
    assert response.json()["message"] == "Param conversation_id is invalid."


def test_a_type_the_api_does_not_know_is_listed_as_other(rig: Rig) -> None:
    conversation_id = rig.order("say", user="jane.k", type="hologram", content={"url": "x"})["conversation_id"]

    data = rig.get("/business/message/content/list/", conversation_id=conversation_id)["data"]

    assert data["messages"][0]["message_type"] == "OTHER"
    assert "hologram" not in data["messages"][0]
    wait_until(lambda: rig.receiver.received)
    assert rig.receiver.received[0].content["type"] == "hologram"


def test_a_reaction_is_listed_on_the_message_it_is_about(rig: Rig) -> None:
    said = rig.say("I love it")
    rig.order("say", user="jane.k", reaction={"message_id": said["message_id"], "emoji": "🎉"})

    data = rig.get("/business/message/content/list/", conversation_id=said["conversation_id"])["data"]

    assert len(data["messages"]) == 1
    assert data["messages"][0]["reactions"][0]["emoji"] == "🎉"


def test_a_conversation_is_a_strangers_until_the_business_answers(rig: Rig) -> None:
    conversation_id = rig.say()["conversation_id"]
    strangers = rig.get("/business/message/conversation/list/", conversation_type="STRANGER")["data"]

    rig.send(conversation_id)

    assert [each["conversation_id"] for each in strangers["conversations"]] == [conversation_id]
    single = rig.get("/business/message/conversation/list/", conversation_type="SINGLE")["data"]
    assert [each["conversation_id"] for each in single["conversations"]] == [conversation_id]
    assert single["conversations"][0]["update_time"] > 1_000_000_000_000


def test_conversations_come_in_pages_and_a_hundred_at_most(rig: Rig) -> None:
    for number in range(105):
        rig.order("customers", user=f"user{number}")

    seen: list[str] = []
    cursor, more = 0, True
    while more:
        data = rig.get(
            "/business/message/conversation/list/", conversation_type="STRANGER", limit="40", cursor=str(cursor)
        )["data"]
        seen += [each["conversation_id"] for each in data["conversations"]]
        cursor, more = data["cursor"], data["has_more"]

    assert len(seen) == len(set(seen)) == 100


def test_the_account_tells_its_names(rig: Rig) -> None:
    data = rig.get("/business/get/", fields='["username","display_name"]')["data"]

    assert data == {"username": "acme.shop", "display_name": "Acme Shop"}


def test_an_uploaded_image_can_be_sent(rig: Rig) -> None:
    conversation_id = rig.say()["conversation_id"]

    upload = rig.client.post(
        f"{API}/business/message/media/upload/",
        data={"business_id": BUSINESS, "media_type": "IMAGE"},
        files={"file": ("parcel.png", pictures.photograph(), "image/png")},
        headers={"Access-Token": TOKEN},
    ).json()
    sent = rig.post(
        "/business/message/send/",
        recipient_type="CONVERSATION",
        recipient=conversation_id,
        message_type="IMAGE",
        image={"media_id": upload["data"]["media_id"]},
    )

    assert sent["code"] == 0
    shown = rig.client.get(f"/_sim/media/{upload['data']['media_id']}")
    assert shown.content == pictures.photograph()


@pytest.mark.parametrize(
    ("data", "code"), [(b"GIF89a", 40908), (b"\x89PNG\r\n\x1a\n" + bytes(3 * 1024 * 1024), 40002), (b"", 40002)]
)
def test_a_file_that_is_no_small_image_is_refused(rig: Rig, data: bytes, code: int) -> None:
    answer = rig.client.post(
        f"{API}/business/message/media/upload/",
        data={"business_id": BUSINESS, "media_type": "IMAGE"},
        files={"file": ("file", data, "image/png")},
        headers={"Access-Token": TOKEN},
    )

    assert answer.json()["code"] == code


def test_a_customers_image_is_downloaded_with_the_token_in_its_own_header(rig: Rig) -> None:
    said = rig.order("say", user="jane.k", image=True)
    wait_until(lambda: rig.receiver.received)
    media_id = rig.receiver.received[0].content["image"]["media_id"]

    answer = rig.post(
        "/business/message/media/download/",
        conversation_id=said["conversation_id"],
        message_id=said["message_id"],
        media_id=media_id,
        media_type="IMAGE",
    )

    url = answer["data"]["download_url"]
    assert url.startswith(rig.simulator.base_url)
    assert rig.client.get(url, headers={"x-user": TOKEN}).content.startswith(b"\x89PNG")
    assert rig.client.get(url).status_code == 403
    assert rig.client.get(url, headers={"x-user": "act.other"}).status_code == 403


def test_a_file_of_another_message_cannot_be_downloaded(rig: Rig) -> None:
    said = rig.order("say", user="jane.k", image=True)

    answer = rig.post(
        "/business/message/media/download/",
        conversation_id=said["conversation_id"],
        message_id=said["message_id"],
        media_id="v0invented",
        media_type="IMAGE",
    )

    assert answer["code"] == 40007


@pytest.mark.parametrize("allowed", [True, False])
def test_whether_images_may_be_sent_can_be_asked(rig: Rig, allowed: bool) -> None:
    conversation_id = rig.say()["conversation_id"]
    rig.order("settings", send_images=allowed)

    answer = rig.get(
        "/business/message/capabilities/get/",
        conversation_id=conversation_id,
        conversation_type="SINGLE",
        capability_types='["IMAGE_SEND"]',
    )

    assert answer["data"]["capability_infos"] == [{"capability_type": "IMAGE_SEND", "capability_result": allowed}]


def test_a_webhook_address_is_set_shown_and_deleted(rig: Rig) -> None:
    app = {"app_id": CLIENT_KEY, "secret": SECRET, "event_type": "DIRECT_MESSAGE"}

    updated = rig.post("/business/webhook/update/", **app, callback_url="http://127.0.0.1:9/new")
    shown = rig.get("/business/webhook/list/", **app)
    rig.post("/business/webhook/delete/", **app)
    gone = rig.get("/business/webhook/list/", **app)

    assert updated["data"] == shown["data"]
    assert shown["data"]["callback_url"] == "http://127.0.0.1:9/new"
    assert "callback_url" not in gone["data"]
    assert rig.post("/business/webhook/delete/", **(app | {"secret": "wrong"}))["code"] == 40101


def test_secrets_and_tokens_never_enter_the_truth_log(rig: Rig) -> None:
    rig.get("/business/webhook/list/", app_id=CLIENT_KEY, secret=SECRET, event_type="DIRECT_MESSAGE")
    rig.say()

    log = rig.client.get("/_sim/log").text

    assert SECRET not in log
    assert TOKEN not in log
