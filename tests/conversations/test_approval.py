"""An account on which each message needs a person's word: the bot drafts, a person sends."""

import pytest

from conversations import services
from conversations.exceptions import ForPeople
from conversations.models import Conversation, Delivery, Escalation
from conversations.types import HandOver, MessageFacts, ReasonCategory, Reply
from core.policy import Role
from tests.factories import make_account, make_api_key, make_channel, make_inbound, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def conversation() -> Conversation:
    """A member's message waits for an answer."""
    channel = make_channel(make_account(platform="linkedin", kind="messages"), needs_approval=True, debounce_seconds=0)
    message = services.receive(make_inbound(channel, "Do you ship to Norway?"))
    assert message is not None
    return message.conversation


def think(conversation: Conversation, outcome: Reply | HandOver) -> None:
    turn = services.claim_turn(conversation.pk, owner="test")
    assert turn is not None
    services.commit_turn(turn, outcome, run_id=1, facts=MessageFacts())
    conversation.refresh_from_db()


def test_the_bots_answer_waits_as_a_suggestion(conversation: Conversation) -> None:
    think(conversation, Reply(text="Yes, in five days."))

    escalation = Escalation.objects.get()
    assert (escalation.reason, escalation.suggestion) == ("approval", "Yes, in five days.")
    assert conversation.mode == "human"
    assert not Delivery.objects.exists()


def test_nothing_at_all_goes_out_by_itself(conversation: Conversation) -> None:
    think(
        conversation, HandOver(reason=ReasonCategory.ASKED, detail="Asked.", customer_text="A colleague will answer.")
    )

    assert Escalation.objects.get().reason == "asked_for_person"
    assert not Delivery.objects.exists()


def test_a_persons_word_sends_it_as_theirs_and_the_bot_drafts_the_next(conversation: Conversation) -> None:
    think(conversation, Reply(text="Yes, in five days."))

    services.reply(conversation, "Yes, in five days.", make_user(role=Role.SUPERVISOR))

    conversation.refresh_from_db()
    assert Delivery.objects.get().author == "human"
    assert (conversation.mode, Escalation.objects.get().outcome) == ("bot", "answered")


@pytest.mark.parametrize("keep_bot", [False, True])
def test_a_programs_word_is_nobodys(conversation: Conversation, keep_bot: bool) -> None:
    think(conversation, Reply(text="Yes, in five days."))
    key, _ = make_api_key(role=Role.API_CLIENT, scopes=("messages:send",))

    with pytest.raises(ForPeople):
        services.reply(conversation, "Yes, in five days.", key, keep_bot=keep_bot)

    assert not Delivery.objects.exists()
    assert Escalation.objects.get().closed_at is None


def test_a_person_who_was_asked_for_keeps_the_conversation(conversation: Conversation) -> None:
    think(conversation, HandOver(reason=ReasonCategory.ASKED, detail="Asked."))

    services.reply(conversation, "Here I am.", make_user(role=Role.SUPERVISOR))

    conversation.refresh_from_db()
    assert conversation.mode == "human"
