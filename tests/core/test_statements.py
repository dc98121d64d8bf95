"""A kept statement gives what the queryset gives, is written once, and refuses what it cannot keep."""

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conversations.models import Conversation, Message
from core.clock import database_now, now_plus
from core.statements import Change, Read, StatementRefused, Taking
from tests.factories import make_conversation, make_message

pytestmark = pytest.mark.django_db


@Read
def with_customer(pk: int) -> QuerySet[Conversation]:
    return Conversation.objects.select_related("customer", "team").filter(pk=pk)


@Read
def said_between(conversation_id: int, begun: datetime, first: int, last: int) -> QuerySet[Message, tuple[Any, ...]]:
    rows = Message.objects.filter(conversation_id=conversation_id, created_at__gte=begun, seq__range=(first, last))
    return rows.order_by("-seq").values_list("public_id", "sources", "is_late", "created_at", "direction")[:2]


@Read
def seqs(account_id: int, forms: tuple[str, ...]) -> QuerySet[Message, int]:
    return Message.objects.filter(account_id=account_id, platform_message_id__in=forms).values_list("seq", flat=True)


@Read
def held(pk: int) -> QuerySet[Conversation]:
    return Conversation.objects.select_for_update(of=("self",)).filter(pk=pk)


def test_instances_are_those_of_the_queryset_with_what_comes_with_them() -> None:
    conversation = make_conversation()

    found = with_customer.one(conversation.pk)

    expected = Conversation.objects.select_related("customer", "team").get(pk=conversation.pk)
    assert vars(found).keys() == vars(expected).keys()
    for name in (each.attname for each in Conversation._meta.concrete_fields):
        assert (getattr(found, name), type(getattr(found, name))) == (
            getattr(expected, name),
            type(getattr(expected, name)),
        )
    assert (found._state.adding, found._state.db) == (False, "default")
    with CaptureQueriesContext(connection) as asked:
        assert found.customer.created_at == expected.customer.created_at
        assert found.team is None
    assert len(asked) == 0


def test_instances_have_what_is_worked_out_beside_them() -> None:
    message = make_message(make_conversation(subject="A lamp"), sources=[{"title": "Lamps"}])

    @Read
    def beside(pk: int, more: int) -> QuerySet[Message, Any]:
        rows = Message.objects.select_related("conversation").filter(pk=pk)
        return rows.annotate(later=F("seq") + more, again=F("sources"), now=Now())

    found = beside.one(message.pk, 2)

    assert (found.pk, found.conversation.subject) == (message.pk, "A lamp")
    assert (found.later, found.again) == (message.seq + 2, [{"title": "Lamps"}])
    assert abs(found.now - database_now()) < timedelta(minutes=1)


def test_values_are_those_of_the_queryset() -> None:
    conversation = make_conversation()
    for seq in (1, 2, 3, 4):
        make_message(conversation, sources=[{"title": f"%s {seq}"}], is_late=seq == 2)
    begun = timezone.now() - timedelta(hours=1)

    found = said_between.all(conversation.pk, begun, first=1, last=3)

    assert found == list(
        Message.objects.filter(conversation=conversation, seq__lte=3)
        .order_by("-seq")
        .values_list("public_id", "sources", "is_late", "created_at", "direction")[:2]
    )
    assert [type(value) for value in found[0]] == [uuid.UUID, list, bool, datetime, str]
    assert said_between.first(conversation.pk, timezone.now() + timedelta(hours=1), 1, 3) is None


def test_named_values_keep_their_names_and_a_list_may_have_any_length() -> None:
    conversation = make_conversation()
    for seq in (1, 2):
        make_message(conversation, platform_message_id=f"m-{seq}")

    @Read
    def lines(conversation_id: int) -> QuerySet[Message, Any]:
        return (
            Message.objects.filter(conversation=conversation_id).order_by("seq").values_list("seq", "text", named=True)
        )

    assert [line.seq for line in lines.all(conversation.pk)] == [1, 2]
    assert seqs.all(conversation.account_id, ("m-1",)) == [1]
    assert sorted(seqs.all(conversation.account_id, ("m-1", "m-2", "it's"))) == [1, 2]
    with pytest.raises(StatementRefused):
        seqs.all(conversation.account_id, ())


def test_the_statement_is_the_querysets_own() -> None:
    conversation = make_conversation()

    with CaptureQueriesContext(connection) as asked:
        with_customer.one(conversation.pk)
        list(Conversation.objects.select_related("customer", "team").filter(pk=conversation.pk))

    ours, djangos = (query["sql"].replace("(", "").replace(")", "") for query in asked.captured_queries)
    assert ours == djangos


def test_it_is_built_at_its_first_use_only() -> None:
    conversation, built = make_conversation(), []

    @Read
    def subject(pk: int) -> QuerySet[Conversation, str]:
        built.append(pk)
        return Conversation.objects.filter(pk=pk).values_list("subject", flat=True)

    assert subject.first(conversation.pk) == ""
    once = len(built)
    assert [subject.first(pk) for pk in (conversation.pk, 0)] == ["", None]
    assert len(built) == once


def test_no_row_and_two_rows_are_told_as_get_tells_them() -> None:
    conversation = make_conversation()
    make_message(conversation)
    make_message(conversation)

    @Read
    def of_conversation(pk: int) -> QuerySet[Message]:
        return Message.objects.filter(conversation=pk)

    with pytest.raises(Message.DoesNotExist):
        of_conversation.one(0)
    with pytest.raises(Message.MultipleObjectsReturned):
        of_conversation.one(conversation.pk)


@pytest.mark.django_db(transaction=True)
def test_a_row_is_held_and_only_within_a_transaction() -> None:
    conversation = make_conversation()

    with transaction.atomic(), CaptureQueriesContext(connection) as asked:
        assert held.one(conversation.pk) == conversation

    if connection.vendor == "postgresql":
        assert "FOR UPDATE OF" in asked.captured_queries[-1]["sql"]
        with pytest.raises(TransactionManagementError):
            held.one(conversation.pk)


def test_a_row_comes_with_the_databases_time_in_one_statement() -> None:
    conversation, before = make_conversation(subject="A lamp"), database_now()

    with CaptureQueriesContext(connection) as asked:
        found = held.first_at(conversation.pk)

    assert found is not None
    row, now = found
    assert (row, row.subject, row.created_at) == (conversation, "A lamp", conversation.created_at)
    assert before <= now <= database_now()
    assert len(asked) == 1
    assert held.first_at(0) is None


@pytest.mark.services
@pytest.mark.django_db(transaction=True)
def test_the_time_is_one_at_which_the_row_was_held_already() -> None:
    conversation, at_it = make_conversation(), threading.Event()

    def take() -> datetime:
        try:
            with transaction.atomic():
                at_it.set()
                found = held.first_at(conversation.pk)
                assert found is not None
                return found[1]
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            held.one(conversation.pk)
            taking = pool.submit(take)
            at_it.wait(10)
            assert is_waited_for()
            given_back = database_now()
        assert taking.result(10) > given_back


def is_waited_for() -> bool:
    """Whether another session waits for what this one holds, as soon as one does."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"
    for _ in range(50_000):
        with connection.cursor() as cursor:
            cursor.execute(waiting)
            if cursor.fetchone()[0]:
                return True
    return False


@pytest.mark.django_db(transaction=True)
def test_many_threads_may_ask_at_once() -> None:
    conversations = [make_conversation() for _ in range(8)]

    @Read
    def key(pk: int) -> QuerySet[Conversation, str]:
        return Conversation.objects.filter(pk=pk).values_list("thread_key", flat=True)

    def ask(conversation: Conversation) -> bool:
        try:
            return all(key.first(conversation.pk) == conversation.thread_key for _ in range(20))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, conversations))


def test_a_change_is_that_of_the_queryset() -> None:
    conversation = make_conversation(epoch=3)

    @Change
    def claim(pk: int, epoch: int, owner: str, lease: timedelta, ready_at: datetime | None) -> Any:
        rows = Conversation.objects.filter(pk=pk, epoch=epoch)
        return rows, {
            "epoch": F("epoch") + 1,
            "lease_owner": owner,
            "lease_until": now_plus(lease),
            "ready_at": ready_at,
            "waiting_since": None,
        }

    before = timezone.now() + timedelta(seconds=55)
    assert claim(conversation.pk, 3, "it's me", timedelta(seconds=60), None) == 1
    assert claim(conversation.pk, 3, "another", timedelta(seconds=60), None) == 0

    conversation.refresh_from_db()
    assert (conversation.epoch, conversation.lease_owner, conversation.ready_at) == (4, "it's me", None)
    assert conversation.lease_until is not None
    assert before < conversation.lease_until < before + timedelta(seconds=30)
    assert claim(conversation.pk, 4, "me", timedelta(), before) == 1
    conversation.refresh_from_db()
    assert conversation.ready_at == before


def test_a_change_tells_what_stands_in_the_row_afterwards() -> None:
    conversation = make_conversation(epoch=3, subject="A lamp")
    make_conversation(epoch=3)

    @Taking
    def claim(pk: int, epoch: int, ready_at: datetime) -> Any:
        rows = Conversation.objects.filter(pk=pk, epoch=epoch)
        return rows, {"epoch": F("epoch") + 1, "ready_at": ready_at}, "epoch", "ready_at", "subject"

    moment = database_now()
    with CaptureQueriesContext(connection) as asked:
        assert list(claim(conversation.pk, 3, moment) or ()) == [4, moment, "A lamp"]
        assert claim(conversation.pk, 3, moment) is None

    assert len(asked) == 2
    conversation.refresh_from_db()
    assert (conversation.epoch, conversation.ready_at) == (4, moment)


def test_a_change_that_fails_leaves_the_transaction_to_be_rolled_back() -> None:
    conversation = make_conversation()

    @Change
    def set_mode(pk: int, mode: str) -> Any:
        return Conversation.objects.filter(pk=pk), {"mode": mode}

    with transaction.atomic():
        with pytest.raises(IntegrityError):
            set_mode(conversation.pk, "nobody")
        assert connection.needs_rollback


def _contains(text: str) -> Any:
    return Message.objects.filter(pk__gt=0).values_list("pk", f"text__{text}")


def _sliced(limit: int) -> Any:
    return Message.objects.order_by("pk")[:limit]


def _worked_out(pk: int) -> Any:
    return Message.objects.filter(pk=pk, created_at__lt=timezone.now())


def _unused(pk: int, other: int) -> Any:
    return Message.objects.filter(pk=pk)


def _lowered(text: str) -> Any:
    return Message.objects.filter(text=text.lower())


def _as_dictionaries(pk: int) -> Any:
    return Message.objects.filter(pk=pk).values("text")


def _prefetched(pk: int) -> Any:
    return Conversation.objects.filter(pk=pk).prefetch_related("messages")


def _of_nothing(pk: int) -> Any:
    return Message.objects.filter(pk=pk).none()


@pytest.mark.parametrize(
    "build",
    [_contains, _sliced, _worked_out, _unused, _lowered, _as_dictionaries, _prefetched, _of_nothing],
)
def test_what_cannot_be_kept_is_refused(build: Callable[..., Any]) -> None:
    question = Read(build)
    values = {"text": "a", "limit": 1, "pk": 1, "other": 2}

    with pytest.raises(StatementRefused):
        question.all(*(values[parameter.name] for parameter in question._parameters))


def test_no_value_is_no_value_to_look_for() -> None:
    def by_subject(subject: str | None) -> Any:
        return Conversation.objects.filter(subject=subject)

    def by_intent(intent: str | None) -> Any:
        return Conversation.objects.filter(last_intent=intent), {"subject": ""}

    with pytest.raises(StatementRefused):
        Read(by_subject)
    with pytest.raises(StatementRefused):
        Change(by_intent)("")
    with pytest.raises(StatementRefused):
        with_customer.all(None)  # type: ignore[arg-type]


def test_a_builder_says_of_each_value_what_it_is() -> None:
    def untyped(pk) -> Any:  # type: ignore[no-untyped-def]  # noqa: ANN001  (what is refused)
        return Message.objects.filter(pk=pk)

    def of_lists(pks: list[int]) -> Any:
        return Message.objects.filter(pk__in=pks)

    for build in (untyped, of_lists):
        with pytest.raises(StatementRefused):
            Read(build)
