"""Erasing a person: nothing of them is left anywhere, and nothing brings it back."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from agent import services as agent
from agent.graph.brief import Brief, Thought
from agent.models import AgentRun
from agent.runtime import Runtime
from analytics.models import EpisodeFact
from analytics.services import build_episode_facts
from conversations import services as conversations
from conversations.exceptions import CustomerErased
from conversations.models import Attachment, Conversation, Customer, Delivery, Message
from conversations.types import SendOutcome, SendResult, TurnResult
from core import audit
from core.models import AuditEvent
from core.pictures import kind_of
from integrations import services as integrations
from integrations.exceptions import EventMovedOn, EventNotReplayable
from integrations.models import WebhookEvent
from privacy import services, tables
from privacy.exceptions import AlreadyErased
from privacy.models import Erasure
from tests.conftest import RungBell
from tests.conversations.talk import claimed_turn, commit, wrote
from tests.factories import make_account, make_conversation, make_customer, make_delivery, make_message
from tests.integrations import linkedin
from tests.integrations.tiktok import event, keep, text_event
from tests.privacy.marker import places
from tests.privacy.people import changed, decide, erase, told

MARKER = "zq7xkvwp93"
JPEG = b"\xff\xd8\xff\xe0" + b"\x00" * 64


@pytest.fixture(autouse=True)
def _two_eyes(settings: Settings) -> None:
    settings.FOUR_EYES = False


@pytest.mark.django_db(transaction=True)
def test_after_an_erasure_the_marker_is_nowhere(
    mind: Runtime, bells: list[RungBell], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    person = told(MARKER, mind)
    decide(person, MARKER)
    build_episode_facts()
    before = places(MARKER)
    assert not [place for place in before if place.startswith("core_audit")]
    for table in (
        "conversations_customer.name", "conversations_conversation.thread_key", "conversations_message.text",
        "conversations_message.platform_message_id", "conversations_note.text", "conversations_escalation.card",
        "conversations_delivery.reason", "conversations_deliveryattempt.evidence", "conversations_attachment.url", "conversations_attachment.reading_text",
        "conversations_seenkey.key", "integrations_webhookevent.body", "integrations_webhookevent.event_key", "agent_agentrun.envelope",
        "workspace_draft.text", "workspace_suggestionoutcome.reason", "agent_article.slug", "agent_articleversion.body", "agent_passage.text",
    ):  # fmt: skip
        assert table in before, f"the marker never was in {table}"
    assert any("attachments" in place for place in before)
    # What was asked of workers meanwhile lies in the broker, where there is one.
    assert bells

    erasure = erase(person.customer)

    assert erasure.state == Erasure.State.DONE
    assert places(MARKER) == []
    assert MARKER not in caplog.text
    assert EpisodeFact.objects.filter(conversation_id=person.conversation.pk).exists()
    assert audit.seal()
    assert audit.broken_links() == []


@pytest.mark.django_db
def test_figures_stay_and_name_nobody() -> None:
    person = told(MARKER)
    messages, events = Message.objects.count(), WebhookEvent.objects.count()

    erasure = erase(person.customer)

    assert (Message.objects.count(), WebhookEvent.objects.count()) == (messages, events)
    assert str(Customer.objects.get()) == "Erased customer"
    assert erasure.counts["conversations.message"] == messages
    noted = AuditEvent.objects.filter(action__startswith="person.").order_by("id")
    assert [each.action for each in noted] == ["person.erase_requested", "person.erase_approved", "person.erased"]
    assert Conversation.objects.get().mode == Conversation.Mode.CLOSED


@pytest.mark.django_db
def test_others_lose_nothing() -> None:
    told(MARKER)
    other = text_event("I stay", message_id="other-1", thread="thread-other", customer="person-other")
    integrations.ingest_event(keep(other).pk)

    erase(Customer.objects.get(external_id=f"person-{MARKER}"))

    stays = Customer.objects.get(external_id="person-other")
    assert Message.objects.get(conversation__customer=stays).text == "I stay"
    assert bytes(WebhookEvent.objects.get(event_key="msg:other-1").body) == other


@pytest.mark.django_db
def test_every_table_is_said_to_be_about_people_or_not() -> None:
    assert tables.unclassified() == [], "say in privacy/tables.py whether these tables hold anything about a customer"


@pytest.mark.django_db
def test_every_text_of_a_kept_table_is_emptied_or_listed() -> None:
    for table in tables.tables():
        if table.is_kept:
            known = {field.name for field in table.model._meta.concrete_fields}
            assert tables.KEPT[table.label] <= known, f"{table.label} lists a column that is gone"


@pytest.mark.django_db
def test_what_the_platform_repeats_does_not_come_back() -> None:
    person = told(MARKER)
    erase(person.customer)

    for body in person.bodies[:5]:
        integrations.ingest_event(keep(body).pk)

    assert Customer.objects.count() == 1
    assert places(MARKER) == []
    assert not WebhookEvent.objects.to_ingest().exists()


@pytest.mark.django_db
def test_whoever_writes_again_is_a_new_customer_and_repetitions_stay_out() -> None:
    person = told(MARKER)
    erase(person.customer)
    again = text_event("Hello again", message_id="new-1", thread=f"thread-{MARKER}", customer=f"person-{MARKER}")
    integrations.ingest_event(keep(again).pk)

    repeated = keep(person.bodies[0])
    integrations.ingest_event(repeated.pk)

    assert Customer.objects.filter(erased_at=None).count() == 1
    fresh = Conversation.objects.get(customer__erased_at=None)
    assert [message.text for message in fresh.messages.all()] == ["Hello again"]
    assert not WebhookEvent.objects.filter(pk=repeated.pk).exists()
    with pytest.raises(AlreadyErased):
        services.request_erasure(Customer.objects.get(pk=person.customer.pk), None)
    assert erase(fresh.customer).state == Erasure.State.DONE


@pytest.mark.django_db
def test_an_echo_of_our_own_words_does_not_bring_the_thread_back() -> None:
    person = told(MARKER)
    erase(person.customer)
    echo = changed(
        event("echo_api"),
        {"conversation_id": f"thread-{MARKER}", "message_id": f"late-{MARKER}", "to_user": {"id": f"person-{MARKER}"}},
    )

    integrations.ingest_event(keep(echo).pk)

    assert Conversation.objects.count() == 1
    assert places(MARKER) == []


@pytest.mark.django_db
def test_what_waits_to_be_taken_in_is_erased_with_the_rest_and_known_when_it_is_repeated() -> None:
    person = told(MARKER)
    body = text_event(
        f"One more {MARKER}", message_id=f"more-{MARKER}", thread=f"thread-{MARKER}", customer=f"person-{MARKER}"
    )
    keep(body)

    erase(person.customer)
    integrations.ingest_event(keep(body).pk)

    assert places(MARKER) == []


@pytest.mark.django_db
def test_read_back_does_not_count_the_erased_as_missed() -> None:
    person = told(MARKER)
    erase(person.customer)

    known = conversations.known_ids(person.account.pk, [f"first-{MARKER}", "never-seen"])

    assert known == {f"first-{MARKER}"}


class Erasing:
    """A mind while which the customer is erased."""

    def __init__(self, mind: Runtime, happens: Callable[[], object]) -> None:
        self._mind = mind
        self._happens = happens

    def think(self, brief: Brief, **_: object) -> Thought:
        thought = self._mind.think(brief)
        self._happens()
        return thought


@pytest.mark.django_db
def test_a_turn_under_way_ends_without_a_word_and_without_a_trace(mind: Runtime) -> None:
    person = told(MARKER)
    more = text_event(f"How long? {MARKER}", message_id="m-9", thread=f"thread-{MARKER}", customer=f"person-{MARKER}")
    conversations.hand_back(person.conversation, person.staff)
    integrations.ingest_event(keep(more).pk)
    Conversation.objects.update(ready_at=timezone.now() - timedelta(seconds=1))
    written = Message.objects.filter(direction="out").count()

    result = agent.answer(person.conversation.pk, Erasing(mind, lambda: erase(person.customer)))

    assert result in {TurnResult.CANCELLED_BY_HUMAN, TurnResult.FENCED}
    assert AgentRun.objects.exists()
    assert Message.objects.filter(direction="out").count() == written
    assert places(MARKER) == []


@pytest.mark.django_db
def test_a_send_under_way_is_waited_for_and_then_erased() -> None:
    account = make_account()
    customer = make_customer(account_id=account.pk, name=MARKER)
    conversation = make_conversation(customer=customer, thread_key=f"t-{MARKER}", account_id=account.pk)
    make_delivery(conversation, f"Dear {MARKER}", author="human")
    claimed = conversations.claim_delivery(conversation.pk)
    assert claimed is not None
    erasure = services.request_erasure(customer, None)

    assert not services.work_erasure(erasure.pk)
    assert Message.objects.filter(text__contains=MARKER).exists()
    conversations.settle_delivery(
        claimed, SendResult(outcome=SendOutcome.OK, platform_message_id=f"id-{MARKER}"), started_at=timezone.now()
    )

    assert services.work_erasure(erasure.pk)
    assert Delivery.objects.get().state == Delivery.State.SENT
    assert conversations.was_erased(conversation.account_id, f"id-{MARKER}")
    assert places(MARKER) == []


@pytest.mark.django_db
def test_a_send_that_never_ends_is_not_waited_for_for_ever() -> None:
    customer = make_customer(name=MARKER)
    conversation = make_conversation(customer=customer)
    make_delivery(conversation, f"Dear {MARKER}", author="human")
    claimed = conversations.claim_delivery(conversation.pk)
    assert claimed is not None
    erasure = services.request_erasure(customer, None)
    Erasure.objects.update(started_at=timezone.now() - timedelta(minutes=2))

    assert services.work_erasure(erasure.pk)
    late = conversations.settle_delivery(
        claimed, SendResult(outcome=SendOutcome.OK, platform_message_id="late"), started_at=timezone.now()
    )

    assert not late
    assert Delivery.objects.get().state == Delivery.State.CANCELLED
    assert places(MARKER) == []


@pytest.mark.django_db
def test_what_waits_to_be_sent_is_cancelled_at_once() -> None:
    customer = make_customer()
    conversation = make_conversation(customer=customer)
    make_delivery(conversation)

    erase(customer)

    assert Delivery.objects.get().state == Delivery.State.CANCELLED
    assert conversations.claim_delivery(conversation.pk) is None
    assert conversations.due_turns() == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "state",
    [
        {"state": "pending"},
        {"state": "unknown", "unknown_since": timezone.now()},
        {"state": "needs_review", "reason": "Nobody knows whether it arrived."},
    ],
    ids=lambda state: state["state"],
)
def test_what_was_to_be_answered_by_words_that_are_cancelled_is_not_answered(state: dict[str, Any]) -> None:
    conversation = wrote()
    commit(claimed_turn(conversation))
    Delivery.objects.update(**state)

    erase(conversation.customer)

    asked = Message.objects.get(direction="in")
    assert Delivery.objects.get().state == Delivery.State.CANCELLED
    assert (asked.disposition, asked.disposition_id) == (Message.Disposition.IGNORED, None)


@pytest.mark.django_db
def test_a_file_that_arrives_after_the_erasure_is_not_kept() -> None:
    customer = make_customer()
    message = make_message(make_conversation(customer=customer))
    attachment = Attachment.objects.create(message=message, kind="image", media_id="m", state=Attachment.State.WAITING)
    kind = kind_of(JPEG)
    assert kind is not None
    erase(customer)

    conversations.keep_attachment(attachment, JPEG, kind)

    assert not attachment.file or not attachment.file.storage.exists(attachment.file.name or "x")


@pytest.mark.django_db
def test_files_that_could_not_be_removed_are_removed_when_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    person = told(MARKER)
    erasure = services.request_erasure(person.customer, None)
    with monkeypatch.context() as broken:
        broken.setattr("django.core.files.storage.FileSystemStorage.delete", _fails)
        with pytest.raises(OSError, match="no disk"):
            services.work_erasure(erasure.pk)
    erasure.refresh_from_db()
    assert erasure.state == Erasure.State.FILES
    assert erasure.files

    assert services.due_erasures() == [erasure.pk]
    assert services.work_erasure(erasure.pk)

    erasure.refresh_from_db()
    assert (erasure.state, erasure.files) == (Erasure.State.DONE, [])
    assert places(MARKER) == []


def _fails(*_: object) -> None:
    raise OSError("no disk")


@pytest.mark.django_db
def test_an_erasure_that_breaks_off_has_changed_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    person = told(MARKER)
    erasure = services.request_erasure(person.customer, None)

    with monkeypatch.context() as broken:
        broken.setattr("privacy.services.erasing.conversations.forget_ids", _fails)
        with pytest.raises(OSError, match="no disk"):
            services.work_erasure(erasure.pk)

    assert Conversation.objects.get().thread_key == f"thread-{MARKER}"
    assert Message.objects.filter(text__contains=MARKER).exists()
    assert services.work_erasure(erasure.pk)
    assert places(MARKER) == []


@pytest.mark.django_db
def test_nobody_writes_to_an_erased_customer_and_their_events_are_not_replayed() -> None:
    person = told(MARKER)
    erase(person.customer)
    set_aside = WebhookEvent.objects.filter(state=WebhookEvent.State.QUARANTINED).first()
    assert set_aside is not None

    with pytest.raises(CustomerErased):
        conversations.reopen(person.conversation, person.staff)
    with pytest.raises((EventMovedOn, EventNotReplayable)):
        integrations.replay_event(set_aside, person.staff)


@pytest.mark.django_db(transaction=True)
def test_what_others_wrote_in_the_same_batch_is_taken_in_first() -> None:
    linkedin.linkedin_account()
    ours, another = "urn:li:person:Gone", "urn:li:person:Stays"
    first = linkedin.keep(linkedin.batch(linkedin.comment("How much?", author=ours)))
    integrations.ingest_event(first.pk)
    linkedin.keep(
        linkedin.batch(
            linkedin.comment("And for 60?", number=7000000000000000003, author=ours),
            linkedin.comment("Do you ship to Spain?", number=7000000000000000004, author=another),
        )
    )

    erase(Customer.objects.get(external_id=ours))

    assert Message.objects.filter(conversation__customer__external_id=another).get().text == "Do you ship to Spain?"
    assert not WebhookEvent.objects.to_ingest().exists()
    assert not Message.objects.filter(text__in=["How much?", "And for 60?"]).exists()


@pytest.mark.django_db(transaction=True)
def test_what_cannot_be_taken_in_yet_is_waited_for_and_not_for_ever() -> None:
    linkedin.linkedin_account()
    ours = "urn:li:person:Gone"
    integrations.ingest_event(linkedin.keep(linkedin.batch(linkedin.comment("How much?", author=ours))).pk)
    waiting = linkedin.keep(linkedin.batch(linkedin.comment("And for 60?", number=7000000000000000003, author=ours)))
    WebhookEvent.objects.filter(pk=waiting.pk).update(next_attempt_at=timezone.now() + timedelta(seconds=10))
    erasure = services.request_erasure(Customer.objects.get(external_id=ours), None)

    assert not services.work_erasure(erasure.pk)
    Erasure.objects.update(started_at=timezone.now() - timedelta(minutes=1))
    assert services.work_erasure(erasure.pk)

    waiting.refresh_from_db()
    assert bytes(waiting.body) == b""
