"""Erasing a visitor of the web chat."""

import uuid

import pytest
from pytest_django import Settings

from conversations.models import Customer
from integrations.models import Visitor
from integrations.webchat import services as webchat
from integrations.webchat.details import Details
from integrations.webchat.files import SentFile
from tests.factories import make_account
from tests.integrations.webchat.sites import SECRET as SITE_SECRET
from tests.integrations.webchat.sites import identity
from tests.privacy.marker import places
from tests.privacy.people import erase

MARKER = "zq7xkvwp94"


@pytest.fixture(autouse=True)
def _two_eyes(settings: Settings) -> None:
    settings.FOUR_EYES = False


@pytest.mark.django_db
def test_a_visitor_of_the_web_chat_begins_anew() -> None:
    account = make_account(platform="webchat")
    visitor, token = webchat.begin(account, locale="en", address="192.0.2.7")
    webchat.write(account, visitor, client_msg_id=uuid.uuid4(), text=f"I am {MARKER}")

    erase(Customer.objects.get())

    assert webchat.visitor_of(account, token) is None
    assert not Visitor.objects.exists()
    assert places(MARKER) == []
    assert places(str(visitor.public_id)) == []


@pytest.mark.django_db
def test_of_a_visitor_neither_what_they_said_of_themselves_nor_their_files_stay() -> None:
    account = make_account(platform="webchat")
    details = Details(name=f"Ada {MARKER}", email=f"{MARKER}@example.org")
    visitor, _ = webchat.begin(account, locale="en", address="192.0.2.7", details=details)
    pdf = SentFile(name=f"{MARKER}.pdf", content=f"%PDF-1.7 {MARKER} %%EOF".encode())
    webchat.send_files(account, visitor, client_msg_id=uuid.uuid4(), text="", sent=[pdf])
    assert len(places(MARKER)) > 3

    erase(Customer.objects.get())

    assert places(MARKER) == []
    assert Customer.objects.get().details_from == ""


@pytest.mark.django_db
def test_a_person_whom_the_site_knows_is_forgotten_on_every_device_and_begins_anew() -> None:
    account = make_account(platform="webchat", secrets={"secret": SITE_SECRET})
    word = identity(MARKER, name=f"Ada {MARKER}", email=f"{MARKER}@example.org")
    devices = [webchat.identify(account, word, locale="en") for _ in range(2)]
    webchat.write(account, devices[0][0], client_msg_id=uuid.uuid4(), text="Hello")
    thread = devices[0][0].thread_key

    erase(Customer.objects.get())

    assert places(MARKER) == places(thread) == []
    assert [webchat.visitor_of(account, token) for _, token in devices] == [None, None]
    again, _ = webchat.identify(account, word, locale="en")
    assert again.thread_key != thread
    assert webchat.read(again).messages == []
