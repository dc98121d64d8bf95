"""A customer who wrote to our account at the running TikTok."""

import pytest

from conversations.models import Conversation
from integrations.models import PlatformAccount
from integrations.platforms import PLATFORMS
from tests.factories import make_conversation, make_message
from tests.simulator.rig import Rig


@pytest.fixture
def conversation(tiktok: Rig, account: PlatformAccount) -> Conversation:
    """The conversation, with the customer's message in it on both sides."""
    said = tiktok.say("Where is my order?")
    talk = make_conversation(channel=PLATFORMS["tiktok"].channel(account), thread_key=str(said["conversation_id"]))
    make_message(talk, "Where is my order?", platform_message_id=str(said["message_id"]))
    return talk
