"""A customer who wrote to our account at the running TikTok, and a developer who is told what happens."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from conversations.models import Conversation
from integrations import services
from integrations.models import PlatformAccount, Subscription
from integrations.platforms import PLATFORMS
from tests.factories import make_conversation, make_message
from tests.simulator.rig import Rig, receiving, running

NAME = "developer"


@pytest.fixture
def conversation(tiktok: Rig, account: PlatformAccount) -> Conversation:
    """The conversation, with the customer's message in it on both sides."""
    said = tiktok.say("Where is my order?")
    talk = make_conversation(channel=PLATFORMS["tiktok"].channel(account), thread_key=str(said["conversation_id"]))
    make_message(talk, "Where is my order?", platform_message_id=str(said["message_id"]))
    return talk


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Rig]:
    """A developer's server, which checks our signature."""
    with receiving() as receiver, running(tmp_path / "developer", receiver) as rig:
        yield rig


@pytest.fixture
def subscription(db: None, there: Rig) -> Subscription:
    """A subscription to everything at that server, which knows its secret."""
    made, secret = services.add_subscription("Warehouse", f"{there.simulator.base_url}/partner/{NAME}")
    there.order("partners", partners=[{"name": NAME, "secrets": [secret]}])
    return made
