"""The control API: who may use it, what it refuses, what it shows."""

import sqlite3
import threading
from urllib.parse import quote

import httpx2
import pytest

from simulator.app import DATABASE
from tests.simulator.rig import Rig, wait_until


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:80"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_foreign_page_gives_no_orders(rig: Rig, headers: dict[str, str]) -> None:
    response = rig.client.post("/_sim/say", json={"user": "jane.k", "text": "Hi"}, headers=headers)

    assert response.status_code == 403
    assert rig.look("conversations") == {"conversations": []}


def test_a_form_gives_no_orders(rig: Rig) -> None:
    response = rig.client.post("/_sim/say", content=b'{"user":"jane.k","text":"Hi"}')

    assert response.status_code == 415


def test_the_own_page_and_localhost_may(rig: Rig) -> None:
    host = f"localhost:{rig.simulator.port}"

    response = rig.client.post(
        "/_sim/say", json={"user": "jane.k", "text": "Hi"}, headers={"Host": host, "Origin": f"http://{host}"}
    )

    assert response.status_code == 200


@pytest.mark.parametrize(
    ("path", "order"),
    [
        ("say", {"text": "Hi"}),
        ("say", {"user": "jane.k"}),
        ("say", {"user": "jane.k", "text": "Hi", "image": True}),
        ("say", {"user": "jane.k", "text": 7}),
        ("say", {"user": "jane.k", "text": "Hi", "count": 0}),
        ("say", {"user": "jane.k", "text": "Hi", "business_id": "unknown"}),
        ("say", {"conversation_id": "unknown", "text": "Hi"}),
        ("say", {"user": "jane.k", "text": "Hi", "referenced": "unknown"}),
        ("say", {"user": "jane.k", "image": {"base64": "!"}}),
        ("say", {"user": "jane.k", "reaction": {}}),
        ("colleague", {"user": "jane.k", "text": "Hi", "source": "API"}),
        ("event", {}),
        ("settings", {"window_messages": "ten"}),
        ("settings", {"speed": 1}),
        ("scripted", {"enabled": "yes"}),
        ("tokens", {"action": "steal"}),
        ("apps", {"apps": [{"client_key": ""}]}),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_in_a_sentence(rig: Rig, path: str, order: dict[str, object]) -> None:
    response = rig.client.post(f"/_sim/{path}", json=order)

    assert response.status_code == 400
    assert response.json()["error"].endswith(".")
    assert rig.look("conversations") == {"conversations": []}


def test_a_burst_is_one_order(rig: Rig) -> None:
    said = rig.say("Hello?", count=3)

    assert len(set(said["message_ids"])) == 3
    wait_until(lambda: rig.receiver.texts() == ["Hello?"] * 3)


def test_the_thread_is_shown_whole_and_in_order(rig: Rig) -> None:
    conversation_id = rig.say("One")["conversation_id"]
    rig.send(conversation_id, "Two")
    rig.order("colleague", user="jane.k", text="Three")

    path = f"conversations/{quote(conversation_id, safe='')}/messages"
    thread = rig.look(path)

    assert [(each["content"]["body"], each["direction"], each["source"]) for each in thread["messages"]] == [
        ("One", "in", "APP"),
        ("Two", "out", "API"),
        ("Three", "out", "APP"),
    ]
    times = [each["at_ms"] for each in thread["messages"]]
    assert times == sorted(set(times))
    assert rig.client.get("/_sim/conversations/none/messages").status_code == 404


def test_the_log_is_read_from_where_one_left(rig: Rig) -> None:
    rig.say("One")
    wait_until(rig.is_quiet)
    seen = rig.look("log")["next"]

    rig.say("Two")

    rows = rig.look(f"log?after={seen}")["rows"]
    assert rows[0]["detail"]["content"] == {"body": "Two"}


def test_nobody_rewrites_the_truth(rig: Rig) -> None:
    rig.say()
    with sqlite3.connect(rig.simulator.data / DATABASE) as connection:
        with pytest.raises(sqlite3.DatabaseError, match="append only"):
            connection.execute("DELETE FROM truth")
        with pytest.raises(sqlite3.DatabaseError, match="append only"):
            connection.execute("UPDATE truth SET name = 'x'")


def test_apps_can_be_added_while_it_runs(rig: Rig) -> None:
    account = {"business_id": "third", "display_name": "Third", "username": "third", "access_token": "act.third"}

    rig.order("apps", apps=[{"client_key": "77", "client_secret": "s", "accounts": [account]}])

    assert rig.get("/business/get/", token="act.third", business_id="third")["data"]["username"] == "third"
    shown = rig.look("apps")["apps"]
    assert "client_secret" not in shown[-1]
    assert shown[-1]["callback_url"] is None


def test_the_stream_says_when_something_happened(rig: Rig) -> None:
    opened = threading.Event()
    changed = threading.Event()

    def listen() -> None:
        with httpx2.stream("GET", f"{rig.simulator.base_url}/_sim/stream", timeout=10, trust_env=False) as response:
            for line in response.iter_lines():
                opened.set()
                if line.startswith("event: change"):
                    changed.set()
                    return

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    assert opened.wait(5)

    rig.say()

    assert changed.wait(5)


def test_the_page_brings_everything_it_needs_itself(rig: Rig) -> None:
    page = rig.client.get("/")

    assert page.status_code == 200
    assert "script-src 'self'" in page.headers["content-security-policy"]
    for name in ("simulator.css", "simulator.js"):
        assert f"/static/{name}" in page.text
        assert rig.client.get(f"/static/{name}").status_code == 200
    assert "://" not in page.text
    assert rig.client.get("/static/..%2Fpage.py").status_code == 404


@pytest.mark.parametrize("path", ["/media/sticker/heart.png", "/media/avatar/12.png"])
def test_pictures_are_made_on_the_spot(rig: Rig, path: str) -> None:
    response = rig.client.get(path)

    assert response.headers["content-type"] == "image/png"
    assert response.content.startswith(b"\x89PNG")


@pytest.mark.parametrize("path", ["/media/sticker/none.png", "/media/avatar/x.png", "/nothing", "/_sim/nothing"])
def test_what_is_not_there_is_not_found(rig: Rig, path: str) -> None:
    assert rig.client.get(path).status_code == 404
