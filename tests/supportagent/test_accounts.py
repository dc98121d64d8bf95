"""The pages for signing in and for one's own account: which are open, and how they speak."""

import re

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import translation

from tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db

CLOSED = (
    "signup/",
    "email/",
    "confirm-email/",
    "confirm-email/abc/",
    "password/set/",
    "password/reset/",
    "password/reset/done/",
    "password/reset/key/1-abc/",
    "password/reset/key/done/",
    "login/code/confirm/",
)
OPEN = (
    "account_login",
    "account_logout",
    "account_inactive",
    "account_change_password",
    "account_reauthenticate",
    "mfa_index",
    "mfa_activate_totp",
)


@pytest.mark.parametrize("path", CLOSED)
def test_what_the_product_does_not_offer_is_not_there_for_anybody(path: str, client: Client) -> None:
    assert client.get(f"/accounts/{path}").status_code == 404
    assert client.post(f"/accounts/{path}", {"email": "a@example.org"}).status_code == 404

    client.force_login(make_user())
    assert client.get(f"/accounts/{path}").status_code == 404


@pytest.mark.parametrize("name", OPEN)
def test_what_it_offers_speaks_as_the_rest_of_it(name: str, client: Client) -> None:
    if name != "account_login":
        sign_in(client)

    page = client.get(reverse(name), headers={"accept-language": "de"})

    assert page.status_code == 200
    text = page.content.decode()
    spoken = re.findall(r"<(?:h1|h2|label|title|button|a)\b[^>]*>\s*([^<]+?)\s*<", text)
    # Names of people and of the app may be capital; other words in the middle of a phrase are not.
    assert [words for words in spoken if re.search(r"[a-z] (?!Lindqvist)[A-Z][a-z]", words)] == []
    assert "/accounts/signup/" not in text
    assert "/accounts/password/reset/" not in text


def test_a_browser_in_another_language_gets_no_mixture(client: Client) -> None:
    page = client.get(reverse("account_login"), headers={"accept-language": "de-DE,de"}).content.decode()

    assert "Username" in page
    assert "Benutzername" not in page
    assert dict(settings.LANGUAGES) == {"en": "English"}
    assert translation.get_language() == "en"


@pytest.mark.parametrize(
    ("name", "fields", "said"),
    [
        ("account_login", {"login": "nobody", "password": "x"}, "Username and password do not fit together."),
        ("account_change_password", {"oldpassword": "x"}, "This is not your present password."),
        ("account_reauthenticate", {"password": "x"}, "This is not your password."),
        ("mfa_activate_totp", {"code": "123456"}, "This code does not fit. Take the one that the app shows now."),
    ],
)
def test_what_went_wrong_is_said_in_our_words(name: str, fields: dict[str, str], said: str, client: Client) -> None:
    if name != "account_login":
        sign_in(client)
        client.get(reverse(name))

    answer = client.post(reverse(name), fields)

    assert said in answer.content.decode()


def sign_in(client: Client) -> None:
    """Somebody who has just said twice that it is them, as what guards the account asks for."""
    user = make_user()
    client.post(reverse("account_login"), {"login": user.username, "password": PASSWORD})
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
