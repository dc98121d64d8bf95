"""Roles that must sign in with a second factor."""

import asyncio

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from channels.testing import WebsocketCommunicator
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from core.models import User
from core.policy import Role
from supportagent.asgi import application
from tests.factories import make_user


@pytest.fixture(autouse=True)
def _supervisors_need_two(settings: Settings) -> None:
    settings.TWO_FACTOR_ROLES = ["supervisor"]


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/workspace/", "/dashboard/", "/admin/"])
def test_without_it_every_page_leads_to_the_set_up(client: Client, path: str) -> None:
    client.force_login(make_user(role=Role.SUPERVISOR))

    answer = client.get(path)

    assert answer.status_code == 302
    assert answer.headers["Location"] == reverse("mfa_activate_totp")


@pytest.mark.django_db
def test_with_it_pages_open(client: Client) -> None:
    sam = make_user(role=Role.SUPERVISOR)
    TOTP.activate(sam, generate_totp_secret())
    client.force_login(sam)

    assert client.get("/workspace/").status_code == 200


@pytest.mark.django_db
def test_other_roles_are_not_asked(client: Client) -> None:
    client.force_login(make_user(role=Role.AGENT))

    assert client.get("/workspace/").status_code == 200


def connects(user: User, client: Client) -> bool:
    client.force_login(user)
    cookie = f"{django_settings.SESSION_COOKIE_NAME}={client.cookies[django_settings.SESSION_COOKIE_NAME].value}"

    async def scenario() -> bool:
        socket = WebsocketCommunicator(
            application,
            "/ws/workspace/",
            headers=[(b"host", b"testserver"), (b"origin", b"http://testserver"), (b"cookie", cookie.encode())],
        )
        accepted, _ = await socket.connect()
        await socket.disconnect()
        return bool(accepted)

    return asyncio.run(scenario())


@pytest.mark.django_db(transaction=True)
def test_sockets_ask_for_it_too(client: Client) -> None:
    sam = make_user(role=Role.SUPERVISOR)

    assert connects(sam, client) is False
    TOTP.activate(sam, generate_totp_secret())
    assert connects(sam, client) is True
