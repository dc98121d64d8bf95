"""The front door, the way between the pages, and how refusals are put."""

import pytest
from django.http import HttpRequest
from django.test import Client, RequestFactory
from pytest_django import Settings
from rest_framework.exceptions import NotFound

from conversations.exceptions import OwnedByColleague
from core.exceptions import NotAllowed
from core.models import User
from core.policy import Role
from supportagent.errors import answer
from supportagent.navigation import navigation
from tests.factories import make_user


@pytest.mark.parametrize("accept", ["", "*/*", "application/json", "application/json, text/html;q=0.5"])
def test_programs_are_told_what_this_is(client: Client, accept: str) -> None:
    response = client.get("/", headers={"accept": accept} if accept else {})

    assert response.json() == {"name": "supportagent", "version": "0.1.0", "status": "running"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("role", "way"),
    [(None, "/accounts/login/"), (Role.AGENT, "/workspace/"), (Role.PROMPT_EDITOR, "/admin/")],
)
def test_people_are_sent_to_their_work(client: Client, role: Role | None, way: str) -> None:
    if role is not None:
        client.force_login(make_user(role=role))

    response = client.get("/", headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})

    assert (response.status_code, response.headers["Location"]) == (302, way)
    assert "Accept" in response.headers["Vary"]


def test_the_front_door_changes_nothing(client: Client) -> None:
    assert client.post("/").status_code == 405


def request_by(user: User | None, path: str = "/workspace/") -> HttpRequest:
    """A request for a page."""
    request = RequestFactory().get(path)
    if user is not None:
        request.user = user
    return request


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("role", "doors"),
    [
        (Role.ADMIN, ["/workspace/", "/dashboard/", "/operations/", "/knowledge/gaps/", "/admin/"]),
        (Role.SUPERVISOR, ["/workspace/", "/dashboard/", "/operations/", "/knowledge/gaps/", "/admin/"]),
        (Role.AGENT, ["/workspace/", "/dashboard/", "/admin/"]),
        (Role.PROMPT_EDITOR, ["/admin/"]),
        (Role.VIEWER, ["/workspace/", "/dashboard/", "/admin/"]),
    ],
)
def test_each_role_sees_the_doors_that_open(settings: Settings, role: Role, doors: list[str]) -> None:
    settings.DEMO = False

    links = navigation(request_by(make_user(role=role)))["nav"]

    assert [link["url"] for link in links] == doors
    assert [link["url"] for link in links if link["active"]] == [url for url in doors if url == "/workspace/"]


@pytest.mark.django_db
def test_only_staff_see_the_admin(settings: Settings) -> None:
    settings.DEMO = False
    user = make_user(role=Role.VIEWER)
    user.is_staff = False

    assert [link["url"] for link in navigation(request_by(user))["nav"]] == ["/workspace/", "/dashboard/"]


def test_strangers_see_no_doors() -> None:
    assert navigation(request_by(None)) == {"nav": []}


@pytest.mark.parametrize(
    ("error", "status"),
    [(OwnedByColleague("Dana"), 409), (NotAllowed("Your role does not allow this."), 403), (NotFound(), 404)],
)
def test_refusals_are_json_with_a_sentence(error: Exception, status: int) -> None:
    response = answer(error, {})

    assert response is not None
    assert response.status_code == status
    assert response.data["detail"]


def test_a_fault_of_ours_stays_a_fault() -> None:
    assert answer(RuntimeError("broken"), {}) is None
