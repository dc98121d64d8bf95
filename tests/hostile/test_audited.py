"""What the audit trail says of each deed that it must not miss."""

from collections.abc import Callable

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from agent.releases import services as releases
from conversations import services as conversations
from core.models import AuditEvent, Team, User
from core.policy import Role
from privacy import services as privacy
from tests.conversations.talk import wrote
from tests.factories import PASSWORD, make_customer, make_release, make_team, make_user
from tests.hostile.cases import covers

pytestmark = pytest.mark.django_db

LOGIN = "/accounts/login/"
ADDRESS = "192.0.2.9"


@pytest.fixture
def admin() -> User:
    return make_user(role=Role.ADMIN)


def browser(user: User) -> Client:
    """The person's, at an address that is told from others."""
    client = Client(REMOTE_ADDR=ADDRESS)
    client.force_login(user)
    return client


def fails_to_sign_in(_admin: User) -> None:
    Client(REMOTE_ADDR=ADDRESS).post(LOGIN, {"login": "somebody", "password": "wrong"})


def changes_a_role(admin: User) -> None:
    answer = change(browser(admin), make_user(role=Role.AGENT), role="supervisor")
    assert answer == 302


def change(client: Client, person: User, *, teams: tuple[Team, ...] = (), active: bool = True, **values: str) -> int:
    """The status of the form of a person, sent with these values."""
    sent = {
        "username": person.username,
        "role": person.role,
        "teams": [team.pk for team in teams],
        "is_staff": "on",
        "languages": "[]",
        **({"is_active": "on"} if active else {}),
        **values,
    }
    return int(client.post(reverse("admin:core_user_change", args=[person.pk]), sent).status_code)


def edits_a_prompt(admin: User) -> None:
    make_release(configs={"bot.name": "Sam"})
    releases.configure("bot.name", "Ida", admin)


def takes_over(admin: User) -> None:
    conversations.take_over(wrote(), admin)


def exports(admin: User) -> None:
    privacy.request_messages_export(admin)


def deletes(admin: User) -> None:
    privacy.request_erasure(make_customer(), admin)


DEEDS: list[tuple[Callable[[User], None], str]] = [
    (fails_to_sign_in, "person.sign_in_failed"),
    (changes_a_role, "user.changed"),
    (edits_a_prompt, "release.configured"),
    (takes_over, "conversation.take_over"),
    (exports, "export.requested"),
    (deletes, "person.erase_requested"),
]


@covers("A-042")  # publishing and rolling back: tests/agent/releases; revealing: tests/workspace/test_revealing.py
@pytest.mark.parametrize(("deed", "action"), DEEDS, ids=[action for _, action in DEEDS])
def test_each_deed_is_one_event_that_stays(deed: Callable[[User], None], action: str, admin: User) -> None:
    deed(admin)

    (event,) = AuditEvent.objects.filter(action=action)
    assert event.actor_id == (None if deed is fails_to_sign_in else admin.pk)
    assert event.at is not None
    if deed in (fails_to_sign_in, changes_a_role):
        assert event.address == ADDRESS
        assert event.request_id
    for attempt in (event.delete, event.save):
        with pytest.raises(DatabaseError, match="audit trail cannot be changed"), transaction.atomic():
            attempt()


@covers("A-042")
def test_a_change_of_a_person_says_how_far_they_got_before_and_get_now(admin: User) -> None:
    north, south = make_team("North"), make_team("South")
    sam = make_user(role=Role.AGENT, team=north)

    assert change(browser(admin), sam, role="supervisor", teams=(north, south), active=False) == 302

    event = AuditEvent.objects.get(action="user.changed")
    assert event.before == {"role": "agent", "teams": ["North"], "is_active": True}
    fields = event.after.pop("fields")
    assert {"role", "teams", "is_active"} <= set(fields)
    assert event.after == {"role": "supervisor", "teams": ["North", "South"], "is_active": False}


@covers("A-042")
def test_a_sign_in_is_an_event_too(admin: User) -> None:
    Client(REMOTE_ADDR=ADDRESS).post(LOGIN, {"login": admin.username, "password": PASSWORD})

    event = AuditEvent.objects.get()
    assert (event.action, event.actor_id, event.address) == ("person.signed_in", admin.pk, ADDRESS)
