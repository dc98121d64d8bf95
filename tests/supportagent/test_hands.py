"""What a process does with hands of its own."""

import pytest

from integrations import services
from integrations.tasks import send_typing
from supportagent import hands
from supportagent.hands import Hands


def test_where_very_many_write_not_everybody_is_shown_that_somebody_types(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[int] = []
    monkeypatch.setattr(hands, "TYPING_AT_ONCE", 2)
    monkeypatch.setattr(hands, "TYPING_A_SECOND", 0)
    monkeypatch.setattr(services, "send_typing", shown.append)
    ours = Hands()

    is_seen_to = [ours.answer(send_typing, pk, 0.0) for pk in range(5)]

    assert ours.wait(10)
    ours.retire()
    # Nobody else is asked for what was left out: it would be late.
    assert (is_seen_to, shown) == ([True] * 5, [0, 1])
