"""How an answer appears in the chat's page: as it would be written, once it is there as a whole."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from drill import wire
from tests.product import RunningProduct
from tests.waiting import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page, WebSocketRoute

pytestmark = [pytest.mark.browser, pytest.mark.product]

QUESTION = "How long does delivery take?"
SCOPES = ("--scope", "conversations:read", "--scope", "messages:send")
# Where a proxy lets no websocket through.
NO_SOCKETS = "window.WebSocket = class { constructor() { throw new Error('refused'); } };"
# What a screen reader is told of: everything that is added to the log after it is there, and is not hidden from it.
LISTENER = """() => {
  window.told = [];
  const log = document.querySelector(".chat-live");
  new MutationObserver((changes) => changes.forEach(({ target, addedNodes }) => {
    const place = target.nodeType === Node.ELEMENT_NODE ? target : target.parentElement;
    addedNodes.forEach((node) => {
      if (!place.closest("[aria-hidden]") && !(node.matches?.("[aria-hidden]"))) {
        window.told.push(node.textContent);
      }
    });
  })).observe(log, { childList: true, subtree: true, characterData: true });
}"""


@pytest.fixture
def key(running_demo: RunningProduct) -> str:
    return running_demo.secrets()["CHAT_PUBLIC_KEY"]


@pytest.fixture
def live(page: "Page", running_demo: RunningProduct, key: str) -> "Page":
    """A chat that is connected, whose clock stands still from now on."""
    return connected(page, running_demo, key)


@pytest.fixture
def still(browser: "Browser") -> "Iterator[Page]":
    """A page of somebody who wants nothing to move."""
    context = browser.new_context(reduced_motion="reduce", locale="en-GB")
    yield context.new_page()
    context.close()


def connected(page: "Page", product: RunningProduct, key: str) -> "Page":
    page.clock.install()
    page.goto(f"{product.url}/chat/{key}/")
    say(page, "Hello")
    page.locator("body[data-connection=live]").wait_for()
    page.locator(".chat-message[data-from=bot]:not(.is-revealing)").wait_for()
    page.clock.pause_at(page.evaluate("Date.now() + 1000"))
    return page


def say(page: "Page", text: str) -> None:
    page.fill("#chat-field", text)
    page.press("#chat-field", "Enter")


def newest(page: "Page") -> "Locator":
    return page.locator(".chat-message[data-from=bot]").last


def stored(page: "Page", product: RunningProduct, key: str) -> list[dict[str, Any]]:
    """What was said, as the server has it."""
    token = page.evaluate("key => JSON.parse(localStorage.getItem(`support-chat:${key}:token`))", key)
    headers = {"Authorization": f"Bearer {token}"}
    answer = wire.get(f"{product.url}/chat/{key}/messages", headers=headers, timeout=30)
    said: list[dict[str, Any]] = answer.json()["messages"]
    return said


def words(text: str) -> list[str]:
    return re.findall(r"\S+", text)


def test_an_answer_appears_some_words_at_a_time_and_ends_as_the_stored_one(
    live: "Page", running_demo: RunningProduct, key: str
) -> None:
    say(live, QUESTION)
    live.locator(".is-revealing").wait_for()
    answer = stored(live, running_demo, key)[-1]

    seen = live.locator(".chat-so-far")
    parts = [words(seen.inner_text())]
    for _ in range(3):
        live.clock.run_for(200)
        parts.append(words(seen.inner_text()))
    whole = words(answer["text"])
    assert live.locator("#chat-typing").is_hidden()
    assert [part == whole[: len(part)] for part in parts] == [True] * 4
    assert 0 < len(parts[0]) < len(parts[1]) < len(parts[2]) < len(parts[3]) < len(whole)
    live.clock.run_for(4_000)
    assert live.locator(".is-revealing, .chat-so-far").count() == 0
    assert words(newest(live).locator(".chat-words").inner_text()) == whole
    assert newest(live).locator(".chat-sources").bounding_box() is not None
    live.reload()
    live.locator(".chat-message[data-from=bot]", has_text=whole[0]).first.wait_for()
    assert live.locator(".chat-message[data-from=bot] .chat-words").all_inner_texts()[-1:] == [answer["text"]]
    assert live.locator(".chat-message[data-from=bot]").count() == 2


def test_screen_readers_are_told_an_answer_once_and_whole(live: "Page", running_demo: RunningProduct, key: str) -> None:
    live.evaluate(LISTENER)
    say(live, QUESTION)
    live.locator(".is-revealing").wait_for()
    live.clock.run_for(5_000)

    text = stored(live, running_demo, key)[-1]["text"]
    told = live.evaluate("window.told")
    assert live.locator(".chat-live").get_attribute("aria-live") == "polite"
    assert [text in said for said in told].count(True) == 1
    assert [said for said in told if said.strip() and said.strip() in text] == []


def test_what_the_customer_writes_next_finds_the_whole_answer_above_it(
    live: "Page", running_demo: RunningProduct, key: str
) -> None:
    say(live, QUESTION)
    live.locator(".is-revealing").wait_for()

    say(live, "Thank you")

    text = stored(live, running_demo, key)[3]["text"]
    assert live.locator(".is-revealing").count() == 0
    assert live.locator(".chat-message .chat-words").all_inner_texts()[3:5] == [text, "Thank you"]


def test_whoever_takes_over_finds_the_whole_answer_above_their_own(
    live: "Page", running_demo: RunningProduct, key: str
) -> None:
    made = running_demo.manage_json("apikey", "create", "--name", "Reveal", "--role", "api-client", *SCOPES)
    say(live, QUESTION)
    live.locator(".is-revealing").wait_for()
    bearer = {"Authorization": f"Bearer {made['key']}"}
    with wire.Client(base_url=running_demo.url, headers=bearer, timeout=30) as staff:
        newest_first = staff.get("/api/v1/conversations/").json()["results"]
        mine = next(each for each in newest_first if each["platform"] == "webchat")
        done = staff.post(f"/api/v1/conversations/{mine['id']}/reply/", json={"text": "I will look into it myself."})

    live.locator(".chat-message[data-from=human]").wait_for()
    texts = live.locator(".chat-message .chat-words").all_inner_texts()
    assert done.is_success, done.text
    assert live.locator(".is-revealing").count() == 0
    assert texts[3:] == [stored(live, running_demo, key)[3]["text"], "I will look into it myself."]


def test_whoever_looks_away_finds_the_whole_answer(live: "Page") -> None:
    say(live, QUESTION)
    live.locator(".is-revealing").wait_for()

    live.evaluate("Object.defineProperty(document, 'visibilityState', { value: 'hidden' })")
    live.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    assert live.locator(".is-revealing, .chat-so-far").count() == 0


def test_who_wants_nothing_to_move_sees_the_answer_at_once(
    still: "Page", running_demo: RunningProduct, key: str
) -> None:
    connected(still, running_demo, key)

    say(still, QUESTION)

    newest(still).filter(has_text="working days").wait_for()
    assert still.locator(".is-revealing").count() == 0


def test_what_was_said_during_a_break_is_shown_whole_and_once(
    page: "Page", running_demo: RunningProduct, key: str
) -> None:
    sockets: list[WebSocketRoute] = []
    lets_in = [True]

    def handshake(socket: "WebSocketRoute") -> None:
        if lets_in[0]:
            socket.connect_to_server()
            sockets.append(socket)
        else:
            socket.close()

    page.route_web_socket("**/ws/chat/**", handshake)
    connected(page, running_demo, key)
    # The answer comes down the next socket, and by no question.
    page.route("**/messages?after=*", lambda route: route.abort())
    lets_in[0] = False
    sockets[-1].close()
    say(page, QUESTION)
    wait_until(
        lambda: [each["from"] for each in stored(page, running_demo, key)][2:] == ["customer", "bot"],
        seconds=30,
        what="the answer",
    )

    lets_in[0] = True
    while len(sockets) < 2:
        page.clock.run_for(500)
        page.wait_for_function("true")
    newest(page).filter(has_text="working days").wait_for()

    assert page.locator(".is-revealing").count() == 0
    assert page.locator(".chat-message[data-from=bot]").count() == 2


def test_without_a_socket_the_answer_is_asked_for_soon_and_shown_whole(
    page: "Page", running_demo: RunningProduct, key: str
) -> None:
    page.add_init_script(NO_SOCKETS)
    page.clock.install()
    page.goto(f"{running_demo.url}/chat/{key}/")
    say(page, "Hello")
    page.locator(".chat-message[data-from=bot]").wait_for()
    page.clock.pause_at(page.evaluate("Date.now() + 1000"))
    # Just asked, it would ask again in three seconds.
    with page.expect_response("**/messages?after=*"):
        page.clock.run_for(3_500)

    say(page, QUESTION)
    page.locator(".chat-message[data-state=sent]", has_text=QUESTION).wait_for()
    # The page's time stands still meanwhile, so that it asks once in the next second, and need not ask again.
    wait_until(lambda: stored(page, running_demo, key)[-1]["from"] == "bot", seconds=60, what="the answer")
    with page.expect_response("**/messages?after=*"):
        page.clock.run_for(1_100)

    newest(page).filter(has_text="working days").wait_for()
    assert page.locator(".is-revealing").count() == 0
