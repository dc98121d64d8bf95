"""What docs/api.md tells people to type, typed against a running product."""

import os
import re
import shutil
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from drill import wire
from tests.product import RunningProduct

if TYPE_CHECKING:
    from playwright.sync_api import Page

GUIDE = (Path(__file__).resolve().parent.parent / "docs" / "api.md").read_text()
SCOPES = re.findall(r"--scope (\S+)", GUIDE)


def blocks(language: str) -> list[str]:
    """The guide's pieces of one language, in their order."""
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def variables(running_product: RunningProduct) -> dict[str, str]:
    """What the guide takes as given: the address, a key with its scopes, and a conversation."""
    account = running_product.manage_json(
        "account", "add", "--platform", "webchat", "--name", "Guide", "--origin", "https://a.example"
    )
    chat = f"{running_product.url}/chat/{account['public_key']}"
    token = wire.post(f"{chat}/session", json={"locale": "en"}, timeout=30).json()["token"]
    said = wire.post(
        f"{chat}/messages",
        json={"client_msg_id": "1c9d2b1e-3f1a-4a5c-8a57-0c3b0b6f7e11", "text": "Where is my parcel?"},
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    )
    assert said.status_code in {200, 201, 202}, said.text
    scopes = [word for scope in SCOPES for word in ("--scope", scope)]
    key = running_product.manage_json("apikey", "create", "--name", "guide", "--role", "api-client", *scopes)["key"]
    headers = {"Authorization": f"Bearer {key}"}
    listed = wire.get(f"{running_product.url}/api/v1/conversations/", headers=headers, timeout=30).json()
    return {"BASE": running_product.url, "KEY": key, "CONVERSATION": listed["results"][0]["id"]}


def texts(variables: dict[str, str]) -> list[str]:
    """What was said by people in the conversation, oldest first."""
    answer = wire.get(
        f"{variables['BASE']}/api/v1/messages/?conversation={variables['CONVERSATION']}&sender_type=human",
        headers={"Authorization": f"Bearer {variables['KEY']}"},
        timeout=30,
    )
    return [row["text"] for row in answer.json()["results"]][::-1]


def test_the_tour_and_the_client_work_as_they_stand(variables: dict[str, str]) -> None:
    shell = shutil.which("sh")
    if shell is None or shutil.which("curl") is None:
        pytest.skip("needs sh and curl")
    environment = os.environ | variables

    said = [
        subprocess.run([shell, "-euc", block], env=environment, capture_output=True, text=True, check=False, timeout=60)
        for block in blocks("sh")
    ]
    # Typed once more, the reply is answered as before and said once.
    again = subprocess.run(
        [shell, "-euc", blocks("sh")[2]], env=environment, capture_output=True, text=True, check=False
    )
    client = subprocess.run(
        [sys.executable, "-c", *blocks("python")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert [(each.returncode, each.stderr) for each in said] == [(0, "")] * 6, [each.stdout for each in said]
    assert "Where is my parcel?" in said[0].stdout + said[1].stdout
    assert again.stdout == said[2].stdout
    assert '"text":"Your parcel left today."' in said[4].stdout
    assert client.returncode == 0, client.stderr
    assert client.stdout.endswith("sent\n")
    assert texts(variables) == ["Your parcel left today.", "Did it arrive?"]


class HangsUpOnce(BaseHTTPRequestHandler):
    """Hangs up on the first call without a word, and answers those after it."""

    keys: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        """An answer, from the second call on."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.keys.append(self.headers["Idempotency-Key"])
        self.close_connection = True
        if len(self.keys) > 1:
            self.send_response(201)
            self.end_headers()
            self.wfile.write(b'{"state": "sent"}')

    def log_message(self, *_: object) -> None:
        """Nothing."""


def test_the_client_makes_a_call_again_on_which_was_hung_up() -> None:
    (code,) = blocks("python")
    words: dict[str, Any] = {}
    exec(code.partition("\nagent = ")[0], words)  # noqa: S102  # it is the guide's own code
    HangsUpOnce.keys.clear()
    server = HTTPServer(("127.0.0.1", 0), HangsUpOnce)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()

    try:
        client = words["SupportAgent"](f"http://127.0.0.1:{server.server_port}", "key")
        sent = client.call("POST", "/api/v1/conversations/1/reply/", {"text": "Did it arrive?"})
    finally:
        server.shutdown()
        server.server_close()

    assert sent == {"state": "sent"}
    first, second = HangsUpOnce.keys
    assert first == second


@pytest.mark.browser
def test_the_page_of_the_api_asks_and_shows_the_answer(page: "Page", variables: dict[str, str]) -> None:
    page.goto(f"{variables['BASE']}/api/docs/")
    page.locator(".opblock").first.wait_for()

    page.locator(".btn.authorize").first.click()
    page.locator(".auth-container input").first.fill(variables["KEY"])
    page.locator(".auth-btn-wrapper .authorize").first.click()
    page.locator(".btn-done").first.click()
    page.locator("#operations-customers-customers_list").click()
    page.locator("#operations-customers-customers_list .try-out__btn").click()
    page.locator("#operations-customers-customers_list .execute").click()

    answer = page.locator("#operations-customers-customers_list .live-responses-table tbody .response-col_status").first
    answer.wait_for()
    assert answer.inner_text().startswith("200")
