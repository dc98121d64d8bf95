"""LinkedIn's other end: what it notifies, what it takes, what it refuses."""

import hashlib
import hmac
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from tests.simulator.linkedin import CLIENT_ID, PAGE, POST, REFRESH, SECRET, LinkedInRig, linkedin
from tests.simulator.rig import wait_until

BACK = "http://127.0.0.1:9/back"


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[LinkedInRig]:
    with linkedin(tmp_path) as running:
        yield running


def test_a_comment_is_notified_signed_and_in_batches_of_ten(rig: LinkedInRig) -> None:
    rig.order("comment", texts=[f"Question {number}" for number in range(12)])

    wait_until(lambda: len(rig.door.received) == 2)

    assert [len(each) for each in (rig.door.notifications()[:10], rig.door.notifications()[10:])] == [10, 2]
    body, headers = rig.door.received[0]
    digest = hmac.new(SECRET.encode(), b"hmacsha256=" + body, hashlib.sha256).hexdigest()
    assert headers["x-li-signature"] == digest
    first = rig.door.notifications()[0]
    assert first["generatedActivity"].startswith("urn:li:comment:(activity:")
    assert first["decoratedGeneratedActivity"]["comment"]["text"] == "Question 0"


def test_the_page_answers_and_its_comment_comes_back(rig: LinkedInRig) -> None:
    top = rig.order("comment", text="How much?")["comments"][0]

    made = rig.comment(top, "Nine a seat.")

    assert made.status_code == 201
    listed = rig.call("GET", f"/rest/socialActions/{quote(top, safe='')}/comments").json()
    assert [(each["id"], each["message"]["text"]) for each in listed["elements"]] == [
        (made.headers["x-restli-id"], "Nine a seat.")
    ]
    wait_until(lambda: len(rig.door.notifications()) == 2)
    assert rig.door.notifications()[1]["action"] == "ADMIN_COMMENT"
    assert [row["message_id"] for row in rig.log("accepted")] == [made.json()["$URN"]]


def test_a_reply_to_a_reply_is_refused_and_one_can_be_taken_back(rig: LinkedInRig) -> None:
    top = rig.order("comment", text="How much?")["comments"][0]
    ours = rig.comment(top, "Nine a seat.").json()

    refused = rig.comment(ours["$URN"], "And more.")
    gone = rig.call("DELETE", f"/rest/socialActions/{quote(top, safe='')}/comments/{ours['id']}")
    missing = rig.call("GET", f"/rest/socialActions/{quote(POST, safe='')}/comments/{ours['id']}")

    assert (refused.status_code, gone.status_code, missing.status_code) == (400, 204, 404)
    assert refused.json()["status"] == 400


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": "Bearer nobody"}, 401),
        ({"LinkedIn-Version": ""}, 400),
        ({"LinkedIn-Version": "202401"}, 426),
        ({"X-Restli-Protocol-Version": "1.0.0"}, 400),
    ],
)
def test_a_call_needs_its_headers(rig: LinkedInRig, headers: dict[str, str], status: int) -> None:
    answer = rig.call("GET", f"/rest/socialActions/{quote(POST, safe='')}/comments", headers=headers)

    assert answer.status_code == status


def test_three_unanswered_challenges_block_the_webhook(rig: LinkedInRig) -> None:
    rig.door.answers = False

    states = [rig.order("challenge")["challenges"][0]["state"] for _ in range(3)]
    rig.order("comment", text="Anybody there?")

    assert states == ["validated", "validated", "blocked"]
    assert rig.order("challenge")["challenges"] == []
    assert rig.client.get("/_sim/state?acked=0").json()["webhooks"]["unregistered"] == 1


def test_the_authorise_page_gives_a_code_for_a_token(rig: LinkedInRig) -> None:
    query = {"response_type": "code", "client_id": CLIENT_ID, "redirect_uri": BACK, "state": "s1"}
    shown = rig.client.get("/oauth/v2/authorization", params=query)
    back = rig.client.post("/oauth/v2/authorization", data=query | {"organization": PAGE, "decision": "allow"})
    given = parse_qs(urlsplit(back.headers["location"]).query)

    form = {"grant_type": "authorization_code", "code": given["code"][0], "redirect_uri": BACK}
    app = {"client_id": CLIENT_ID, "client_secret": SECRET}
    answer = rig.client.post("/oauth/v2/accessToken", data=form | app)
    again = rig.client.post("/oauth/v2/accessToken", data=form | app)

    assert "Acme" in shown.text
    assert given["state"] == ["s1"]
    assert answer.json()["expires_in"] == 5_184_000
    assert rig.call("GET", "/v2/me", token=answer.json()["access_token"]).status_code == 200
    assert (again.status_code, again.json()["error"]) == (400, "invalid_request")


def test_a_refresh_token_gives_a_new_access_token_and_stays(rig: LinkedInRig) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": REFRESH, "client_id": CLIENT_ID, "client_secret": SECRET}

    answer = rig.client.post("/oauth/v2/accessToken", data=form).json()

    assert answer["refresh_token"] == REFRESH
    assert answer["access_token"] != "li.first"


def test_the_page_to_play_a_commenter_is_there(rig: LinkedInRig) -> None:
    page = rig.client.get("/linkedin")

    assert page.status_code == 200
    assert rig.client.get("/static/linkedin.js").status_code == 200
    assert "script-src 'self'" in page.headers["content-security-policy"]


def test_the_log_names_what_each_batch_told_of_and_the_thread_that_a_comment_opens(rig: LinkedInRig) -> None:
    top = rig.order("comment", text="How much?")["comments"][0]
    below = rig.order("comment", texts=["And for two?", "And for three?"], parent=top)["comments"]

    wait_until(lambda: len([row for row in rig.log("webhook") if row["name"] == "COMMENT"]) == 2)

    told = [row["message_id"] for row in rig.log("webhook") if row["name"] == "COMMENT"]
    assert told == [top, " ".join(below)]
    assert {row["conversation_id"] for row in rig.log("customer")} == {top}


def test_what_was_not_taken_is_notified_again_after_as_long_as_was_set(tmp_path: Path) -> None:
    with linkedin(tmp_path, retry_factor=1.0, linkedin_retry_seconds=0.01) as rig:
        rig.door.status = 503
        rig.order("comment", text="How much?")
        wait_until(lambda: len(rig.door.received) > 1)

        rig.door.status = 200

        wait_until(lambda: any(row["status"] == 200 for row in rig.log("webhook") if row["name"] == "COMMENT"))
