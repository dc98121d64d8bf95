"""What LinkedIn's answers mean: how long a send waits."""

import json
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from integrations.platforms.linkedin import outcomes

DAILY = "Resource level throttle limit for calls to this resource is reached."
NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def wait(status: int, message: str, now: datetime = NOON, **headers: str) -> float | None:
    """The pause after such an answer, in seconds."""
    body = json.dumps({"status": status, "message": message}).encode()
    given = httpx2.Headers({name.replace("_", "-"): value for name, value in headers.items()})
    return outcomes.of_answer(status, given, body, now=now)[0].retry_after


@pytest.mark.parametrize(
    ("hour", "minute", "hours"), [(0, 5, 23.9167), (12, 0, 12.0), (23, 0, 1.0)], ids=["early", "noon", "late"]
)
def test_a_days_limit_is_waited_for_until_midnight(hour: int, minute: int, hours: float) -> None:
    assert wait(429, DAILY, NOON.replace(hour=hour, minute=minute)) == pytest.approx(hours * 3_600, abs=1)


@pytest.mark.parametrize("seconds", [-200, -1, 0, 1, 200])
def test_around_midnight_a_days_limit_is_waited_for_by_minutes(seconds: int) -> None:
    midnight = datetime(2026, 11, 29, tzinfo=UTC)

    assert wait(429, DAILY, midnight + timedelta(seconds=seconds)) == 300.0


def test_other_limits_end_after_minutes_and_what_is_asked_for_counts() -> None:
    assert wait(429, "Too many requests") == 300.0
    assert wait(429, DAILY, retry_after="17") == 17.0
    assert wait(503, "Down", retry_after="999999") == 3_600.0
    assert wait(503, "Down") is None
