"""What is noted for later is done then."""

import threading

import pytest

from supportagent import diary
from supportagent.diary import Diary


def test_what_comes_first_is_done_first() -> None:
    done: list[str] = []
    over = threading.Event()
    kept = Diary("test")

    kept.note(0.15, over.set)
    kept.note(0.1, lambda: done.append("second"))
    kept.note(0.01, lambda: done.append("first"))

    assert over.wait(10)
    assert done == ["first", "second"]


def test_a_failure_does_not_end_it(caplog: pytest.LogCaptureFixture) -> None:
    over = threading.Event()
    kept = Diary("test")

    kept.note(0.0, lambda: 1 // 0)
    kept.note(0.02, over.set)

    assert over.wait(10)
    assert "could not be done" in caplog.text


def test_it_holds_no_more_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diary, "MOST", 1)
    kept = Diary("test")

    assert kept.note(3600, lambda: None)
    assert not kept.note(3600, lambda: None)
