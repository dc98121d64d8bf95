"""How times, names and moods are said."""

from datetime import timedelta

import pytest
from django.utils import timezone

from workspace import wording


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "under 1 min"),
        (59, "under 1 min"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (11400, "3 h 10 min"),
        (200_000, "2 d"),
    ],
)
def test_a_length_of_time_is_said_as_people_say_it(seconds: int, words: str) -> None:
    assert wording.span(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Jane Miller", "JM"), ("ömer", "Ö"), ("", ""), ("😀", "😀"), ("Visitor ab12cd", "VA"), ("(x) y", "Y")],
)
def test_initials(name: str, letters: str) -> None:
    assert wording.initials(name) == letters


@pytest.mark.parametrize(("value", "text"), [(-0.6, "Unhappy"), (0.0, "Neutral"), (0.7, "Happy")])
def test_a_mood_has_words(value: float, text: str) -> None:
    mood = wording.mood(value)

    assert mood is not None
    assert mood.text == text


def test_nobody_guesses_a_mood() -> None:
    assert wording.mood(None) is None


def test_a_moment_is_short_today_and_a_day_later() -> None:
    now = timezone.now()

    assert wording.ago(None) == ""
    assert wording.ago(now) == "now"
    assert wording.ago(now - timedelta(minutes=5)) == "5 min"
    assert wording.ago(now - timedelta(days=40)) not in {"", "now"}


def test_platforms_and_keys_have_names() -> None:
    assert wording.channel_name("tiktok") == "TikTok"
    assert wording.channel_name("carrier_pigeon") == "Carrier pigeon"
    assert wording.humanise("order-status") == "Order status"
