"""Recording a voice note in the chat's page, with a microphone that Chromium plays."""

from typing import TYPE_CHECKING

import pytest

from tests.product import RunningProduct

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = [pytest.mark.browser, pytest.mark.product]


@pytest.fixture
def chat(page: "Page", running_demo: RunningProduct) -> "Page":
    """The chat of somebody who lets it use the microphone."""
    page.context.grant_permissions(["microphone"])
    page.clock.install()
    page.goto(f"{running_demo.url}/chat/{running_demo.secrets()['CHAT_PUBLIC_KEY']}/")
    return page


def record(chat: "Page") -> "Locator":
    chat.get_by_role("button", name="Record a voice note").click()
    bar = chat.locator("#chat-recording[data-state=recording]")
    bar.wait_for()
    return bar


def sent(chat: "Page") -> "Locator":
    return chat.locator(".chat-message[data-from=customer][data-state=sent] .chat-voice")


def plays(voice: "Locator") -> bool:
    voice.get_by_role("button", name="Play the voice note").click()
    seconds: float = voice.locator("audio").evaluate("audio => audio.duration")
    return 0 < seconds < 60


def test_a_voice_note_is_recorded_sent_and_played_here_and_after_a_reload(chat: "Page") -> None:
    chat.fill("#chat-field", "A draft")
    bar = record(chat)
    bar.get_by_text("0:02 / 2:00").wait_for()
    assert chat.locator("#chat-field").is_hidden()

    bar.get_by_role("button", name="Send the voice note").click()

    sent(chat).wait_for()
    assert plays(sent(chat))
    assert (chat.locator("#chat-recording").is_hidden(), chat.input_value("#chat-field")) == (True, "A draft")
    chat.locator(".chat-message[data-from=bot]").wait_for()
    chat.reload()
    again = chat.locator(".chat-message[data-from=customer] .chat-voice")
    again.wait_for()
    assert plays(again)


def test_a_recording_that_is_deleted_goes_nowhere_and_lets_the_microphone_go(chat: "Page") -> None:
    chat.evaluate(
        """() => {
          const devices = navigator.mediaDevices;
          const ask = devices.getUserMedia.bind(devices);
          devices.getUserMedia = async (wish) => (window.stream = await ask(wish));
        }"""
    )
    record(chat)

    chat.keyboard.press("Escape")

    chat.locator("#chat-recording").wait_for(state="hidden")
    assert chat.evaluate("document.activeElement.id") == "chat-record"
    assert chat.evaluate("window.stream.getTracks().map((track) => track.readyState)") == ["ended"]
    assert chat.locator(".chat-message").count() == 0


def test_after_two_minutes_it_waits_to_be_sent(chat: "Page") -> None:
    record(chat)

    chat.clock.fast_forward(121_000)

    ended = chat.locator("#chat-recording[data-state=ended]")
    ended.get_by_text("2 minutes are full. Send it or delete it.").wait_for()
    ended.get_by_text("2:00 / 2:00").wait_for()
    assert chat.locator(".chat-message").count() == 0
    ended.get_by_role("button", name="Send the voice note").click()
    sent(chat).wait_for()


def test_a_refused_microphone_is_told_in_words(page: "Page", running_demo: RunningProduct) -> None:
    page.goto(f"{running_demo.url}/chat/{running_demo.secrets()['CHAT_PUBLIC_KEY']}/")

    page.get_by_role("button", name="Record a voice note").click()

    page.get_by_text("The microphone may not be used here.").wait_for()
    assert page.locator("#chat-field").is_visible()


def test_a_browser_that_cannot_record_shows_no_button(page: "Page", running_demo: RunningProduct) -> None:
    page.add_init_script("delete window.MediaRecorder")
    page.goto(f"{running_demo.url}/chat/{running_demo.secrets()['CHAT_PUBLIC_KEY']}/")

    page.locator("body[data-ready=true]").wait_for()

    assert page.locator("#chat-attach").is_visible()
    assert page.locator("#chat-record").is_hidden()
