"""Memory: said to the C library where it is GNU's, and to nobody elsewhere."""

import sys

import pytest

from core import memory


def test_it_may_be_said_at_any_time() -> None:
    memory.be_sparing()

    memory.give_back()


def test_nothing_is_said_to_another_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")

    assert memory._library() is None
    memory.be_sparing()
    memory.give_back()
