"""What people do with a conversation."""

from datetime import timedelta

import pytest
from django.utils import timezone

from conversations import services as conversations
from conversations.exceptions import (
    ConversationClosed,
    CustomerWroteMeanwhile,
    NothingToWrite,
    OwnedByColleague,
    WindowClosed,
)
from conversations.models import Conversation, Delivery, Escalation, Message, Note
from conversations.services.handover import hand_to_people
from conversations.types import HandOver, Priority, ReasonCategory
from core.exceptions import NotAllowed
from core.models import ApiKey, AuditEvent
from core.policy import Role
from tests.conversations.talk import answer, claimed_delivery, fresh, person, write, wrote
from tests.factories import make_delivery

pytestmark = pytest.mark.django_db


def escalated(thread: str = "thread-1", priority: Priority = Priority.NORMAL) -> Escalation:
    conversation = wrote(thread=thread)
    answer(
        conversation,
        HandOver(reason=ReasonCategory.ASKED, detail="asked", priority=priority, customer_text="Somebody will answer."),
    )
    return Escalation.objects.get(conversation=conversation)


def test_one_of_two_wins_a_claim_and_the_other_learns_who() -> None:
    escalation = escalated()
    dana, sam = person("dana"), person("sam")

    conversations.claim(escalation, dana)

    with pytest.raises(OwnedByColleague, match="dana"):
        conversations.claim(escalation, sam)
    assert fresh(escalation.conversation).assignee == dana


def test_claiming_cancels_the_hand_off_text_that_was_not_sent_yet() -> None:
    escalation = escalated()

    conversations.claim(escalation, person())

    assert Delivery.objects.get().state == Delivery.State.CANCELLED


def test_next_for_me_takes_the_most_urgent() -> None:
    escalated("calm")
    urgent = escalated("urgent", Priority.HIGH)

    taken = conversations.claim_next(person())

    assert taken is not None
    assert taken.pk == urgent.pk


def test_danger_is_taken_before_what_is_urgent_and_late() -> None:
    urgent = escalated("urgent", Priority.HIGH)
    Escalation.objects.filter(pk=urgent.pk).update(due_at=timezone.now() - timedelta(hours=1))
    danger = escalated("danger", Priority.FIRST)

    taken = conversations.claim_next(person())

    assert taken is not None
    assert taken.pk == danger.pk


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        (Priority.NORMAL, Priority.HIGH, Priority.HIGH),
        (Priority.HIGH, Priority.FIRST, Priority.FIRST),
        (Priority.FIRST, Priority.HIGH, Priority.FIRST),
        (Priority.FIRST, Priority.NORMAL, Priority.FIRST),
    ],
)
def test_a_second_reason_raises_the_priority_and_never_lowers_it(
    first: Priority, second: Priority, kept: Priority
) -> None:
    conversation = escalated(priority=first).conversation

    hand_to_people(conversation, reason=ReasonCategory.ASKED, detail="again", priority=second)

    assert Escalation.objects.get().priority == kept


def test_next_for_me_is_nothing_when_nothing_waits() -> None:
    assert conversations.claim_next(person()) is None


def test_a_reply_to_a_bots_conversation_takes_it_over() -> None:
    conversation = wrote()
    answer(conversation)
    dana = person()

    conversations.reply(conversation, "Hello, Dana here.", dana)

    conversation = fresh(conversation)
    states = list(Delivery.objects.order_by("out_seq").values_list("author", "state"))
    assert (conversation.mode, conversation.assignee) == ("human", dana)
    assert states == [("bot", "cancelled"), ("human", "pending")]
    assert conversation.waiting_since is None


def test_a_colleagues_conversation_is_not_answered_by_another() -> None:
    conversation = wrote()
    conversations.take_over(conversation, person("dana"))

    with pytest.raises(OwnedByColleague, match="dana"):
        conversations.reply(conversation, "Hi", person("sam"))


def test_a_supervisor_takes_over_from_a_colleague_with_a_reason() -> None:
    conversation = wrote()
    conversations.take_over(conversation, person("dana"))
    sam = person("sam")

    with pytest.raises(OwnedByColleague):
        conversations.take_over(conversation, sam)
    conversations.take_over(conversation, sam, reason="Dana is ill")

    assert fresh(conversation).assignee == sam
    assert Note.objects.get().text == "Taken over: Dana is ill"
    audited = AuditEvent.objects.filter(action="conversation.take_over").latest("id")
    assert (audited.reason, audited.after["reason_characters"]) == ("", len("Dana is ill"))


def test_taking_over_names_what_is_already_on_its_way() -> None:
    conversation = wrote()
    answer(conversation)
    claimed = claimed_delivery(conversation)

    result = conversations.take_over(conversation, person())

    assert result.in_flight == (claimed.delivery_id,)


def test_a_reply_and_a_claim_name_on_record_what_is_already_on_its_way() -> None:
    replied, escalation = wrote(), escalated("thread-2")
    answer(replied)
    claimed = claimed_delivery(replied)
    begun = make_delivery(escalation.conversation, state=Delivery.State.SENDING)

    conversations.reply(replied, "Let me look.", person())
    conversations.claim(escalation, person("sam"))

    named = dict(AuditEvent.objects.values_list("action", "after"))
    assert named["conversation.reply"]["in_flight"] == [claimed.delivery_id]
    assert named["escalation.claim"]["in_flight"] == [begun.pk]


def test_an_answer_that_lets_the_bot_go_on_takes_nothing_over() -> None:
    conversation = wrote()

    conversations.reply(conversation, "It left today.", person(), keep_bot=True)

    assert "in_flight" not in AuditEvent.objects.get(action="conversation.reply").after


def test_after_taking_over_the_bot_starts_no_send() -> None:
    conversation = wrote()
    answer(conversation)

    conversations.take_over(conversation, person())

    assert conversations.claim_delivery(conversation.pk) is None


def test_a_reply_that_has_not_seen_the_last_message_is_sent_back_once() -> None:
    conversation = wrote()
    dana = person()
    write("Wait, it is order 17")

    with pytest.raises(CustomerWroteMeanwhile):
        conversations.reply(conversation, "Which order?", dana, expected_last_seq=1)
    conversations.reply(conversation, "Thanks, 17 it is.", dana, expected_last_seq=2)

    assert Message.objects.filter(sender_type="human").count() == 1


def test_rules_of_a_reply_are_told_in_words() -> None:
    conversation = wrote()
    dana = person()

    with pytest.raises(NothingToWrite):
        conversations.reply(conversation, "  \n", dana)
    Conversation.objects.update(window_used=10)
    with pytest.raises(WindowClosed):
        conversations.reply(conversation, "Hi", dana)
    conversations.resolve(conversation, dana)
    with pytest.raises(ConversationClosed):
        conversations.reply(conversation, "Hi", dana)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.PROMPT_EDITOR])
def test_who_may_not_reply_is_refused(role: Role) -> None:
    conversation = wrote()

    with pytest.raises(NotAllowed):
        conversations.reply(conversation, "Hi", person("vic", role))


def test_an_agent_of_another_team_is_refused() -> None:
    conversation = wrote()

    with pytest.raises(NotAllowed):
        conversations.take_over(conversation, person("eve", Role.AGENT))


def test_a_key_may_answer_and_leave_the_bot_on() -> None:
    conversation = wrote()
    key = ApiKey.objects.create(name="crm", prefix="abcdef01", secret_hash="x", scopes=["messages:send"])

    conversations.reply(conversation, "Answered by the CRM.", key, keep_bot=True)

    conversation = fresh(conversation)
    assert conversation.mode == Conversation.Mode.BOT
    assert Message.objects.get(direction="in").disposition == "answered"
    assert conversations.claim_turn(conversation.pk, owner="x") is None


def test_notes_are_no_messages() -> None:
    conversation = wrote()

    conversations.add_note(conversation, "Careful, VIP.", person())

    assert Note.objects.get().text == "Careful, VIP."
    assert Message.objects.count() == 1
    assert Delivery.objects.count() == 0


def test_handing_back_closes_the_escalation_and_leaves_the_bot_nothing_old() -> None:
    escalation = escalated()
    dana = person()
    conversations.claim(escalation, dana)

    conversations.hand_back(escalation.conversation, dana, note="Refund is done.")

    conversation = fresh(escalation.conversation)
    escalation.refresh_from_db()
    assert (conversation.mode, conversation.assignee) == ("bot", None)
    assert (escalation.state, escalation.outcome) == ("closed", "handed_back")
    assert conversations.claim_turn(conversation.pk, owner="x") is None


def test_putting_back_into_the_queue_frees_it_for_others() -> None:
    escalation = escalated()
    dana, sam = person("dana"), person("sam")
    conversations.claim(escalation, dana)

    conversations.assign(escalation.conversation, None, sam)

    assert conversations.claim(escalation, sam).claimed_by == sam


def test_resolving_ends_the_episode_and_still_delivers_what_staff_wrote() -> None:
    escalation = escalated()
    dana = person()
    conversations.claim(escalation, dana)
    conversations.reply(escalation.conversation, "Done.", dana)

    conversations.resolve(escalation.conversation, dana)

    assert fresh(escalation.conversation).mode == Conversation.Mode.CLOSED
    assert claimed_delivery(escalation.conversation).text == "Done."
