"""The factories make rows that both databases accept, in every state."""

import pytest

from conversations.models import Conversation, Delivery, Message
from core.policy import Role
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("state", Delivery.State.values)
def test_a_delivery_can_be_made_in_every_state(state: str) -> None:
    delivery = factories.make_delivery(state=state)

    delivery.refresh_from_db()

    assert delivery.state == state
    assert delivery.message.conversation.out_seq == delivery.out_seq == 1


@pytest.mark.parametrize("mode", Conversation.Mode.values)
def test_a_conversation_can_be_made_in_every_mode(mode: str) -> None:
    conversation = factories.make_conversation(mode=mode)

    assert conversation.episodes.get().ended_at is None or mode == Conversation.Mode.CLOSED


@pytest.mark.parametrize("role", [role for role in Role if role != Role.API_CLIENT])
def test_a_person_can_be_made_in_every_role(role: Role) -> None:
    team = factories.make_team()

    person = factories.make_user(role=role, team=team)

    assert person.policy_team_ids == {team.pk}
    assert person.check_password(factories.PASSWORD)


def test_messages_move_the_conversations_counters() -> None:
    conversation = factories.make_conversation()

    factories.make_message(conversation, "Hello?")
    factories.make_message(conversation, "Hello!", sender=Message.Sender.BOT)

    conversation.refresh_from_db()
    assert (conversation.last_in_seq, conversation.last_seq, conversation.version) == (1, 2, 2)
    assert conversation.owes_an_answer
    assert conversation in Conversation.objects.due_for_a_turn()


def test_the_other_rows_are_accepted_too() -> None:
    colleague = factories.make_user()

    claimed = factories.make_escalation(claimed_by=colleague)
    release = factories.make_release(configs={"confidence": "0.6"})
    row, whole = factories.make_api_key(scopes=("messages:send",))
    inbound = factories.make_inbound()

    assert claimed.conversation.assignee == colleague
    assert release.examples.count() == 6
    assert whole.startswith(f"sak_{row.prefix}_")
    assert inbound.channel.window_hours == 48
