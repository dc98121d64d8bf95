"""What a process does with hands of its own."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from agent.tasks import refit, run_turn
from conversations import services as conversations
from conversations.models import Conversation
from integrations import services
from integrations.tasks import send_next, send_typing
from supportagent import hands
from supportagent.hands import Hands
from tests.factories import make_conversation, make_delivery, make_message


def test_where_very_many_write_not_everybody_is_shown_that_somebody_types(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[int] = []
    monkeypatch.setattr(hands, "TYPING_AT_ONCE", 2)
    monkeypatch.setattr(hands, "TYPING_A_SECOND", 0)
    monkeypatch.setattr(services, "send_typing", shown.append)
    ours = Hands(is_second=False)

    is_seen_to = [ours.answer(send_typing, pk, 0.0) for pk in range(5)]

    assert ours.wait(10)
    ours.retire()
    # Nobody else is asked for what was left out: it would be late.
    assert (is_seen_to, shown) == ([True] * 5, [0, 1])


@pytest.mark.django_db(transaction=True)
def test_what_is_due_is_found_without_a_bell_and_a_second_process_begins_behind_the_first(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.WORK_THREADS = 1
    monkeypatch.setattr(hands, "AHEAD", 2)
    past = timezone.now() - timedelta(seconds=5)
    for _ in range(6):
        conversation = make_conversation()
        make_message(conversation)
    for _ in range(6):
        make_delivery(state="pending")
    Conversation.objects.update(ready_at=past)
    owed = conversations.due_turns()
    sending = conversations.due_sends()
    answered: list[int] = []
    sent: list[int] = []
    halves = []
    for each in (Hands(is_second=False), Hands(is_second=True)):
        monkeypatch.setitem(each._answers, run_turn.name, (each.turns, "turn", answered.append))
        monkeypatch.setitem(each._answers, send_next.name, (each.sends, "send", sent.append))
        each.sweep_once()
        assert each.wait(10)
        each.retire()
        halves.append((list(answered), list(sent)))
        answered.clear()
        sent.clear()

    assert halves == [(owed[:3], sending[:3]), (owed[3:], sending[3:])]


def test_a_bell_that_is_none_of_theirs_is_left_to_workers() -> None:
    assert not Hands(is_second=False).answer(refit, 1, 0.0)
