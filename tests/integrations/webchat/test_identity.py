"""Visitors whom the site vouches for by a signed token."""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from conversations.models import Conversation, Customer
from integrations.models import IdentifiedPerson, PlatformAccount, Visitor
from integrations.webchat import services
from integrations.webchat.exceptions import IdentityExpired, IdentityWrong
from integrations.webchat.identity import Claims, claims_of
from tests.factories import make_account
from tests.integrations.webchat.sites import OLDER_SECRET, SECRET, ChatPage, identity, signed

ADA: dict[str, Any] = {"name": "Ada Marsh", "email": "ada@example.org"}


def from_now(claims: dict[str, Any]) -> dict[str, Any]:
    """The claims with each whole number of seconds counted from now."""
    return {
        name: value + int(time.time()) if name in {"exp", "iat", "nbf"} and type(value) is int else value
        for name, value in claims.items()
    }


def test_a_token_by_either_secret_names_the_person() -> None:
    keys = (SECRET, OLDER_SECRET)

    found = [claims_of(identity("7", secret=secret, **ADA), keys) for secret in keys]

    assert found == [Claims(subject="7", name="Ada Marsh", email="ada@example.org")] * 2


@pytest.mark.parametrize("seconds", [-59, 24 * 3600 + 59])
def test_a_clock_may_be_wrong_by_a_minute(seconds: int) -> None:
    assert claims_of(identity("7", seconds=seconds), [SECRET]).subject == "7"


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"sub": "7"}, "exp is missing"),
        ({"sub": "7", "exp": "tomorrow"}, "exp must be a number"),
        ({"sub": "7", "exp": True}, "exp must be a number"),
        ({"sub": "7", "exp": 25 * 3600}, "within 24 hours"),
        ({"sub": "7", "exp": 60, "iat": 300}, "iat lies in the future"),
        ({"sub": "7", "exp": 60, "nbf": 300}, "nbf lies in the future"),
        ({"exp": 60}, "sub must be"),
        ({"sub": "", "exp": 60}, "sub must be"),
        ({"sub": " ", "exp": 60}, "sub must be"),
        ({"sub": 7, "exp": 60}, "sub must be"),
        ({"sub": "7" * 256, "exp": 60}, "sub must be"),
        ({"sub": "7\x00", "exp": 60}, "sub must be"),
        ({"sub": "7", "exp": 60, "name": ["Ada"]}, "name must be a text"),
        ({"sub": "7", "exp": 60, "email": "nobody"}, "email must be"),
    ],
)
def test_claims_that_cannot_be_are_refused_with_the_reason(claims: dict[str, Any], reason: str) -> None:
    with pytest.raises(IdentityWrong, match=reason):
        claims_of(signed(from_now(claims)), [SECRET])


def test_a_token_whose_time_is_over_is_told_apart() -> None:
    with pytest.raises(IdentityExpired):
        claims_of(identity("7", seconds=-61), [SECRET])


@pytest.mark.parametrize(
    "header", [{"alg": "none"}, {"alg": "HS512"}, {"alg": "hs256"}, {"typ": "JWT"}, {"alg": "HS256", "crit": ["b64"]}]
)
def test_the_token_does_not_choose_how_it_is_judged(header: dict[str, Any]) -> None:
    token = signed(from_now({"sub": "7", "exp": 60}), header=header)

    with pytest.raises(IdentityWrong, match="alg must be HS256"):
        claims_of(token, [SECRET])


def forged() -> list[str]:
    """Tokens that nobody signed, or that are none."""
    good = identity("7")
    head, body, signature = good.split(".")
    other = identity("8").split(".")[1]
    return [
        "",
        "a.b",
        f"{head}.{body}.",
        f"{head}.{body}",
        f"{head}.{other}.{signature}",
        f"{good}.",
        f"{good}=",
        f" {good}",
        f"{head}.{body}.{signature[:-1]}",
        f"{head}.{body}.{'A' * len(signature)}",
        identity("7", secret="another"),
        identity("7", padding="x" * 4096),
    ]


# Tokens hold the time, and tests must be called the same in every process.
@pytest.mark.parametrize("token", forged(), ids=map(str, range(len(forged()))))
def test_what_is_not_signed_by_the_secret_proves_nobody(token: str) -> None:
    with pytest.raises(IdentityWrong):
        claims_of(token, [SECRET])


def test_no_secret_and_an_empty_one_prove_nobody() -> None:
    for keys in ([], [SECRET]):
        with pytest.raises(IdentityWrong):
            claims_of(identity("7", secret=""), keys)


@pytest.fixture
def account() -> PlatformAccount:
    return make_account(platform="webchat", secrets={"secret": SECRET, "previous_secret": OLDER_SECRET})


@pytest.fixture
def page(client: Client, account: PlatformAccount) -> ChatPage:
    return ChatPage(client, account)


@pytest.mark.django_db
def test_a_person_has_one_conversation_on_every_device(client: Client, account: PlatformAccount) -> None:
    phone, desk = ChatPage(client, account), ChatPage(client, account)

    begun = [phone.begin(identity=identity(**ADA)), desk.begin(identity=identity(secret=OLDER_SECRET, **ADA))]
    phone.say("From the phone")
    desk.say("From the desk")

    assert [answer.status_code for answer in begun] == [201, 201]
    assert begun[0].json()["visitor_id"] == begun[1].json()["visitor_id"]
    assert begun[0].json()["person"] == {"name": "Ada Marsh"}
    assert phone.token != desk.token
    assert phone.texts() == desk.texts() == ["From the phone", "From the desk"]
    assert Conversation.objects.count() == 1


@pytest.mark.django_db
def test_staff_know_who_it_is_by_the_sites_word(page: ChatPage) -> None:
    page.begin(identity=identity(**ADA))
    page.say("Hello")

    customer = Customer.objects.get()

    assert (customer.name, customer.email, customer.details_from) == ("Ada Marsh", "ada@example.org", "site")


@pytest.mark.django_db
def test_what_the_site_says_anew_is_shown_where_they_have_written(page: ChatPage) -> None:
    page.begin(identity=identity(**ADA))
    page.say("Hello")
    before = Conversation.objects.get().version

    page.begin(identity=identity(name="Ada Lake", email="lake@example.org"))

    conversation = Conversation.objects.select_related("customer").get()
    assert (conversation.customer.name, conversation.customer.email) == ("Ada Lake", "lake@example.org")
    assert conversation.version > before


@pytest.mark.django_db
def test_what_a_guest_wrote_stays_a_thread_of_its_own(client: Client, account: PlatformAccount) -> None:
    guest, person = ChatPage(client, account), ChatPage(client, account)
    guest.begin()
    guest.say("As a guest")
    person.token = guest.token

    person.begin(identity=identity())
    person.say("As myself")

    assert guest.texts() == ["As a guest"]
    assert person.texts() == ["As myself"]
    assert Conversation.objects.count() == 2


@pytest.mark.django_db
def test_a_subject_is_another_person_at_another_account(client: Client, account: PlatformAccount) -> None:
    elsewhere = make_account(platform="webchat", secrets={"secret": SECRET})
    here, there = ChatPage(client, account), ChatPage(client, elsewhere)
    here.begin(identity=identity())
    there.begin(identity=identity())

    here.say("Here")

    assert there.texts() == []
    there.token = here.token
    assert there.get("messages").status_code == 401


@pytest.mark.django_db
def test_a_device_that_shows_its_token_keeps_it(page: ChatPage) -> None:
    first = page.begin(identity=identity()).json()["token"]

    again = page.begin(identity=identity()).json()["token"]
    page.token = again
    other = page.begin(identity=identity("somebody-else")).json()["token"]

    assert again == first
    assert other != first
    assert Visitor.objects.count() == 2


@pytest.mark.django_db
def test_a_person_has_at_most_so_many_devices(client: Client, account: PlatformAccount) -> None:
    first = ChatPage(client, account)
    first.begin(identity=identity())

    for _ in range(services.MOST_DEVICES):
        ChatPage(client, account).begin(identity=identity())

    assert Visitor.objects.count() == services.MOST_DEVICES
    assert first.get("messages").status_code == 401


@pytest.mark.django_db
def test_after_a_day_without_the_sites_word_a_device_proves_nobody(page: ChatPage) -> None:
    page.begin(identity=identity())
    page.say("Hello")
    Visitor.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    refused = page.get("messages").status_code
    page.begin(identity=identity())

    assert refused == 401
    assert page.texts() == ["Hello"]
    assert Visitor.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("given", "code"), [({"seconds": -600}, "identity_expired"), ({"secret": "wrong"}, "identity_invalid")]
)
def test_a_refusal_says_why_and_the_visitor_goes_on_as_a_guest(
    page: ChatPage, given: dict[str, Any], code: str
) -> None:
    refused = page.begin(identity=identity(**given))

    assert (refused.status_code, refused.json()["code"]) == (403, code)
    assert refused.json()["detail"].startswith("The site")
    assert not Visitor.objects.exists()
    assert page.begin().status_code == 201
    assert page.say("Hello").status_code == 201


@pytest.mark.django_db
def test_an_account_without_a_secret_believes_nobody(client: Client) -> None:
    page = ChatPage(client, make_account(platform="webchat"))

    refused = page.begin(identity=identity(secret=""))

    assert refused.status_code == 403
    assert "account rotate" in refused.json()["detail"]


@pytest.mark.django_db
def test_where_the_site_must_vouch_a_guest_reads_and_does_not_write(page: ChatPage, account: PlatformAccount) -> None:
    page.begin()
    page.say("While it was open")
    PlatformAccount.objects.update(identity_required=True)

    said, sent = page.say("Now"), page.send(("a.pdf", b"%PDF-1.7 %%EOF"))
    begun = ChatPage(page.client, account).begin()
    known = ChatPage(page.client, account)
    known.begin(identity=identity())

    assert [answer.status_code for answer in (said, sent, begun)] == [403, 403, 403]
    assert {answer.json()["code"] for answer in (said, sent, begun)} == {"identity_required"}
    assert page.texts() == ["While it was open"]
    assert known.say("It is me").status_code == 201


@pytest.mark.django_db
def test_a_subject_names_one_person_of_an_account(account: PlatformAccount) -> None:
    IdentifiedPerson.objects.create(account=account, subject="7")

    with pytest.raises(IntegrityError), transaction.atomic():
        IdentifiedPerson.objects.create(account=account, subject="7")


@pytest.mark.django_db
def test_a_person_is_never_a_visitor_for_ever(account: PlatformAccount) -> None:
    person = IdentifiedPerson.objects.create(account=account, subject="7")

    with pytest.raises(IntegrityError), transaction.atomic():
        Visitor.objects.create(account=account, person=person, token_hash="x")
