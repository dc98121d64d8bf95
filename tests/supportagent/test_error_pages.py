"""What people see when something is refused, missing or broken, and the admin's menu."""

from io import BytesIO
from pathlib import Path
from typing import NoReturn

import pytest
from django.conf import settings
from django.contrib import admin
from django.contrib.sessions.backends.db import SessionStore
from django.db import OperationalError
from django.test import Client, RequestFactory
from django.urls import reverse
from django.views.defaults import server_error
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from conversations.models.conversation import ConversationQuerySet
from core.policy import Role
from supportagent import errors
from supportagent.admin_menu import GROUPS
from tests.factories import make_user
from tests.rest import with_key

TEMPLATES = Path(settings.BASE_DIR) / "templates"


def test_a_missing_page_is_told_in_our_design(client: Client) -> None:
    answer = client.get("/nothing-here/")

    assert answer.status_code == 404
    assert "There is no such page" in answer.content.decode()


@pytest.mark.parametrize("path", ["/api/v1/conversation/", "/api/v2/", "/api/v1/conversations/17/claim/"])
def test_a_program_at_an_address_that_is_none_is_told_so_as_a_problem(client: Client, path: str) -> None:
    answer = client.post(path)

    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    assert answer.json()["code"] == "no-such-address"
    assert path in answer.json()["detail"]


def test_a_form_without_its_token_is_told_what_to_do() -> None:
    answer = Client(enforce_csrf_checks=True).post("/accounts/login/", {"login": "dana"})

    assert answer.status_code == 403
    assert "nothing was changed" in answer.content.decode()


@pytest.mark.django_db
def test_a_page_of_the_admin_that_is_not_for_ones_role_is_told_in_our_design(client: Client) -> None:
    client.force_login(make_user(role=Role.PROMPT_EDITOR))

    answer = client.get(reverse("admin:core_user_changelist"))

    assert answer.status_code == 403
    assert "This page is not for your role" in answer.content.decode()


def test_a_broken_page_is_told_without_asking_the_database(rf: RequestFactory) -> None:
    answer = server_error(rf.get("/"))

    assert answer.status_code == 500
    assert "Something went wrong here" in answer.content.decode()


def breaks(*_: object, **__: object) -> NoReturn:
    """A mistake that nobody foresaw."""
    raise ZeroDivisionError


@pytest.mark.django_db
def test_a_program_is_told_of_our_mistake_as_a_problem_with_the_requests_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ConversationQuerySet, "visible_to", breaks)

    answer = with_key("conversations:read").get("/api/v1/conversations/")

    assert (answer.status_code, answer["Content-Type"]) == (500, "application/problem+json")
    told = answer.json()
    assert (told["type"], told["title"], told["status"]) == (
        "urn:supportagent:problem:internal-server-error", "Internal Server Error", 500,
    )  # fmt: skip
    assert told["request_id"] == answer["X-Request-ID"]
    assert told["request_id"] in told["detail"]
    assert "Try again" in told["detail"]


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/conversations", "/conversations/1/"])
def test_an_older_client_is_told_of_our_mistake_in_its_form(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setattr(ConversationQuerySet, "visible_to", breaks)

    answer = with_key("conversations:read").get(address)

    assert (answer.status_code, answer["Content-Type"], set(answer.json())) == (500, "application/json", {"detail"})
    assert answer["X-Request-ID"] in answer.json()["detail"]


@pytest.mark.django_db
def test_people_are_told_of_our_mistake_by_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(make_user(role=Role.ADMIN))
    monkeypatch.setattr(ConversationQuerySet, "visible_to", breaks)

    answer = client.get(reverse("workspace"))

    assert answer.status_code == 500
    assert "Something went wrong here" in answer.content.decode()


def cannot_be_had(*_: object, **__: object) -> NoReturn:
    """What a row that somebody else holds for too long ends in."""
    raise OperationalError("canceling statement due to lock timeout")


@pytest.mark.django_db
def test_people_are_told_when_only_the_database_did_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(make_user(role=Role.ADMIN))
    monkeypatch.setattr(ConversationQuerySet, "visible_to", cannot_be_had)

    answer = client.get(reverse("workspace"))

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "see what was saved" in answer.content.decode()


@pytest.mark.django_db
def test_an_older_client_is_told_when_only_the_database_did_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ConversationQuerySet, "visible_to", cannot_be_had)

    answer = with_key("conversations:read").get("/conversations")

    assert (answer.status_code, answer["Retry-After"], set(answer.json())) == (503, "5", {"detail"})


@pytest.mark.django_db
def test_a_program_is_told_so_even_where_no_view_was_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(make_user(role=Role.ADMIN))
    monkeypatch.setattr(SessionStore, "load", cannot_be_had)

    answer = client.get("/api/v1/conversations/")

    assert (answer.status_code, answer["Content-Type"]) == (503, "application/problem+json")
    assert (answer["Retry-After"], answer.json()["code"]) == ("5", "service-unavailable")


@pytest.mark.parametrize("page", ["404.html", "403.html", "403_csrf.html"])
def test_htmx_would_not_put_an_error_page_in_the_place_of_the_open_panes(page: str) -> None:
    body = (TEMPLATES / page).read_text()

    assert body.index('<div class="auth">') < body.index('id="content"')


@pytest.mark.django_db
def test_the_admins_menu_leads_to_every_page_and_to_none_that_is_not_there(client: Client) -> None:
    client.force_login(make_user(role=Role.ADMIN))

    body = client.get(reverse("admin:index")).content.decode()

    registered = {model._meta.label_lower for model in admin.site._registry}
    assert {label for group in GROUPS for _, label in group.pages} == registered
    assert reverse("admin:agent_release_changelist") in body


@pytest.mark.django_db
def test_the_admins_menu_shows_a_person_only_what_opens_for_them(client: Client) -> None:
    client.force_login(make_user(role=Role.PROMPT_EDITOR))

    body = client.get(reverse("admin:index")).content.decode()

    assert reverse("admin:agent_release_changelist") in body
    assert reverse("admin:core_apikey_changelist") not in body


def test_a_rest_door_tells_where_json_is_broken_and_not_what_its_parser_said() -> None:
    with pytest.raises(ParseError) as broken:
        JSONParser().parse(BytesIO(b'{"text":\n  nonsense}'))

    answer = errors.answer(broken.value, {})

    assert answer is not None
    assert answer.status_code == 400
    assert answer.data == {"detail": "The request is no valid JSON: see line 2, column 3."}
