"""Erasing somebody who commented on LinkedIn: in the record, what was told of them, the files that were written, and the logs."""

import logging
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from conversations.models import Attachment, Conversation, Customer, Message
from core.models import IdempotentCall, User
from core.policy import Role
from integrations import services as integrations
from integrations.models import EventAttempt, EventDelivery, WebhookEvent
from integrations.services import telling
from privacy import folder
from privacy import services as privacy
from privacy.models import Export
from tests.factories import make_user
from tests.integrations import events, linkedin
from tests.integrations.events import created
from tests.integrations.test_linkedin_messages import messages_account
from tests.logged import logged
from tests.privacy.marker import places
from tests.privacy.people import erase
from tests.rest import signed_in

MARKER = "zq7xkvwp95"
AUTHOR = f"urn:li:person:{MARKER}"
ANOTHER = "urn:li:person:Stays"
# Nobody listens there, so that each attempt leaves why it failed.
NOBODY = "http://127.0.0.1:9/hook"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _two_eyes(settings: Settings) -> None:
    settings.FOUR_EYES = False


def commented(client: Client) -> Conversation:
    """What came through the door: two comments, one changed later, one that is not to be read, and one of somebody else."""
    linkedin.linkedin_account()
    batches = (
        [linkedin.comment(f"How much? {MARKER}", author=AUTHOR)],
        [
            linkedin.comment(f"And for 60? {MARKER}", number=7000000000000000003, author=AUTHOR),
            linkedin.comment("Do you ship to Spain?", number=7000000000000000004, author=ANOTHER),
        ],
        [linkedin.comment(f"How much is it? {MARKER}", author=AUTHOR, action="COMMENT_EDIT")],
        [linkedin.comment(f"Odd {MARKER}", number=7000000000000000005, author=AUTHOR, action="WAVED")],
    )
    for notifications in batches:
        answer = linkedin.post(client, linkedin.batch(*notifications))
        assert answer.status_code == 200
    integrations.ingest_waiting()
    return Conversation.objects.filter(customer__external_id=AUTHOR).latest("pk")


def exported(conversation: Conversation, admin: User) -> list[Export]:
    """The person's own file, and one of everybody's messages."""
    until = timezone.now() + timedelta(days=1)
    made = [
        privacy.request_person_export(conversation.customer, admin),
        privacy.request_messages_export(admin, since=None, until=until),
    ]
    for export in made:
        while not privacy.work_export(export.pk):
            pass
    return made


def test_after_an_erasure_nothing_of_a_commenter_is_left(client: Client) -> None:
    admin = make_user(role=Role.ADMIN)
    subscription, _ = integrations.add_subscription("Warehouse", NOBODY)
    with logged() as lines:
        logging.getLogger().setLevel(logging.DEBUG)
        conversation = commented(client)
        replied = signed_in(Role.ADMIN).post(
            f"/api/v1/conversations/{conversation.public_id}/reply/", {"text": f"Nine a seat, {MARKER}."}, key="one"
        )
        integrations.send_next(conversation.pk)
        integrations.spread_facts()
        integrations.tell(subscription.pk)
        kept = WebhookEvent.objects.exclude(headers={}).count()
        files = [folder.path_of(export) for export in exported(conversation, admin)]
        before = places(MARKER)

        erase(conversation.customer)

    assert replied.status_code == 201
    assert kept == 4
    # The one batch that somebody else wrote in, too: what they wrote was taken in.
    assert not WebhookEvent.objects.exclude(headers={}, body=b"").exists()
    assert IdempotentCall.objects.exists()
    for table in ("integrations_webhookevent.body", "conversations_message.text", "conversations_customer.external_id"):
        assert table in before
    assert any(str(path) in before for path in files)
    assert not any(path.exists() for path in files)
    assert EventAttempt.objects.exists()
    assert places(MARKER) == []
    assert lines
    assert MARKER not in str(lines)
    stays = Message.objects.filter(conversation__customer__external_id=ANOTHER)
    assert [message.text for message in stays] == ["Do you ship to Spain?"]


def test_what_was_to_be_told_of_a_commenter_is_told_without_their_words(client: Client) -> None:
    integrations.add_subscription("Warehouse", NOBODY)
    conversation = commented(client)
    integrations.spread_facts()
    waiting = EventDelivery.objects.filter(conversation_id=conversation.pk)
    assert any(MARKER in str(telling.payload(delivery)) for delivery in waiting)

    erase(conversation.customer)

    assert waiting.exists()
    assert not any(MARKER in str(telling.payload(delivery)) for delivery in waiting)


def test_what_linkedin_repeats_of_a_commenter_does_not_come_back(client: Client) -> None:
    conversation = commented(client)
    erase(conversation.customer)
    known = WebhookEvent.objects.count()

    linkedin.post(client, linkedin.batch(linkedin.comment(f"How much? {MARKER}", author=AUTHOR)))
    integrations.ingest_waiting()
    # The bytes lay in the database for a moment; with SQLite their last trace is in its log of changes.
    privacy.apply_retention()

    assert places(MARKER) == []
    assert WebhookEvent.objects.count() == known
    assert not Customer.objects.filter(external_id=AUTHOR).exists()


def test_after_an_erasure_nothing_of_somebody_who_wrote_messages_is_left(client: Client) -> None:
    account = messages_account()
    person = {"id": f"person-{MARKER}", "name": f"Ada {MARKER}", "locale": "en-GB"}
    picture = {"type": "image", "url": f"http://127.0.0.1:9/{MARKER}.png"}
    sent = (
        created(f"Do you ship to {MARKER}?", id=f"m-{MARKER}", conversation_id=f"c-{MARKER}", customer=person),
        created(f"Look, {MARKER}", id="m-2", conversation_id=f"c-{MARKER}", customer=person, attachments=[picture]),
        # Proved, and none that is known.
        created("Hello", id="m-3", conversation_id=f"c-{MARKER}", customer=person).replace(
            b"message.created", b"message.waved"
        ),
    )
    for number, body in enumerate(sent):
        assert events.post(account, body, identifier=f"evt-{MARKER}-{number}").status_code == 200
    integrations.ingest_waiting()
    attachment = Attachment.objects.get()
    attachment.file.save(f"{MARKER}.png", ContentFile(b"\x89PNG" + MARKER.encode()))
    before = places(MARKER)

    erase(Customer.objects.get())

    for place in ("conversations_customer.name", "integrations_webhookevent.event_key", "conversations_attachment.url"):
        assert place in before
    assert any(place.endswith(".png") for place in before)
    assert places(MARKER) == []
