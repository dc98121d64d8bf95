"""Switching the bot off reaches what waits already."""

import pytest

from conversations.models import Conversation
from integrations import accounts, services
from tests.factories import make_account, make_channel, make_conversation, make_message

pytestmark = pytest.mark.django_db


def test_people_get_what_the_bot_owes_once_it_is_switched_off_and_not_before() -> None:
    account = make_account()
    make_message(make_conversation(channel=make_channel(account)))

    assert services.hold_the_bot() == 0
    accounts.set_bot(account, enabled=False, reason="It promises too much.")

    assert services.hold_the_bot() == 1
    assert Conversation.objects.get().mode == "human"
