"""The bulkhead: a slow platform holds some hands and never all, and nothing that was left over is forgotten."""

from pytest_django import Settings

from conversations.models import Conversation
from integrations import services
from integrations.models import PlatformAccount
from integrations.platforms import PLATFORMS
from integrations.services import sending
from integrations.services.bulkhead import Bulkhead
from tests.factories import make_conversation, make_delivery, make_message
from tests.simulator.rig import Rig


def test_an_account_has_so_many_hands_and_another_has_its_own() -> None:
    bulkhead = Bulkhead()

    assert [bulkhead.enter(1, conversation, most=2) for conversation in (10, 11, 12)] == [True, True, False]
    assert bulkhead.enter(2, 20, most=2)


def test_who_is_in_goes_on_with_what_was_left_over_once_and_in_order() -> None:
    bulkhead = Bulkhead()
    for conversation in (10, 12, 11, 12):
        bulkhead.enter(1, conversation, most=1)

    assert [bulkhead.go_on(1) for _ in range(3)] == [12, 11, None]
    assert bulkhead.enter(1, 13, most=1)


def test_who_leaves_makes_room() -> None:
    bulkhead = Bulkhead()
    bulkhead.enter(1, 10, most=1)

    bulkhead.leave(1)

    assert bulkhead.enter(1, 11, most=1)


def test_a_send_beyond_the_accounts_share_waits_and_is_made_by_who_comes_next(
    tiktok: Rig, account: PlatformAccount, conversation: Conversation, settings: Settings
) -> None:
    settings.SENDS_PER_ACCOUNT = 1
    thread = str(tiktok.say("Where is mine?", user="somebody-else")["conversation_id"])
    other = make_conversation(channel=PLATFORMS["tiktok"].channel(account), thread_key=thread)
    make_message(other, "Where is mine?")
    make_delivery(conversation, "First")
    make_delivery(other, "Second")
    assert sending._bulkhead.enter(conversation.account_id, 0, most=1)

    assert services.send_next(conversation.pk) == 0
    sending._bulkhead.leave(conversation.account_id)

    assert services.send_next(other.pk) == 2
    assert [row["detail"]["content"]["body"] for row in tiktok.log("accepted")] == ["Second", "First"]
