"""The ledger: what was promised is written down, brought up when it is late, kept, and gone with the customer."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from conversations import services as conversations
from conversations.exceptions import NothingToWrite, PromiseEnded, PromiseInThePast
from conversations.models import Conversation, Escalation, Message, Promise
from conversations.types import HandOver, ReasonCategory
from core.exceptions import NotAllowed
from core.models import AuditEvent
from core.policy import Role
from privacy import services as privacy
from privacy.tables import tables
from tests.conversations.talk import answer, fresh, person, wrote

pytestmark = pytest.mark.django_db


def soon(**span: float) -> datetime:
    """A moment to come."""
    return timezone.now() + timedelta(**span)


def make_late(promise: Promise) -> None:
    """As if its time were over."""
    Promise.objects.filter(pk=promise.pk).update(due_at=timezone.now() - timedelta(minutes=1))


def test_what_staff_promise_in_a_reply_is_written_down_with_its_time() -> None:
    conversation, dana = wrote(), person()

    message = conversations.reply(conversation, "Sorry! I'll call you within 2 hours.", dana)

    promise = Promise.objects.get()
    assert (promise.text, promise.made_by, promise.message) == (
        "I'll call you within 2 hours.",
        dana.display_name,
        message,
    )
    assert abs(promise.due_at - soon(hours=2)) < timedelta(minutes=1)


def test_a_person_may_write_one_down_and_it_is_audited() -> None:
    conversation, dana = wrote(), person()

    promise = conversations.promise(conversation, "A refund of the postage.", soon(days=2), dana)

    assert promise.state == "open"
    assert AuditEvent.objects.filter(action="promise.made", target_id=str(promise.pk)).count() == 1
    with pytest.raises(NothingToWrite):
        conversations.promise(conversation, " ", soon(days=2), dana)
    with pytest.raises(PromiseInThePast):
        conversations.promise(conversation, "A call.", soon(days=-1), dana)
    with pytest.raises(NotAllowed):
        conversations.promise(conversation, "A call.", soon(days=1), person("vera", Role.VIEWER))


def test_what_the_bot_says_of_the_time_is_kept_by_whoever_answers() -> None:
    conversation, dana = wrote(), person()
    told = HandOver(
        reason=ReasonCategory.ASKED, detail="Asks.", customer_text="About 10 minutes.", answer_by=soon(minutes=10)
    )
    answer(conversation, told)
    promise = Promise.objects.get()
    assert (promise.text, promise.made_by, promise.state) == ("About 10 minutes.", "the bot", "open")

    conversations.reply(fresh(conversation), "Hello, this is Dana.", dana)

    promise.refresh_from_db()
    assert (promise.state, promise.ended_by) == ("kept", dana)


def test_a_late_promise_brings_its_conversation_to_the_top_once() -> None:
    conversation, dana = wrote(), person()
    conversations.reply(conversation, "I'll call you within 2 hours.", dana)
    conversations.resolve(fresh(conversation), dana)
    promise = Promise.objects.get()
    make_late(promise)
    other = wrote("Hello?", thread="other")
    answer(other, HandOver(reason=ReasonCategory.URGENT, detail="Urgent."))

    assert conversations.raise_late_promises() == 1
    assert conversations.raise_late_promises() == 0

    first, second = Escalation.objects.live().in_queue_order()
    assert (first.conversation_id, second.conversation_id) == (conversation.pk, other.pk)
    assert (first.priority, first.detail) == ("high", "A promise to the customer is overdue.")
    assert fresh(conversation).mode == Conversation.Mode.HUMAN
    assert not Message.objects.filter(conversation=conversation, sender_type="system").exists()


@pytest.mark.parametrize(("kept", "state"), [(True, "kept"), (False, "withdrawn")])
def test_a_promise_ends_once_and_is_not_brought_up_again(kept: bool, state: str) -> None:
    conversation, dana = wrote(), person()
    promise = conversations.promise(conversation, "A call.", soon(hours=1), dana)

    assert conversations.end_promise(promise, dana, kept=kept).state == state

    with pytest.raises(PromiseEnded):
        conversations.end_promise(promise, dana, kept=kept)
    make_late(promise)
    assert conversations.raise_late_promises() == 0
    assert AuditEvent.objects.filter(action=f"promise.{state}").count() == 1


def test_a_promise_is_erased_with_the_customer() -> None:
    conversation, dana = wrote(), person()
    conversations.promise(conversation, "A call.", soon(hours=1), dana)
    assert "conversations.promise" in {table.label for table in tables() if not table.is_kept}
    erasure = privacy.request_erasure(conversation.customer, None)

    privacy.work_erasure(erasure.pk)

    assert not Promise.objects.exists()
