"""Signs of life: what they tell, and that they go on by themselves."""

import threading
import tomllib
from datetime import timedelta
from pathlib import Path

import pytest
from celery.signals import beat_init, worker_ready
from celery.utils.dispatch import Signal
from django.conf import settings
from django.utils import timezone

from core import bells
from core.models import WorkerHeartbeat
from supportagent import heartbeats, logs
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
    assert details.pop("counts")
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


@pytest.mark.django_db
def test_a_process_tells_what_it_has_counted_while_it_lives() -> None:
    before = counted("worker").get("log_lines_dropped_total", 0.0)
    logs.dropped.inc(3)

    assert counted("worker")["log_lines_dropped_total"] == before + 3
    assert not [name for name in counted("worker") if name.startswith(("http_", "webhook_")) or "created" in name]

    WorkerHeartbeat.objects.update(at=timezone.now() - timedelta(seconds=31))
    assert heartbeats.counts() == {}


@pytest.mark.django_db
def test_what_a_web_process_counted_is_not_told_twice() -> None:
    heartbeats.beat("web")

    assert heartbeats.counts() == {}


def counted(kind: str) -> dict[str, float]:
    """What a process of this kind tells with its next sign of life, by name."""
    heartbeats.beat(kind)
    process = heartbeats.process_id(kind)
    found = heartbeats.counts().items()
    return {name: value for name, each in found for of_kind, of, _, value in each if (of_kind, of) == (kind, process)}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("signal", "kind"), [(worker_ready, "worker"), (beat_init, "beat")])
def test_celerys_processes_beat_once_they_are_ready(signal: Signal, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[tuple[str, threading.Event]] = []
    monkeypatch.setattr(heartbeats, "keep_beating", lambda kind, stop: begun.append((kind, stop)))

    signal.send(sender=None)

    assert [each for each, _ in begun] == [kind]
