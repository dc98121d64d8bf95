"""What visitors are asked before the first message."""

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from conversations.models import Customer
from integrations.models import PlatformAccount, Visitor
from tests.factories import make_account
from tests.integrations.webchat.sites import SECRET, ChatPage, identity

pytestmark = pytest.mark.django_db


def page_of(client: Client, *, ask_name: str = "off", ask_email: str = "off") -> ChatPage:
    account = make_account(platform="webchat", ask_name=ask_name, ask_email=ask_email, secrets={"secret": SECRET})
    return ChatPage(client, account)


def test_what_is_said_is_kept_as_unverified(client: Client) -> None:
    page = page_of(client, ask_name="required", ask_email="optional")

    begun = page.begin(name="  Ada Marsh ", email="ada@example.org")
    page.say("Hello")

    customer = Customer.objects.get()
    assert begun.status_code == 201
    assert (customer.name, customer.email, customer.details_from) == ("Ada Marsh", "ada@example.org", "visitor")


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"name": "missing", "email": "missing"}),
        ({"name": " ", "email": "ada@example.org"}, {"name": "missing"}),
        ({"name": "Ada", "email": "ada"}, {"email": "invalid"}),
        ({"name": "Ada", "email": "ada@example.org\n"}, {}),
        ({"name": "Ada", "email": f"{'a' * 60}@{'b' * 63}.{'c' * 63}.{'d' * 63}.example.org"}, {"email": "invalid"}),
        ({"name": "A" * 201, "email": "ada@example.org"}, {"name": "invalid"}),
        ({"name": "Ada\nMarsh", "email": "ada@example.org"}, {"name": "invalid"}),
        ({"name": "call +49 151 2345678", "email": "ada@example.org"}, {"name": "invalid"}),
        ({"name": ["Ada"], "email": 7}, {"name": "missing", "email": "missing"}),
    ],
)
def test_what_is_wrong_is_told_by_field(client: Client, body: dict[str, object], fields: dict[str, str]) -> None:
    answer = page_of(client, ask_name="required", ask_email="required").begin(**body)

    assert answer.json().get("fields", {}) == fields
    assert answer.status_code == (422 if fields else 201)
    assert Visitor.objects.exists() is (not fields)


def test_every_refusal_is_a_sentence(client: Client) -> None:
    answer = page_of(client, ask_name="required", ask_email="required").begin(email="ada")

    assert answer.json()["detail"] == ("Tell us your name. This is no e-mail address; one looks like name@example.com.")


def test_what_may_be_left_empty_may(client: Client) -> None:
    page = page_of(client, ask_name="optional", ask_email="optional")

    page.begin()
    page.say("Hello")

    customer = Customer.objects.get()
    assert (customer.name, customer.email, customer.details_from) == ("", "", "")


def test_what_is_not_asked_is_not_kept(client: Client) -> None:
    page = page_of(client)

    page.begin(name="Ada", email="ada@example.org")
    page.say("Hello")

    assert (Visitor.objects.get().name, Customer.objects.get().email) == ("", "")


def test_whom_the_site_knows_is_not_asked(client: Client) -> None:
    page = page_of(client, ask_name="required", ask_email="required")

    begun = page.begin(identity=identity(name="Ada Marsh"), name="Somebody else")
    page.say("Hello")

    assert begun.status_code == 201
    assert Customer.objects.get().name == "Ada Marsh"


def test_the_page_asks_for_what_the_account_asks(client: Client) -> None:
    asking = page_of(client, ask_name="optional", ask_email="required")
    silent = page_of(client)

    asked, not_asked = (client.get(page.base).content.decode() for page in (asking, silent))

    assert 'id="chat-name"' in asked
    assert 'id="chat-email"' in asked
    assert asked.count(" required>") == 1
    assert "chat-details" not in not_asked.replace("chat-details.css", "")


def test_an_account_cannot_ask_in_a_way_nobody_knows() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        PlatformAccount.objects.create(platform="webchat", name="X", external_id="x", ask_name="perhaps")
