"""After a restore nothing is said until the account was compared, and what was said since is not said again."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from conversations import services
from conversations.models import Conversation, Delivery, Message, Restoration
from conversations.types import Channel, EchoMeaning, OutboundEcho
from core.models import AuditEvent
from tests.factories import make_conversation, make_delivery, make_inbound, make_message

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
State, Disposition = Delivery.State, Message.Disposition


def restored(conversation: Conversation, *, ago: timedelta = 2 * HOUR) -> None:
    """Let the record have been put back to what it was some time ago."""
    services.begin_after_restore([conversation.account_id], timezone.now() - ago)
    conversation.refresh_from_db()


def echo(conversation: Conversation, text: str, *, at: datetime, **values: Any) -> EchoMeaning:
    """The platform reports words that our API sent."""
    given: dict[str, Any] = {"source_id": f"echo-{text}", "by_api": True, "sent_at": at, "text": text}
    channel = make_channel_of(conversation)
    said = OutboundEcho(
        channel=channel, thread_key=conversation.thread_key, customer_id="customer-1", **(given | values)
    )
    return services.record_echo(said)


def make_channel_of(conversation: Conversation) -> Channel:
    """The conversation's own account."""
    return Channel(platform=conversation.platform, account_id=conversation.account_id, text_limit=6000)


def asked(conversation: Conversation, *, at: datetime) -> Message:
    """The platform repeats what the customer wrote then."""
    inbound = make_inbound(make_channel_of(conversation), thread_key=conversation.thread_key, sent_at=at)
    message = services.receive(inbound)
    assert message is not None
    return message


def test_nothing_is_said_through_a_held_account_and_everything_afterwards() -> None:
    conversation = make_conversation()
    make_message(conversation)
    make_delivery(make_conversation(channel=make_channel_of(conversation)), author="human")

    restored(conversation)

    assert services.due_turns() == services.due_sends() == []
    assert services.claim_turn(conversation.pk, owner="me") is None

    assert services.end_restoration(conversation.account_id)
    assert services.due_turns() == [conversation.pk]
    assert len(services.due_sends()) == 1


def test_who_waited_while_an_account_was_compared_is_answered_and_not_given_to_people() -> None:
    conversation = make_conversation()
    make_message(conversation)
    restored(conversation)
    Conversation.objects.update(first_unanswered_at=timezone.now() - timedelta(minutes=3))

    services.end_restoration(conversation.account_id)

    assert services.raise_overdue() == 0
    assert services.due_turns() == [conversation.pk]
    Conversation.objects.update(first_unanswered_at=timezone.now() - timedelta(minutes=3))
    assert not services.end_restoration(conversation.account_id)
    assert services.raise_overdue() == 1


def test_a_restore_is_in_the_audit_trail_and_goes_on_from_the_earlier_moment() -> None:
    conversation = make_conversation()
    restored(conversation, ago=5 * HOUR)
    restored(conversation, ago=HOUR)

    (unfinished,) = Restoration.objects.unfinished()

    assert timezone.now() - unfinished.since > 4 * HOUR
    assert AuditEvent.objects.filter(action="record.restored").count() == 2


def test_numbers_and_versions_given_out_since_are_not_given_out_again() -> None:
    conversation = make_conversation(out_seq=7, version=20)

    restored(conversation)

    assert (conversation.out_seq, conversation.version) == (1007, 1020)


def test_what_was_on_its_way_is_in_doubt_and_what_is_written_since_is_not() -> None:
    conversation = make_conversation()
    before = [
        make_delivery(conversation, author="human", state=state) for state in ("pending", "sending", "retry_wait")
    ]
    Delivery.objects.update(created_at=timezone.now() - HOUR)
    restored(conversation)
    Restoration.objects.update(begun_at=timezone.now() - timedelta(seconds=1))
    since = make_delivery(conversation, author="human")

    assert services.doubt_what_was_on_its_way(conversation.account_id) == 3

    assert {each.state for each in Delivery.objects.filter(pk__in=[d.pk for d in before])} == {State.UNKNOWN}
    since.refresh_from_db()
    assert since.state == State.PENDING


def test_our_own_words_are_put_into_the_record_and_answer_what_came_before() -> None:
    conversation = make_conversation()
    restored(conversation)
    now = timezone.now()
    first, last = asked(conversation, at=now - HOUR), asked(conversation, at=now - timedelta(minutes=5))

    assert echo(conversation, "It left today.", at=now - timedelta(minutes=30)) is EchoMeaning.OURS

    first.refresh_from_db()
    last.refresh_from_db()
    sent = Delivery.objects.get()
    assert (sent.state, sent.author, sent.message.text) == (State.SENT, "system", "It left today.")
    assert (first.disposition, first.disposition_id) == (Disposition.ANSWERED, sent.pk)
    assert last.disposition == Disposition.UNDECIDED
    conversation.refresh_from_db()
    assert (conversation.mode, conversation.owes_an_answer) == (Conversation.Mode.BOT, True)
    assert echo(conversation, "It left today.", at=now - timedelta(minutes=30)) is EchoMeaning.DUPLICATE


def numbers(conversation: Conversation) -> list[tuple[str, int]]:
    """Our words there and their numbers, by number."""
    deliveries = Delivery.objects.filter(conversation=conversation).order_by("out_seq")
    return list(deliveries.values_list("message__text", "out_seq"))


def test_words_are_numbered_as_they_were_said_in_whatever_order_they_are_found() -> None:
    conversation = make_conversation()
    make_delivery(conversation, "before", state="sent", created_at=timezone.now() - 3 * HOUR)
    restored(conversation)
    now = timezone.now()

    for minutes, text in ((20, "third"), (10, "fourth"), (40, "first"), (30, "second")):
        echo(conversation, text, at=now - timedelta(minutes=minutes))

    expected = ["before", "first", "second", "third", "fourth"]
    assert numbers(conversation) == [(text, number) for number, text in enumerate(expected, start=1)]
    assert len(set(Delivery.objects.values_list("idem_key", flat=True))) == 5


def test_words_that_are_found_late_come_before_what_was_queued_since() -> None:
    known = make_conversation()
    restored(known)
    begun = make_conversation(channel=make_channel_of(known))
    for conversation in (known, begun):
        echo(conversation, f"found first in {conversation.pk}", at=timezone.now() - timedelta(minutes=10))
        conversation.refresh_from_db()
        make_delivery(conversation, "since", author="human")

        echo(conversation, f"found last in {conversation.pk}", at=timezone.now() - timedelta(minutes=20))

        words = [text.partition(" in ")[0] for text, _ in numbers(conversation)]
        assert words == ["found last", "found first", "since"]


def test_where_no_number_is_left_out_what_is_found_gets_the_next() -> None:
    known = make_conversation()
    restored(known)
    begun = make_conversation(channel=make_channel_of(known))
    make_delivery(begun, "since", author="human")

    echo(begun, "found", at=timezone.now() - timedelta(minutes=20))

    assert numbers(begun) == [("since", 1), ("found", 2)]


def test_a_question_that_is_repeated_after_its_answer_is_answered() -> None:
    conversation = make_conversation()
    restored(conversation)
    now = timezone.now()
    echo(conversation, "It left today.", at=now - timedelta(minutes=30))

    message = asked(conversation, at=now - HOUR)

    assert message.disposition == Disposition.ANSWERED
    conversation.refresh_from_db()
    assert not conversation.owes_an_answer


def test_a_question_of_the_lost_time_that_comes_too_late_goes_to_people() -> None:
    conversation = make_conversation()
    restored(conversation)
    services.end_restoration(conversation.account_id)

    late, new = asked(conversation, at=timezone.now() - HOUR), timezone.now() + HOUR

    assert late.disposition == Disposition.HANDED_OVER
    other = make_conversation(channel=make_channel_of(conversation))
    assert asked(other, at=new).disposition == Disposition.UNDECIDED


def test_words_on_their_way_that_arrived_are_settled_and_those_before_later_words_had_ended() -> None:
    conversation = make_conversation()
    question = make_message(conversation, sent_at=timezone.now() - 3 * HOUR)
    arrived, ended = make_delivery(conversation, "It arrived."), make_delivery(conversation, "It was given up.")
    Message.objects.filter(pk=question.pk).update(disposition=Disposition.ANSWERED, disposition_id=ended.pk)
    Delivery.objects.update(created_at=timezone.now() - 3 * HOUR)
    restored(conversation)
    services.doubt_what_was_on_its_way(conversation.account_id)

    echo(conversation, "It arrived.", at=timezone.now() - HOUR)
    echo(conversation, "Something later.", at=timezone.now() - HOUR / 2)

    arrived.refresh_from_db()
    ended.refresh_from_db()
    question.refresh_from_db()
    assert (arrived.state, ended.state) == (State.SENT, State.CANCELLED)
    assert question.disposition_id == Delivery.objects.get(message__text="Something later.").pk


def test_without_a_restore_words_of_the_api_that_nobody_knows_are_a_colleagues() -> None:
    conversation = make_conversation()

    assert echo(conversation, "Hello from another tool.", at=timezone.now()) is EchoMeaning.COLLEAGUE
