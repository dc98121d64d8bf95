"""Signs of life: what they tell, and that they go on by themselves."""

import threading
import tomllib
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from core import bells
from core.models import WorkerHeartbeat
from supportagent import heartbeats
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parent.parent.parent


def test_the_version_is_that_of_the_project() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == settings.VERSION


@pytest.mark.django_db
def test_a_sign_of_life_tells_the_version_and_what_is_left_alone() -> None:
    bells.breaker.trip()
    try:
        heartbeats.beat("worker", {"in_hand": 3})
    finally:
        bells.breaker.reset()

    details = WorkerHeartbeat.objects.get().details
    assert abs(details.pop("clock_ahead")) < 5
    assert details == {"version": settings.VERSION, "breakers": ["Redis"], "in_hand": 3}


@pytest.mark.django_db
def test_a_clock_that_is_wrong_is_told_while_its_process_lives() -> None:
    heartbeats.beat("web", {"clock_ahead": -3600.0})
    heartbeats.beat("sweeper", {"clock_ahead": 0.2})
    WorkerHeartbeat.objects.filter(kind="sweeper").update(at=timezone.now() - timedelta(minutes=5))

    assert list(heartbeats.clocks_apart().values()) == [("web", 3600.0)]


@pytest.mark.django_db(transaction=True)
def test_a_process_beats_until_it_is_told_to_stop() -> None:
    stop = threading.Event()

    thread = heartbeats.keep_beating("worker", stop)

    wait_until(WorkerHeartbeat.objects.filter(kind="worker").exists, seconds=10, what="a sign of life")
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
