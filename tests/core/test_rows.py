"""Rows are written as ``save`` writes them, by statements that are written once."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.db.models.signals import post_save  # noqa: TID251  (what is refused)
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conversations.models import Conversation, Customer, Delivery, Fact, Message
from core.models import Team
from core.rows import insert, insert_all, insert_unless_there, update, update_all
from core.statements import StatementRefused
from integrations.models import PlatformAccount, SendWindow
from tests.factories import make_account, make_conversation, make_customer, make_message

pytestmark = pytest.mark.django_db


def a_message(seq: int = 1, **values: object) -> Message:
    conversation = make_conversation()
    return Message(
        conversation=conversation,
        account_id=conversation.account_id,
        seq=seq,
        direction=Message.Direction.OUTBOUND,
        sender_type=Message.Sender.BOT,
        text="100 % 's \U0001f600",
        sources=[{"title": "%s"}],
        is_late=True,
        **values,
    )


def test_a_row_is_written_whole_and_has_its_key_then() -> None:
    message = a_message()

    insert(message)

    read = Message.objects.get(pk=message.pk)
    names = [each.attname for each in Message._meta.concrete_fields]
    assert [getattr(read, name) for name in names] == [getattr(message, name) for name in names]
    assert (message._state.adding, message._state.db) == (False, "default")
    message.text = "later"
    message.save(update_fields=["text"])


def test_what_is_left_to_the_database_is_known_afterwards() -> None:
    message = make_message(make_conversation())

    def a_delivery(out_seq: int) -> Delivery:
        return Delivery(
            conversation=message.conversation,
            message=message,
            account_id=1,
            out_seq=out_seq,
            idem_key=f"key {out_seq}",
            author=Delivery.Author.BOT,
            expires_at=timezone.now(),
        )

    left, given = a_delivery(1), a_delivery(2)
    given.next_attempt_at = timezone.now() + timedelta(hours=1)

    insert(left)
    assert left.next_attempt_at == Delivery.objects.get(pk=left.pk).next_attempt_at
    left.delete()
    insert(given)

    assert given.next_attempt_at == Delivery.objects.get(pk=given.pk).next_attempt_at


def test_the_statement_is_the_models_own() -> None:
    first, second = Fact(kind=Fact.Kind.RECEIVED, conversation_id=1), Fact(kind=Fact.Kind.RECEIVED, conversation_id=1)
    second.public_id, second.created_at = first.public_id, first.created_at

    with CaptureQueriesContext(connection) as asked:
        insert(first)
        second.save(force_insert=True)

    assert asked.captured_queries[0]["sql"] == asked.captured_queries[1]["sql"]


def test_a_row_whose_key_is_another_rows_is_written_too() -> None:
    account = make_account()

    insert(SendWindow(account=account, calls=[[1.5, 2]]))

    assert SendWindow.objects.get(pk=account.pk).calls == [[1.5, 2]]


def test_several_rows_are_written_by_one_statement_and_each_has_its_own_key() -> None:
    conversation = make_conversation()
    messages = [a_message(seq) for seq in range(1, 4)]
    for number, message in enumerate(messages):
        message.conversation, message.text = conversation, f"line {number}"
        message.created_at = timezone.now() - timedelta(hours=number)

    with CaptureQueriesContext(connection) as asked:
        insert_all(messages)

    assert len(asked) == 1
    names = [each.attname for each in Message._meta.concrete_fields]
    for message in messages:
        read = Message.objects.get(pk=message.pk)
        assert [getattr(read, name) for name in names] == [getattr(message, name) for name in names]


def test_rows_for_which_the_database_chooses_other_values_are_not_written_together() -> None:
    message = make_message(make_conversation())
    both = [
        Delivery(
            conversation=message.conversation,
            message=message,
            account_id=1,
            out_seq=out_seq,
            idem_key=f"key {out_seq}",
            author=Delivery.Author.BOT,
            expires_at=timezone.now(),
        )
        for out_seq in (1, 2)
    ]
    both[1].next_attempt_at = timezone.now()

    with pytest.raises(StatementRefused, match="chooses the same"):
        insert_all(both)


def test_nothing_is_asked_for_no_rows() -> None:
    with CaptureQueriesContext(connection) as asked:
        insert_all([])
        update_all([], "text")

    assert len(asked) == 0


def test_several_rows_are_changed_by_one_statement_each_to_its_own_values() -> None:
    first, second, other = (make_conversation(language="de", attempts=3) for _ in range(3))
    first.lease_until, first.language, first.attempts, first.last_sentiment = None, "", 0, -0.5
    second.lease_until, second.language, second.attempts, second.last_sentiment = timezone.now(), "'%s", 7, None
    names = ("lease_until", "language", "attempts", "last_sentiment", "assignee", "closed_at", "mode")

    with CaptureQueriesContext(connection) as asked:
        update_all([first, second], *names)

    assert len(asked) == 1
    for each in (first, second):
        read = Conversation.objects.get(pk=each.pk)
        assert [getattr(read, name) for name in names] == [getattr(each, name) for name in names]
    assert Conversation.objects.get(pk=other.pk).language == "de"


@pytest.mark.services  # SQLite keeps whatever it is given
def test_what_is_too_long_is_refused_and_not_cut() -> None:
    both = [make_conversation(), make_conversation()]
    both[1].language = "much too long"

    with pytest.raises(DatabaseError, match="too long"), transaction.atomic():
        update_all(both, "language")


def test_a_row_of_several_that_is_gone_is_told() -> None:
    teams = [Team(name="gone"), Team(name="here")]
    insert_all(teams)
    Team.objects.filter(name="gone").delete()

    with pytest.raises(DatabaseError, match="not there"), transaction.atomic():
        update_all(teams, "name")


def test_the_named_fields_are_written_and_no_others() -> None:
    message = a_message()
    insert(message)
    message.text, message.sources, message.episode_id, message.kind = "new", [], None, "image"

    update(message, "text", "sources", "episode")

    message.refresh_from_db()
    assert (message.text, message.sources, message.episode, message.kind) == ("new", [], None, "text")


def test_a_field_that_tells_the_time_of_its_saving_does_so() -> None:
    account = make_account()
    before = account.updated_at

    update(account, "name", "updated_at")

    account = PlatformAccount.objects.get(pk=account.pk)
    assert account.updated_at > before


def test_a_row_that_is_gone_is_told() -> None:
    team = Team(name="gone")
    insert(team)
    Team.objects.all().delete()

    with pytest.raises(DatabaseError, match="not there"), transaction.atomic():
        update(team, "name")


def test_what_the_database_refuses_leaves_the_transaction_to_be_rolled_back() -> None:
    message = a_message()
    message.sender_type = "nobody"

    with transaction.atomic():
        with pytest.raises(IntegrityError):
            insert(message)
        assert connection.needs_rollback


def test_expressions_and_second_inserts_are_refused() -> None:
    message = a_message()
    insert(message)

    with pytest.raises(StatementRefused, match="already"):
        insert(message)
    message.seq = F("seq") + 1
    with pytest.raises(StatementRefused, match="expression"):
        update(message, "seq")
    with pytest.raises(StatementRefused, match="expression"):
        insert(a_message(sent_at=Now()))


def test_a_model_that_somebody_listens_to_is_refused() -> None:
    def hear(**_: object) -> None:
        """Would not be told."""

    post_save.connect(hear, sender=Team)
    try:
        with pytest.raises(StatementRefused, match="listens"):
            update(Team.objects.create(name="heard"), "created_at")
    finally:
        post_save.disconnect(hear, sender=Team)


def test_a_row_that_gives_way_is_added_once_and_disturbs_nothing() -> None:
    first = make_customer()
    again = Customer(platform=first.platform, account_id=first.account_id, external_id=first.external_id, name="Twin")
    other = Customer(platform=first.platform, account_id=first.account_id, external_id="somebody-else")

    with transaction.atomic():
        assert insert_unless_there(again) == 0
        assert insert_unless_there(again, other) == 1

    assert set(Customer.objects.values_list("external_id", "name")) == {
        (first.external_id, first.name),
        ("somebody-else", ""),
    }
