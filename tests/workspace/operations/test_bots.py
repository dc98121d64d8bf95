"""The bot's switch in Operations: for whom it is, what it does to one account and to all, and that it is written down."""

import uuid
from html import unescape

import pytest
from django.test import Client

from core.models import AuditEvent
from core.policy import Role
from integrations.models import PlatformAccount
from tests.factories import make_account, make_user

pytestmark = pytest.mark.django_db
HERE = "/operations/bot/"


def signed_in(role: Role = Role.SUPERVISOR) -> Client:
    client = Client()
    client.force_login(make_user(role=role))
    return client


def paused() -> set[PlatformAccount]:
    return set(PlatformAccount.objects.filter(bot_enabled=False))


@pytest.mark.parametrize("role", [Role.ADMIN, Role.SUPERVISOR])
def test_one_account_is_paused_and_resumed(role: Role) -> None:
    account, other = make_account(), make_account()
    client = signed_in(role)

    answer = client.post(HERE, {"deed": f"pause:{account.public_id}", "reason": "It says nonsense."}, follow=True)

    assert paused() == {account}
    page = unescape(answer.content.decode())
    assert f"The bot is paused on {account.name}" in page
    assert f'value="resume:{account.public_id}"' in page
    assert f'value="pause:{other.public_id}"' in page
    client.post(HERE, {"deed": f"resume:{account.public_id}"})
    assert paused() == set()
    found = AuditEvent.objects.filter(action__startswith="account.").order_by("id")
    assert [(event.action, event.target_id, event.reason) for event in found] == [
        ("account.pause", str(account.pk), "It says nonsense."),
        ("account.resume", str(account.pk), ""),
    ]
    assert {event.actor_id for event in found} == {int(client.session["_auth_user_id"])}


def test_all_accounts_are_paused_at_once_and_each_is_written_down() -> None:
    already, first, second = make_account(bot_enabled=False), make_account(), make_account()
    removed = make_account(state=PlatformAccount.State.REMOVED)
    client = signed_in()

    answer = client.post(HERE, {"deed": "pause:all"}, follow=True)

    assert "The bot is paused on 2 accounts" in answer.content.decode()
    assert paused() == {already, first, second}
    written = AuditEvent.objects.filter(action="account.pause").values_list("target_id", flat=True)
    assert set(written) == {str(first.pk), str(second.pk)}
    assert "paused everywhere already" in client.post(HERE, {"deed": "pause:all"}, follow=True).content.decode()
    client.post(HERE, {"deed": "resume:all"})
    assert paused() == set()
    assert removed.name not in client.get("/operations/").content.decode()


@pytest.mark.parametrize("role", [Role.AGENT, Role.PROMPT_EDITOR, Role.VIEWER])
def test_nobody_else_pauses_it(role: Role) -> None:
    account = make_account()

    for which in ("all", account.public_id):
        assert signed_in(role).post(HERE, {"deed": f"pause:{which}"}).status_code == 403
    assert paused() == set()


@pytest.mark.parametrize("deed", ["", "pause", "pause:", "stop:all", "pause:1", "all:pause"])
def test_what_is_no_deed_is_answered_400(deed: str) -> None:
    make_account()

    assert signed_in().post(HERE, {"deed": deed}).status_code == 400
    assert paused() == set()


def test_an_account_that_is_gone_is_not_found() -> None:
    removed = make_account(state=PlatformAccount.State.REMOVED)

    for gone in (removed.public_id, uuid.uuid4()):
        assert signed_in().post(HERE, {"deed": f"pause:{gone}"}).status_code == 404
    assert signed_in().get(HERE).status_code == 405


def test_the_page_asks_for_accounts_without_their_secrets() -> None:
    account = make_account(name="Zq & sons")

    page = signed_in().get("/operations/").content.decode()

    assert "Zq &amp; sons" in page
    assert not any(secret in page for secret in account.secrets.values())
