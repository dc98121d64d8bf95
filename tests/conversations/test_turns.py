"""The bot's right to answer."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from conversations import services as conversations
from conversations.models import Conversation, Delivery, Episode, Escalation, Message
from conversations.types import HandOver, ReasonCategory, Silence, TurnResult
from tests.conversations.talk import (
    WEBCHAT,
    answer,
    claimed_turn,
    commit,
    expire_lease,
    fresh,
    person,
    write,
    wrote,
)

pytestmark = pytest.mark.django_db


def test_only_one_of_two_claims_a_turn() -> None:
    conversation = wrote()

    first = conversations.claim_turn(conversation.pk, owner="a")
    second = conversations.claim_turn(conversation.pk, owner="b")

    assert first is not None
    assert second is None


def test_three_messages_get_one_answer() -> None:
    conversation = wrote("Hi")
    write("I have a question")
    write("Where is my order?")

    assert answer(conversation) is TurnResult.REPLIED

    delivery = Delivery.objects.get()
    decided = Message.objects.filter(direction="in").values_list("disposition", "disposition_id")
    assert set(decided) == {("answered", delivery.pk)}
    assert not fresh(conversation).owes_an_answer
    assert conversations.claim_turn(conversation.pk, owner="a") is None


def test_a_message_while_the_bot_thinks_supersedes_at_most_twice() -> None:
    conversation = wrote("Hi")

    for _ in range(2):
        turn = claimed_turn(conversation)
        write("And this")
        assert commit(turn) is TurnResult.SUPERSEDED
    turn = claimed_turn(conversation)
    write("And that")

    assert commit(turn) is TurnResult.REPLIED
    assert fresh(conversation).owes_an_answer
    assert Message.objects.filter(disposition="undecided").count() == 1


def test_a_turn_whose_lease_ran_out_is_fenced() -> None:
    conversation = wrote()
    slow = claimed_turn(conversation, owner="slow")
    expire_lease(conversation)
    quick = claimed_turn(conversation, owner="quick")

    assert not conversations.extend_turn(slow, owner="slow")
    assert commit(quick) is TurnResult.REPLIED
    assert commit(slow) is TurnResult.FENCED
    assert Delivery.objects.count() == 1


def test_a_person_who_takes_over_cancels_the_thinking_turn() -> None:
    conversation = wrote()
    turn = claimed_turn(conversation)

    conversations.take_over(conversation, person())

    assert commit(turn) is TurnResult.CANCELLED_BY_HUMAN
    assert Delivery.objects.count() == 0
    assert Message.objects.get().disposition == Message.Disposition.HANDED_OVER


def test_handing_over_leaves_one_escalation_one_text_and_nothing_owed() -> None:
    conversation = wrote()
    outcome = HandOver(
        reason=ReasonCategory.ASKED, detail="Asked for a person.", customer_text="A colleague will answer."
    )

    assert answer(conversation, outcome) is TurnResult.ESCALATED

    conversation = fresh(conversation)
    escalation = Escalation.objects.get()
    assert (conversation.mode, conversation.answered_to_seq) == ("human", 1)
    assert escalation.due_at is not None
    assert Delivery.objects.get().author == Delivery.Author.SYSTEM
    assert Message.objects.get(direction="in").disposition_id == escalation.pk
    assert conversation.episodes.get().asked_for_person_at is not None


def test_what_was_decided_already_is_described_and_not_decided_again() -> None:
    conversation = wrote("One")
    write("Two")
    Message.objects.filter(seq=1).update(disposition="ignored", disposition_reason="thanks")

    assert answer(fresh(conversation)) is TurnResult.REPLIED

    first, second = Message.objects.filter(direction="in").order_by("seq")
    assert (first.disposition, first.disposition_reason, first.disposition_id) == ("ignored", "thanks", None)
    assert (second.disposition, second.disposition_id) == ("answered", Delivery.objects.get().pk)
    assert first.intent == second.intent == "order_status"


def test_the_bots_first_reply_is_noted_once_an_episode() -> None:
    conversation = wrote("One")
    answer(conversation)
    first = Episode.objects.get().first_bot_reply_at
    assert first is not None
    said = Message.objects.get(direction="out")
    assert said.episode == Episode.objects.get()

    write("Two")
    answer(fresh(conversation))

    assert Episode.objects.get().first_bot_reply_at == first
    assert set(Message.objects.values_list("episode", flat=True)) == {said.episode_id}


def test_silence_decides_the_message_without_saying_anything() -> None:
    conversation = wrote("👍")

    assert answer(conversation, Silence(reason="only an emoji")) is TurnResult.SUPPRESSED
    assert Message.objects.get().disposition == Message.Disposition.IGNORED
    assert Delivery.objects.count() == 0


def test_a_failing_turn_is_tried_five_times_and_then_a_person_is_called() -> None:
    conversation = wrote()

    buried = False
    for attempt in range(1, 6):
        Conversation.objects.filter(pk=conversation.pk).update(ready_at=timezone.now() - timedelta(seconds=1))
        turn = claimed_turn(conversation)
        assert turn.attempt == attempt
        buried = conversations.fail_turn(turn, error="boom", run_id=attempt)

    assert buried
    conversation = fresh(conversation)
    assert conversation.mode == Conversation.Mode.HUMAN
    assert Escalation.objects.get().reason == "bot_failed"
    assert Delivery.objects.get().author == Delivery.Author.SYSTEM


def test_a_turn_that_kills_its_worker_five_times_is_handed_over_too() -> None:
    conversation = wrote()
    for _ in range(5):
        assert conversations.claim_turn(conversation.pk, owner="x", suspected_too=True) is not None
        expire_lease(conversation)

    assert conversations.claim_turn(conversation.pk, owner="x", suspected_too=True) is None
    assert conversations.raise_overdue() == 1
    assert fresh(conversation).mode == Conversation.Mode.HUMAN


def test_a_turn_that_was_cut_off_twice_is_kept_apart_from_the_others() -> None:
    suspected, other = wrote(thread="suspected"), wrote(thread="other")
    for _ in range(2):
        claimed_turn(suspected)
        expire_lease(suspected)

    assert conversations.due_turns() == [other.pk]
    assert conversations.suspected_turns() == [suspected.pk]
    assert conversations.claim_turn(suspected.pk, owner="x") is None
    assert conversations.claim_turn(suspected.pk, owner="x", suspected_too=True) is not None
    assert conversations.suspected_turns() == []


def test_a_turn_that_failed_and_said_so_is_tried_like_any_other() -> None:
    conversation = wrote()
    for _ in range(3):
        conversations.fail_turn(claimed_turn(conversation), error="Problem", run_id=1)
        Conversation.objects.update(ready_at=timezone.now() - timedelta(seconds=1))

    assert conversations.suspected_turns() == []
    assert conversations.due_turns() == [conversation.pk]


def test_two_minutes_without_an_answer_call_a_person() -> None:
    conversation = wrote()
    Conversation.objects.filter(pk=conversation.pk).update(first_unanswered_at=timezone.now() - timedelta(seconds=121))

    assert conversations.raise_overdue() == 1
    assert conversations.raise_overdue() == 0
    assert Escalation.objects.get().reason == "bot_unavailable"


def test_in_the_web_chat_the_row_is_the_delivery() -> None:
    conversation = wrote(channel=WEBCHAT)

    answer(conversation)

    assert Delivery.objects.get().state == Delivery.State.SENT


def test_a_decided_message_must_name_what_decided_it() -> None:
    message = write()
    assert message is not None

    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.filter(pk=message.pk).update(disposition="answered", disposition_id=None)


def test_a_silent_conversation_is_assumed_to_be_resolved_after_a_day() -> None:
    conversation = wrote()
    answer(conversation)
    assert conversations.close_silent() == 0
    Conversation.objects.filter(pk=conversation.pk).update(last_message_at=timezone.now() - timedelta(hours=25))

    assert conversations.close_silent() == 1
    assert fresh(conversation).mode == Conversation.Mode.CLOSED
    assert conversation.episodes.get().outcome == "assumed"


def test_the_talk_begins_where_the_bot_was_handed_the_conversation_back() -> None:
    conversation = wrote("I want a person")
    dana = person()
    conversations.take_over(conversation, dana)
    conversations.hand_back(conversation, dana)
    write("What are your opening hours?")

    talk = conversations.read_talk(conversation.pk)

    assert [line.text for line in talk.lines] == ["What are your opening hours?"]


def test_what_the_bot_would_have_said_is_kept_for_the_person_who_stepped_in() -> None:
    conversation = wrote()
    conversations.take_over(conversation, person())

    assert conversations.suggest(conversation.pk, "It is on its way.", for_seq=1) is True
    assert conversations.suggest(conversation.pk, "An older thought.", for_seq=1) is False

    assert Escalation.objects.get().suggestion == "It is on its way."


def test_nobody_waits_for_a_suggestion_where_the_bot_answers() -> None:
    conversation = wrote()

    assert conversations.suggest(conversation.pk, "Hm.", for_seq=1) is False
